/** Who can tell for whom a cell is, and when layers expire. */
import { describe, expect, test } from '@jest/globals';
import { hintOf, KnownKeys } from '../../onion/hint.ts';
import { expiryFault, hourExpiry, midnightExpiry } from '../../onion/expiry.ts';
import { openOnion } from '../../onion/holder.ts';
import { keyId, newPair, pairOf } from '../../onion/keys.ts';
import { fieldsOf } from '../../onion/cell.ts';
import { oneTimeTag } from '../../onion/layer.ts';
import { spentMark } from '../../onion/one-time.ts';
import { sealOnion } from '../../onion/seal.ts';
import { unwrapCell, wrapOnion } from '../../onion/envelope.ts';
import { OnionError } from '../../onion/error.ts';
import { suite } from '../../server/suite.ts';
import { suites } from '../crypto/vectors.ts';
import { ringOf } from './vectors.ts';

const { random } = suite;
const NOW = 1_795_000_000;

describe('hints', () => {
  const keys = Array.from({ length: 1000 }, (_, index) => ({ publicKey: random(32), value: index }));

  test.each(suites)('one key of a thousand is found, in every place, by %s', (_, own) => {
    const known = new KnownKeys(own, keys);
    for (const index of [0, 1, 500, 998, 999]) {
      const alpha = random(32);
      const hint = hintOf(own, alpha, keyId(own, keys[index]!.publicKey));
      expect(known.recognise(own, alpha, hint)).toEqual([index]);
      // At an odd place in a cell.
      for (const cell of [new Uint8Array(99), Buffer.alloc(99)]) {
        cell.set(alpha, 3);
        cell.set(hint, 41);
        expect(known.recognise(own, cell.subarray(3, 35), cell.subarray(41, 57))).toEqual([index]);
      }
      for (let word = 0; word < 4; word++) {
        const other = hint.map((byte, at) => (at === 4 * word + 3 ? byte ^ 1 : byte));
        expect(known.recognise(own, alpha, other)).toEqual([]);
      }
    }
    expect(new KnownKeys(own, []).recognise(own, random(32), random(16))).toEqual([]);
  });

  test('a key that is known twice is found twice, in the order given', () => {
    const { publicKey } = newPair(suite, random);
    const known = new KnownKeys(suite, [
      { publicKey, value: 'newer' },
      { publicKey: random(32), value: 'other' },
      { publicKey, value: 'older' },
    ]);
    const alpha = random(32);
    expect(known.recognise(suite, alpha, hintOf(suite, alpha, keyId(suite, publicKey)))).toEqual(['newer', 'older']);
  });
});

describe('whoever knows a key, and does not hold it', () => {
  const owner = newPair(suite, random);
  /** What an outsider may put in: the public half that he knows, with a secret of his own. */
  const impostor = { publicKey: owner.publicKey, secret: random(32) };
  const none = { oneTime: () => null, users: [] };
  const sealFor = (kind: 'server' | 'user') => {
    const whom = { kind, key: owner.publicKey, pair: newPair(suite, random) };
    return sealOnion(suite, [{ whom, delayMs: 0, isDeposit: false }], 'exit', random(7), NOW, random).onion;
  };

  test('recognises a server’s layer and cannot open it', () => {
    const onion = sealFor('server');
    const { alpha, hint } = fieldsOf(onion);
    expect(ringOf(suite, [owner]).recognise(suite, alpha, hint)).toEqual([owner]);
    const opening = openOnion(suite, onion, { ...none, keys: ringOf(suite, [impostor]) }, NOW);
    expect(opening?.layer).toEqual({ refused: '_onion_invalid_mac' });
  });

  test('does not even recognise a user’s', () => {
    const onion = sealFor('user');
    const { alpha, hint } = fieldsOf(onion);
    expect(ringOf(suite, [owner]).recognise(suite, alpha, hint)).toEqual([]);
    const keys = ringOf(suite, []);
    expect(openOnion(suite, onion, { oneTime: () => null, keys, users: [impostor] }, NOW)).toBeNull();
    expect(openOnion(suite, onion, { oneTime: () => null, keys, users: [owner] }, NOW)?.by.kind).toBe('user');
  });

  test('recognises an envelope and cannot take it off', () => {
    const onion = sealFor('user');
    const cell = wrapOnion(suite, owner.publicKey, onion, random);
    expect(ringOf(suite, [owner]).recognise(suite, cell.subarray(0, 32), cell.subarray(32, 48))).toEqual([owner]);
    expect(unwrapCell(suite, ringOf(suite, [impostor]), cell)).toBeNull();
    expect(unwrapCell(suite, ringOf(suite, [impostor, owner]), cell)?.onion).toEqual(onion);
  });

  test('the true key opens, also beside a one-time secret whose tag is the hint', () => {
    const onion = sealFor('server');
    const holder = { oneTime: () => random(32), keys: ringOf(suite, [owner]), users: [] };
    expect(openOnion(suite, onion, holder, NOW)?.by).toEqual({ kind: 'server', key: owner });
  });

  test('nobody seals to what is no point', () => {
    const whom = { kind: 'server', key: new Uint8Array(32), pair: newPair(suite, random) } as const;
    const hop = { whom, delayMs: 0, isDeposit: false };
    expect(() => sealOnion(suite, [hop], 'exit', random(7), NOW, random)).toThrow(OnionError);
    expect(() => wrapOnion(suite, new Uint8Array(32), random(4000), random)).toThrow(OnionError);
  });
});

test('what a socket gave is opened as well, and stays as it is', () => {
  const key = newPair(suite, random);
  const reader = newPair(suite, random);
  const hop = (kind: 'server' | 'user', to: Uint8Array) =>
    ({ whom: { kind, key: to, pair: newPair(suite, random) }, delayMs: 0, isDeposit: true }) as const;
  const route = [hop('server', key.publicKey), hop('user', reader.publicKey)];
  const { onion } = sealOnion(suite, route, 'exit', random(7), NOW, random);
  const context = newPair(suite, random);
  const buffer = Buffer.concat([Buffer.alloc(1), wrapOnion(suite, context.publicKey, Buffer.from(onion), random)]);
  const before = buffer.toString('hex');
  const unwrapped = unwrapCell(suite, ringOf(suite, [context]), buffer.subarray(1))!;
  const holder = { oneTime: () => null, keys: ringOf(suite, [key]), users: [] };
  const given = Buffer.from(unwrapped.onion);
  const opening = openOnion(suite, given, holder, NOW);
  expect(opening?.layer).toMatchObject({ outcome: { kind: 'relay' } });
  expect([buffer.toString('hex'), given.toString('hex')]).toEqual([before, Buffer.from(onion).toString('hex')]);
  // What is kept for days holds on to nothing else.
  if (opening === null || 'refused' in opening.layer) throw new Error('refused');
  const { replayTag, deposit } = opening.layer;
  expect([replayTag.buffer.byteLength, deposit!.secret.buffer.byteLength]).toEqual([16, 32]);
});

test('a spent secret is remembered as what its tag does not tell', () => {
  const secret = new Uint8Array(32).fill(5);
  expect(spentMark(suite, secret)).toHaveLength(16);
  expect(spentMark(suite, secret)).not.toEqual(oneTimeTag(suite, secret));
  expect(spentMark(suite, secret)).toEqual(suite.blake2b(Buffer.concat([Buffer.from('p3do-spent-v1'), secret]), 16));
});

describe('expiries', () => {
  test('the second full hour, and the first midnight in seven days', () => {
    const at = (text: string) => Date.parse(text) / 1000;
    expect(hourExpiry(at('2026-11-29T10:00:00Z'))).toBe(at('2026-11-29T12:00:00Z'));
    expect(hourExpiry(at('2026-11-29T10:59:59Z'))).toBe(at('2026-11-29T12:00:00Z'));
    expect(midnightExpiry(at('2026-11-29T00:00:00Z'))).toBe(at('2026-12-06T00:00:00Z'));
    expect(midnightExpiry(at('2026-11-29T00:00:01Z'))).toBe(at('2026-12-07T00:00:00Z'));
  });

  test('what a maker chose by his clock is good for every clock that is up to 300 s from it', () => {
    for (const [expiryOf, isLong] of [
      [hourExpiry, false],
      [midnightExpiry, true],
    ] as const) {
      for (let maker = 86_400; maker < 3 * 86_400; maker += 61) {
        const expiry = expiryOf(maker);
        for (const off of [-300, 0, 300]) expect(expiryFault(expiry, isLong, maker + off)).toBeNull();
        expect(expiryFault(expiry, isLong, expiry + 299)).toBeNull();
        expect(expiryFault(expiry, isLong, expiry + 300)).toBe('_onion_expired');
        expect(expiryFault(expiry + 2 * 86_400, isLong, maker)).toBe('_onion_invalid_expiry');
      }
    }
  });
});

test('a pair is that of its secret', () => {
  const secret = random(32);
  expect(pairOf(suite, secret)).toEqual({ secret, publicKey: suite.x25519PublicKey(secret) });
});
