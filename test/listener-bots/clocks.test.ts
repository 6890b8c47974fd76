/** Clocks: what leaves on a link, and when, has nothing to do with what there is to do; loops come back. */
import { expect, test } from '@jest/globals';
import { originMsMean } from '../../listener-bots/origin.ts';
import { listenerLimits } from '../../listener-bots/limits.ts';
import { PoissonClock } from '../../onion/poisson.ts';
import { KnownKeys } from '../../onion/hint.ts';
import { bare, peers, Stand, suite } from './stand.ts';

test('a clock strikes at its rate, with exponential times in between, and does not make up for what it missed', () => {
  const clock = new PoissonClock(suite.random, 20, 1000, 0);
  const times: number[] = [];
  for (let nowMs = 0; nowMs < 200_000; nowMs = Math.max(nowMs + 1, clock.nextMs)) {
    for (let strike = clock.strikes(nowMs, 20); strike > 0; strike--) times.push(nowMs);
  }
  // 10,000 strikes are expected; five standard deviations are 500.
  expect(Math.abs(times.length - 10_000)).toBeLessThan(500);
  const gaps = times.slice(1).map((time, index) => time - times[index]!);
  // Of exponential times e^-2 are above two means: 0.135, here to five standard deviations.
  const long = gaps.filter((gap) => gap > 40).length / gaps.length;
  expect(Math.abs(long - Math.exp(-2))).toBeLessThan(0.02);
  expect(clock.strikes(900_000, 20)).toBeLessThan(10);
});

test('the rate of new cells: all servers together below a share of one link, in steps of two', () => {
  const share = (servers: number): number =>
    (servers * listenerLimits.linkMsMean) / originMsMean(listenerLimits, servers);
  for (let servers = 1; servers < 300; servers++) expect(share(servers)).toBeLessThanOrEqual(0.5);
  expect(new Set([5, 6, 7, 8].map((servers) => originMsMean(listenerLimits, servers))).size).toBe(1);
});

test('frames leave one by one at the link’s rate, idle ones where nothing waits, all of one length', () => {
  const stand = new Stand({}, false);
  stand.wait(60_000);
  const lengths = new Set(stand.of('send').map(({ frame }) => frame.data.length));
  expect([...lengths]).toEqual([4096]);
  for (const peer of peers) {
    const sent = stand.of('send').filter((effect) => effect.peer === peer).length;
    expect(Math.abs(sent - 2400)).toBeLessThan(250);
  }
  stand.hear('mia.example', new Uint8Array(4096), 'idle');
  expect(stand.cells).toEqual([]);
});

test('nothing new leaves but at a strike of the origin clock: a waiting cell, else cover', () => {
  const stand = new Stand({}, false).introduce();
  stand.wait(60_000);
  const { originMsMean: mean } = stand.listener.status();
  const expected = 60_000 / mean;
  const fresh = new Set(stand.cells.map(({ cell }) => cell));
  expect(Math.abs(fresh.size - expected)).toBeLessThan(5 * Math.sqrt(expected));
  // One in 32 of about 300 is a loop, the others end at their contexts.
  const { sent } = stand.listener.status().loops;
  expect(Math.abs(sent - expected / 32)).toBeLessThan(5 * Math.sqrt(expected / 32));
  for (const cell of fresh) expect(stand.envelopeOf(cell)).not.toBeNull();
  // Cover that was put out just before is still on its way to a link.
  while (stand.listener.queues()[0]![1] > 0) stand.wait(1);
  for (let request = 0; request < 20; request++) {
    stand.tell({ kind: 'handed', client: 'ada', request, cell: bare(stand.onion([stand.hop('mia.example')])) });
  }
  const before = stand.cells.length;
  stand.wait(10 * mean);
  const left = new Set(stand.cells.slice(before).map(({ cell }) => cell));
  expect(left.size).toBeGreaterThan(2);
  // Handed in for mia: no cover is for her key.
  const forMia = new KnownKeys(suite, [{ publicKey: stand.keys.get('mia.example')!.publicKey, value: true }]);
  for (const cell of left) {
    const { onion } = stand.envelopeOf(cell)!;
    expect(forMia.recognise(suite, onion.subarray(0, 32), onion.subarray(32, 48))).toEqual([true]);
  }
});

test('what waits leaves in random order', () => {
  const stand = new Stand({}, false).introduce();
  const handed = Array.from({ length: 40 }, () => stand.onion([stand.hop('mia.example')]));
  handed.forEach((onion, request) => stand.tell({ kind: 'handed', client: 'ada', request, cell: bare(onion) }));
  stand.wait(40 * stand.listener.status().originMsMean);
  const names = handed.map((onion) => onion.join());
  const order = [...new Set(stand.cells.map(({ cell }) => cell))]
    .map((cell) => names.indexOf(stand.envelopeOf(cell)!.onion.join()))
    .filter((index) => index >= 0);
  // Of all orders a rising one has no fall; a random one of 20 or more has about one in two.
  const falls = order.filter((index, at) => at > 0 && index < order[at - 1]!).length;
  expect(order.length).toBeGreaterThan(15);
  expect(falls).toBeGreaterThan(3);
});
