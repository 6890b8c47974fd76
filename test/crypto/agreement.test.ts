/** All implementations of the suite give the same answers to the same bytes, whatever they are. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { hexOf } from '../../crypto/bytes.ts';
import type { Suite } from '../../crypto/suite.ts';
import { readVectors, suites, unhex } from './vectors.ts';

const bytes = (length: number): fc.Arbitrary<Uint8Array> => fc.uint8Array({ minLength: length, maxLength: length });
const message = fc.uint8Array({ maxLength: 300 });
const runs = { numRuns: 25 };

/** What each implementation answers, as text. */
const answers = (ask: (suite: Suite) => Uint8Array | boolean | null): string[] =>
  suites.map(([, suite]) => {
    const answer = ask(suite);
    return answer instanceof Uint8Array ? hexOf(answer) : String(answer);
  });

/** That they are all the same; gives it. */
function agreed(ask: (suite: Suite) => Uint8Array | boolean | null): string {
  const given = answers(ask);
  expect(given).toEqual(given.map(() => given[0]));
  return given[0]!;
}

describe('implementations agree', () => {
  test('hashes', () =>
    fc.assert(
      fc.property(message, fc.integer({ min: 1, max: 64 }), fc.uint8Array({ maxLength: 64 }), (text, length, key) => {
        const digest = agreed((suite) => suite.blake2b(text, length, key));
        const into = agreed((suite) => {
          const out = new Uint8Array(length + 2);
          suite.blake2bInto(out.subarray(1, -1), text, key);
          return out;
        });
        expect(into).toBe(`00${digest}00`);
        agreed((suite) => suite.sha256(text));
      }),
      runs,
    ));

  test('ciphers, and what one seals another opens', () =>
    fc.assert(
      fc.property(bytes(32), bytes(12), message, message, fc.nat(1_000_000), (key, nonce, text, aad, counter) => {
        const inPlace = agreed((suite) => {
          const odd = new Uint8Array(text.length + 2);
          odd.set(text, 1);
          suite.chacha20InPlace(key, nonce, odd.subarray(1, -1));
          return odd;
        });
        expect(inPlace).toBe(`00${agreed((suite) => suite.chacha20(key, nonce, text))}00`);
        const stream = unhex(agreed((suite) => suite.chacha20(key, nonce, text, counter)));
        expect(agreed((suite) => suite.chacha20(key, nonce, stream, counter))).toBe(hexOf(text));
        const sealed = unhex(agreed((suite) => suite.chacha20poly1305Seal(key, nonce, text, aad)));
        expect(agreed((suite) => suite.chacha20poly1305Open(key, nonce, sealed, aad))).toBe(hexOf(text));
        const at = counter % sealed.length;
        const changed = sealed.map((byte, index) => (index === at ? byte ^ 0x40 : byte));
        expect(agreed((suite) => suite.chacha20poly1305Open(key, nonce, changed, aad))).toBe('null');
      }),
      runs,
    ));

  test('AES-256-ECB, block by block as all at once', () =>
    fc.assert(
      fc.property(bytes(32), fc.nat(40), message, (key, count, text) => {
        const blocks = Uint8Array.from({ length: 16 * count }, (_, at) => text[at % (text.length + 1)] ?? at);
        const all = agreed((suite) => suite.aes256Ecb(key, blocks));
        // Of a longer array, at an odd place.
        const odd = new Uint8Array(blocks.length + 3);
        odd.set(blocks, 3);
        expect(agreed((suite) => suite.aes256Ecb(key, odd.subarray(3)))).toBe(all);
        for (let at = 0; at < count; at++) {
          const one = agreed((suite) => suite.aes256Ecb(key, blocks.subarray(16 * at, 16 * at + 16)));
          expect(one).toBe(all.slice(32 * at, 32 * at + 32));
        }
      }),
      runs,
    ));

  test('X25519, for any 32 bytes', () =>
    fc.assert(
      fc.property(bytes(32), bytes(32), bytes(32), (secret, other, point) => {
        agreed((suite) => suite.x25519(secret, point));
        const mine = unhex(agreed((suite) => suite.x25519PublicKey(secret)));
        const theirs = unhex(agreed((suite) => suite.x25519PublicKey(other)));
        expect(agreed((suite) => suite.x25519(secret, theirs))).toBe(agreed((suite) => suite.x25519(other, mine)));
      }),
      runs,
    ));

  test('Ed25519 signatures, whole or with one bit changed', () =>
    fc.assert(
      fc.property(bytes(32), message, fc.nat(511), fc.nat(255), (seed, text, bit, keyBit) => {
        const key = unhex(agreed((suite) => suite.ed25519PublicKey(seed)));
        const signature = unhex(agreed((suite) => suite.ed25519Sign(text, seed)));
        expect(agreed((suite) => suite.ed25519Verify(signature, text, key))).toBe('true');
        expect(agreed((suite) => suite.ed25519Verify(flip(signature, bit), text, key))).toBe('false');
        agreed((suite) => suite.ed25519Verify(signature, text, flip(key, keyBit)));
      }),
      runs,
    ));

  test('Ed25519 never takes S + L for S', () => {
    const [vector] = readVectors<{ publicKey: string; message: string; signature: string }[]>('rfc8032-ed25519.json');
    const signature = unhex(vector!.signature);
    const order = 2n ** 252n + 27742317777372353535851937790883648493n;
    let s = signature.subarray(32).reduceRight((number, byte) => (number << 8n) | BigInt(byte), 0n) + order;
    const second = signature.map((byte, at) => {
      if (at < 32) return byte;
      const digit = Number(s & 255n);
      s >>= 8n;
      return digit;
    });
    expect(agreed((suite) => suite.ed25519Verify(second, new Uint8Array(0), unhex(vector!.publicKey)))).toBe('false');
  });

  test('equality', () =>
    fc.assert(
      fc.property(message, fc.nat(), (text, at) => {
        expect(agreed((suite) => suite.equal(text, text.slice()))).toBe('true');
        expect(agreed((suite) => suite.equal(text, new Uint8Array([...text, 0])))).toBe('false');
        if (text.length === 0) return;
        const changed = flip(text, at % (8 * text.length));
        expect(agreed((suite) => suite.equal(text, changed))).toBe('false');
      }),
      runs,
    ));
});

function flip(whole: Uint8Array, bit: number): Uint8Array {
  return whole.map((byte, at) => (at === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte));
}
