/** The talk under hundreds of seeds: every promise holds, every fault happens, and the same seed is always the same run. */
import { expect, test } from '@jest/globals';
import { faultNames } from '../../simulator/faults.ts';
import { type RunReport, run } from '../../simulator/run.ts';
import { scenes } from '../../simulator/scenes/scenes.ts';

const sceneOf = (name: string) => scenes.get(name)!;
const failures = (report: RunReport): string[] =>
  report.verdicts.flatMap(({ checker, verdict, what }) =>
    verdict === 'failed' ? [`seed ${report.seed}: ${checker}: ${what}`] : [],
  );

/** Faults that cannot happen in a scene: there are no streams under datagrams, and no datagrams under streams. */
const foreign: Record<string, readonly string[]> = {
  talk: ['loss', 'duplication', 'reordering', 'cut off'],
  datagrams: ['refused connection', 'chopped', 'reset', 'lost in flight', 'half-open'],
};

test.each(['talk', 'datagrams'])('%s: 200 seeds, no checker fails, every fault occurs', (name) => {
  const counts = new Map<string, number>();
  const broken: string[] = [];
  for (let seed = 1n; seed <= 200n; seed++) {
    const report = run({ scene: sceneOf(name), seed, once: true });
    broken.push(...failures(report));
    expect(report).toMatchObject({ ended: true, delivered: report.said, acknowledged: report.said });
    for (const [fault, times] of report.faults) counts.set(fault, (counts.get(fault) ?? 0) + times);
  }
  expect(broken).toEqual([]);
  const expected = faultNames.filter((fault) => !foreign[name]?.includes(fault));
  expect(expected.filter((fault) => (counts.get(fault) ?? 0) < 50)).toEqual([]);
});

// Literal, so that no version of Node, no engine and no change of ours moves them unnoticed. A change of the machines or
// of the kernel that is meant to change them is followed by a change here.
test.each([
  ['talk', 1n, 'e3024c1f3f83742b9e1e239d426ae1d24209b022319934b21394f00c1fe02026'],
  ['talk', 7n, '35fb898cde18de6faa7139ea3567d545797906cb7688500daa3628aadca92f9e'],
  ['talk', 2n ** 64n - 1n, '1a1ea19739f2575866ac554d17d84203a1c1ec38bafcc58473bf023d380b836e'],
  ['datagrams', 7n, 'c8dcfe974b5f1dabb6228ca589e7439d4d9ecd629bae9dfcb8c91aa329d1d0b2'],
])('%s under seed %s has its fingerprint', (name, seed, fingerprint) => {
  const report = run({ scene: sceneOf(name), seed });
  expect(report.fingerprint).toBe(fingerprint);
  expect(report.verdicts.map(({ verdict }) => verdict)).toEqual(report.verdicts.map(() => 'ok'));
});

test('a run that is stopped judges nothing that takes the end', () => {
  const report = run({ scene: sceneOf('talk'), seed: 7n, eventsMax: 500 });
  expect(report).toMatchObject({ ended: false, events: 500 });
  expect(report.verdicts.filter(({ verdict }) => verdict === 'unjudged').map(({ checker }) => checker)).toEqual([
    'durability',
    'liveness',
  ]);
});
