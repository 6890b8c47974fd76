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
  ['talk', 1n, '698f7123418a750bce2d5adc66b91ccd124b7d1cb65f7275fb0487e9184d812d'],
  ['talk', 7n, 'af958b3dec7f38b54cf323e5ca105ec8d150bfc28f1b2b4f712c0f9e83889274'],
  ['talk', 2n ** 64n - 1n, 'c7f11ba457fba1456f0612df2e66fa13187cd8f13bb822dc9ca2174e90b6e17a'],
  ['datagrams', 7n, '448f5c8834cdce5392eb4ade642e2f070a856ee978acdd502e37d705072f6ad3'],
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
