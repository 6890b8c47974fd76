/** What a key ring keeps of keys that anybody sends: hostile ones, each with its code, and floods that change nothing. */
import { describe, expect, test } from '@jest/globals';
import { concatBytes } from '@noble/hashes/utils.js';
import fc from 'fast-check';
import { config, generateKey } from 'openpgp';
import { readCertificate } from '../../pki/certificate.ts';
import { certStatus, revoke } from '../../pki/certification.ts';
import { countersign, countersignStatus } from '../../pki/countersignature.ts';
import { addEpoch } from '../../pki/epoch.ts';
import { PkiError } from '../../pki/error.ts';
import { makeSubkey } from '../../pki/make-key.ts';
import { sign } from '../../pki/openpgp.ts';
import { renderPacket, splitPackets, tags } from '../../pki/packets.ts';
import { applyRevocation, makeRevocation } from '../../pki/revocation.ts';
import { admit, type RingKey } from '../../pki/ring.ts';
import { wantedFor } from '../../pki/ring-parts.ts';
import { readSecretKey } from '../../pki/secret-key.ts';
import { signatureTypes } from '../../pki/signature.ts';
import { craft, packet, userIdData, withPackets } from './crafted.ts';
import { inGpgHome, withGpg } from './gpg.ts';
import { certified, DAY, domainKey, identityKey, NOW, seed, WEEK } from './keys.ts';

const ALICE = 'alice <alice@home.example>';
const home = await domainKey('home.example');
const peer = await domainKey('peer.example', 41);
const stranger = await domainKey('stranger.example', 51);
const authorities = [home.certificate, peer.certificate];
const alice = await identityKey('alice', 'home.example');
const once = await certified(home, alice.certificate, ALICE);
const own = alice.certificate.key.fingerprint;

const take = (...copies: Uint8Array[]): Promise<RingKey> => admit(copies, authorities, NOW);
const plain = await take(once.bytes);

async function codeOf(...copies: Uint8Array[]): Promise<string> {
  try {
    await take(...copies);
    return 'taken';
  } catch (error) {
    if (error instanceof PkiError) return error.code;
    throw error;
  }
}

/** A signature by somebody on alice's user id, right in itself. */
const bySomebody = (number: number, created = NOW, type = 0x13): Uint8Array =>
  packet(
    tags.signature,
    craft(
      seed(number),
      own.replace(/^.{8}/, number.toString(16).padStart(8, '0')),
      { type, created },
      userIdData(alice.certificate, ALICE),
    ),
  );

const withByte = (bytes: Uint8Array, fromEnd: number): Uint8Array => {
  const changed = Uint8Array.from(bytes);
  changed[changed.length - fromEnd]! ^= 1;
  return changed;
};

const ofAlice = (type: number, created: number, more: object = {}): Uint8Array =>
  packet(tags.signature, craft(seed(11), own, { type, created, ...more }, userIdData(alice.certificate, ALICE)));

const withSignature = (...signatures: Uint8Array[]): Uint8Array => withPackets(once.bytes, signatures);

const bySix = (): Uint8Array => {
  const body = Uint8Array.from(splitPackets(bySomebody(3))[0]!.body);
  body[0] = 6;
  return packet(tags.signature, body);
};

const revoker: [number, Uint8Array][] = [[12, Uint8Array.of(0x80, 22, ...new Uint8Array(20))]];

async function made(options: object): Promise<Uint8Array> {
  const { publicKey } = await generateKey({ userIDs: [{ name: 'x' }], format: 'object', ...options } as never);
  return (publicKey as unknown as { write(): Uint8Array }).write();
}

const forgeries = (count: number): Uint8Array[] => {
  const certification = splitPackets(once.bytes).findLast(
    ({ tag, body }) => tag === tags.signature && body[1] === 0x13,
  )!;
  return Array.from({ length: count }, (_, at) => withByte(packet(tags.signature, certification.body), at + 1));
};

describe('refused', () => {
  test.each<[string, string, () => Uint8Array | Promise<Uint8Array>]>([
    ['a secret key', '_secret_packet', () => alice.bytes],
    [
      'a secret subkey',
      '_secret_packet',
      async () =>
        concatBytes(
          once.bytes,
          await makeSubkey(alice.signer, { curve: 'x25519', seed: seed(3), flags: 12, from: NOW, until: Infinity }),
        ),
    ],
    ['a picture', '_user_attribute', () => withPackets(once.bytes, [packet(tags.userAttribute, Uint8Array.of(1, 2))])],
    ['a message', '_unsupported_packet', () => withPackets(once.bytes, [packet(18, Uint8Array.of(1))])],
    ['a designated revoker', '_designated_revoker', () => withSignature(ofAlice(0x13, NOW, { hashed: revoker }))],
    [
      'a designated revoker outside of what is signed',
      '_designated_revoker',
      () => withSignature(ofAlice(0x13, NOW, { unhashed: revoker })),
    ],
    ['nobody certified it', '_uncertified', () => alice.certificate.bytes],
    [
      'a domain that is not known',
      '_uncertified',
      async () =>
        (
          await certified(
            stranger,
            (
              await identityKey('eve', 'stranger.example')
            ).certificate,
            'eve <eve@stranger.example>',
          )
        ).bytes,
    ],
    ['the key of a domain that is not known', '_uncertified', () => stranger.certificate.bytes],
    ['a domain that certifies another one’s person', '_uncertified', () => certifiedByForce()],
    ['RSA', '_unsupported_algorithm', () => made({ type: 'rsa', rsaBits: 2048 })],
    ['NIST P-256', '_unsupported_algorithm', () => made({ type: 'ecc', curve: 'nistP256' })],
    ['Ed25519 as algorithm 27', '_unsupported_algorithm', () => made({ type: 'curve25519' })],
    ['version 6', '_unsupported_version', () => made({ type: 'curve25519', config: { ...config, v6Keys: true } })],
    ['two keys', '_invalid_key', () => concatBytes(once.bytes, peer.certificate.bytes)],
    ['nothing', '_invalid_key', () => new Uint8Array(0)],
    ['a signature first', '_invalid_key', () => concatBytes(bySomebody(3), once.bytes)],
    ['cut short', '_invalid_packet', () => once.bytes.subarray(0, -1)],
    [
      '50,000 signatures',
      '_oversized_key',
      () => concatBytes(once.bytes, ...new Array<Uint8Array>(50_000).fill(bySix())),
    ],
    ['a packet over 8 KiB', '_oversized_packet', () => withSignature(packet(tags.signature, new Uint8Array(8193)))],
    [
      'forgeries in the domain’s name',
      '_excessive_bad_signatures',
      () => concatBytes(alice.certificate.bytes.subarray(0, idEnd()), ...forgeries(9)),
    ],
  ])('%s', async (_, code, key) => {
    expect(await codeOf(await key())).toBe(code);
  });

  test('copies of different keys', async () => {
    expect(await codeOf(once.bytes, peer.certificate.bytes)).toBe('_invalid_key');
  });
});

test('of more than 64 domains that speak of one those leave whose word has ended, then those that spoke longest ago', async () => {
  const beginMade = NOW - 200 * DAY;
  const many = await Promise.all(Array.from({ length: 66 }, (_, n) => domainKey(`d${n}.example`, 100 + n, beginMade)));
  const target = (await domainKey('far.example', 91, beginMade)).certificate;
  // The second spoke first of those that last; the third's word has ended.
  const saidAt = (at: number): number => (at === 2 ? beginMade + DAY : at === 1 ? NOW - DAY : NOW + (at % 7));
  const copies = await Promise.all(many.map((domain, at) => countersign(domain, target, saidAt(at))));
  const known = [...many.map(({ certificate }) => certificate), target];
  const issuersOf = async (bytes: Uint8Array): Promise<string[]> =>
    (await readCertificate(bytes)).userIds[0]!.foreign.map(({ issuer }) => issuer);
  const kept = await admit(copies, known, NOW + DAY);
  const others = many.filter((_, at) => at !== 1 && at !== 2);
  const expected = others.map(({ certificate }) => certificate.key.fingerprint).toSorted();
  expect(await issuersOf(kept.bytes)).toEqual(expected);
  // Who spoke longest ago speaks again, and is there.
  const again = await countersign(many[1]!, await readCertificate(kept.bytes), NOW + DAY);
  // … and itself.
  expect(wantedFor(again).issuers).toHaveLength(66);
  const next = await admit([kept.bytes, again], known, NOW + DAY);
  expect(await issuersOf(next.bytes)).toContain(many[1]!.certificate.key.fingerprint);
  expect(await issuersOf(next.bytes)).toHaveLength(64);
  // In whatever order they come.
  expect((await admit([again, kept.bytes], known, NOW + DAY)).bytes).toEqual(next.bytes);
});

const idEnd = (): number => concatBytes(...splitPackets(alice.certificate.bytes).slice(0, 2).map(renderPacket)).length;

async function certifiedByForce(): Promise<Uint8Array> {
  const subject = { kind: 'user id', key: alice.certificate.key.body, userId: ALICE } as const;
  const body = await sign(peer.signer, subject, { type: signatureTypes.certPositive, created: NOW });
  return withPackets(alice.certificate.bytes, [packet(tags.signature, body)]);
}

test('a certified key is kept whole, under its address', async () => {
  expect(plain).toMatchObject({ fingerprint: own, addresses: ['alice@home.example'] });
  const read = await readCertificate(plain.bytes);
  expect(read.subkeys).toEqual(alice.certificate.subkeys);
  expect(await certStatus(read, ALICE, home.certificate, NOW)).toEqual(
    await certStatus(once, ALICE, home.certificate, NOW),
  );
  expect(wantedFor(once.bytes)).toEqual({ fingerprint: own, domains: ['home.example'], issuers: [] });
});

test('what others add changes no byte', async () => {
  const foreign = packet(tags.userId, new TextEncoder().encode('mallory <mallory@evil.example>'));
  const odd = packet(tags.userId, Uint8Array.of(0xff));
  const unsigned = packet(tags.userId, new TextEncoder().encode('al <al@home.example>'));
  for (const added of [
    [bySix()],
    [foreign, bySomebody(3)],
    [odd],
    [unsigned],
    [packet(tags.trust, Uint8Array.of(1)), packet(tags.marker, Uint8Array.of(0x50, 0x47, 0x50))],
    [packet(tags.signature, Uint8Array.of(4, 1))],
    [
      packet(
        tags.publicSubkey,
        splitPackets(peer.certificate.bytes).find(({ tag }) => tag === tags.publicSubkey)!.body,
      ),
    ],
    forgeries(8),
  ]) {
    expect((await take(withPackets(once.bytes, added, 3))).bytes).toEqual(plain.bytes);
  }
  expect((await take(await certifiedByForce(), once.bytes)).bytes).toEqual(plain.bytes);
});

test('any flood of strangers’ signatures, anywhere, changes no byte, and costs no verification', async () => {
  const places = splitPackets(once.bytes).length - 1;
  const some = fc.record({
    number: fc.integer({ min: 60, max: 90 }),
    type: fc.constantFrom(0x10, 0x13, 0x18, 0x1f, 0x20, 0x28, 0x30),
    at: fc.nat(places),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(some, { maxLength: 12 }), async (many) => {
      let flooded = once.bytes;
      for (const { number, type, at } of many) flooded = withPackets(flooded, [bySomebody(number, NOW, type)], at);
      expect((await take(flooded)).bytes).toEqual(plain.bytes);
    }),
    { numRuns: 15 },
  );
  const one = bySomebody(3);
  const many = Array.from({ length: 700 }, (_, at) => withByte(withByte(one, (at % 60) + 1), (at % 64) + 1));
  expect((await take(withSignature(...many))).bytes).toEqual(plain.bytes);
});

test('copies are one, in any order, as often as they come; revocations never go', async () => {
  const revoked = await revoke(home, once, ALICE, NOW + 1);
  const again = (await certified(home, await readCertificate(revoked), ALICE, NOW + 2)).bytes;
  const dead = await applyRevocation(alice.certificate, await makeRevocation(alice.signer, NOW));
  const copies = [once.bytes, revoked, again, dead];
  const all = await take(...copies);
  await fc.assert(
    fc.asyncProperty(fc.shuffledSubarray(copies, { minLength: 1 }), async (some) => {
      const kept = some.some((copy) => copy !== dead) ? [(await take(...some)).bytes] : some;
      expect((await take(...kept, ...copies.toReversed())).bytes).toEqual(all.bytes);
    }),
    { numRuns: 30 },
  );
  const read = await readCertificate(all.bytes);
  expect(read.revocation).toEqual({ isHard: true, created: NOW - 60 });
  expect(read.userIds[0]!.foreign.map(({ type }) => type)).toEqual([0x13, 0x30]);
  expect(await codeOf(dead)).toBe('_uncertified');
});

test('a hard revocation is not softened by a later one', async () => {
  const dead = await applyRevocation(once, await makeRevocation(alice.signer, NOW));
  const subject = { kind: 'key', key: alice.certificate.key.body } as const;
  const reason = { code: 1, text: '' };
  const soft = packet(tags.signature, await sign(alice.signer, subject, { type: 0x20, created: NOW, reason }));
  for (const copy of [withPackets(dead, [soft], 0), withPackets(dead, [soft], 1)]) {
    expect((await readCertificate(copy)).revocation).toMatchObject({ isHard: true });
    expect((await readCertificate((await take(copy)).bytes)).revocation).toMatchObject({ isHard: true });
  }
});

test('a certification of the future does not push out the one that counts', async () => {
  const ahead = (await certified(home, once, ALICE, NOW + DAY)).bytes;
  expect((await take(once.bytes, ahead)).bytes).toEqual(plain.bytes);
});

test('a domain whose key is revoked for good vouches for nobody', async () => {
  const dead = await readCertificate(await applyRevocation(home.certificate, await makeRevocation(home.signer, NOW)));
  await expect(admit([once.bytes], [dead], NOW)).rejects.toMatchObject({ code: '_uncertified' });
});

test('a domain’s key has the countersignatures of domains that are known, and its subkeys until they end', async () => {
  const known = await readCertificate(await countersign(home, peer.certificate, NOW));
  const both = await countersign(stranger, known, NOW);
  const kept = await take(both);
  expect(kept.addresses).toEqual(['p3do@peer.example']);
  const read = await readCertificate(kept.bytes);
  expect((await countersignStatus(read, home.certificate, NOW)).isValid).toBe(true);
  expect(read.userIds[0]!.foreign).toHaveLength(1);
  expect(wantedFor(both).issuers.toSorted()).toEqual(
    [peer, home, stranger].map(({ certificate }) => certificate.key.fingerprint).toSorted(),
  );
  const next = await addEpoch(peer, { seed: seed(9), from: NOW + WEEK, until: NOW + 3 * WEEK });
  const { certificate } = await readSecretKey(next);
  const merged = await readCertificate((await take(kept.bytes, certificate.bytes)).bytes);
  expect(merged.subkeys).toHaveLength(3);
  const later = await readCertificate((await admit([merged.bytes], authorities, NOW + 2 * WEEK)).bytes);
  expect(later.subkeys).toHaveLength(2);
});

test('whatever happens to its bytes, a key is taken as it was, or refused with a code', async () => {
  const position = fc.integer({ min: 0, max: once.bytes.length - 1 });
  const change = fc.tuple(position, fc.integer({ min: 0, max: 255 }));
  await fc.assert(
    fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 3 }), async (changes) => {
      const broken = Uint8Array.from(once.bytes);
      for (const [at, value] of changes) broken[at] = value;
      if ((await codeOf(broken)) === 'taken') await readCertificate((await take(broken)).bytes);
      if ((await codeOf(once.bytes, broken)) === 'taken') {
        expect((await take(once.bytes, broken)).bytes).toEqual(plain.bytes);
      }
    }),
    { numRuns: 200 },
  );
});

withGpg('GnuPG', () => {
  test('refuses a key for one signature of version 6, and takes what the ring keeps of it', async () => {
    const bad = withSignature(bySix());
    await inGpgHome(async (gpg) => {
      expect((await gpg.gpg(NOW, '--import', gpg.file('bad', bad))).status).not.toBe(0);
      expect(await gpg.gpg(NOW, '--import', gpg.file('good', (await take(bad)).bytes))).toMatchObject({ status: 0 });
    });
  });
});
