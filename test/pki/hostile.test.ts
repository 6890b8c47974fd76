/** Keys that must not be read, each with its code, and bytes that are nothing at all. */
import { expect, test } from '@jest/globals';
import { concatBytes } from '@noble/hashes/utils.js';
import fc from 'fast-check';
import { config, generateKey } from 'openpgp';
import { parseArmour, renderArmour } from '../../pki/armour.ts';
import { circuitKey, readCertificate } from '../../pki/certificate.ts';
import { PkiError } from '../../pki/error.ts';
import { parseSecret } from '../../pki/key-packet.ts';
import { makeSubkey } from '../../pki/make-key.ts';
import { sign } from '../../pki/openpgp.ts';
import { renderPacket, splitPackets, tags } from '../../pki/packets.ts';
import { publicPart, readSecretKey } from '../../pki/secret-key.ts';
import { signatureTypes } from '../../pki/signature.ts';
import { craft, packet, userIdData, withPackets } from './crafted.ts';
import { domainKey, identityKey, NOW, seed } from './keys.ts';

const ALICE = 'alice <alice@home.example>';
const alice = await identityKey('alice', 'home.example');
const { bytes } = alice.certificate;
const own = alice.certificate.key.fingerprint;

/** The code with which a key is refused, or 'read'. */
async function codeOf(key: Uint8Array): Promise<string> {
  try {
    await readCertificate(key);
    return 'read';
  } catch (error) {
    if (error instanceof PkiError) return error.code;
    throw error;
  }
}

const signature = (size = 20): Uint8Array =>
  Uint8Array.of(4, 0x10, 22, 10, 0, 6, 5, 2, 0, 0, 0, 1, 0, 0, 0, 0, ...new Uint8Array(size));

async function made(options: object): Promise<Uint8Array> {
  const { publicKey } = await generateKey({ userIDs: [{ name: 'x' }], format: 'object', ...options } as never);
  return (publicKey as unknown as { write(): Uint8Array }).write();
}

const withByte = (body: Uint8Array, at: number, value: number): Uint8Array => {
  const changed = Uint8Array.from(body);
  changed[at] = value;
  return changed;
};

const [primary, userId, self, subkey, binding] = splitPackets(bytes).map(renderPacket) as [
  Uint8Array,
  Uint8Array,
  Uint8Array,
  Uint8Array,
  Uint8Array,
];

const cases: [string, string, () => Uint8Array | Promise<Uint8Array>][] = [
  ['as it is', 'read', () => bytes],
  ['a secret key', '_secret_packet', () => alice.bytes],
  ['one secret subkey', '_secret_packet', async () => concatBytes(bytes, await newSubkey())],
  ['a picture', '_user_attribute', () => withPackets(bytes, [packet(tags.userAttribute, Uint8Array.of(1, 2))])],
  ['a key of version 6', '_unsupported_version', () => made({ type: 'curve25519', config: { v6Keys: true } })],
  ['a signature of version 6', '_unsupported_version', () => withSignature(withByte(signature(), 0, 6))],
  ['a signature of version 3', '_unsupported_version', () => withSignature(withByte(signature(), 0, 3))],
  ['a designated revoker', '_designated_revoker', () => withSignature(revoker('hashed'))],
  ['one where it does not count', '_designated_revoker', () => withSignature(revoker('unhashed'))],
  ['NIST P-256', '_unsupported_algorithm', () => made({ type: 'ecc', curve: 'nistP256' })],
  ['RSA', '_unsupported_algorithm', () => made({ type: 'rsa', rsaBits: 2048 })],
  ['Ed25519 as algorithm 27', '_unsupported_algorithm', () => made({ type: 'curve25519' })],
  ['X25519 as primary', '_unsupported_algorithm', () => concatBytes(asPrimary(subkey), userId, self)],
  ['1,000 signatures', '_excessive_signatures', () => withPackets(bytes, thousand(20))],
  [
    'nine signatures of its own that do not hold',
    '_excessive_bad_signatures',
    () =>
      concatBytes(
        primary,
        userId,
        ...Array.from({ length: 9 }, (_, at) => withByte(self, self.length - 1 - at, 7)),
        self,
      ),
  ],
  [
    'eight of them',
    'read',
    () =>
      concatBytes(
        primary,
        userId,
        ...Array.from({ length: 8 }, (_, at) => withByte(self, self.length - 1 - at, 7)),
        self,
      ),
  ],
  ['1,000 long signatures', '_oversized_key', () => withPackets(bytes, thousand(100))],
  ['over 64 KiB', '_oversized_key', () => concatBytes(bytes, new Uint8Array(65_536))],
  ['a packet over 8 KiB', '_oversized_packet', () => withSignature(signature(8192))],
  ['five user ids', '_excessive_user_ids', () => concatBytes(primary, ...[1, 2, 3, 4, 5].map((n) => other(n)))],
  ['a user id twice', '_invalid_key', () => concatBytes(primary, userId, self, userId, self)],
  ['17 subkeys', '_excessive_subkeys', () => concatBytes(bytes, ...Array.from({ length: 16 }, () => subkey))],
  ['no user id', '_invalid_key', () => concatBytes(primary, subkey, binding)],
  ['two keys', '_invalid_key', () => concatBytes(bytes, bytes)],
  ['nothing', '_invalid_key', () => new Uint8Array(0)],
  ['a user id unsigned', '_unsigned_user_id', () => concatBytes(primary, userId)],
  ['a user id of another', '_unsigned_user_id', () => concatBytes(primary, other(1), self)],
  ['a signature by SHA-1', '_unsigned_user_id', () => concatBytes(primary, userId, selfSigned(2))],
  ['the same by SHA-512', 'read', () => concatBytes(primary, userId, selfSigned(10))],
  ['a subkey unbound', '_unbound_subkey', () => concatBytes(primary, userId, self, subkey)],
  ['a signing subkey unasked', '_unbound_subkey', async () => concatBytes(bytes, await stolen(0x02))],
  ['an encrypted message', '_unsupported_packet', () => withPackets(bytes, [packet(18, Uint8Array.of(1))])],
  ['a packet cut short', '_invalid_packet', () => bytes.subarray(0, -1)],
  ['a partial length', '_invalid_packet', () => Uint8Array.of(0xc6, 0xe1, 1, 1)],
  ['an indeterminate length', '_invalid_packet', () => Uint8Array.of(0x9b, 1)],
  ['no packet', '_invalid_packet', () => Uint8Array.of(0x06)],
  ['a signature cut short', '_invalid_signature', () => withSignature(signature().subarray(0, 9))],
  ['a subpacket that overruns', '_invalid_signature', () => withSignature(withByte(signature(), 6, 9))],
];

function thousand(size: number): Uint8Array[] {
  return Array.from({ length: 1000 }, () => packet(tags.signature, signature(size)));
}

function withSignature(body: Uint8Array): Uint8Array {
  return withPackets(bytes, [packet(tags.signature, body)]);
}

function asPrimary(rendered: Uint8Array): Uint8Array {
  return packet(tags.publicKey, splitPackets(rendered)[0]!.body);
}

function other(number: number): Uint8Array {
  return packet(tags.userId, Uint8Array.of(0x30 + number));
}

function selfSigned(hash: 2 | 10): Uint8Array {
  const crafted = { type: 0x13, created: NOW, hash };
  return packet(tags.signature, craft(seed(11), own, crafted, userIdData(alice.certificate, ALICE)));
}

function revoker(place: 'hashed' | 'unhashed'): Uint8Array {
  const subpackets: [number, Uint8Array][] = [[12, Uint8Array.of(0x80, 22, ...new Uint8Array(20))]];
  return craft(seed(11), own, { type: 0x1f, created: NOW, [place]: subpackets }, new Uint8Array(0));
}

async function newSubkey(): Promise<Uint8Array> {
  return makeSubkey(alice.signer, { curve: 'x25519', seed: seed(3), flags: 0x0c, from: NOW, until: Infinity });
}

/** Another domain's subkey, bound to alice's key by alice alone. */
async function stolen(flags: number): Promise<Uint8Array> {
  const victim = (await domainKey('victim.example')).certificate.subkeys[0]!.key;
  const subject = { kind: 'subkey', key: alice.certificate.key.body, subkey: victim.body } as const;
  const body = await sign(alice.signer, subject, { type: signatureTypes.subkeyBinding, created: NOW, flags });
  return concatBytes(packet(tags.publicSubkey, victim.body), packet(tags.signature, body));
}

test.each(cases)('%s: %s', async (_, code, key) => {
  expect(await codeOf(await key())).toBe(code);
});

test("another domain's circuit key is not one's own by saying so", async () => {
  const thief = await readCertificate(concatBytes(bytes, await stolen(0x20)));
  expect(thief.subkeys.at(-1)).toMatchObject({ flags: 0x20, isMutual: false });
  expect(circuitKey(thief, NOW)).toBeNull();
});

test('a secret that is not of its public key is refused, and one under a passphrase', async () => {
  const [key, ...rest] = splitPackets(alice.bytes);
  const mixed = Uint8Array.from(key!.body);
  mixed.set(parseSecret(splitPackets((await domainKey('home.example')).bytes)[0]!.body).raw, 19);
  const bytesOf = (body: Uint8Array): Uint8Array =>
    concatBytes(packet(tags.secretKey, body), ...rest.map(renderPacket));
  await expect(readSecretKey(bytesOf(mixed))).rejects.toMatchObject({ code: '_invalid_key' });
  const locked = withByte(key!.body, 51, 254);
  await expect(readSecretKey(bytesOf(locked))).rejects.toMatchObject({ code: '_encrypted_secret' });
  await expect(readSecretKey(bytes)).rejects.toMatchObject({ code: '_invalid_key' });
  expect(publicPart(alice.bytes)).toEqual(bytes);
});

test('armour that is none', () => {
  const text = renderArmour('public', bytes);
  expect(parseArmour(text)).toEqual(bytes);
  expect(parseArmour(text.replaceAll('\n', ' \r\n'))).toEqual(bytes);
  const wrong = [
    '',
    text.slice(0, -3),
    text.replace('PUBLIC', 'PRIVATE'),
    text.replace(/\n=..../, '\n=AAAA'),
    text + text,
    text.replaceAll('PUBLIC KEY BLOCK', 'MESSAGE'),
    `${' '.repeat(131_000)}x`,
    `-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n${'\n='.repeat(65_000)}`,
    `-----BEGIN PGP PUBLIC KEY BLOCK-----\n${'a: \n'.repeat(32_000)}`,
  ];
  for (const one of wrong) {
    expect(() => parseArmour(one)).toThrow(expect.objectContaining({ code: '_invalid_armour' }));
  }
  expect(() => parseArmour('x'.repeat(131_073))).toThrow(expect.objectContaining({ code: '_oversized_key' }));
});

test('whatever happens to its bytes, a key is read or refused with a code', async () => {
  const domain = (await domainKey('home.example')).certificate.bytes;
  const position = fc.integer({ min: 0, max: domain.length - 1 });
  const change = fc.tuple(position, fc.integer({ min: 0, max: 255 }));
  await fc.assert(
    fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 4 }), fc.nat(domain.length), async (changes, end) => {
      const broken = Uint8Array.from(domain.subarray(0, end > domain.length / 2 ? domain.length : end));
      for (const [at, value] of changes) if (at < broken.length) broken[at] = value;
      await codeOf(broken);
    }),
    { numRuns: 300 },
  );
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (noise) => {
      expect(await codeOf(noise)).not.toBe('read');
    }),
    { numRuns: 300 },
  );
});

test('OpenPGP.js is left as it was', () => {
  expect(config.nonDeterministicSignaturesViaNotation).toBe(true);
});
