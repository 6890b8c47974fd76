/** What a running server's listener is told of linked servers' keys, and when. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from '@jest/globals';
import pino from 'pino';
import { lease } from '../../../federation/desk.ts';
import type { MorEvent } from '../../../federation/onions/mor-events.ts';
import { publicPart } from '../../../pki/secret-key.ts';
import { MorDuty } from '../../../server/mor/duty.ts';
import { MemoryStore } from '../../../store/memory.ts';
import type { Store } from '../../../store/store.ts';
import { Undoing } from '../../undoing.ts';
import { newDomainKey } from '../node/town.ts';
import { StillTimers } from '../transport/still-timers.ts';

const undoing = new Undoing();
afterEach(() => undoing.run());

/** A duty that says to `domains` whom it was told of, each time. */
async function dutyOf(store: Store): Promise<{ duty: MorDuty; timers: StillTimers; domains: () => string[][] }> {
  const folder = await mkdtemp(join(tmpdir(), 'p3do-duty-'));
  undoing.add(() => rm(folder, { recursive: true }));
  const told: MorEvent[] = [];
  const timers = new StillTimers();
  const key = await newDomainKey('a.test');
  const log = pino({ level: 'silent' });
  const { duty, loaded } = await MorDuty.open({ folder, key, store, timers, log, tell: (event) => told.push(event) });
  undoing.add(() => duty.close());
  duty.begin(loaded);
  const domains = (): string[][] =>
    told.flatMap((event) => (event.kind === 'stations' ? [event.stations.map(({ domain }) => domain)] : []));
  return { duty, timers, domains };
}

/** Returns once this holds. */
async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise(setImmediate);
}

/** Puts a domain's key, new, where what is kept of it is. */
async function keepKeyOf(domain: string, store: Store): Promise<void> {
  const value = publicPart((await newDomainKey(domain)).bytes);
  const outcome = await store.perform({
    kind: 'write',
    request: 0,
    operations: [{ op: 'record', context: `psyc://${domain}`, lease, name: 'key', value }],
  });
  expect(outcome.kind).toBe('written');
}

test('a linked server’s key that is not there yet is looked for again soon, and later each time', async () => {
  const store = new MemoryStore();
  const { duty, timers, domains } = await dutyOf(store);
  duty.perform({ kind: 'linked to', domains: ['b.test'] });
  for (const ms of [1_000, 2_000]) {
    await until(() => timers.delays.includes(ms));
    timers.pass(ms);
  }
  await until(() => timers.delays.includes(4_000));
  expect(domains()).toEqual([]);
  await keepKeyOf('b.test', store);
  timers.pass(4_000);
  await until(() => domains().length > 0);
  expect(domains()).toEqual([['b.test']]);
});

test('a store that was away when the link was made is asked again', async () => {
  const store = new MemoryStore();
  await keepKeyOf('b.test', store);
  let isAway = true;
  const perform: Store['perform'] = (request) => (isAway ? Promise.reject(new Error('away')) : store.perform(request));
  const { duty, timers, domains } = await dutyOf({ perform });
  duty.perform({ kind: 'linked to', domains: ['b.test'] });
  await until(() => timers.delays.includes(1_000));
  isAway = false;
  timers.pass(1_000);
  await until(() => domains().length > 0);
  expect(domains()).toEqual([['b.test']]);
});
