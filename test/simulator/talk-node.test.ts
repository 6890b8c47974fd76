/** The talk's node by itself: who may acknowledge, what is refused, and that nothing it accepts can break it later. */
import { blake2b } from '@noble/hashes/blake2.js';
import { expect, test } from '@jest/globals';
import { circuitLimits, deliveryLimits } from '../../circuit/limits.ts';
import { parseOne } from '../../circuit/one-packet.ts';
import { limits } from '../../psyc/limits.ts';
import { render } from '../../psyc/render.ts';
import type { NodeEffect, NodeEvent } from '../../simulator/machine.ts';
import { TalkNode } from '../../simulator/scenes/talk-node.ts';
import type { StoreCode } from '../../store/errors.ts';
import { MemoryStore } from '../../store/memory.ts';
import type { StoreOutcome, StoreRequest } from '../../store/store.ts';

const ada = 'psyc://a.example/~ada';
const hall = 'psyc://b.example/@hall';

type Answer = (request: StoreRequest) => StoreOutcome;

/** a.example on datagrams, with a store that answers at once; gives everything it does but ask the store. */
function bench(answer?: Answer): (event: NodeEvent) => NodeEffect[] {
  const store = new MemoryStore();
  const node = new TalkNode(
    {
      peer: 'b.example',
      dials: true,
      datagrams: true,
      local: [],
      remote: [hall],
      circuitLimits,
      deliveryLimits,
      hash: (bytes) => blake2b(bytes, { dkLen: 32 }),
    },
    1,
  );
  const tell = (event: NodeEvent): NodeEffect[] =>
    node.step(event, 0).flatMap((effect) => {
      if (effect.kind !== 'store') return [effect];
      const outcome = effect.request.kind === 'write' && answer !== undefined ? answer(effect.request) : null;
      return tell({ kind: 'stored', outcome: outcome ?? store.perform(effect.request) });
    });
  tell({ kind: 'started' });
  backlogs.set(tell, () => node.queues().find(([name]) => name === 'backlog')![1]);
  return tell;
}
const backlogs = new Map<unknown, () => number>();

const say = (changes: Record<string, string> = {}, method = '_message'): NodeEvent => ({
  kind: 'said',
  packet: render({ routing: { _source: ada, _target: hall, _tag: '1', _counter: '1', ...changes }, method }),
});
const echo = (method = '_echo'): Uint8Array =>
  render({ routing: { _source: hall, _target: ada, _tag_relay: '1' }, method });
const methods = (effects: readonly NodeEffect[]): string[] =>
  effects.flatMap((effect) => {
    if (effect.kind === 'reply') return [`reply ${parseOne(effect.packet).method}`];
    return effect.kind === 'datagram' ? [`datagram ${parseOne(effect.bytes).method}`] : [];
  });

test('only the peer acknowledges what was sent to it: no local person, no third host, no other method', () => {
  const tell = bench();
  expect(methods(tell(say()))).toEqual(['reply _echo', 'datagram _message']);
  const backlog = backlogs.get(tell)!;
  expect(backlog()).toBe(1);
  for (const method of ['_echo', '_echoes']) tell({ kind: 'said', packet: echo(method) });
  tell({ kind: 'datagram', from: 'c.example', bytes: echo() });
  tell({ kind: 'datagram', from: 'b.example', bytes: echo('_echoes') });
  expect(backlog()).toBe(1);
  tell({ kind: 'datagram', from: 'b.example', bytes: echo() });
  expect(backlog()).toBe(0);
});

test('the longest method is acknowledged', () => {
  const method = `_${'m'.repeat(limits.nameBytesMax - 1)}`;
  expect(methods(bench()(say({}, method)))).toEqual(['reply _echo', `datagram ${method}`]);
});

test('a source that no store would take asks it nothing', () => {
  const asked: string[] = [];
  const tell = bench((request) => {
    asked.push(request.kind);
    return { kind: 'refused', request: request.request, code: '_store_full' };
  });
  expect(tell(say({ _source: `psyc://a.example/~${'x'.repeat(3000)}` }))).toEqual([]);
  expect(asked).toEqual([]);
});

test.each<[StoreCode, string[]]>([
  ['_store_full', []],
  ['_store_oversized_write', ['reply _error_delivery']],
  ['_store_lease', []],
])('%s: what a refused write comes to', (code, expected) => {
  let times = 0;
  const tell = bench((request) => {
    times++;
    return { kind: 'refused', request: request.request, code };
  });
  const effects = tell(say());
  expect(methods(effects)).toEqual(expected);
  expect(times).toBe(1);
  expect(effects.filter(({ kind }) => kind === 'timer')).toHaveLength(code === '_store_full' ? 1 : 0);
  // A log that stopped asks nothing more, nor does one that waits; one that refused asks again.
  tell(say());
  expect(times).toBe(code === '_store_oversized_write' ? 2 : 1);
});
