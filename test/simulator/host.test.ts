/** The host: a crash that is due, and that calm prevents. */
import { expect, test } from '@jest/globals';
import { FaultyDisk } from '../../simulator/disk.ts';
import { calm } from '../../simulator/faults.ts';
import { Host } from '../../simulator/host.ts';
import { World } from '../../simulator/world.ts';

function bench(crashIntervalUsMean: number): { host: Host; world: World } {
  const world = new World(1n, { rates: { ...calm, crashIntervalUsMean } });
  const disk = new FaultyDisk(world.clock, world.random, world.faults, () => {});
  const users = { onStarted: () => {}, onReply: () => {}, onDelivered: () => {} };
  const boot = () => ({ step: () => [{ kind: 'timer', name: 'x', delayMs: 1 }] as const, queues: () => [] });
  const host = new Host(world, 'a', boot, disk, users);
  host.start();
  return { host, world };
}

test.each([
  [1_000_000, false, 1],
  [1_000_000, true, 0],
])('doomed at a mean interval of %d us, calm: %s', (intervalUs, isCalm, crashes) => {
  const { host, world } = bench(intervalUs);
  host.crashSoon();
  if (isCalm) world.calmDown(calm);
  host.tell({ kind: 'timer', name: 'y' });
  expect(world.faults.of('crash')).toBe(crashes);
  expect(host.up).toBe(crashes === 0);
});
