/** Shapes of networks: each is connected, of the degree that was asked for, and messages go through it. */
import { expect, test } from '@jest/globals';
import { suite } from '../../server/suite.ts';
import { drawLinks, graphShapes, type GraphShape } from '../../simulator/net/graphs.ts';
import { playNet } from '../../simulator/net/play.ts';
import { netDefaults } from '../../simulator/net/setting.ts';
import { Random } from '../../simulator/random.ts';

/** For degree 6: least and greatest number of links of one server, least and greatest mean of all. */
const promised: Readonly<Record<GraphShape, readonly [number, number, number, number]>> = {
  ring: [2, 2, 2, 2],
  // Circles share a link now and then.
  regular: [2, 6, 5.5, 6],
  'small-world': [2, 15, 5.7, 6],
  'scale-free': [2, 64, 5.5, 6],
  // Two links to the next cluster come to those within, of which a small one has fewer.
  clusters: [2, 13, 3.5, 6.5],
};

function reached(links: ReturnType<typeof drawLinks>): number {
  const known = new Set([0]);
  for (let before = 0; before < known.size; ) {
    before = known.size;
    for (const [a, b] of links) if (known.has(a) || known.has(b)) known.add(a).add(b);
  }
  return known.size;
}

test.each(graphShapes)('%s: connected, of the promised degree, each link once', (shape) => {
  const [least, greatest, meanLeast, meanMost] = promised[shape];
  for (let seed = 1n; seed <= 50n; seed++) {
    const servers = 40 + Number(seed);
    const links = drawLinks(shape, servers, 6, Random.of(seed, 'graph'));
    const degrees = new Array<number>(servers).fill(0);
    for (const [a, b] of links) {
      expect(a).toBeLessThan(b);
      degrees[a]!++;
      degrees[b]!++;
    }
    expect(new Set(links.map(String)).size).toBe(links.length);
    expect(reached(links)).toBe(servers);
    expect(Math.min(...degrees)).toBeGreaterThanOrEqual(least);
    expect(Math.max(...degrees)).toBeLessThanOrEqual(greatest);
    const mean = (2 * links.length) / servers;
    expect([mean >= meanLeast, mean <= meanMost]).toEqual([true, true]);
  }
});

test('scale-free has hubs, small-world fewer steps than the ring, clusters few links between them', () => {
  const drawn = (shape: GraphShape) => drawLinks(shape, 100, 4, Random.of(7n, 'graph'));
  const hub = (shape: GraphShape): number => {
    const ends = drawn(shape).flat();
    return Math.max(...Array.from({ length: 100 }, (_, server) => ends.filter((end) => end === server).length));
  };
  expect(hub('scale-free')).toBeGreaterThan(2 * hub('small-world'));
  const isFar = ([a, b]: readonly [number, number]): boolean => Math.min(b - a, 100 - b + a) > 2;
  expect(drawn('small-world').filter(isFar).length).toBeGreaterThan(3);
  expect(drawn('ring').filter(isFar)).toEqual([]);
  expect(drawn('clusters').filter(([a, b]) => a % 10 !== b % 10)).toHaveLength(20);
});

test.each(graphShapes)('%s: what is handed in arrives', (graph) => {
  const setting = { ...netDefaults, seed: 7n, servers: 12, graph, degree: 4, dishonest: 0, sendMs: 10_000 };
  const played = playNet(setting, { suiteOf: (random) => ({ ...suite, random }), isIdeal: true });
  for (;;) {
    const next = played.next();
    if (next.done !== true) continue;
    const { handed, delivered, duplicates } = next.value;
    expect(handed).toBeGreaterThan(0);
    expect([delivered, duplicates]).toEqual([handed, 0]);
    return;
  }
});
