/** What a home takes for the word that somebody has come from elsewhere, and what a client makes of it. */
import { expect, test } from '@jest/globals';
import { answerTo } from '../../../client/session/answers.ts';
import type { PkiAnswer, ToldMove } from '../../../federation/keys/pki.ts';
import { certify } from '../../../pki/certification.ts';
import { enrol, firstStatement, signStatement } from '../../../pki/enrolment.ts';
import { type Move, signMove } from '../../../pki/move-statement.ts';
import { applyRevocation, makeRevocation } from '../../../pki/revocation.ts';
import type { SecretKey } from '../../../pki/secret-key.ts';
import { Notary } from '../../../server/node/notary.ts';
import { domainKey, identityKey, NOW, seed } from '../../pki/keys.ts';

const FROM = 'alice <alice@old.example>';
const TO = 'alice <alice@new.example>';
const home = await domainKey('new.example');
const old = await identityKey('alice', 'old.example', 11);
const next = await identityKey('alice', 'new.example', 21);
const other = await identityKey('alice', 'other.example', 31);
const mallory = await identityKey('mallory', 'new.example', 41);
const fingerprintOf = ({ certificate }: SecretKey): string => certificate.key.fingerprint;

/** A move, signed by those whom it names. */
async function told(counter = 1, change: Partial<Move> = {}, [giver, taker] = [old, next]): Promise<ToldMove> {
  const move = { from: FROM, to: TO, old: fingerprintOf(giver), new: fingerprintOf(taker), counter, time: NOW };
  const statement = await signMove(giver.signer, taker.signer, { ...move, ...change });
  return { statement, before: giver.certificate.bytes };
}

const notary = new Notary({ key: home, isOpen: true, inviteNamed: () => Promise.resolve(null), now: () => NOW });

/** What alice's home says; a move of her old key with number 2 is known, or `known`. */
async function taken(move: ToldMove, known: ToldMove | null = null): Promise<string> {
  const question = {
    kind: 'move',
    person: 'psyc://new.example/~alice',
    key: next.certificate.bytes,
    move,
    known,
    others: null,
  } as const;
  const answer = await notary.answer(question);
  return answer.kind === 'refused' ? answer.code : answer.kind;
}

const two = await told(2);
const revoked = await applyRevocation(old.certificate, await makeRevocation(old.signer, NOW));
const damaged = (bytes: Uint8Array): Uint8Array =>
  bytes.map((byte, at) => (at === bytes.length - 40 ? byte ^ 1 : byte));

test.each<[string, ToldMove, ToldMove | null, string]>([
  ['the first', two, null, 'moved'],
  ['the same again', two, two, 'moved'],
  ['a newer one', await told(3), two, 'moved'],
  ['an older one', await told(1), two, '_stale_move'],
  ['another with that number', await told(2, { time: NOW - 1 }), two, '_conflicting_move'],
  ['of another key of hers', await told(1, { from: 'alice <alice@other.example>' }, [other, next]), two, 'moved'],
  [
    'of somebody else here',
    await told(1, { to: 'mallory <mallory@new.example>' }, [old, mallory]),
    null,
    '_foreign_move',
  ],
  ['with another key than it names', { ...two, before: other.certificate.bytes }, null, '_foreign_move'],
  ['of a name that the old key has not', await told(1, { from: 'bob <bob@old.example>' }), null, '_foreign_move'],
  ['of a revoked key', { ...two, before: revoked }, null, '_revoked_key'],
  ['of the future', await told(1, { time: NOW + 301 }), null, '_future_move'],
  ['with a damaged signature', { ...two, statement: damaged(two.statement) }, null, '_forged_move'],
  ['nothing', { ...two, statement: new Uint8Array(0) }, null, '_invalid_move'],
  ['too much', { ...two, statement: new Uint8Array(5000) }, null, '_oversized_move'],
])('the home: %s', async (_, move, known, expected) => {
  expect(await taken(move, known)).toBe(expected);
});

test('whoever knew the old key hears of others, and of his own ring, that it has taken itself back; broken copies say nothing', async () => {
  let near: Uint8Array[] = [];
  const search = async function* (sought: object): AsyncGenerator<{ key: Uint8Array; statement: null }> {
    const address = 'alice@old.example';
    expect(sought).toEqual({ address, fingerprint: fingerprintOf(old), servers: [], isNear: true });
    yield* near.map((key) => ({ key, statement: null }));
  };
  const inviteNamed = (): Promise<null> => Promise.resolve(null);
  const asking = new Notary({ key: home, isOpen: true, inviteNamed, now: () => NOW, search });
  const question = { person: 'psyc://new.example/~alice', key: next.certificate.bytes, move: two, known: null };
  const asked = (others: readonly Uint8Array[]): Promise<PkiAnswer> =>
    asking.answer({ kind: 'move', ...question, others });
  const told = { kind: 'moved', from: 'psyc://old.example/~alice', counter: 2, timeMs: NOW * 1000 };
  const another = await applyRevocation(other.certificate, await makeRevocation(other.signer, NOW));
  const nothing = [new Uint8Array(9), damaged(revoked), another, old.certificate.bytes];
  near = nothing;
  expect(await asked(nothing)).toMatchObject(told);
  expect(await asked([...nothing, revoked])).toEqual({ kind: 'refused', code: '_revoked_key' });
  near = [...nothing, revoked];
  expect(await asked([])).toEqual({ kind: 'refused', code: '_revoked_key' });
});

test.each<[string, ToldMove | null, string | null]>([
  ['both keys say so', two, fingerprintOf(old)],
  ['a revoked key says so', { ...two, before: revoked }, null],
  ['nobody says so', null, null],
  ['of somebody else', await told(1, { to: 'mallory <mallory@new.example>' }, [old, mallory]), null],
])('a client: %s', async (_, move, fingerprint) => {
  const person = 'psyc://new.example/~alice';
  const key = await certify(home, next.certificate, TO, NOW);
  const statement = await signStatement(
    next.signer,
    enrol(firstStatement(fingerprintOf(next), TO, NOW), seed(77), NOW),
  );
  const domainKeyBytes = home.certificate.bytes;
  const question = { person, key, statement, domainKey: domainKeyBytes, succession: null, known: null, move };
  const answer = await answerTo({ kind: 'check person', ...question }, NOW);
  const moved = fingerprint === null ? null : { from: 'psyc://old.example/~alice', fingerprint, counter: 2 };
  // Whatever the move is worth, they are the keys of who shows them.
  expect(answer).toMatchObject({ kind: 'person', keys: { fingerprint: fingerprintOf(next), moved } });
});
