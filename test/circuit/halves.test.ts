/** Whom the store refuses is found by halves: the others of his write do not go one at a time. docs/spec/federation.md#incoming */
import { expect, test } from '@jest/globals';
import { newIncoming, stepIncoming } from '../../circuit/incoming.ts';
import type { IncomingEffect } from '../../circuit/incoming-events.ts';
import { deliveryLimits } from '../../circuit/limits.ts';

test.each([
  { refused: ['p0'] },
  { refused: ['p63'] },
  { refused: ['p20', 'p40', 'p100'] },
  { refused: ['p7', 'p8', 'p9', 'p65', 'p126'] },
])('$refused of 128 packets that come in writes of 64', ({ refused }) => {
  const count = 128;
  const batchMax = 64;
  const incoming = newIncoming<string>({ ...deliveryLimits, batchMax, waitingMax: count, authorsMax: count });
  const effects: IncomingEffect<string>[] = [];
  for (let at = 0; at < count; at++) {
    const author = `p${at}`;
    const nothing = new Uint8Array(0);
    const arrival = { author, counter: 1, id: nothing, packet: new Uint8Array(9), token: author };
    effects.push(...stepIncoming(incoming, { kind: 'arrived', arrival, hasRoom: true }));
    effects.push(...stepIncoming(incoming, { kind: 'found', author, counter: 0 }));
  }
  const told: Record<'acknowledge' | 'refuse', string[]> = { acknowledge: [], refuse: [] };
  let writes = 0;
  for (let effect = effects.shift(); effect !== undefined; effect = effects.shift()) {
    if (effect.kind === 'acknowledge' || effect.kind === 'refuse') told[effect.kind].push(effect.token);
    if (effect.kind !== 'write') continue;
    const { arrivals } = effect;
    writes += 1;
    const isRefused = arrivals.some(({ token }) => refused.includes(token));
    const result = isRefused
      ? ({ kind: 'write failed', again: 'never', code: '_bad' } as const)
      : ({ kind: 'written', sequences: arrivals.map((_, at) => at) } as const);
    effects.push(...stepIncoming(incoming, result));
  }
  expect(told.refuse).toEqual(refused);
  expect(told.acknowledge).toHaveLength(count - refused.length);
  expect(writes).toBeLessThanOrEqual(refused.length * (Math.log2(batchMax) + 2) + 4);
});
