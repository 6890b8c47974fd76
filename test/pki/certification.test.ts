/** Certifications: made for one checked user id, taken back, and judged as GnuPG would, trap by trap. */
import { expect, test } from '@jest/globals';
import { concatBytes } from '@noble/hashes/utils.js';
import { readKey } from 'openpgp';
import { type Certificate, readCertificate } from '../../pki/certificate.ts';
import { certify, certStatus, isRenewalDue, revoke } from '../../pki/certification.ts';
import { sign } from '../../pki/openpgp.ts';
import { splitPackets, tags } from '../../pki/packets.ts';
import { reasons } from '../../pki/revocation.ts';
import type { SecretKey } from '../../pki/secret-key.ts';
import { parseSignature, signatureTypes } from '../../pki/signature.ts';
import { type Crafted, craft, packet, userIdData, withPackets } from './crafted.ts';
import { certified, DAY, domainKey, identityKey, NOW, seed } from './keys.ts';

const ALICE = 'alice <alice@home.example>';
const domain = await domainKey('home.example');
const authority = domain.certificate;
const alice = (await identityKey('alice', 'home.example')).certificate;
const once = await certified(domain, alice, ALICE);

const status = async (target: Certificate, now = NOW, by = authority): Promise<string> => {
  const verdict = await certStatus(target, ALICE, by, now);
  return verdict.isValid ? 'valid' : verdict.code;
};

/** Alice's key with a certification made by hand with the domain's seed. */
async function crafted(
  one: Partial<Crafted>,
  secret = seed(1),
  fingerprint = authority.key.fingerprint,
): Promise<Certificate> {
  const body = craft(secret, fingerprint, { type: 0x13, created: NOW - 60, ...one }, userIdData(alice, ALICE));
  return readCertificate(withPackets(alice.bytes, [packet(tags.signature, body)]));
}

/** The domain's key with another signature on its user id or itself. */
async function resigned(claims: Parameters<typeof sign>[2], kind: 'user id' | 'key' = 'user id'): Promise<Certificate> {
  const key = authority.key.body;
  const subject = kind === 'key' ? { kind, key } : { kind, key, userId: 'P3DO <p3do@home.example>' };
  const added = packet(tags.signature, await sign(domain.signer, subject, claims));
  return readCertificate(withPackets(authority.bytes, [added], kind === 'key' ? 0 : 1));
}

test('thirty days to the second, backdated a minute, renewed at twenty days left', async () => {
  expect(await certStatus(once, ALICE, authority, NOW)).toEqual({
    isValid: true,
    from: NOW - 60,
    until: NOW + 30 * DAY,
  });
  expect(await status(once, NOW + 30 * DAY - 1)).toBe('valid');
  expect(await certStatus(once, ALICE, authority, NOW + 30 * DAY)).toEqual({
    isValid: false,
    code: '_expired_certification',
    until: NOW + 30 * DAY,
  });
  expect(isRenewalDue(NOW + 30 * DAY, NOW + 10 * DAY)).toBe(false);
  expect(isRenewalDue(NOW + 30 * DAY, NOW + 10 * DAY + 1)).toBe(true);
});

test('the newest counts: revoked, certified again in the same second, and once of each is kept', async () => {
  let target = once;
  for (const round of [0, 0, 1]) {
    target = await readCertificate(await revoke(domain, target, ALICE, NOW + round));
    expect(await status(target, NOW + round)).toBe('_revoked_certification');
    target = await certified(domain, target, ALICE, NOW + round);
    expect(await status(target, NOW + round)).toBe('valid');
  }
  expect(new Set(target.userIds[0]!.foreign.map(({ type }) => type))).toEqual(new Set([0x13, 0x30]));
  expect(target.userIds[0]!.foreign).toHaveLength(2);
});

test('a clock set back does not bring the certification back', async () => {
  const revoked = await readCertificate(await revoke(domain, once, ALICE, NOW - 10 * DAY));
  expect(await status(revoked)).toBe('_revoked_certification');
});

test('only one checked user id is certified', async () => {
  const bob = 'bob <bob@home.example>';
  for (const [by, userId] of [
    [domain, bob],
    [domain, 'alice'],
    [await domainKey('other.example', 4), ALICE],
  ] as [SecretKey, string][]) {
    await expect(certify(by, alice, userId, NOW)).rejects.toMatchObject({ code: '_foreign_user_id' });
  }
  const identity = await identityKey('alice', 'home.example');
  const claims = { type: signatureTypes.certPositive, created: NOW };
  const subject = { kind: 'user id', key: alice.key.body, userId: bob } as const;
  const self = packet(tags.signature, await sign(identity.signer, subject, claims));
  const two = await readCertificate(concatBytes(alice.bytes, packet(tags.userId, new TextEncoder().encode(bob)), self));
  const target = await certified(domain, two, bob);
  expect(target.userIds.map(({ text, foreign }) => [text, foreign.length])).toEqual([
    [ALICE, 0],
    [bob, 1],
  ]);
  expect(await status(target)).toBe('_uncertified');
  await expect(revoke(domain, alice, bob, NOW)).rejects.toMatchObject({ code: '_foreign_user_id' });
  await expect(identityKey('p3do', 'home.example')).rejects.toMatchObject({ code: '_foreign_user_id' });
  const notDomain = await identityKey('bob', 'home.example');
  await expect(certify(notDomain, alice, ALICE, NOW)).rejects.toMatchObject({ code: '_invalid_authority' });
});

test('no key that is revoked, has ended or has taken the user id back is certified or counts', async () => {
  const identity = await identityKey('alice', 'home.example');
  const userId = { kind: 'user id', key: alice.key.body, userId: ALICE } as const;
  const key = { kind: 'key', key: alice.key.body } as const;
  const { certPositive, certRevocation, keyRevocation } = signatureTypes;
  const reason = { code: reasons.retired, text: 'gone' };
  const cases = [
    ['_expired_key', 1, userId, { type: certPositive, created: NOW - 30, keySeconds: 30 }],
    ['_revoked_user_id', 1, userId, { type: certPositive, created: NOW - 30, seconds: 30 }],
    ['_revoked_user_id', 1, userId, { type: certRevocation, created: NOW - 30 }],
    ['_revoked_key', 0, key, { type: keyRevocation, created: NOW - 30, reason }],
  ] as const;
  for (const [code, at, subject, claims] of cases) {
    const added = packet(tags.signature, await sign(identity.signer, subject, claims));
    expect(await status(await readCertificate(withPackets(once.bytes, [added], at)))).toBe(code);
    const bare = await readCertificate(withPackets(alice.bytes, [added], at));
    await expect(certify(domain, bare, ALICE, NOW)).rejects.toMatchObject({ code });
  }
  const young = (await identityKey('alice', 'home.example', 11, NOW + 361)).certificate;
  await expect(certify(domain, young, ALICE, NOW)).rejects.toMatchObject({ code: '_expired_key' });
  await expect(certify(domain, young, ALICE, NOW + 1)).resolves.toBeDefined();
});

test('the authority must be good now (trap 5) and may certify', async () => {
  const self = { type: signatureTypes.certPositive, created: NOW, flags: 3 };
  const { keyRevocation } = signatureTypes;
  const soft = { type: keyRevocation, created: NOW, reason: { code: reasons.superseded, text: '' } };
  for (const dead of [
    await resigned({ ...self, keySeconds: 60 }),
    await resigned({ ...self, flags: 2 }),
    await resigned(soft, 'key'),
    await resigned({ type: keyRevocation, created: NOW }, 'key'),
  ]) {
    expect(await status(once, NOW, dead)).toBe('_invalid_authority');
  }
  expect((await resigned(soft, 'key')).revocation).toEqual({ isHard: false, created: NOW });
  expect((await resigned({ type: keyRevocation, created: NOW }, 'key')).revocation).toMatchObject({ isHard: true });
  expect(await status(once, NOW, (await domainKey('home.example', 4)).certificate)).toBe('_uncertified');
});

test.each<[string, string, Partial<Crafted>]>([
  ['by hand, right in all', 'valid', {}],
  ['generic', 'valid', { type: 0x10 }],
  ['a revocation that stands alone (trap 4)', '_revoked_certification', { type: 0x30 }],
  ['a type that certifies nothing', '_uncertified', { type: 0x1f }],
  ['by SHA-1 (trap 17)', '_uncertified', { hash: 2 }],
  ['five minutes ahead (trap 9)', 'valid', { created: NOW + 300 }],
  ['more than that', '_uncertified', { created: NOW + 301 }],
  ['with a critical notation (trap 10)', '_uncertified', { hashed: [[148, new Uint8Array(8)]] }],
  ['with a notation', 'valid', { hashed: [[20, new Uint8Array(8)]] }],
  ['with an unknown critical subpacket', '_uncertified', { hashed: [[0x80 | 99, Uint8Array.of(1)]] }],
  ['with an unknown subpacket', 'valid', { hashed: [[99, Uint8Array.of(1)]] }],
  ['for one machine only (trap 7)', '_uncertified', { hashed: [[4, Uint8Array.of(0)]] }],
  ['that says who made it nowhere', '_uncertified', { issuer: '' }],
  ['by the name of another', '_uncertified', { issuer: '00'.repeat(20) }],
  ['ended', '_expired_certification', { hashed: [[3, Uint8Array.of(0, 0, 0, 60)]] }],
  ['ended, by a subpacket that is not signed', 'valid', { unhashed: [[3, Uint8Array.of(0, 0, 0, 60)]] }],
])('a certification %s: %s', async (_, verdict, one) => {
  expect(await status(await crafted(one))).toBe(verdict);
});

test('neither a subkey nor a forger certifies (trap 1)', async () => {
  const subkey = authority.subkeys[0]!.key;
  expect(await status(await crafted({}, seed(2), subkey.fingerprint))).toBe('_uncertified');
  expect(await status(await crafted({}, seed(2)))).toBe('_uncertified');
});

test('one for another key or another user id does not fit', async () => {
  const [certification] = once.userIds[0]!.foreign;
  const mallory = (await identityKey('alice', 'home.example', 50)).certificate;
  const moved = withPackets(mallory.bytes, [packet(tags.signature, certification!.body)]);
  expect(await status(await readCertificate(moved))).toBe('_uncertified');
});

test('signatures are the same for the same arguments, SHA-512, and what OpenPGP.js itself takes', async () => {
  const again = await certify(domain, alice, ALICE, NOW);
  expect(again).toEqual(once.bytes);
  const bodies = splitPackets(once.bytes).filter(({ tag }) => tag === tags.signature);
  expect(bodies.map(({ body }) => parseSignature(body).hashAlgorithm)).toEqual([10, 10, 10]);
  const key = await readKey({ binaryKey: once.bytes });
  const ca = await readKey({ binaryKey: authority.bytes });
  const verdicts = await key.verifyAllUsers([ca], new Date(NOW * 1000));
  expect(verdicts.map(({ userID, valid }) => [userID, valid])).toEqual([
    [ALICE, null],
    [ALICE, true],
  ]);
});
