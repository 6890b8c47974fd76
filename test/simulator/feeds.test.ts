/** What people publish, under many seeds: the same set everywhere, in order, whatever server has taken it. */
import { expect, test } from '@jest/globals';
import type { Observation } from '../../simulator/observation.ts';
import { DeletedChecker, filesIn, saysDeleted, WITH_FILE, wordsIn } from '../../simulator/checkers/deleted.ts';
import { ChainsChecker } from '../../simulator/checkers/chains.ts';
import { SetsChecker } from '../../simulator/checkers/sets.ts';
import { suite } from '../../server/suite.ts';
import { run } from '../../simulator/run.ts';
import { scenes } from '../../simulator/scenes/scenes.ts';

const scene = scenes.get('feeds')!;
/** With `SLOW=1` as many as anybody could want; else as many as a person waits for. */
const seeds = process.env['SLOW'] === '1' ? 1000n : 10n;

test(`${seeds} seeds, no checker fails`, () => {
  for (let seed = 1n; seed <= seeds; seed++) {
    const report = run({ scene, seed, functions: suite, once: true });
    expect(report).toMatchObject({ ended: true });
    expect(report.acknowledged).toBeGreaterThanOrEqual(report.said);
    const broken = report.verdicts.filter(({ verdict }) => verdict === 'failed');
    expect([seed, broken]).toEqual([seed, []]);
  }
}, 3_600_000);

const said = (key: string): Observation => {
  return { kind: 'said', key, author: 'ada', target: 'feed', tag: key, counter: 1, content: new Uint8Array(0) };
};

test('a set that lacks something, has it twice, or has what nobody said is noticed', () => {
  const judge = (...there: string[]): string | null => {
    const checker = new SetsChecker(new Map([['feed', ['a', 'b']]]));
    for (const key of ['ada#1', 'ada#2']) checker.observe(said(key));
    const whole = new Map([['feed', ['ada#2', 'ada#1']]]);
    const stored = new Map([
      ['a', whole],
      ['b', new Map([['feed', there]])],
    ]);
    return checker.observe({ kind: 'ended', stored });
  };
  expect(judge('ada#1', 'ada#2')).toBeNull();
  expect(judge('ada#1')).toBe('b lacks 1 of feed, the first ada#2');
  expect(judge('ada#1', 'ada#2', 'ada#1')).toBe('b has something of feed twice');
  expect(judge('ada#1', 'ada#2', 'ada#3')).toBe('b has something in feed that nobody said');
});

test('words that are deleted and there, and others that are gone, are noticed', () => {
  const judge = (...words: string[]): string | null => {
    const checker = new DeletedChecker(['feed']);
    for (const key of ['ada#1', 'ada#2']) checker.observe(said(key));
    checker.observe({ ...said('ada#3'), content: new TextEncoder().encode(saysDeleted('ada#1')) } as Observation);
    return checker.observe({ kind: 'ended', stored: new Map([['a', new Map([[wordsIn('feed'), words]])]]) });
  };
  expect(judge('ada#2')).toBeNull();
  expect(judge('ada#1', 'ada#2')).toBe('a has the words of ada#1, which are deleted');
  expect(judge()).toBe('a has lost the words of ada#2');
});

test('a file that is deleted and there, and another one that is not, is noticed', () => {
  const judge = (...files: string[]): string | null => {
    const checker = new DeletedChecker(['feed']);
    const text = (words: string): { content: Uint8Array } => ({ content: new TextEncoder().encode(words) });
    for (const key of ['ada#1', 'ada#2']) checker.observe({ ...said(key), ...text(WITH_FILE) });
    checker.observe({ ...said('ada#3'), ...text(saysDeleted('ada#1')) });
    const there = new Map([
      [wordsIn('feed'), ['ada#2']],
      [filesIn('feed'), files],
    ]);
    return checker.observe({ kind: 'ended', stored: new Map([['a', there]]) });
  };
  expect(judge('ada#2')).toBeNull();
  expect(judge('ada#1', 'ada#2')).toBe('a has the file of ada#1, which is deleted');
  expect(judge()).toBe('a has lost the file of ada#2');
});

test('what comes late is noticed, but where the reader’s own server was given what follows it first', () => {
  const delivered = (key: string): Observation => {
    return { kind: 'delivered', host: 'eve.b', context: 'feed', sequence: 1, key, packet: new Uint8Array(0) };
  };
  const judge = (...seen: Observation[]): (string | null)[] => {
    const checker = new ChainsChecker(() => 'b');
    return seen.map((observation) => checker.observe(observation));
  };
  expect(judge(delivered('ada#1'), delivered('ada#3'), delivered('ada#2'))).toEqual([
    null,
    null,
    'eve.b was shown ada#2 after ada#3',
  ]);
  const offered = { kind: 'offered', host: 'b', key: 'ada#3' } as const;
  expect(judge(offered, delivered('ada#3'), delivered('ada#2'))).toEqual([null, null, null]);
});
