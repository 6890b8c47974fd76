/** What somebody publishes: its address, and the same signed bytes under whatever routing variables. docs/spec/feeds.md#address */
import { expect, test } from '@jest/globals';
import { hexOf } from '../../crypto/bytes.ts';
import { authorOfFeed, feedOf, isFeed } from '../../publication/feed.ts';
import { publicationId } from '../../publication/fields.ts';
import { readPublication, renderPublication, signedContent } from '../../publication/packet.ts';
import { IdSet } from '../../publication/reconcile/id-set.ts';
import { Reconciliation } from '../../publication/reconcile/reconcile.ts';
import { signPublication, verifyPublication } from '../../publication/sign.ts';
import { suite } from '../../server/suite.ts';
import { alice, parse, readVectors, routeOf, seed, statement, unhex } from './vectors.ts';

interface Published {
  readonly counter: number;
  readonly previous: string;
  readonly timeMs: number;
  readonly content: string;
  readonly id: string;
  /** As her device says it to a server, and as servers pass it on. */
  readonly said: string;
  readonly passedOn: string;
}

const vectors = readVectors<{
  address: string;
  foreign: string[];
  publications: Published[];
  /** The first frame of who has all of them. */
  frame: string;
}>('feeds.json');

test('the address of what a person publishes, and nothing that only looks like it', () => {
  expect(feedOf(alice.uniform)).toBe(vectors.address);
  expect([isFeed(vectors.address), authorOfFeed(vectors.address)]).toEqual([true, alice.uniform]);
  expect(vectors.foreign.filter(isFeed)).toEqual([]);
});

test.each(vectors.publications)(
  'publication $counter is the same for whoever takes it and whoever carries it',
  (vector) => {
    const { counter, timeMs } = vector;
    const own = { ...statement, address: vectors.address, counter, timeMs };
    const signed = signPublication(
      suite,
      { ...own, previous: unhex(vector.previous), content: unhex(vector.content) },
      seed,
    );
    expect(hexOf(publicationId(suite, signed))).toBe(vector.id);
    const source = `${alice.uniform}#d1d1d1d1d1d1d1d1-1`;
    const routing = { _source: source, _target: vectors.address, _tag: `t${counter}`, _counter: String(counter) };
    expect(hexOf(renderPublication(signed, routing))).toBe(vector.said);
    expect(hexOf(renderPublication(signed, { _context: vectors.address }))).toBe(vector.passedOn);
    for (const bytes of [vector.said, vector.passedOn]) {
      const packet = parse(unhex(bytes));
      const read = readPublication(packet, routeOf(packet))!;
      expect(hexOf(verifyPublication(suite, read, alice, routeOf(packet), timeMs))).toBe(vector.id);
      expect(signedContent(read)).toEqual(signedContent(signed));
    }
  },
);

test('a set of them is reconciled by their times and ids', () => {
  const ids = new IdSet();
  for (const { timeMs, id } of vectors.publications) ids.add({ timeMs, id: unhex(id) });
  expect(hexOf(new Reconciliation(suite, ids).begin())).toBe(vectors.frame);
});
