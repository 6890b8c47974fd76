/** Networks of listeners: one seed is one run, with either suite; what arrives in spite of what; no link is busy. */
import { expect, test } from '@jest/globals';
import { suite } from '../../server/suite.ts';
import { listenerLimits } from '../../listener-bots/limits.ts';
import { type NetResult, playNet } from '../../simulator/net/play.ts';
import { dishonestKinds, netDefaults, type NetSetting } from '../../simulator/net/setting.ts';

const small: NetSetting = { ...netDefaults, seed: 7n, servers: 10, degree: 4, sendMs: 60_000, dishonest: 0 };

function play(more: Partial<NetSetting> = {}, isIdeal = true): NetResult {
  const played = playNet({ ...small, ...more }, { suiteOf: (random) => ({ ...suite, random }), isIdeal });
  for (;;) {
    const next = played.next();
    if (next.done === true) return next.value;
  }
}

const tell = (what: string, ...values: readonly unknown[]): void =>
  void process.stderr.write(`${what}: ${values.map((value) => JSON.stringify(value)).join(' ')}\n`);

test('the same seed is the same run on every engine; with real crypto the same events', () => {
  const short = { servers: 6, sendMs: 10_000, drainMs: 30_000 };
  const ideal = play(short);
  expect(ideal.handed).toBeGreaterThan(0);
  expect(ideal.digest).toBe('3e4d2abd507d9151');
  const real = play(short, false);
  expect({ ...real, isIdeal: true }).toEqual(ideal);
  expect(play({ ...short, seed: 8n }).digest).not.toBe(ideal.digest);
});

test('nothing fails: all arrives once, frames have one length, no link is over 0.7 of its rate for a minute', () => {
  const result = play({ load: 0.5, sendMs: 70_000 });
  expect(result.handed).toBeGreaterThan(60);
  expect([result.delivered, result.duplicates, result.twice, result.lengths]).toEqual([result.handed, 0, 0, 1]);
  tell('busiest link', result.busiest);
  expect(result.busiest).toBeGreaterThan(0.2);
  expect(result.busiest).toBeLessThan(0.7);
});

test('congestion is noticed: new cells at four times the rate', () => {
  const limits = { ...listenerLimits, novelShare: listenerLimits.novelShare / 4 };
  expect(play({ limits, servers: 6, degree: 2, sendMs: 70_000 }).busiest).toBeGreaterThan(0.7);
});

test('a changed cell is a new one to everybody: one server that changes some fills links, one that watches does not', () => {
  const busiest = (kind: 'log' | 'tag'): number =>
    play({ servers: 8, dishonest: 0.125, kinds: [kind], sendMs: 62_000, drainMs: 1_000 }).busiest;
  const [watched, changed] = [busiest('log'), busiest('tag')];
  tell('busiest link, watched and changed', watched, changed);
  expect(watched).toBeLessThan(0.7);
  expect(changed).toBeGreaterThan(1.3 * watched);
});

test.each([
  ['loss', { loss: 0.05 }, 0.9],
  ['partitions', { partitions: 2, partitionMs: 10_000 }, 0.5],
  ['all kinds of dishonest servers', { servers: 12, dishonest: 0.4 }, 0.3],
  ...dishonestKinds.map((kind) => [kind, { dishonest: 0.2, kinds: [kind] }, 0.5] as const),
] as const)('in spite of %s most arrives, nothing twice, and memories are bounded', (what, more, share) => {
  const result = play({ servers: 8, sendMs: 30_000, ...more, drainMs: 60_000 });
  tell(what, result.delivered, result.handed);
  expect(result.delivered).toBeGreaterThanOrEqual(share * result.handed);
  expect([result.duplicates, result.twice]).toEqual([0, 0]);
  const most: Readonly<Record<string, number>> = {
    'cells for a link': listenerLimits.queueCellsMax,
    'cells being opened': listenerLimits.openingCellsMax,
    'cells that wait': listenerLimits.delayedCellsMax,
    'new cells': listenerLimits.originCellsMax,
    'replay tags': listenerLimits.replayTagsMax,
    'one-time secrets': 0,
    'watched tags': 0,
    'messages in parts': 0,
  };
  for (const [name, length] of result.longest) expect([name, length <= most[name]!]).toEqual([name, true]);
});
