/** Chains: gaps and forks show, duplicates do nothing, and the memory stays small. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { hexOf } from '../../crypto/bytes.ts';
import { Chains } from '../../publication/chain.ts';
import { publicationId, type Statement } from '../../publication/fields.ts';
import { suite } from '../../server/suite.ts';
import { statement } from './vectors.ts';

const NONE = new Uint8Array(32);

/** Statement number `counter`, after the one with id `previous`. */
const link = (counter: number, previous: Uint8Array, timeMs = counter): Statement => ({
  ...statement,
  counter,
  previous,
  timeMs,
});
const idOf = (link: Statement): Uint8Array => publicationId(suite, link);

/** The first `count` of a chain. */
function chainOf(count: number): Statement[] {
  const links: Statement[] = [];
  for (let counter = 1; counter <= count; counter++)
    links.push(link(counter, counter === 1 ? NONE : idOf(links.at(-1)!)));
  return links;
}

/** A memory that knows this chain is empty. */
function empty(limits?: ConstructorParameters<typeof Chains>[0]): Chains {
  const chains = new Chains(limits);
  chains.recall(statement, 0, null);
  return chains;
}

const take = (chains: Chains, link: Statement) => chains.take(link, idOf(link));

describe('chains', () => {
  test('one after the other', () => {
    const chains = empty();
    for (const each of chainOf(200)) expect(take(chains, each)).toEqual({ kind: 'next', broken: false });
  });

  test('what is missing shows, and what was late', () => {
    const chains = empty();
    const [first, second, third, fourth] = chainOf(4) as [Statement, Statement, Statement, Statement];
    expect(take(chains, first)).toMatchObject({ kind: 'next' });
    expect(take(chains, fourth)).toEqual({ kind: 'gap', missingFrom: 2, broken: false });
    expect(take(chains, third)).toEqual({ kind: 'late', broken: false });
    expect(take(chains, second)).toEqual({ kind: 'late', broken: false });
    for (const each of [first, second, third, fourth])
      expect(take(chains, each)).toEqual({ kind: 'known', broken: false });
  });

  test('two with one counter are a fork, up to four are kept', () => {
    const chains = empty();
    const [first, second] = chainOf(2) as [Statement, Statement];
    take(chains, first);
    take(chains, second);
    for (const time of [10, 11, 12])
      expect(take(chains, link(2, idOf(first), time))).toEqual({ kind: 'fork', broken: false });
    expect(take(chains, link(2, idOf(first), 13))).toEqual({ kind: 'excess', broken: false });
    expect(take(chains, link(2, idOf(first), 11))).toEqual({ kind: 'known', broken: false });
  });

  test('what its author takes back is not missing; it shows where it was seen, or is seen later', () => {
    const [first, second] = chainOf(2) as [Statement, Statement];
    const third = link(3, idOf(first));
    const fourth = link(4, idOf(third));
    const chains = empty();
    take(chains, first);
    expect(take(chains, third)).toEqual({ kind: 'next', broken: false });
    expect(take(chains, fourth)).toEqual({ kind: 'next', broken: false });
    expect(take(chains, second)).toEqual({ kind: 'late', broken: false, withdrawn: [2] });
    const other = empty();
    for (const each of [first, second]) take(other, each);
    expect(take(other, third)).toEqual({ kind: 'next', broken: false, withdrawn: [2] });
    expect(take(other, fourth)).toEqual({ kind: 'next', broken: false });
    // Two with one number stay a fork, whatever they name.
    expect(take(other, link(3, idOf(second)))).toEqual({ kind: 'fork', broken: false });
  });

  test('a jump over ever so many makes nobody remember them', () => {
    const chains = empty();
    take(chains, link(1, NONE));
    const far = link(2 ** 50, idOf(link(1, NONE)));
    expect(take(chains, far)).toEqual({ kind: 'next', broken: false });
    expect(take(chains, link(2 ** 50 + 1, idOf(far)))).toEqual({ kind: 'next', broken: false });
  });

  test('a fork of which one side was seen shows in what follows', () => {
    const chains = empty();
    take(chains, link(1, NONE));
    expect(take(chains, link(2, idOf(link(1, NONE, 99))))).toEqual({ kind: 'next', broken: true });
  });

  test('an unknown chain is asked for, and below what the store had only it knows', () => {
    const links = chainOf(5);
    const chains = new Chains();
    expect(take(chains, links[4]!)).toBeNull();
    chains.recall(statement, 4, idOf(links[3]!));
    expect(take(chains, links[4]!)).toEqual({ kind: 'next', broken: false });
    expect(take(chains, links[3]!)).toEqual({ kind: 'known', broken: false });
    expect(take(chains, links[2]!)).toEqual({ kind: 'old', broken: false });
  });

  test('each key, device and address has a chain of its own', () => {
    const chains = empty();
    for (const change of [
      { address: 'psyc://b.example/@cellar' },
      { device: new Uint8Array(16) },
      { fingerprint: new Uint8Array(20) },
    ]) {
      expect(take(chains, { ...link(1, NONE), ...change })).toBeNull();
    }
  });

  test('no memory grows past its limits, whatever comes', () => {
    const limits = { chainsMax: 3, chainWindowMax: 4, forksMax: 2 };
    const chains = new Chains(limits);
    for (let device = 0; device < 10; device++)
      chains.recall({ ...statement, device: new Uint8Array(16).fill(device) }, 0, null);
    expect(chains.size).toBe(3);
    const [first] = chainOf(1) as [Statement];
    chains.recall(statement, 0, null);
    take(chains, first);
    take(chains, link(100, NONE));
    expect(take(chains, first)).toEqual({ kind: 'old', broken: false });
    expect(take(chains, link(96, NONE))).toEqual({ kind: 'old', broken: false });
    expect(take(chains, link(97, NONE))).toEqual({ kind: 'late', broken: false });
  });

  test('in any order, each is new once', () => {
    const links = chainOf(20);
    const order = fc.array(fc.nat(links.length - 1), { maxLength: 60 });
    fc.assert(
      fc.property(order, (indices) => {
        const chains = empty();
        const seen = new Set<string>();
        for (const index of indices) {
          const id = hexOf(idOf(links[index]!));
          const verdict = take(chains, links[index]!)!;
          expect(verdict.kind === 'known').toBe(seen.has(id));
          expect(['fork', 'excess', 'old']).not.toContain(verdict.kind);
          expect(verdict.broken).toBe(false);
          seen.add(id);
        }
      }),
      { numRuns: 50 },
    );
  });
});
