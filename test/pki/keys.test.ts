/** Keys made from seeds: the same everywhere, read back whole, raw keys in the right order, epochs that come and go. */
import { createPrivateKey, sign as nodeSign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { ed25519, x25519 } from '@noble/curves/ed25519.js';
import { bytesToHex, concatBytes, hexToBytes } from '@noble/hashes/utils.js';
import fc from 'fast-check';
import { readKey, readPrivateKey, type SecretKeyPacket } from 'openpgp';
import { parseArmour, renderArmour } from '../../pki/armour.ts';
import { parseBase64, renderBase64 } from '../../crypto/base64.ts';
import { circuitKey, encryptionKeys, readCertificate } from '../../pki/certificate.ts';
import { certify } from '../../pki/certification.ts';
import { addEpoch, dropEpochs } from '../../pki/epoch.ts';
import { parsePublic, parseSecret, renderSecret } from '../../pki/key-packet.ts';
import { makeIdentityKey, makeRecoveryKey } from '../../pki/make-key.ts';
import { applyRevocation, makeRevocation } from '../../pki/revocation.ts';
import { publicPart, readSecretKey } from '../../pki/secret-key.ts';
import { domainOf } from '../../pki/user-id.ts';
import { domainKey, identityKey, NOW, seed, WEEK } from './keys.ts';

type Vectors = {
  now: number;
  domain: Record<'name' | 'seed' | 'circuitSeed' | 'epochSeed' | 'publicKey' | 'fingerprint', string>;
  identity: Record<'userId' | 'seed' | 'encryptionSeed' | 'secretKey' | 'publicKey' | 'certified', string>;
};
const vectors = JSON.parse(readFileSync(new URL('../vectors/pki/keys.json', import.meta.url), 'utf8')) as Vectors;

test('vectors: from seeds to the last byte', async () => {
  const domain = await domainKey('home.example');
  const identity = await identityKey('alice', 'home.example');
  const hex = (number: number): string => bytesToHex(seed(number));
  expect(vectors).toEqual({
    now: NOW,
    domain: {
      name: 'home.example',
      seed: hex(1),
      circuitSeed: hex(2),
      epochSeed: hex(3),
      publicKey: bytesToHex(domain.certificate.bytes),
      fingerprint: domain.certificate.key.fingerprint,
    },
    identity: {
      userId: 'alice <alice@home.example>',
      seed: hex(11),
      encryptionSeed: hex(12),
      secretKey: bytesToHex(identity.bytes),
      publicKey: bytesToHex(identity.certificate.bytes),
      certified: bytesToHex(await certify(domain, identity.certificate, 'alice <alice@home.example>', NOW)),
    },
  });
});

test('OpenPGP.js reads what we made: fingerprints, flags, validity', async () => {
  const { certificate, bytes } = await domainKey('home.example');
  const key = await readKey({ binaryKey: certificate.bytes });
  expect(key.getFingerprint()).toBe(certificate.key.fingerprint);
  await key.verifyPrimaryKey(new Date(NOW * 1000));
  expect(key.subkeys.map((subkey) => subkey.getFingerprint())).toEqual(
    certificate.subkeys.map((subkey) => subkey.key.fingerprint),
  );
  expect(key.subkeys.map((subkey) => subkey.bindingSignatures[0]!.keyFlags![0])).toEqual([0x20, 0x0c]);
  expect(bytesToHex(key.write())).toBe(bytesToHex(certificate.bytes));
  const secret = await readPrivateKey({ binaryKey: bytes });
  for (const { keyPacket } of secret.getKeys()) await (keyPacket as SecretKeyPacket).validate();
  expect(bytesToHex(secret.write())).toBe(bytesToHex(bytes));
});

const seeds = fc.uint8Array({ minLength: 32, maxLength: 32 });

test('any seed comes back, X25519 ones clamped, and belongs to its public key', () => {
  const zeros = (at: number): fc.Arbitrary<Uint8Array> => seeds.map((bytes) => bytes.fill(0, at, at + 4));
  fc.assert(
    fc.property(fc.oneof(seeds, zeros(0), zeros(28)), fc.nat(2 ** 32 - 1), (random, created) => {
      const signing = parseSecret(renderSecret('ed25519', random, created));
      expect(signing).toMatchObject({ created, curve: 'ed25519', seed: random, raw: ed25519.getPublicKey(random) });
      expect(parsePublic(signing.body)).toMatchObject({ fingerprint: signing.fingerprint, raw: signing.raw });
      const agreeing = parseSecret(renderSecret('x25519', random, created));
      expect(agreeing.raw).toEqual(x25519.getPublicKey(random));
      expect(x25519.getSharedSecret(agreeing.seed, signing.raw)).toEqual(x25519.getSharedSecret(random, signing.raw));
    }),
    { numRuns: 60 },
  );
});

test("a device's and a circuit's signatures are raw: the seed is what node:crypto takes", async () => {
  const domain = await domainKey('home.example');
  const pkcs8 = concatBytes(hexToBytes('302e020100300506032b657004220420'), domain.circuitSeed!);
  const key = createPrivateKey({ key: Buffer.from(pkcs8), format: 'der', type: 'pkcs8' });
  const message = new TextEncoder().encode('P3DO');
  const signature = new Uint8Array(nodeSign(null, message, key));
  expect(ed25519.verify(signature, message, circuitKey(domain.certificate, NOW)!)).toBe(true);
});

test('a domain key says its domain; nothing else does', async () => {
  expect(domainOf((await domainKey('home.example')).certificate)).toBe('home.example');
  expect(domainOf((await domainKey('localhost')).certificate)).toBe('localhost');
  const recovery = await readSecretKey(await makeRecoveryKey('home.example', seed(5), NOW));
  expect(domainOf(recovery.certificate)).toBeNull();
  expect(recovery).toMatchObject({ circuitSeed: null, encryption: [] });
  const texts = (...all: string[]): { userIds: { text: string }[] } => ({ userIds: all.map((text) => ({ text })) });
  expect(domainOf(texts('P3DO <p3do@a.example>', 'P3DO <p3do@b.example>'))).toBeNull();
  expect(domainOf(texts('P3DO <p3do@A.example>'))).toBeNull();
  expect(domainOf(texts('p3do <p3do@a.example>'))).toBeNull();
  const wrong = { domain: 'home.example', seed: seed(1), encryptionSeed: seed(2), now: NOW };
  await expect(makeIdentityKey({ ...wrong, nick: 'Alice' })).rejects.toMatchObject({ code: '_invalid_nick' });
});

test('epochs come, overlap and go, secret and public', async () => {
  let domain = await domainKey('home.example');
  const add = async (number: number): Promise<void> => {
    const epoch = { seed: seed(20 + number), from: NOW + number * WEEK, until: NOW + (number + 2) * WEEK };
    domain = await readSecretKey(await addEpoch(domain, epoch));
  };
  await add(1);
  await add(2);
  const keysAt = (now: number): number[] => encryptionKeys(domain.certificate, now).map(({ from }) => from);
  expect(keysAt(NOW)).toEqual([NOW - 60, NOW + WEEK, NOW + 2 * WEEK]);
  expect(keysAt(NOW + 2 * WEEK)).toEqual([NOW + WEEK, NOW + 2 * WEEK]);
  const { certificate, bytes } = domain;
  const later = await readSecretKey(dropEpochs(certificate, bytes, NOW + 2 * WEEK));
  expect(later.encryption.map(({ from, seed: secret }) => [from, x25519.getPublicKey(secret)])).toEqual(
    encryptionKeys(certificate, NOW + 2 * WEEK).map(({ from, raw }) => [from, raw]),
  );
  expect(later.circuitSeed).toEqual(domain.circuitSeed);
  expect(dropEpochs(certificate, certificate.bytes, NOW + 2 * WEEK)).toEqual(publicPart(later.bytes));
  for (let number = 3; number < 15; number++) await add(number);
  await expect(add(15)).rejects.toMatchObject({ code: '_excessive_subkeys' });
});

test("a revocation is of one key: another's is refused, and what is none", async () => {
  const [one, other] = [await domainKey('home.example'), await domainKey('other.example', 4)];
  const revocation = await makeRevocation(one.signer, NOW);
  expect(parseArmour(renderArmour('public', revocation))).toEqual(revocation);
  const dead = await readCertificate(await applyRevocation(one.certificate, revocation));
  expect(dead.revocation).toEqual({ isHard: true, created: NOW - 60 });
  for (const wrong of [revocation, one.certificate.bytes, concatBytes(revocation, revocation), new Uint8Array(0)]) {
    await expect(applyRevocation(other.certificate, wrong)).rejects.toMatchObject({ code: '_foreign_revocation' });
  }
});

test('base64 is canonical or none', () => {
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      expect(renderBase64(bytes)).toBe(Buffer.from(bytes).toString('base64'));
      expect(parseBase64(renderBase64(bytes))).toEqual(bytes);
    }),
  );
  for (const text of ['A', 'AA', 'AAA', 'AB==', 'AAB=', 'A===', 'AA==AA==', 'AA-_', 'AA\n==']) {
    expect(parseBase64(text)).toBeNull();
  }
});
