/** Whether a domain's key follows the one that a client knows: only by that one's own word. */
import { expect, test } from '@jest/globals';
import { answerTo } from '../../client/session/answers.ts';
import { bytesOfHex } from '../../crypto/bytes.ts';
import { applyRevocation, makeRevocation } from '../../pki/revocation.ts';
import { nextRotation, signRotation } from '../../pki/rotation.ts';
import { NO_ROTATION } from '../../pki/rotation-statement.ts';
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

/** Fingerprint of the key that is followed, or null. */
async function followed(text: Uint8Array | null, key = next, before = old.certificate.bytes): Promise<unknown> {
  const succession = text === null ? null : { statement: text, before };
  const answer = await answerTo({ kind: 'read domain key', key: key.certificate.bytes, succession }, NOW);
  return answer.kind === 'domain key' ? answer.follows : answer;
}

test('by its word it is followed', async () => {
  const expected = bytesOfHex(old.certificate.key.fingerprint);
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
  expect(await answer()).toBeNull();
});
