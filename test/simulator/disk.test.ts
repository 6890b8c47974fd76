/** The faulty disk: writes wholly there or not at all, acknowledged ones for good, whatever happens; and the plants that break that. */
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Clock } from '../../simulator/clock.ts';
import { FaultyDisk } from '../../simulator/disk.ts';
import { calm, type FaultRates, Faults } from '../../simulator/faults.ts';
import { Random } from '../../simulator/random.ts';
import type { Operation, StoreOutcome } from '../../store/store.ts';
import { append, record } from '../store/rows.ts';

const SECOND = 1_000_000;

interface Bench {
  readonly clock: Clock;
  readonly faults: Faults;
  readonly disk: FaultyDisk;
  /** Ids in the order in which they became durable. */
  readonly durable: string[];
  /** Asks for a write of these rows, and keeps the answer. */
  write(...numbers: number[]): void;
  readonly answers: [number[], StoreOutcome][];
}

function bench(rates: Partial<FaultRates>, seed = 1n): Bench {
  const clock = new Clock();
  const faults = new Faults({ ...calm, ...rates });
  const durable: string[] = [];
  const disk = new FaultyDisk(clock, Random.of(seed, 'disk'), faults, ({ id }) =>
    durable.push(new TextDecoder().decode(id)),
  );
  const answers: [number[], StoreOutcome][] = [];
  let request = 0;
  const write = (...numbers: number[]): void => {
    const operations: Operation[] = numbers.map((number) => append('log', number));
    disk.request({ kind: 'write', request: ++request, operations }, (outcome) => answers.push([numbers, outcome]));
  };
  return { clock, faults, disk, durable, write, answers };
}

const stored = ({ disk }: Bench): string[] =>
  (disk.audit().get('log') ?? []).map((packet) => new TextDecoder().decode(packet).replace('packet ', ''));

test('a calm disk answers in order, after its time, and says durable before it answers', () => {
  const one = bench({ diskUsMean: 0 });
  one.write(1, 2);
  one.write(3);
  expect(one.disk.unanswered).toBe(2);
  while (one.clock.tick());
  expect(one.answers.map(([, { kind }]) => kind)).toEqual(['written', 'written']);
  expect(one.durable).toEqual(['id 1', 'id 2', 'id 3']);
  expect(stored(one)).toEqual(['1', '2', '3']);
  expect(one.clock.nowUs).toBe(3 * calm.diskUsMin);
  expect(one.disk.unanswered).toBe(0);
});

test('crashes, lost connections, full disks: a write is there as a whole or not at all, and for good once it was answered', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: 1_000_000n }), (seed) => {
      const rates = {
        storeLoss: 0.1,
        diskStall: 0.1,
        diskFullIntervalUsMean: SECOND / 20,
        diskFullUsMean: SECOND / 100,
      };
      const one = bench(rates, seed);
      const random = Random.of(seed, 'writes');
      const writes: number[][] = [];
      for (let i = 0; i < 60; i++) {
        const numbers = Array.from({ length: random.between(1, 4) }, (_, index) => 10 * i + index);
        writes.push(numbers);
        one.clock.at(i * 2000 + random.below(2000), () => one.write(...numbers));
      }
      for (let i = 0; i < 5; i++) one.clock.at(random.below(120_000), () => one.disk.crash());
      while (one.clock.nowUs < SECOND && one.clock.tick());
      const there = new Set(stored(one));
      for (const numbers of writes)
        expect([0, numbers.length]).toContain(numbers.filter((number) => there.has(String(number))).length);
      for (const [numbers, outcome] of one.answers) {
        const [first = 0] = numbers;
        if (outcome.kind === 'written') expect(there.has(String(first))).toBe(true);
        if (outcome.kind === 'refused' && outcome.code === '_store_full') expect(there.has(String(first))).toBe(false);
      }
      expect(one.durable.map((id) => id.replace('id ', ''))).toEqual(stored(one));
      expect(one.disk.unanswered).toBe(0);
    }),
    { numRuns: 200 },
  );
});

test('once it is calm, a disk that was full takes writes, and no connection to it is lost', () => {
  const one = bench({ diskFullIntervalUsMean: 1, diskFullUsMean: 100 * SECOND, storeLoss: 1, diskUsMean: SECOND });
  one.clock.after(1000, () => {
    for (let number = 1; number <= 8; number++) one.write(number);
    one.faults.rates = calm;
  });
  while (one.clock.tick());
  expect(one.answers.map(([, { kind }]) => kind)).toEqual(new Array(8).fill('written'));
});

test('after a crash nobody is told anything, and the host can ask again', () => {
  const one = bench({ diskUsMean: SECOND });
  one.write(1);
  one.disk.crash();
  expect(one.disk.unanswered).toBe(0);
  one.write(2);
  while (one.clock.tick());
  expect(one.answers.map(([numbers]) => numbers)).toEqual([[2]]);
});

test('once a write is answered, no earlier write to its context comes any more', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: 1_000_000n }), (seed) => {
      const one = bench({ storeLoss: 0.3, diskUsMean: 10_000 }, seed);
      let newest = '';
      const set = (number: number): void => {
        const operations = [record('log', 'key', `${number}`)];
        one.disk.request({ kind: 'write', request: number, operations }, ({ kind }) => {
          if (kind === 'written') newest = `${number}`;
          // Asked until there is an answer, as a caller does.
          else set(number);
        });
      };
      for (let number = 0; number < 10; number++) one.clock.at(number * 100_000, () => set(number));
      while (one.clock.tick());
      let read: StoreOutcome | undefined;
      one.faults.rates = calm;
      one.disk.request({ kind: 'records', request: 0, context: 'log' }, (outcome) => {
        read = outcome;
      });
      while (one.clock.tick());
      expect(read).toMatchObject({ records: [{ name: 'key', value: new TextEncoder().encode(newest) }] });
    }),
    { numRuns: 100 },
  );
});

test('what was under way when the store was lost is done, done late, or never; each happens', () => {
  const seen = new Map<string, number>();
  for (let seed = 1n; seed <= 50n; seed++) {
    const one = bench({ storeLoss: 0.3, diskUsMean: 10_000 }, seed);
    for (let i = 0; i < 10; i++) one.clock.at(i * 3000, () => one.write(i));
    while (one.clock.tick());
    for (const [fault, times] of one.faults.entries()) seen.set(fault, (seen.get(fault) ?? 0) + times);
  }
  for (const fault of ['store lost', 'lost batch', 'late commit', 'unheard commit'])
    expect(seen.get(fault)).toBeGreaterThan(10);
});
