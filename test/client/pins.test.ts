/** Keys of others that a device takes at first sight: how many, and of whom. */
import { expect, test } from '@jest/globals';
import { Keyring } from '../../client/session/keyring.ts';
import type { Pin } from '../../client/session/kept.ts';
import { sessionLimits } from '../../client/session/limits.ts';
import { Parser } from '../../psyc/parse.ts';
import { render } from '../../psyc/render.ts';

const bytes = Uint8Array.of(1);
const packet = ((): NonNullable<ReturnType<Parser['next']>> => {
  const parser = new Parser();
  parser.feed(render({ entity: { _key: bytes, _statement: bytes, _key_domain: bytes }, method: '_status_keys' }));
  return parser.next()!;
})();

/** Whether somebody's keys are taken by a device that knows these people. */
function taker(known: ReadonlyMap<string, Pin>): (person: string) => string {
  const tags: string[] = [];
  let asked = 0;
  const owner = {
    requestKeys: (_: string, tag: string): boolean => tags.push(tag) > 0,
    ask: (): number => ++asked,
    pinned: (): void => {},
    notice: (): void => {},
  };
  const keyring = new Keyring(owner, known, 'own', 't');
  return (person) => {
    keyring.of(person, 0, 0);
    keyring.answered(person, tags.at(-1)!, '_status_keys', packet, '', 0);
    const named = { fingerprint: person, domainFingerprint: 'd', domainFollows: [], counter: 1, statement: bytes };
    const rest = { devices: new Map(), revoked: new Set<string>(), encryptionKey: null, until: 0, moved: null };
    keyring.checked(asked, { kind: 'person', keys: { ...named, ...rest } }, 0);
    const keys = keyring.of(person, 0, 0);
    return keys.kind === 'refused' ? keys.code : keys.kind;
  };
}

const pinsOf = (domain: string, count: number): [string, Pin][] =>
  Array.from({ length: count }, (_, at) => [`psyc://${domain}/~p${at}`, { fingerprint: 'f', counter: 1 }]);

test('pinsMax: the people of one domain do not fill it, and those of others have room', () => {
  const half = sessionLimits.pinsMax / 2;
  const take = taker(
    new Map([['many.example', { fingerprint: 'd', counter: 0 }], ...pinsOf('many.example', half - 1)]),
  );
  expect(take('psyc://many.example/~last')).toBe('known');
  expect(take('psyc://many.example/~more')).toBe('_session_excessive_pins');
  expect(take('psyc://many.example/~p0')).toBe('_trust_changed_key');
  for (let at = 0; at < 64; at++) expect(take(`psyc://few.example/~p${at}`)).toBe('known');
});

test('… all of them together do', () => {
  const all = Array.from({ length: 64 }, (_, at) => pinsOf(`d${at}.example`, sessionLimits.pinsMax / 64)).flat();
  expect(taker(new Map(all))('psyc://other.example/~one')).toBe('_session_excessive_pins');
  expect(taker(new Map(all.slice(2)))('psyc://other.example/~one')).toBe('known');
});
