/** Whether a domain's key follows the one that a client knows: only by that one's own word. */
import { expect, test } from '@jest/globals';
import { answerTo } from '../../client/session/answers.ts';
import type { ProofStep } from '../../circuit/proof-steps.ts';
import { bytesOfHex } from '../../crypto/bytes.ts';
import { applyRevocation, makeRevocation } from '../../pki/revocation.ts';
import { nextRotation, signRotation } from '../../pki/rotation.ts';
import { NO_ROTATION, rotationHash, splitRotation } from '../../pki/rotation-statement.ts';
import type { SecretKey } from '../../pki/secret-key.ts';
import { domainKey, NOW } from '../pki/keys.ts';

const old = await domainKey('home.example', 1);
const next = await domainKey('home.example', 11);
const thief = await domainKey('home.example', 21);
const other = await domainKey('other.example', 31);

/** The statement that `to` follows `from`, signed by `giver`. */
async function statement(from: SecretKey, to: SecretKey, giver = from, notBefore = NOW): Promise<Uint8Array> {
  const known = { fingerprint: from.certificate.key.fingerprint, seq: 1, prev: NO_ROTATION };
  const domain = from === other ? 'other.example' : 'home.example';
  const rotation = nextRotation(domain, known, to.certificate.key.fingerprint, notBefore);
  return signRotation(giver.signer, to.signer, rotation, NOW);
}

/** Fingerprints of the keys that are followed. */
async function followed(
  text: Uint8Array | null,
  key = next,
  before = old.certificate.bytes,
  earlier: readonly ProofStep[] = [],
): Promise<unknown> {
  const succession = text === null ? null : { statement: text, before, earlier };
  const answer = await answerTo({ kind: 'read domain key', key: key.certificate.bytes, succession }, NOW);
  return answer.kind === 'domain key' ? answer.follows : answer;
}

test('by its word it is followed', async () => {
  const expected = [bytesOfHex(old.certificate.key.fingerprint)];
  expect(await followed(await statement(old, next))).toEqual(expected);
  expect(await followed(await statement(old, next, old, NOW + 300))).toEqual(expected);
});

test.each<[string, () => Promise<unknown>]>([
  ['without a statement', () => followed(null)],
  ['what is no statement', () => followed(new Uint8Array([1, 2, 3]))],
  ['what is no key', async () => followed(await statement(old, next), next, new Uint8Array([1, 2, 3]))],
  ['signed by somebody else', async () => followed(await statement(old, next, thief))],
  ['for another key', async () => followed(await statement(old, thief))],
  ['of another key', async () => followed(await statement(thief, next))],
  [
    'of another domain',
    async () => followed(await statement(other, next).catch(() => new Uint8Array(1)), next, other.certificate.bytes),
  ],
  ['before its time', async () => followed(await statement(old, next, old, NOW + 301))],
  [
    'of a key that revoked itself',
    async () => {
      const revoked = await applyRevocation(old.certificate, await makeRevocation(old.signer, NOW));
      return followed(await statement(old, next), next, revoked);
    },
  ],
])('%s it is not', async (_, answer) => {
  expect(await answer()).toEqual([]);
});

/** `length` keys one after the other, and how each came to be: by its own word, or that of whoever `givers` names for a step. */
async function lineOf(length: number, givers: Readonly<Record<number, SecretKey>> = {}) {
  const keys = await Promise.all(Array.from({ length }, (_, at) => domainKey('home.example', 41 + 3 * at)));
  const steps: ProofStep[] = [];
  let prev = NO_ROTATION;
  for (const [at, from] of keys.slice(0, -1).entries()) {
    const to = keys[at + 1]!;
    const known = { fingerprint: from.certificate.key.fingerprint, seq: at + 1, prev };
    const rotation = nextRotation('home.example', known, to.certificate.key.fingerprint, NOW);
    const made = await signRotation((givers[at] ?? from).signer, to.signer, rotation, NOW);
    steps.push({ statement: made, key: to.certificate.bytes, recovery: null });
    prev = rotationHash(splitRotation(made).signed);
  }
  const prints = keys.map(({ certificate }) => bytesOfHex(certificate.key.fingerprint));
  const shown = (earlier: readonly ProofStep[], before = keys[0]!): Promise<unknown> =>
    followed(steps.at(-1)!.statement, keys.at(-1), before.certificate.bytes, earlier);
  return { keys, steps, prints, shown };
}

test('whoever has missed several steps follows all of them, eight at most', async () => {
  const { keys, steps, prints, shown } = await lineOf(10);
  expect(await shown(steps.slice(1, -1), keys[1])).toEqual(prints.slice(1, -1));
  // One more than a proof has room for.
  expect(await shown(steps.slice(0, -1))).toEqual(expect.not.arrayContaining([prints[0]]));
});

test('… as far back as each has named the next: not over a step that is missing, another’s, or the recovery key’s', async () => {
  const { keys, steps, prints, shown } = await lineOf(5);
  expect(await shown([steps[0]!, steps[2]!])).toEqual(prints.slice(3, 4));
  expect(await shown([steps[1]!, steps[2]!])).toEqual(prints.slice(2, 4));
  const revoked = await applyRevocation(keys[1]!.certificate, await makeRevocation(keys[1]!.signer, NOW));
  const told = steps.slice(0, -1).map((step, at) => (at === 0 ? { ...step, key: revoked } : step));
  expect(await shown(told)).toEqual(prints.slice(2, 4));
  const stolen = await lineOf(5, { 1: thief });
  expect(await stolen.shown(stolen.steps.slice(0, -1))).toEqual(stolen.prints.slice(2, 4));
});
