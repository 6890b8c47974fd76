/** Secrets by exchange: vectors by every suite, both sides agree, and what was changed gives nothing that a hop has. */
import { describe, expect, test } from '@jest/globals';
import { pairOf } from '../../onion/keys.ts';
import { answerExchange, askExchange, endExchange, exchangeBytes } from '../../onion/exchange.ts';
import { onionLimits } from '../../onion/limits.ts';
import { sizes } from '../../onion/sizes.ts';
import { suite } from '../../server/suite.ts';
import { suites } from '../crypto/vectors.ts';
import { digestOf, listed, readVectors, unhex } from './vectors.ts';

interface ExchangeVector {
  readonly x: string;
  readonly kemSeed: string;
  readonly y: string;
  readonly kemMessage: string;
  readonly questionDigest: string;
  readonly answerDigest: string;
  readonly secret: string;
}

const { exchanges } = readVectors<{ exchanges: ExchangeVector[] }>('exchanges.json');

describe.each(suites)('vectors, by %s', (_, one) => {
  test.each(exchanges.map((vector, index) => [index, vector] as const))('%d', (__, vector) => {
    const { question, memory } = askExchange(one, listed(one, unhex(vector.x), unhex(vector.kemSeed)));
    expect(digestOf(one, question)).toBe(vector.questionDigest);
    const answered = answerExchange(one, question, listed(one, unhex(vector.y), unhex(vector.kemMessage)))!;
    expect(digestOf(one, answered.answer)).toBe(vector.answerDigest);
    expect(answered.secret).toEqual(unhex(vector.secret));
    expect(endExchange(one, memory, answered.answer)).toEqual(answered.secret);
  });
});

test('question and answer, with a ticket and a packet around, fit into a cell each', () => {
  expect(exchangeBytes.question + sizes.ticket).toBeLessThan(onionLimits.contentBytesMax - 500);
  expect(exchangeBytes.answer).toBeLessThan(onionLimits.contentBytesMax - 500);
});

test('what was changed on its way gives another secret, or none, and never throws', () => {
  const { question, memory } = askExchange(suite, suite.random);
  const { answer, secret } = answerExchange(suite, question, suite.random)!;
  for (let at = 0; at < question.length; at += 31) {
    const changed = question.map((byte, index) => (index === at ? byte ^ 1 : byte));
    const answered = answerExchange(suite, changed, suite.random);
    if (answered !== null) expect(endExchange(suite, memory, answered.answer)).not.toEqual(answered.secret);
  }
  for (let at = 0; at < answer.length; at += 31) {
    const changed = answer.map((byte, index) => (index === at ? byte ^ 1 : byte));
    expect(endExchange(suite, memory, changed)).not.toEqual(secret);
  }
});

test('other lengths and a point of small order are no question and no answer', () => {
  const { question, memory } = askExchange(suite, suite.random);
  const { answer } = answerExchange(suite, question, suite.random)!;
  const zeros = (bytes: Uint8Array): Uint8Array => bytes.map((byte, at) => (at < 32 ? 0 : byte));
  for (const bad of [question.subarray(1), zeros(question), new Uint8Array(0)]) {
    expect(answerExchange(suite, bad, suite.random)).toBeNull();
  }
  for (const bad of [answer.subarray(1), zeros(answer), new Uint8Array(0)]) {
    expect(endExchange(suite, memory, bad)).toBeNull();
  }
});

test('both halves count: whoever learns one of them has no secret', () => {
  const { question, memory } = askExchange(suite, suite.random);
  const { answer, secret } = answerExchange(suite, question, suite.random)!;
  const x = pairOf(suite, memory.secret);
  const [noCurve, noLattice] = [
    { ...memory, secret: suite.random(32) },
    { ...memory, kemSeed: suite.random(64) },
  ];
  expect(x.publicKey).toEqual(question.subarray(0, 32));
  for (const half of [noCurve, noLattice]) expect(endExchange(suite, half, answer)).not.toEqual(secret);
});
