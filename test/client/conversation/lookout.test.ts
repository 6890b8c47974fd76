/** At which addresses is looked: as nobody as often as its owner says, whatever is there, with some that nobody has. docs/spec/conversations.md#looking */
import { expect, test } from '@jest/globals';
import { looked } from '../../../client/conversation/conversation.ts';
import { conversationLimits } from '../../../client/conversation/limits.ts';
import { Lookout } from '../../../client/conversation/lookout.ts';
import { Talker } from '../../../client/conversation/talker.ts';
import { hexOf } from '../../../crypto/bytes.ts';
import { suite } from '../../../server/suite.ts';
import { acquainted, around, copied, Post, says } from './stand.ts';

test('as nobody every run has as many requests as was said, found or not; each is one address, and none comes twice', async () => {
  const post = new Post();
  const { ada, bob } = await acquainted(post, 'anonymous');
  let strikes = 0;
  const hidden = { ...around(post.request), isHidden: true, strike: async () => void strikes++ };
  const reader = new Talker(hidden, copied(bob.talker.conversation), async () => {});
  const runOf = async (count: number): Promise<readonly string[]> => {
    post.gets.length = 0;
    await reader.look(count);
    return [...post.gets];
  };
  const empty = await runOf(12);
  for (const text of ['one', 'two', 'three']) await says(ada, text);
  const full = await runOf(12);
  const beyond = await runOf(300);
  expect([empty.length, full.length, beyond.length, strikes]).toEqual([12, 12, 300, 324]);
  for (const run of [empty, full, beyond]) expect(new Set(run).size).toBe(run.length);
  expect(reader.conversation.unshown.map(({ text }) => text)).toEqual(['one', 'two', 'three']);
  // Random ones are keys like all others: what is no point of the curve would be known by that.
  for (const address of beyond) expect(isKey(address)).toBe(true);
});

/** Whether some signature could be this key's: a suite refuses what is none before it looks at anything else, and so does this. */
function isKey(hex: string): boolean {
  const order = 2n ** 255n - 19n;
  const bytes = Buffer.from(hex, 'hex');
  bytes[31]! &= 0x7f;
  const y = BigInt(`0x${Buffer.from(bytes).reverse().toString('hex')}`);
  const power = (base: bigint, exponent: bigint): bigint => {
    let [result, square, left] = [1n, base % order, exponent];
    for (; left > 0n; left >>= 1n, square = (square * square) % order)
      if (left & 1n) result = (result * square) % order;
    return result;
  };
  const d = (-121665n * power(121666n, order - 2n)) % order;
  const square = (((y * y - 1n) * power(d * y * y + 1n, order - 2n)) % order) + order;
  const x2 = square % order;
  return x2 === 0n || power(x2, (order - 1n) / 2n) === 1n;
}

test('the likely ones come first, then all others, over several runs; one of four is nobody’s', async () => {
  const { bob } = await acquainted(new Post(), 'anonymous');
  const { conversation } = bob.talker;
  const { places, likely } = looked(suite, conversation);
  // Of the present turn and of the next one, and the request to begin anew.
  expect(likely).toBe(2);
  expect(places.length).toBe(conversationLimits.lookAhead + 1);
  let turn = 0;
  const seen = new Set<string>();
  let nobodys = 0;
  const [runs, each] = [60, 8];
  for (let run = 0; run < runs; run++) {
    const lookout = new Lookout(suite, true, turn);
    const first: string[] = [];
    for (let look = 0; look < each; look++) {
      const { address, place } = lookout.next(conversation)!;
      if (place === null) nobodys++;
      else first.push(hexOf(address));
    }
    expect(first.slice(0, 2)).toEqual(places.slice(0, 2).map(({ address }) => hexOf(address)));
    for (const address of first) seen.add(address);
    ({ turn } = lookout);
  }
  expect(seen.size).toBe(places.length);
  // 120 of 480, give or take six standard deviations of 9.5.
  expect(Math.abs(nobodys - (runs * each) / conversationLimits.randomOutOf)).toBeLessThan(57);
});

test('by way of one’s home it ends when everything was looked at', async () => {
  const post = new Post();
  const { ada } = await acquainted(post);
  post.gets.length = 0;
  await ada.talker.look(500);
  expect(new Set(post.gets).size).toBe(post.gets.length);
  expect(post.gets).toHaveLength(looked(suite, ada.talker.conversation).places.length);
});
