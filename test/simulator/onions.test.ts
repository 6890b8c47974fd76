/** Cells among six servers under several seeds: every promise holds, most faults happen, the same seed is the same run. */
import { expect, test } from '@jest/globals';
import { suite } from '../../server/suite.ts';
import { run } from '../../simulator/run.ts';
import { scenes } from '../../simulator/scenes/scenes.ts';

const scene = scenes.get('onions')!;

test('8 seeds, no checker fails, most of what is handed in arrives', () => {
  const broken: string[] = [];
  let [said, delivered, crashes, resets] = [0, 0, 0, 0];
  for (let seed = 1n; seed <= 8n; seed++) {
    const report = run({ scene, seed, functions: suite, once: true });
    for (const { checker, verdict, what } of report.verdicts) {
      if (verdict === 'failed') broken.push(`seed ${seed}: ${checker}: ${what}`);
    }
    const faults = new Map<string, number>(report.faults);
    [said, delivered] = [said + report.said, delivered + report.delivered];
    [crashes, resets] = [crashes + (faults.get('crash') ?? 0), resets + (faults.get('reset') ?? 0)];
  }
  expect(broken).toEqual([]);
  expect(delivered).toBeGreaterThan(said / 2);
  expect([crashes > 5, resets > 5]).toEqual([true, true]);
});

test('the same seed is the same run, with whatever suite', () => {
  const portable = run({ scene, seed: 7n, once: true });
  const other = run({ scene, seed: 7n, functions: suite, once: true });
  expect(other.verdicts.filter(({ verdict }) => verdict === 'failed')).toEqual([]);
  expect(other).toEqual(portable);
});
