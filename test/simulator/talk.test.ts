/** The talk under hundreds of seeds: every promise holds, every fault happens, and the same seed is always the same run. */
import { expect, test } from '@jest/globals';
import { faultNames } from '../../simulator/faults.ts';
import { type RunReport, run } from '../../simulator/run.ts';
import { plants } from '../../simulator/plants/plants.ts';
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
  ['talk', 1n, 'a4b98cd6dfd1665adb288f9b0b8f596f5750be9fe4fbdd141e90c4045a6625c5'],
  ['talk', 7n, 'cfd1ab11c46664b413a610fdbfbe8d6dac37a09a091aedd8d5e585c5a4466ebe'],
  ['talk', 2n ** 64n - 1n, 'f8e53818e6f26ee4caf593b544624855116f3bf957cb430773da5dfe4bd9f714'],
  ['datagrams', 7n, 'b2d4fb55781da5a9a5cbe4b3b024cfb838e21aaae13dce4adf70c2d2312cd179'],
])('%s under seed %s has its fingerprint', (name, seed, fingerprint) => {
  const report = run({ scene: sceneOf(name), seed });
  expect(report.fingerprint).toBe(fingerprint);
  expect(report.verdicts.map(({ verdict }) => verdict)).toEqual(report.verdicts.map(() => 'ok'));
});

test('what throws is a verdict with its time and place, and other checkers that need no end still judge', () => {
  const report = run({ scene: sceneOf('talk'), seed: 7n, plant: plants.get('throwing-step')! });
  expect(report.verdicts).toContainEqual({
    checker: 'crash',
    verdict: 'failed',
    what: expect.stringMatching(/^Error: the store refuses again\n +at .+careless-nodes/),
    atUs: expect.any(Number),
  });
  expect(report).toMatchObject({ ended: false, seed: 7n });
  expect(report.verdicts.map(({ verdict }) => verdict)).toEqual([
    ...['ok', 'ok', 'ok', 'ok', 'unjudged', 'unjudged', 'ok', 'failed', 'ok'],
  ]);
});

test('a run that is stopped judges nothing that takes the end', () => {
  const report = run({ scene: sceneOf('talk'), seed: 7n, eventsMax: 500 });
  expect(report).toMatchObject({ ended: false, events: 500 });
  expect(report.verdicts.filter(({ verdict }) => verdict === 'unjudged').map(({ checker }) => checker)).toEqual([
    'durability',
    'liveness',
  ]);
});
