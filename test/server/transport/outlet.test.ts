/** What is pushed goes out alone: behind what waited before it, with nothing after it, also while a write is under way. */
import type { Socket } from 'node:net';
import { Writable } from 'node:stream';
import { setImmediate as turnEnd } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import { transportLimits } from '../../../server/transport/limits.ts';
import { Outlet } from '../../../server/transport/outlet.ts';
import { systemTimers } from '../../../server/transport/timers.ts';
import { joinPlain, WriteTurn } from '../../../server/transport/write-turn.ts';

const bytes = (...numbers: number[]): Uint8Array => Uint8Array.from(numbers);

/** An outlet, its writes, and whoever waits for the socket to take them. */
function outlet(isSlow: boolean) {
  const writes: number[][] = [];
  const taken: (() => void)[] = [];
  const socket = new Writable({
    write(chunk: Uint8Array, _encoding, done) {
      writes.push([...chunk]);
      if (isSlow) taken.push(done);
      else done();
    },
  });
  let drained = 0;
  const shell = { turn: new WriteTurn(transportLimits), timers: systemTimers, limits: transportLimits };
  const one = new Outlet(socket as unknown as Socket, shell, joinPlain, { drained: (count) => (drained += count) });
  return { one, writes, taken, drained: () => drained };
}

test('a packet alone between others of one turn', async () => {
  const { one, writes, drained } = outlet(false);
  one.write(bytes(1));
  one.write(bytes(2));
  one.push();
  one.write(bytes(3));
  one.push();
  one.write(bytes(4));
  one.write(bytes(5));
  for (let turns = 0; turns < 5; turns++) await turnEnd();
  expect(writes).toEqual([[1, 2], [3], [4, 5]]);
  expect(drained()).toBe(5);
});

test('the same while the socket has not taken the write before', async () => {
  const { one, writes, taken, drained } = outlet(true);
  one.write(bytes(1));
  one.push();
  one.write(bytes(2));
  one.push();
  one.push();
  one.write(bytes(3));
  one.push();
  one.write(bytes(4));
  for (let turns = 0; turns < 12; turns++) {
    await turnEnd();
    taken.shift()?.();
  }
  expect(writes).toEqual([[1], [2], [3], [4]]);
  expect(drained()).toBe(4);
});

test('however much waits for a slow peer, each chunk is looked at a few times', async () => {
  let looks = 0;
  class Looked extends Uint8Array {
    override get length(): number {
      looks++;
      return 1024;
    }
  }
  const { one, writes, taken } = outlet(true);
  const chunks = 4096;
  for (let count = 0; count < chunks; count++) one.write(new Looked(1024).fill(count >>> 6));
  for (let turns = 0; turns < 200; turns++) {
    await turnEnd();
    taken.shift()?.();
  }
  expect(writes.map(({ length }) => length)).toEqual(Array.from({ length: 64 }, () => transportLimits.batchBytesMax));
  expect(writes.flatMap((bytes) => bytes[0]!)).toEqual(Array.from({ length: 64 }, (_, write) => write));
  expect(looks).toBeLessThan(12 * chunks);
});
