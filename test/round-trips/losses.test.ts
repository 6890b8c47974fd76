/** What arrives where cells are lost: parts to spare help messages, asking again helps questions; the same seed gives the same figures. */
import { expect, test } from '@jest/globals';
import { plotLosses } from '../../cli/plot/losses-plot.ts';
import { suite } from '../../server/suite.ts';
import { withIdealX25519 } from '../../simulator/ideal-x25519.ts';
import { bytesOf } from '../../simulator/net/network.ts';
import { Random } from '../../simulator/random.ts';
import { lossDefaults, type LossRow, playLosses } from '../../simulator/round-trips/losses.ts';

const setting = { ...lossDefaults, losses: [0, 15], messages: 60, questions: 6, hops: 2 };
const played = (seed: bigint): LossRow[] => [
  ...playLosses(withIdealX25519({ ...suite, random: bytesOf(Random.of(seed, 'losses')) }), setting),
];

test('without loss all arrives; with it shards do where whole messages do not, and questions in the end', () => {
  const [none, some] = played(7n) as [LossRow, LossRow];
  expect(none).toMatchObject({ inTheEnd: 1, usedTwice: 0 });
  expect(none.parted.map(({ needed, sent, arrived }) => [needed, sent, arrived])).toEqual([
    [3, 3, 1],
    [3, 5, 1],
    [3, 9, 1],
  ]);
  const [all, usual, many] = some.parted.map(({ arrived }) => arrived) as [number, number, number];
  // A part comes through with 0.85 squared: 0.38, 0.84 and 0.997 of the messages are to be expected, with a spread of 0.06 and less.
  expect(Math.abs(all - 0.38)).toBeLessThan(0.25);
  expect(Math.abs(usual - 0.84)).toBeLessThan(0.2);
  expect(many).toBeGreaterThan(0.93);
  expect(some.inTheEnd).toBeGreaterThan(some.once);
  expect(some.usedTwice).toBe(0);
  expect(played(7n)).toEqual([none, some]);
  const svg = plotLosses(setting, [none, some], 7n);
  for (const name of ['3 of 3', '3 of 5', 'asked once', 'asked again']) expect(svg).toContain(name);
});
