/** Who is linked to whom: shapes that networks of servers may have. docs/simulator.md#network-of-listeners */
import { listenerLimits } from '../../listener-bots/limits.ts';
import type { Random } from '../random.ts';

/** Shapes by name. */
export const graphShapes = ['regular', 'ring', 'small-world', 'scale-free', 'clusters'] as const;
export type GraphShape = (typeof graphShapes)[number];

/** Links as pairs of numbers below N, each once, the smaller number first, in order. */
type Links = readonly (readonly [number, number])[];

/** A listener has no more links than this. */
const degreeMax = listenerLimits.linksMax;

class Edges {
  readonly #keys = new Set<number>();
  readonly #servers: number;
  readonly degrees: number[];

  constructor(servers: number) {
    this.#servers = servers;
    this.degrees = new Array<number>(servers).fill(0);
  }

  has(a: number, b: number): boolean {
    return this.#keys.has(Math.min(a, b) * this.#servers + Math.max(a, b));
  }

  add(a: number, b: number): boolean {
    if (a === b || this.has(a, b) || Math.max(this.degrees[a]!, this.degrees[b]!) >= degreeMax) return false;
    this.#keys.add(Math.min(a, b) * this.#servers + Math.max(a, b));
    this.degrees[a]!++;
    this.degrees[b]!++;
    return true;
  }

  get links(): Links {
    const servers = this.#servers;
    return [...this.#keys].toSorted((a, b) => a - b).map((key) => [Math.floor(key / servers), key % servers] as const);
  }
}

/**
 * The links of a connected graph of 2 servers or more, of about `degree` (2 or more) each. `regular`: circles through all, each in
 * another random order. `small-world`: Watts and Strogatz (1998), one link in ten is another. `scale-free`: Barabási and Albert
 * (1999). `clusters`: rings of regular graphs of up to ten, each with two links to the next.
 */
export function drawLinks(shape: GraphShape, servers: number, degree: number, random: Random): Links {
  const edges = new Edges(servers);
  const half = Math.max(1, Math.floor(degree / 2));
  if (shape === 'ring') circle(edges, range(servers));
  if (shape === 'regular') regular(edges, range(servers), half, random);
  if (shape === 'small-world') smallWorld(edges, servers, half, random);
  if (shape === 'scale-free') scaleFree(edges, servers, half, random);
  if (shape === 'clusters') clusters(edges, servers, half, random);
  return edges.links;
}

const range = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

function circle(edges: Edges, order: readonly number[]): void {
  order.forEach((server, index) => edges.add(server, order[(index + 1) % order.length]!));
}

function regular(edges: Edges, members: readonly number[], circles: number, random: Random): void {
  for (let count = 0; count < circles; count++) circle(edges, random.shuffle([...members]));
}

function smallWorld(edges: Edges, servers: number, half: number, random: Random): void {
  for (let step = 1; step <= half; step++) {
    for (let server = 0; server < servers; server++) {
      // The circle itself stays, so that all are connected.
      const isMoved = step > 1 && random.chance(0.1);
      edges.add(server, isMoved ? random.below(servers) : (server + step) % servers);
    }
  }
}

function scaleFree(edges: Edges, servers: number, half: number, random: Random): void {
  const first = Math.min(servers, half + 1);
  circle(edges, range(first));
  // Each end of a link once: who has many is drawn often.
  const ends = edges.links.flat();
  for (let server = first; server < servers; server++) {
    for (let count = 0; count < half; ) {
      const other = random.pick(ends);
      if (!edges.add(server, other)) continue;
      ends.push(server, other);
      count++;
    }
  }
}

function clusters(edges: Edges, servers: number, half: number, random: Random): void {
  const count = Math.max(1, Math.ceil(servers / 10));
  const groups = range(count).map((group) => range(servers).filter((server) => server % count === group));
  for (const group of groups) regular(edges, group, half, random);
  if (count === 1) return;
  groups.forEach((group, index) => {
    const next = groups[(index + 1) % count]!;
    for (let links = 0; links < 2; links++) edges.add(random.pick(group), random.pick(next));
  });
}
