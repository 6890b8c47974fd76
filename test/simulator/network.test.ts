/** The network: what datagrams and streams promise under every fault, and that each fault happens when asked for. */
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Clock } from '../../simulator/clock.ts';
import { calm, drawRates, type FaultRates, Faults } from '../../simulator/faults.ts';
import { Network } from '../../simulator/network.ts';
import { Random } from '../../simulator/random.ts';
import type { StreamEnd, StreamListener } from '../../simulator/streams.ts';

const SECOND = 1_000_000;

interface Bench {
  readonly clock: Clock;
  readonly faults: Faults;
  readonly network: Network;
}

function bench(rates: Partial<FaultRates>, seed = 1n): Bench {
  const clock = new Clock();
  const faults = new Faults({ ...calm, ...rates });
  return { clock, faults, network: new Network(clock, Random.of(seed, 'network'), faults) };
}

/** Sends datagrams 1 to `count`, one a millisecond, and gives those that arrived, in order. */
function sendMany({ clock, network }: Bench, count: number): number[] {
  const arrived: number[] = [];
  network.datagrams.listen('b', (_, bytes) => arrived.push(bytes[0]! * 256 + bytes[1]!));
  for (let i = 1; i <= count; i++) clock.at(i * 1000, () => network.datagrams.send('a', 'b', Uint8Array.of(i >> 8, i)));
  while (clock.tick());
  return arrived;
}

test('calm datagrams arrive once each, and late enough', () => {
  const calmBench = bench({ delayUsMean: 0 });
  expect(sendMany(calmBench, 300)).toEqual(Array.from({ length: 300 }, (_, index) => index + 1));
  expect(calmBench.clock.nowUs).toBe(300_000 + calm.delayUsMin);
  expect(calmBench.faults.entries()).toEqual([]);
});

test('each fault of datagrams happens as often as its rate says, and is counted', () => {
  const lossy = bench({ loss: 0.25 });
  expect(sendMany(lossy, 2000).length).toBe(2000 - lossy.faults.of('loss'));
  expect(Math.abs(lossy.faults.of('loss') - 500)).toBeLessThan(80);
  const doubling = bench({ duplication: 0.25 });
  expect(sendMany(doubling, 2000).length).toBe(2000 + doubling.faults.of('duplication'));
  expect(Math.abs(doubling.faults.of('duplication') - 500)).toBeLessThan(80);
  const overtaking = bench({ reordering: 0.2, delayUsMean: 1000 });
  const arrived = sendMany(overtaking, 2000);
  expect([...arrived].sort((a, b) => a - b)).toEqual(Array.from({ length: 2000 }, (_, index) => index + 1));
  const overtaken = arrived.filter((number, index) => arrived.slice(0, index).some((before) => before > number)).length;
  expect(overtaking.faults.of('reordering')).toBe(overtaken);
  expect(overtaken).toBeGreaterThan(200);
});

test('a partition cuts off both directions, or one, until it heals', () => {
  const both = bench({ delayUsMean: 0, delayUsMin: 1 });
  both.clock.at(100_500, () => both.network.links.partition('a', 'b', false, 100_000));
  expect(sendMany(both, 300)).toHaveLength(200);
  expect([both.faults.of('partition'), both.faults.of('cut off')]).toEqual([1, 100]);
  const one = bench({ delayUsMean: 0, delayUsMin: 1 });
  one.clock.at(100_500, () => one.network.links.partition('b', 'a', true, 100_000));
  expect(sendMany(one, 300)).toHaveLength(300);
  expect(one.faults.of('partition one way')).toBe(1);
});

test('partitions that lie on each other heal with the last; and all at once when asked', () => {
  const { clock, network } = bench({});
  const { links } = network;
  links.partition('a', 'b', false, 10);
  links.partition('a', 'b', true, 30);
  const seen: string[] = [];
  const look = (): void => void seen.push(`${clock.nowUs} ${links.isCut('a', 'b')} ${links.isCut('b', 'a')}`);
  for (const atUs of [5, 20, 40]) clock.at(atUs, look);
  links.whenOpen('a', 'b', () => seen.push(`open at ${clock.nowUs}`));
  while (clock.tick());
  expect(seen).toEqual(['5 true true', '20 true false', 'open at 30', '40 false false']);
  links.partition('a', 'b', false, 10);
  links.healAll();
  expect(links.isCut('a', 'b')).toBe(false);
});

test('a partition that was healed does not end a later one', () => {
  const { clock, network } = bench({});
  const { links } = network;
  links.partition('a', 'b', false, 10);
  links.healAll();
  links.partition('a', 'b', false, 30);
  const seen: string[] = [];
  for (const atUs of [20, 40]) clock.at(atUs, () => seen.push(`${clock.nowUs} ${links.isCut('a', 'b')}`));
  while (clock.tick());
  expect(seen).toEqual(['20 true', '40 false']);
});

test('random partitions come at their interval, and last', () => {
  const { clock, faults, network } = bench({
    partitionIntervalUsMean: SECOND,
    partitionUsMean: SECOND / 10,
    partitionOneWay: 0.5,
  });
  network.links.startPartitions('a', 'b');
  while (clock.nowUs < 1000 * SECOND) clock.tick();
  expect(faults.of('partition') + faults.of('partition one way')).toBeGreaterThan(900);
  expect(Math.abs(faults.of('partition') - faults.of('partition one way'))).toBeLessThan(150);
});

/** What one end of a stream heard. */
class Ear implements StreamListener {
  readonly heard: string[] = [];
  readonly bytesHeard: number[] = [];
  drainedBytes = 0;
  opened(): void {
    this.heard.push('opened');
  }
  bytes(bytes: Uint8Array): void {
    this.bytesHeard.push(...bytes);
  }
  drained(bytes: number): void {
    this.drainedBytes += bytes;
  }
  ended(): void {
    this.heard.push('ended');
  }
  failed(): void {
    this.heard.push('failed');
  }
}

/** Connects a to b; the accepting end is there once it opened. */
function connect({ network }: Bench): { near: Ear; far: Ear; nearEnd: StreamEnd; farEnd: () => StreamEnd | null } {
  const near = new Ear();
  const far = new Ear();
  let farEnd: StreamEnd | null = null;
  network.streams.listen('b', (peer, end) => {
    expect(peer).toBe('a');
    farEnd = end;
    return far;
  });
  return { near, far, nearEnd: network.streams.connect('a', 'b', near), farEnd: () => farEnd };
}

test('under every mixture of faults a stream delivers a prefix of what was written, all of it if nobody failed', () => {
  fc.assert(
    fc.property(
      fc.bigInt({ min: 0n, max: 1_000_000n }),
      fc.array(fc.uint8Array({ minLength: 1, maxLength: 50 }), { maxLength: 20 }),
      (seed, writes) => {
        const one = bench(drawRates(Random.of(seed, 'rates')), seed);
        const { clock } = one;
        one.network.links.startPartitions('a', 'b');
        const { near, far, nearEnd } = connect(one);
        const written = writes.flatMap((bytes) => [...bytes]);
        writes.forEach((bytes, index) => clock.at(index * 100_000, () => nearEnd.write(bytes)));
        clock.at(writes.length * 100_000, () => nearEnd.close());
        while (clock.nowUs < 100 * SECOND && clock.tick());
        expect(far.bytesHeard).toEqual(written.slice(0, far.bytesHeard.length));
        if (far.heard.includes('ended')) expect(far.bytesHeard).toEqual(written);
        expect(near.drainedBytes).toBeLessThanOrEqual(far.bytesHeard.length);
        for (const { heard } of [near, far]) expect(heard.join()).toMatch(/^(opened)?,?(ended|failed)?$/);
        if (!one.faults.entries().some(([fault]) => ['reset', 'half-open', 'refused connection'].includes(fault))) {
          expect(far.heard).toEqual(['opened', 'ended']);
        }
      },
    ),
    { numRuns: 200 },
  );
});

test('chunks are cut where nothing ends', () => {
  const one = bench({ chopping: 1 });
  const { far, nearEnd } = connect(one);
  nearEnd.write(new Uint8Array(1000).fill(7));
  while (one.clock.tick());
  expect(far.bytesHeard).toHaveLength(1000);
  expect(one.faults.of('chopped')).toBeGreaterThan(3);
});

test("a sender's Buffer is its own: what arrives is a copy, and spoiling that spoils nothing else", () => {
  const one = bench({});
  const sent = Buffer.from('abc');
  one.network.streams.listen('b', () => new Ear());
  one.network.streams.connect('a', 'b', new Ear()).write(sent);
  let kept: Uint8Array = new Uint8Array(0);
  one.network.datagrams.listen('b', (_, bytes) => {
    kept = bytes.fill(0);
  });
  one.network.datagrams.send('a', 'b', sent);
  while (one.clock.tick());
  expect([sent.toString(), kept.length]).toEqual(['abc', 3]);
});

test('the buffer of a chunk is spoilt once it was heard', () => {
  const one = bench({});
  let kept: Uint8Array = new Uint8Array(0);
  const keeping = new Ear();
  keeping.bytes = (bytes) => {
    kept = bytes;
  };
  one.network.streams.listen('b', () => keeping);
  one.network.streams.connect('a', 'b', new Ear()).write(Uint8Array.of(1, 2, 3));
  while (one.clock.tick());
  expect([...kept]).toEqual([0x21, 0x21, 0x21]);
});

test('a reset loses what was under way; each end hears of it, or one never does', () => {
  const heard = { both: 0, one: 0 };
  for (let seed = 1n; seed <= 60n; seed++) {
    const one = bench({ resetIntervalUsMean: SECOND, halfOpen: 0.5 }, seed);
    const { near, far, nearEnd } = connect(one);
    for (let i = 0; i < 5000; i++) one.clock.at(i * 1000, () => nearEnd.write(Uint8Array.of(1)));
    while (one.clock.nowUs < 60 * SECOND && one.clock.tick());
    expect(one.faults.of('reset')).toBeLessThanOrEqual(1);
    const failed = [near, far].filter((ear) => ear.heard.includes('failed')).length;
    if (failed === 2) heard.both++;
    if (failed === 1) heard.one++;
  }
  expect(heard.both).toBeGreaterThan(10);
  expect(heard.one).toBeGreaterThan(10);
});

test('nobody there, a refusal and a cut link fail; a crash is heard', () => {
  const one = bench({});
  const alone = new Ear();
  one.network.streams.connect('a', 'c', alone);
  one.network.streams.listen('d', () => null);
  const refused = new Ear();
  one.network.streams.connect('a', 'd', refused);
  while (one.clock.tick());
  expect([alone.heard, refused.heard]).toEqual([['failed'], ['failed']]);
  one.network.links.partition('b', 'a', true, 60 * SECOND);
  const { near } = connect(one);
  while (one.clock.tick());
  expect(near.heard).toEqual(['failed']);
  const { far, nearEnd } = connect(one);
  one.clock.after(SECOND, () => nearEnd.abort());
  while (one.clock.tick());
  expect(far.heard).toEqual(['opened', 'failed']);
});
