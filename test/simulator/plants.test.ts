/** Every planted bug is noticed by the checker it was planted for; every checker notices one; the list in the document is the list. */
import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { checkerNames } from '../../simulator/checkers/checker.ts';
import { plants } from '../../simulator/plants/plants.ts';
import { run } from '../../simulator/run.ts';
import { scenes } from '../../simulator/scenes/scenes.ts';

/** Within so many seeds, from 1. */
const seedsMax = 80n;

test.each([...plants.values()])('$name is noticed: $caughtBy', (plant) => {
  const once = plant.caughtBy !== 'determinism';
  for (let seed = 1n; seed <= seedsMax; seed++) {
    const report = run({ scene: scenes.get(plant.scene ?? 'talk')!, seed, plant, once });
    if (report.verdicts.some(({ checker, verdict }) => checker === plant.caughtBy && verdict === 'failed')) return;
  }
  throw new Error(`not noticed under the seeds 1 to ${seedsMax}`);
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
