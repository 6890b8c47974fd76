/** Cells among listeners, and among whole servers, under several seeds: every promise holds, most faults happen, the same seed is the same run. */
import { expect, test } from '@jest/globals';
import { suite } from '../../server/suite.ts';
import { run } from '../../simulator/run.ts';
import { scenes } from '../../simulator/scenes/scenes.ts';

/** With `SLOW=1` as many as anybody could want; else as many as a person waits for. */
const isSlow = process.env['SLOW'] === '1';
const played = [
  ['onions', isSlow ? 100n : 8n],
  ['anonymous', isSlow ? 100n : 5n],
] as const;

test.each(played)(
  '%s: no checker fails, all is answered, and most of what is handed in arrives',
  (name, seeds) => {
    const scene = scenes.get(name)!;
    const broken: string[] = [];
    let [said, delivered, crashes, resets] = [0, 0, 0, 0];
    for (let seed = 1n; seed <= seeds; seed++) {
      const report = run({ scene, seed, functions: suite, once: true });
      for (const { checker, verdict, what } of report.verdicts) {
        if (verdict === 'failed') broken.push(`seed ${seed}: ${checker}: ${what}`);
      }
      // A run in which somebody waits for an answer that does not come lasts longer.
      if (report.virtualUs >= 200_000_000) broken.push(`seed ${seed}: ${report.virtualUs}`);
      const faults = new Map<string, number>(report.faults);
      [said, delivered] = [said + report.said, delivered + report.delivered];
      [crashes, resets] = [crashes + (faults.get('crash') ?? 0), resets + (faults.get('reset') ?? 0)];
    }
    expect(broken).toEqual([]);
    expect(delivered).toBeGreaterThan(said / 2);
    expect([crashes > 3, resets > 5]).toEqual([true, true]);
  },
  isSlow ? 3_600_000 : undefined,
);

test.each(['onions', 'anonymous'])(
  '%s: the same seed is the same run, with whatever suite',
  (name) => {
    const scene = scenes.get(name)!;
    const portable = run({ scene, seed: 7n, once: true });
    const other = run({ scene, seed: 7n, functions: suite, once: true });
    expect(other.verdicts.filter(({ verdict }) => verdict === 'failed')).toEqual([]);
    expect(other).toEqual(portable);
  },
  300_000,
);
