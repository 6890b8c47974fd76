/** Other domains report that another key was shown for us. */
import { expect, test } from '@jest/globals';
import { parseOne } from '../../circuit/one-packet.ts';
import type { Notice } from '../../client/session/events.ts';
import { Keyring } from '../../client/session/keyring.ts';
import { sessionLimits } from '../../client/session/limits.ts';
import { render } from '../../psyc/render.ts';

const own = 'ab'.repeat(20);
const other = 'cd'.repeat(20);

/** A keyring, and what it tells. */
function keyring(): { notices: Notice[]; report: (fingerprint: string, source?: string, context?: string) => boolean } {
  const notices: Notice[] = [];
  const owner = {
    requestKeys: () => true,
    ask: () => 0,
    pinned: () => {},
    notice: (notice: Notice) => void notices.push(notice),
  };
  const keys = new Keyring(owner, new Map(), own, 'x');
  const report = (fingerprint: string, source = 'psyc://c.example', context?: string): boolean => {
    const packet = parseOne(render({ entity: { _fingerprint: fingerprint }, method: '_notice_key_foreign' }));
    return keys.told(
      packet,
      new Map(Object.entries({ _source: source, ...(context === undefined ? {} : { _context: context }) })),
    );
  };
  return { notices, report };
}

test('it is told once of each domain and key', () => {
  const { notices, report } = keyring();
  for (let times = 0; times < 3; times++) expect(report(other)).toBe(true);
  expect(report(other, 'psyc://d.example')).toBe(true);
  expect(notices).toEqual([
    { kind: 'foreign own key', by: 'c.example', fingerprint: other },
    { kind: 'foreign own key', by: 'd.example', fingerprint: other },
  ]);
});

test.each([
  ['our own key', own, undefined],
  ['what is no fingerprint', 'x', undefined],
  ['what a person says', other, 'psyc://c.example/~eve'],
  ['what nobody says', other, ''],
])('%s is nothing to be told', (_, fingerprint, source) => {
  const { notices, report } = keyring();
  expect(report(fingerprint, source)).toBe(true);
  expect(notices).toEqual([]);
});

test('in a context it is somebody’s multicast, and not this; reportsMax', () => {
  const { notices, report } = keyring();
  expect(report(other, 'psyc://c.example', 'psyc://c.example/@hall')).toBe(false);
  for (let at = 0; at < 2 * sessionLimits.reportsMax; at++) report(other, `psyc://d${at}.example`);
  expect(notices).toHaveLength(sessionLimits.reportsMax);
});
