/** Ideal cryptography for many servers: the lengths, draws and refusals of the real suite, at a fraction of its price. docs/simulator.md#ideal-suite */
import type { Suite } from '../crypto/suite.ts';

const { imul } = Math;

/** What is absorbed and expanded goes through this memory, and nothing of it outlives a call: new arrays would cost more than mixing. */
const state = new Uint32Array(4);
const CELL_BYTES = 4096;
let words = new Uint32Array(CELL_BYTES / 4);

const begin = (domain: number): void => {
  state[0] = domain;
  state[1] = 0x243f6a88;
  state[2] = 0x85a308d3;
  state[3] = 0x13198a2e;
};

/** Four words that hang on every byte of all parts, and on where one ends. Nobody in a run looks for collisions. */
function absorb(bytes: Uint8Array): void {
  let [a, b, c, d] = [state[0]!, state[1]!, state[2]!, state[3]!];
  const { length } = bytes;
  const whole = length - (length % 8);
  for (let at = 0; at < whole; at += 8) {
    const one = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
    const two = bytes[at + 4]! | (bytes[at + 5]! << 8) | (bytes[at + 6]! << 16) | (bytes[at + 7]! << 24);
    a = imul(a ^ one, 0x9e3779b1);
    b = imul(b ^ two, 0x85ebca77);
    c = imul(c ^ one ^ (b >>> 13), 0xc2b2ae3d);
    d = imul(d ^ two ^ (a >>> 15), 0x27d4eb2f);
  }
  for (let at = whole; at < length; at++) {
    a = imul(a ^ bytes[at]!, 0x01000193);
    c = imul(c ^ bytes[at]! ^ (a >>> 7), 0x85ebca6b);
  }
  state[0] = a ^ imul(length + 1, 0x165667b1);
  state[1] = b ^ (a >>> 11);
  state[2] = c ^ (b >>> 9);
  state[3] = d ^ imul(length + 1, 0x9e3779b1);
}

/** Fills words for so many bytes from the state: one after the other, each scattered. */
function expand(length: number): void {
  const count = (length + 3) >> 2;
  if (count > words.length) words = new Uint32Array(count);
  let a = (state[0]! ^ imul(state[1]!, 0x9e3779b1)) | 0;
  let b = (state[2]! ^ imul(state[3]!, 0x85ebca77)) | 1;
  for (let at = 0; at < count; at++) {
    a = (a + 0x6d2b79f5) | 0;
    b ^= b << 13;
    b ^= b >>> 17;
    b ^= b << 5;
    let z = a ^ b;
    z = imul(z ^ (z >>> 16), 0x21f0aaad);
    z = imul(z ^ (z >>> 15), 0x735a2d97);
    words[at] = z ^ (z >>> 15) ^ state[at & 3]!;
  }
}

/** The words as bytes, least first whatever the machine. */
function writeWords(out: Uint8Array): void {
  for (let at = 0; at < out.length; at++) out[at] = words[at >> 2]! >>> (8 * (at & 3));
}

function finishInto(out: Uint8Array): void {
  expand(out.length);
  writeWords(out);
}

function hash(domain: number, length: number, ...parts: readonly Uint8Array[]): Uint8Array {
  begin(domain ^ (length << 8));
  for (const part of parts) absorb(part);
  const out = new Uint8Array(length);
  finishInto(out);
  return out;
}

function stream(key: Uint8Array, nonce: Uint8Array, bytes: Uint8Array): void {
  begin(3);
  absorb(key);
  absorb(nonce);
  expand(bytes.length);
  for (let at = 0; at < bytes.length; at++) bytes[at] = bytes[at]! ^ (words[at >> 2]! >>> (8 * (at & 3)));
}

/** Whole cells, which nobody changes, are looked at by each server that hears them: once is enough. */
const cells = new WeakMap<Uint8Array, Uint8Array>();

function digestInto(out: Uint8Array, key: Uint8Array, message: Uint8Array): void {
  let short = message;
  if (message.length === CELL_BYTES) {
    const known = cells.get(message);
    short = known ?? hash(2, 16, message);
    if (known === undefined) cells.set(message, short);
  }
  begin(1 ^ (out.length << 8));
  absorb(key);
  absorb(short);
  finishInto(out);
}

function digest(length: number, key: Uint8Array, message: Uint8Array): Uint8Array {
  const out = new Uint8Array(length);
  digestInto(out, key, message);
  return out;
}

const NONE = new Uint8Array(0);
const TAG_BYTES = 16;
const BLOCK_BYTES = 16;

/** Whether a comes before b. */
function isBefore(a: Uint8Array, b: Uint8Array): boolean {
  const at = a.findIndex((byte, index) => byte !== b[index]);
  return at !== -1 && a[at]! < b[at]!;
}

/** How often costly functions were called: what a real suite would have had to do. */
export interface Operations {
  x25519: number;
}

const publicHalf = (secret: Uint8Array): Uint8Array => {
  const half = hash(6, 32, secret);
  half[31]! &= 0x7f;
  return half;
};

/** What listeners use is ideal; the rest, and chance, are the suite's that is given. `operations` is counted up. */
export function idealSuite(suite: Suite, operations: Operations): Suite {
  return {
    ...suite,
    blake2b: (message, digestBytes, key = NONE) => digest(digestBytes, key, message),
    blake2bInto: (out, message, key = NONE) => digestInto(out, key, message),
    chacha20(key, nonce, message, counter = 0) {
      if (counter !== 0) throw new RangeError('the ideal stream has no counter');
      const out = message.slice();
      stream(key, nonce, out);
      return out;
    },
    chacha20InPlace: stream,
    chacha20poly1305Seal(key, nonce, plaintext, aad) {
      const sealed = new Uint8Array(plaintext.length + TAG_BYTES);
      const ciphertext = sealed.subarray(0, plaintext.length);
      ciphertext.set(plaintext);
      stream(key, nonce, ciphertext);
      sealed.set(hash(4, TAG_BYTES, key, nonce, aad, ciphertext), plaintext.length);
      return sealed;
    },
    chacha20poly1305Open(key, nonce, sealed, aad) {
      if (sealed.length < TAG_BYTES) return null;
      const ciphertext = sealed.slice(0, sealed.length - TAG_BYTES);
      const tag = hash(4, TAG_BYTES, key, nonce, aad, ciphertext);
      if (!suite.equal(tag, sealed.subarray(ciphertext.length))) return null;
      stream(key, nonce, ciphertext);
      return ciphertext;
    },
    aes256Ecb(key, blocks) {
      begin(5);
      absorb(key);
      const out = new Uint8Array(blocks.length);
      const view = new DataView(out.buffer);
      const from = new DataView(blocks.buffer, blocks.byteOffset, blocks.length);
      for (let at = 0; at < blocks.length; at += BLOCK_BYTES) {
        const [one, two] = [from.getUint32(at), from.getUint32(at + 4)];
        const [three, four] = [from.getUint32(at + 8), from.getUint32(at + 12)];
        const mixed = imul((one ^ state[0]!) + imul(two ^ state[1]!, 0x9e3779b1), 0x85ebca77) ^ three;
        view.setUint32(at, imul(mixed ^ (mixed >>> 15), 0x2c1b3c6d) ^ four);
        view.setUint32(at + 4, imul(two ^ state[2]! ^ mixed, 0x297a2d39));
        view.setUint32(at + 8, imul(three ^ state[3]! ^ (mixed >>> 7), 0x165667b1));
        view.setUint32(at + 12, imul(four ^ state[0]! ^ (mixed << 3), 0x27d4eb2f));
      }
      return out;
    },
    x25519PublicKey(secret) {
      operations.x25519++;
      return publicHalf(secret);
    },
    x25519(secret, other) {
      operations.x25519++;
      if (other.length !== 32 || other.every((byte) => byte === 0)) return null;
      const own = publicHalf(secret);
      const [first, second] = isBefore(own, other) ? [own, other] : [other, own];
      return hash(7, 32, first, second);
    },
  };
}

/** The real suite, counted like the ideal one. */
export const countedSuite = (suite: Suite, operations: Operations): Suite => ({
  ...suite,
  x25519PublicKey(secret) {
    operations.x25519++;
    return suite.x25519PublicKey(secret);
  },
  x25519(secret, other) {
    operations.x25519++;
    return suite.x25519(secret, other);
  },
});
