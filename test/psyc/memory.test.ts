/** What is kept is no larger than it looks: no network buffer, slab or header stays alive for a few bytes of it. docs/spec/psyc.md#limits */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from '@jest/globals';
import type { Packet } from '../../psyc/packet.ts';
import { Parser } from '../../psyc/parse.ts';
import { type Assignment, render } from '../../psyc/render.ts';
import { RoutingMemory } from '../../psyc/routing-memory.ts';
import { ContextState } from '../../psyc/state.ts';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/**
 * Bytes that stay alive for each of `count` things that are made and kept, heap and buffers together. The bounds below are a
 * third of what it was, or less, when something large was kept.
 */
function keptBytes(count: number, make: (index: number) => unknown): number {
  // Sweeping goes on beside us: what one collection found is gone for certain only after the next ones.
  const used = () => {
    for (let round = 0; round < 6; round++) collect();
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    return heapUsed + arrayBuffers;
  };
  const kept: unknown[] = [make(0)];
  const before = used();
  for (let index = 1; index <= count; index++) kept.push(make(index));
  const after = used();
  expect(kept).toHaveLength(count + 1);
  return (after - before) / count;
}

/** A packet out of a chunk of its own, as a socket gives it. */
function arrived(bytes: Uint8Array): Packet {
  const parser = new Parser();
  parser.feed(Buffer.from(bytes));
  return parser.next()!;
}

// Bytes that are no UTF-8 become one unit of two bytes each: the header's text is as long as its bytes, and sliced.
const filler: Assignment = { operator: ':', name: '_filler', value: new Uint8Array(60_000).fill(0xff) };

test("a context's state does not keep the headers its names came in", () => {
  const each = keptBytes(20, (index) => {
    const state = new ContextState('frozen');
    for (let i = 0; i < 20; i++) {
      state.apply(
        arrived(
          render({ entity: [filler, { operator: '=', name: `_variable_of_some_length_${index}_${i}`, value: 'x' }] }),
        ),
      );
    }
    return state;
  });
  expect(each).toBeLessThan(400_000);
});

test("a circuit's memory does not keep the headers its values came in", () => {
  const each = keptBytes(60, (index) => {
    const memory = new RoutingMemory();
    const routing: Assignment[] = [{ operator: '=', name: '_source', value: `psyc://a.example/~somebody${index}` }];
    memory.take(arrived(render({ routing, entity: [filler] })));
    return memory;
  });
  expect(each).toBeLessThan(40_000);
});

test('a quiet parser does not keep its last chunk', () => {
  const each = keptBytes(60, () => {
    const parser = new Parser();
    const chunk = Buffer.alloc(65_536, '\n_m\n|\n');
    parser.feed(chunk.subarray(0, 6 * 10_000));
    while (parser.next() !== null);
    return parser;
  });
  expect(each).toBeLessThan(25_000);
});

test('a small packet rendered behind a large one does not keep that', () => {
  const large = { method: '_m', data: 'x'.repeat(250_000) };
  const each = keptBytes(60, (index) => {
    render(large);
    return render({ method: `_m${index}` });
  });
  expect(each).toBeLessThan(100_000);
});
