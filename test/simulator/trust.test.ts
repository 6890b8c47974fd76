/** Domains whose keys change, under several seeds: every promise holds, faults happen, the same seed is the same run. */
import { expect, test } from '@jest/globals';
import { suite } from '../../server/suite.ts';
import { run } from '../../simulator/run.ts';
import { scenes } from '../../simulator/scenes/scenes.ts';

const scene = scenes.get('trust')!;

/** With `SLOW=1` as many as anybody could want; else as many as a person waits for. */
const isSlow = process.env['SLOW'] === '1';
const seeds = isSlow ? 500n : 6n;

const many = (): void => {
  const broken: string[] = [];
  const counts = new Map<string, number>();
  for (let seed = 1n; seed <= seeds; seed++) {
    const report = run({ scene, seed, functions: suite, once: true });
    // Most of what is said is taken; the rest was refused, and not only promised.
    if (report.acknowledged <= report.said / 2) broken.push(`seed ${seed}: ${report.acknowledged} of ${report.said}`);
    for (const { checker, verdict, what } of report.verdicts) {
      if (verdict === 'failed') broken.push(`seed ${seed}: ${checker}: ${what}`);
    }
    for (const [fault, times] of report.faults) counts.set(fault, (counts.get(fault) ?? 0) + times);
  }
  expect(broken).toEqual([]);
  const rare = ['crash', 'reset', 'partition', 'store lost'].filter((fault) => (counts.get(fault) ?? 0) < 6);
  expect(rare).toEqual([]);
};

test(`${seeds} seeds, no checker fails, faults occur`, many, isSlow ? 3_600_000 : 480_000);

test('the same seed is the same run', () => {
  expect(run({ scene, seed: 7n }).verdicts.filter(({ verdict }) => verdict !== 'ok')).toEqual([]);
});
