/** One-time secrets agreed on with a hop that need not know with whom, so that no captured traffic gives them. docs/spec/onion.md#exchange */
import { joinBytes, textBytes } from '../crypto/bytes.ts';
import { kemLengths, kemOpen, kemPublicKey, kemSeal } from '../crypto/ml-kem.ts';
import type { Suite } from '../crypto/suite.ts';
import { type KeyPair, newPair, pairOf, type Random } from './keys.ts';
import { sizes } from './sizes.ts';

const LEVEL = textBytes('p3do-level-v1');

/** X ‖ ek, and Y ‖ ct. */
export const exchangeBytes = {
  question: sizes.alpha + kemLengths.publicKey,
  answer: sizes.alpha + kemLengths.ciphertext,
} as const;

/** What the asker keeps until the answer comes: secrets, 32 and 64 bytes. */
export interface ExchangeMemory {
  readonly secret: Uint8Array;
  readonly kemSeed: Uint8Array;
}

/** A question of 1216 bytes. Draws the secret of X, 32 bytes, then ML-KEM's seed, 64. */
export function askExchange(suite: Suite, random: Random): { question: Uint8Array; memory: ExchangeMemory } {
  const { secret, publicKey } = newPair(suite, random);
  const kemSeed = random(kemLengths.seed);
  return { question: joinBytes(publicKey, kemPublicKey(kemSeed)), memory: { secret, kemSeed } };
}

/**
 * The hop's answer of 1120 bytes and the one-time secret, 32; its own half is forgotten at once. null: the question is none. Draws
 * the secret of Y and ML-KEM's message, 32 bytes each.
 */
export function answerExchange(
  suite: Suite,
  question: Uint8Array,
  random: Random,
): { answer: Uint8Array; secret: Uint8Array } | null {
  if (question.length !== exchangeBytes.question) return null;
  const [x, ek] = [question.subarray(0, sizes.alpha), question.subarray(sizes.alpha)];
  const own = newPair(suite, random);
  const shared = suite.x25519(own.secret, x);
  const sealed = kemSeal(ek, random(kemLengths.message));
  if (shared === null || sealed === null) return null;
  const answer = joinBytes(own.publicKey, sealed.ciphertext);
  return { answer, secret: secretOf(suite, shared, sealed.shared, question, answer) };
}

/** The one-time secret, 32 bytes, from the hop's answer; null: it is none. Where it was changed, a secret that no hop has. */
export function endExchange(suite: Suite, memory: ExchangeMemory, answer: Uint8Array): Uint8Array | null {
  if (answer.length !== exchangeBytes.answer) return null;
  const own: KeyPair = pairOf(suite, memory.secret);
  const shared = suite.x25519(own.secret, answer.subarray(0, sizes.alpha));
  const kem = kemOpen(memory.kemSeed, answer.subarray(sizes.alpha));
  if (shared === null || kem === null) return null;
  return secretOf(suite, shared, kem, joinBytes(own.publicKey, kemPublicKey(memory.kemSeed)), answer);
}

function secretOf(
  suite: Suite,
  shared: Uint8Array,
  kem: Uint8Array,
  question: Uint8Array,
  answer: Uint8Array,
): Uint8Array {
  const [x, ek] = [question.subarray(0, sizes.alpha), question.subarray(sizes.alpha)];
  const [y, ct] = [answer.subarray(0, sizes.alpha), answer.subarray(sizes.alpha)];
  return suite.blake2b(joinBytes(LEVEL, shared, kem, x, y, ek, ct), sizes.oneTime);
}
