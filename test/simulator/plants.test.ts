/** Every planted bug is noticed by the checker it was planted for; every checker notices one; the list in the document is the list. */
import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { checkerNames } from '../../simulator/checkers/checker.ts';
import { plants } from '../../simulator/plants/plants.ts';
import { suite } from '../../server/suite.ts';
import { run } from '../../simulator/run.ts';
import { scenes } from '../../simulator/scenes/scenes.ts';

/** Within so many seeds, from 1. */
const seedsMax = 80n;
/** Where the first do not notice it: a seed that does, tried before all others. Where it does so no more it costs time, and nothing else. */
const noticedUnder: Readonly<Record<string, bigint>> = {
  'forgetful-restart': 9n,
  'torn-write': 9n,
  'lying-disk': 3n,
  'forgotten-members': 21n,
  'open-window': 3n,
  'endless-membership': 16n,
  'everybody-a-friend': 3n,
  unasked: 11n,
  'forgotten-rules': 3n,
  'forgotten-tags': 15n,
  'unread-tags': 3n,
  'deaf-after-restart': 3n,
  'hasty-successor': 21n,
  'impatient-feed': 3n,
};

test.each([...plants.values()])('$name is noticed: $caughtBy', (plant) => {
  const scene = scenes.get(plant.scene ?? 'talk')!;
  // Whether two runs are one is seen at their ends; all else is over when the checker has failed.
  const course = plant.caughtBy === 'determinism' ? {} : { once: true, until: plant.caughtBy };
  const likely = noticedUnder[plant.name];
  const seeds = Array.from({ length: Number(seedsMax) }, (_, index) => BigInt(index + 1));
  for (const seed of likely === undefined ? seeds : [likely, ...seeds]) {
    const { verdicts } = run({ scene, seed, plant, functions: suite, ...course });
    if (!verdicts.some(({ checker, verdict }) => checker === plant.caughtBy && verdict === 'failed')) continue;
    if (likely !== undefined && seed !== likely)
      process.stderr.write(`${plant.name}: seed ${seed} notices it, and ${likely} no more\n`);
    return;
  }
  throw new Error(`not noticed under the seeds 1 to ${seedsMax}`);
});

test('each plant that names a likely seed is there', () => {
  expect(Object.keys(noticedUnder).filter((name) => !plants.has(name))).toEqual([]);
});

test('every checker has a plant', () => {
  const caught = new Set([...plants.values()].map(({ caughtBy }) => caughtBy));
  expect(checkerNames.filter((name) => !caught.has(name))).toEqual([]);
});

test('the document lists the plants', () => {
  const document = readFileSync(new URL('../../docs/simulator.md', import.meta.url), 'utf8');
  const rows = [...document.matchAll(/^\| `([a-z-]+)` \| (.+) \| `([a-z]+)` \|$/gm)].map(([, ...cells]) => cells);
  expect(rows).toEqual([...plants.values()].map(({ name, what, caughtBy }) => [name, what, caughtBy]));
});
