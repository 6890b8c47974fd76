/** The federation under many seeds: every promise holds, every fault that streams know happens, one seed is one run. */
import { expect, test } from '@jest/globals';
import { faultNames } from '../../simulator/faults.ts';
import { suite } from '../../server/suite.ts';
import { run } from '../../simulator/run.ts';
import { scenes } from '../../simulator/scenes/scenes.ts';

const scene = scenes.get('federation')!;
const foreign = ['loss', 'duplication', 'reordering', 'cut off'];

/** With `SLOW=1` as many as anybody could want; else as many as a person waits for. */
const isSlow = process.env['SLOW'] === '1';
const seeds = isSlow ? 500n : 30n;

const many = (): void => {
  const counts = new Map<string, number>();
  const broken: string[] = [];
  for (let seed = 1n; seed <= seeds; seed++) {
    const report = run({ scene, seed, functions: suite, once: true });
    expect(report).toMatchObject({ ended: true });
    // Most of what is said is taken; the rest was refused, and not only promised.
    expect(report.acknowledged).toBeGreaterThan(report.said / 2);
    for (const { checker, verdict, what } of report.verdicts) {
      if (verdict === 'failed') broken.push(`seed ${seed}: ${checker}: ${what}`);
    }
    for (const [fault, times] of report.faults) counts.set(fault, (counts.get(fault) ?? 0) + times);
  }
  expect(broken).toEqual([]);
  expect(faultNames.filter((fault) => !foreign.includes(fault) && (counts.get(fault) ?? 0) < 50)).toEqual([]);
};

test(`${seeds} seeds, no checker fails, every fault occurs`, many, isSlow ? 3_600_000 : 480_000);

test('the same seed is the same run', () => {
  expect(run({ scene, seed: 7n }).verdicts.map(({ verdict }) => verdict)).not.toContain('failed');
});
