/** All implementations of the suite give the vectors of the standards. */
import { describe, expect, test } from '@jest/globals';
import { hexOf } from '../../crypto/bytes.ts';
import { suite as fastest } from '../../server/suite.ts';
import { readVectors, suites, unhex } from './vectors.ts';

interface Signature {
  readonly name: string;
  readonly seed: string;
  readonly publicKey: string;
  readonly message: string;
  readonly signature: string;
}
interface Edge extends Omit<Signature, 'seed'> {
  readonly valid: boolean;
}
interface Agreement {
  readonly name: string;
  readonly secret: string;
  readonly publicKey: string;
  readonly shared: string | null;
}
interface Stream {
  readonly name: string;
  readonly key: string;
  readonly nonce: string;
  readonly counter: number;
  readonly plaintext: string;
  readonly ciphertext: string;
}
interface Sealed extends Omit<Stream, 'counter' | 'ciphertext'> {
  readonly aad: string;
  readonly sealed: string;
}
interface Digest {
  readonly name: string;
  readonly message: string;
  readonly key: string;
  readonly digest: string;
}

interface Enciphered {
  readonly name: string;
  readonly key: string;
  readonly blocks: string;
  readonly enciphered: string;
}

const signatures = readVectors<Signature[]>('rfc8032-ed25519.json');
const edges = readVectors<Edge[]>('edge-ed25519.json');
const agreements = readVectors<Agreement[]>('rfc7748-x25519.json');
const ciphers = readVectors<{ chacha20: Stream[]; chacha20poly1305: Sealed[] }>('rfc8439-chacha20.json');
const digests = readVectors<Digest[]>('rfc7693-blake2b.json');
const blockwise = readVectors<Enciphered[]>('fips197-aes.json');
const NOTHING = new Uint8Array(0);

describe.each(suites)('%s', (_, suite) => {
  test.each(signatures)('Ed25519, $name', ({ seed, publicKey, message, signature }) => {
    expect(hexOf(suite.ed25519PublicKey(unhex(seed)))).toBe(publicKey);
    expect(hexOf(suite.ed25519Sign(unhex(message), unhex(seed)))).toBe(signature);
    expect(suite.ed25519Verify(unhex(signature), unhex(message), unhex(publicKey))).toBe(true);
  });

  test.each(edges)('Ed25519, $name: $valid', ({ publicKey, message, signature, valid }) => {
    expect(suite.ed25519Verify(unhex(signature), unhex(message), unhex(publicKey))).toBe(valid);
  });

  test('Ed25519 takes no signature or key of another length', () => {
    const { publicKey, message, signature } = signatures[1]!;
    const [key, text, signed] = [unhex(publicKey), unhex(message), unhex(signature)] as const;
    for (const length of [0, 31, 33, 64]) {
      expect(suite.ed25519Verify(signed, text, new Uint8Array(length).fill(9))).toBe(false);
    }
    for (const length of [0, 63]) expect(suite.ed25519Verify(signed.subarray(0, length), text, key)).toBe(false);
    expect(suite.ed25519Verify(new Uint8Array([...signed, 0]), text, key)).toBe(false);
  });

  test.each(agreements)('X25519, $name', ({ secret, publicKey, shared }) => {
    const given = suite.x25519(unhex(secret), unhex(publicKey));
    expect(given === null ? null : hexOf(given)).toBe(shared);
  });

  test('X25519 gives public keys, and null for what is none', () => {
    const [alice, bob] = [agreements[2]!, agreements[3]!];
    expect(hexOf(suite.x25519PublicKey(unhex(alice.secret)))).toBe(bob.publicKey);
    expect(suite.x25519(unhex(alice.secret), new Uint8Array(31))).toBeNull();
    expect(suite.x25519(unhex(alice.secret), NOTHING)).toBeNull();
  });

  test.each(ciphers.chacha20)('ChaCha20, $name', ({ key, nonce, counter, plaintext, ciphertext }) => {
    expect(hexOf(suite.chacha20(unhex(key), unhex(nonce), unhex(plaintext), counter))).toBe(ciphertext);
  });

  test.each(ciphers.chacha20poly1305)('ChaCha20-Poly1305, $name', ({ key, nonce, aad, plaintext, sealed }) => {
    const [k, n, a, bytes] = [unhex(key), unhex(nonce), unhex(aad), unhex(sealed)] as const;
    expect(hexOf(suite.chacha20poly1305Seal(k, n, unhex(plaintext), a))).toBe(sealed);
    expect(hexOf(suite.chacha20poly1305Open(k, n, bytes, a)!)).toBe(plaintext);
    for (const at of [0, bytes.length - 1]) {
      const changed = bytes.map((byte, index) => (index === at ? byte ^ 1 : byte));
      expect(suite.chacha20poly1305Open(k, n, changed, a)).toBeNull();
    }
    expect(suite.chacha20poly1305Open(k, n, bytes, NOTHING)).toBeNull();
    expect(suite.chacha20poly1305Open(k, n, bytes.subarray(0, 15), a)).toBeNull();
  });

  test.each(digests)('BLAKE2b, $name', ({ message, key, digest }) => {
    expect(hexOf(suite.blake2b(unhex(message), digest.length / 2, unhex(key)))).toBe(digest);
    if (key === '') expect(hexOf(suite.blake2b(unhex(message), digest.length / 2))).toBe(digest);
  });

  test.each(blockwise)('AES-256-ECB, $name', ({ key, blocks, enciphered }) => {
    expect(hexOf(suite.aes256Ecb(unhex(key), unhex(blocks)))).toBe(enciphered);
    expect(suite.aes256Ecb(unhex(key), NOTHING)).toHaveLength(0);
  });

  test('SHA-256, FIPS 180-4 (abc)', () => {
    expect(hexOf(suite.sha256(unhex('616263')))).toBe(
      'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
    );
  });

  test('what is our own throws RangeError when it has the wrong length', () => {
    const [short, key, nonce] = [new Uint8Array(31), new Uint8Array(32), new Uint8Array(12)] as const;
    expect(() => suite.x25519(short, key)).toThrow(RangeError);
    expect(() => suite.x25519PublicKey(short)).toThrow(RangeError);
    expect(() => suite.ed25519Sign(NOTHING, short)).toThrow(RangeError);
    expect(() => suite.ed25519PublicKey(short)).toThrow(RangeError);
    expect(() => suite.chacha20(short, nonce, NOTHING)).toThrow(RangeError);
    expect(() => suite.chacha20(key, short, NOTHING)).toThrow(RangeError);
    expect(() => suite.chacha20InPlace(short, nonce, NOTHING)).toThrow(RangeError);
    expect(() => suite.chacha20InPlace(key, short, NOTHING)).toThrow(RangeError);
    expect(() => suite.chacha20poly1305Seal(key, short, NOTHING, NOTHING)).toThrow(RangeError);
    expect(() => suite.chacha20poly1305Open(short, nonce, NOTHING, NOTHING)).toThrow(RangeError);
    expect(() => suite.aes256Ecb(short, NOTHING)).toThrow(RangeError);
    expect(() => suite.aes256Ecb(key, new Uint8Array(17))).toThrow(RangeError);
    expect(() => suite.blake2b(NOTHING, 0)).toThrow(RangeError);
    expect(() => suite.blake2b(NOTHING, 65)).toThrow(RangeError);
    expect(() => suite.blake2bInto(new Uint8Array(65), NOTHING)).toThrow(RangeError);
    expect(() => suite.blake2b(NOTHING, 1.5)).toThrow(RangeError);
    expect(() => suite.blake2b(NOTHING, 32, new Uint8Array(65))).toThrow(RangeError);
    expect(() => suite.chacha20(key, nonce, new Uint8Array(65), 2 ** 32 - 2)).toThrow(RangeError);
    expect(suite.chacha20(key, nonce, new Uint8Array(64), 2 ** 32 - 2)).toHaveLength(64);
  });

  test('random bytes have the length asked for, and differ', () => {
    expect(suite.random(0)).toHaveLength(0);
    expect(hexOf(suite.random(32))).not.toBe(hexOf(suite.random(32)));
  });
});

test('a server uses libsodium, where its package has a library for the machine', () => {
  const prebuilt = ['linux-x64', 'linux-arm64', 'darwin-x64', 'darwin-arm64', 'win32-x64', 'win32-arm64'];
  const here = prebuilt.includes(`${process.platform}-${process.arch}`);
  expect(suites.some(([name]) => name === 'sodium')).toBe(here);
  expect(fastest.random(3)).toHaveLength(3);
});
