/** Somebody has added to the key of a person who lives here: what others are told of him, and who is out. */
import { expect, test } from '@jest/globals';
import type { AmendedKey } from '../../federation/events.ts';
import { encodeText } from '../../psyc/bytes.ts';
import { beginUnixMs } from '../../simulator/scenes/circuit-end.ts';
import { NodeFixture } from './node-fixture.ts';

const person = 'psyc://a.example/~ada';
const DAY_MS = 86_400_000;

function keyOf(fixture: NodeFixture): Uint8Array | undefined {
  const outcome = fixture.store.perform({ kind: 'records', request: 0, context: person });
  return outcome.kind === 'records' ? outcome.records.find(({ name }) => name === 'key')?.value : undefined;
}

/** Ada, connected, whose certification is to be renewed at the next login. */
function withAda(): { fixture: NodeFixture; phone: string; amended: AmendedKey } {
  const fixture = new NodeFixture();
  fixture.keys.untilMs = beginUnixMs + 30 * DAY_MS;
  const phone = fixture.connect('client ada phone');
  fixture.keys.untilMs = beginUnixMs + 60 * DAY_MS;
  fixture.nowMs = 15 * DAY_MS;
  const { fingerprint } = fixture.identityOf('ada');
  return { fixture, phone, amended: { person, fingerprint, key: encodeText('more of her key'), code: null } };
}

test('it is told from then on, and nobody is disturbed while it lets her in', () => {
  const { fixture, phone, amended } = withAda();
  fixture.tell({ kind: 'key', amended });
  expect(keyOf(fixture)).toEqual(amended.key);
  expect(fixture.methods(phone)).toEqual([]);
});

test.each(['_revoked_certification', '_revoked_key'] as const)('%s: every device is out', (code) => {
  const { fixture, phone, amended } = withAda();
  fixture.tell({ kind: 'key', amended: { ...amended, code } });
  expect(fixture.methods(phone)).toEqual([`_error${code}`]);
  expect(keyOf(fixture)).toEqual(amended.key);
});

test('a renewal that had begun before does not bring back what was revoked, and lets nobody stay', () => {
  const { fixture, amended } = withAda();
  const answer = fixture.keys.answer.bind(fixture.keys);
  let certified = 0;
  fixture.keys.answer = (question, ...more) => {
    if (question.kind === 'certify') {
      certified++;
      fixture.tell({ kind: 'key', amended: { ...amended, code: '_revoked_certification' } });
    }
    return answer(question, ...more);
  };
  const tablet = fixture.connect('client ada tablet');
  expect(certified).toBe(1);
  expect(keyOf(fixture)).toEqual(amended.key);
  expect(fixture.methods(tablet)).toEqual(['_error_revoked_certification']);
});

test('the key of who had the name before her is none of hers, and nobody needs to be awake', () => {
  const { fixture, phone, amended } = withAda();
  const before = keyOf(fixture);
  fixture.tell({ kind: 'key', amended: { ...amended, fingerprint: new Uint8Array(20), code: '_revoked_key' } });
  fixture.tell({ kind: 'key', amended: { ...amended, person: 'psyc://a.example/~zoe' } });
  expect(keyOf(fixture)).toEqual(before);
  expect(fixture.methods(phone)).toEqual([]);
});
