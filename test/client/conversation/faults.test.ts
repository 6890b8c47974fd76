/** What goes wrong: loss, devices that die at any write, mailboxes that lie, devices restored from older copies. docs/spec/conversations.md#order */
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  accept,
  aged,
  askAnew,
  beginAnew,
  type Conversation,
  delivered,
  found,
  invite,
  looked,
  say,
} from '../../../client/conversation/conversation.ts';
import { conversationLimits } from '../../../client/conversation/limits.ts';
import { Talker } from '../../../client/conversation/talker.ts';
import type { Request } from '../../../client/services/asking.ts';
import { hexOf } from '../../../crypto/bytes.ts';
import { suite } from '../../../server/suite.ts';
import { Random } from '../../../simulator/random.ts';
import { acquainted, around, copied, domain, hears, hour, Post, restarted, says, type Side, sideOf } from './stand.ts';

/** Both write at once, a thousand turns, over a mailbox that loses some of what it acknowledges, and shows some of it late. */
test('a thousand turns of both at once under loss: what was not lost comes, once, and as it was said', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 2 ** 30 }), (seed) => {
      const random = Random.of(BigInt(seed), 'talk');
      const lying = new Map<string, Uint8Array>();
      const { conversation, invitation } = invite(suite, domain, 'direct');
      const sides = [conversation, accept(suite, invitation, 'direct', hour)];
      const said: [Set<string>, Set<string>] = [new Set(), new Set()];
      const lost: [Set<string>, Set<string>] = [new Set(), new Set()];
      const heard: [string[], string[]] = [[], []];
      const post = (who: number, isLossy: boolean, texts: readonly string[]): void => {
        for (let side = sides[who]!; side.outbox.length > 0; side = sides[who]!) {
          const { address, value } = side.outbox[0]!;
          const isLost = isLossy && random.below(10) === 0;
          if (isLost) for (const text of texts) lost[who]!.add(text);
          else lying.set(hexOf(address), value);
          sides[who] = delivered(side);
        }
      };
      const look = (who: number, most: number): void => {
        for (let left = most; left > 0; left--) {
          const side = sides[who]!;
          const { places } = looked(suite, side);
          // Among those that lie there one is shown: often the first, sometimes a later one, before it.
          const there = places.filter(({ address }) => lying.has(hexOf(address)));
          const place = there[random.below(4) === 0 ? random.below(Math.max(1, there.length)) : 0];
          if (place === undefined) return;
          const taken = found(suite, side, place, lying.get(hexOf(place.address))!, hour);
          expect(taken.found.kind).toBe('letter');
          if (taken.found.kind === 'letter' && taken.found.letter.kind === 'text')
            heard[who]!.push(taken.found.letter.text);
          sides[who] = { ...taken.conversation, unshown: [] };
        }
      };
      post(1, false, []);
      look(0, 1);
      for (let turn = 0; turn < 1000; turn++) {
        const who = random.below(2);
        const text = `${who} ${turn}`;
        said[who]!.add(text);
        sides[who] = say(suite, sides[who]!, text, hour);
        post(who, true, [text]);
        if (random.below(3) === 0) look(1 - who, 1 + random.below(4));
        // Nobody keeps talking for longer than the other looks ahead.
        if (turn % 12 === 0) for (const one of [0, 1]) look(one, 1000);
      }
      for (const one of [0, 1]) look(one, 1000);
      for (const one of [0, 1] as const) {
        const from = (1 - one) as 0 | 1;
        const expected = [...said[from]].filter((text) => !lost[from].has(text));
        expect([...heard[one]].sort()).toEqual(expected.sort());
        expect(lost[from].size).toBeGreaterThan(10);
      }
    }),
    { numRuns: process.env['SLOW'] === '1' ? 20 : 1, endOnFailure: true },
  );
});

class Died extends Error {}

/** One life with a disk and a network that fail at the write of this number: before it is there, or right after. */
async function life(failing: number, isAfter: boolean): Promise<{ readonly writes: number; readonly post: Post }> {
  const post = new Post();
  let writes = 0;
  let isOver = false;
  const step = async (act: () => Promise<void> | void): Promise<void> => {
    const isNow = !isOver && ++writes === failing;
    if (isNow && !isAfter) throw new Died();
    await act();
    if (isNow) throw new Died();
  };
  const request: Request = async (target, asking) => {
    let answer: Awaited<ReturnType<Request>> = '';
    await step(async () => {
      answer = await post.request(target, asking);
    });
    return answer;
  };
  const { conversation, invitation } = invite(suite, domain, 'direct');
  const disks = [conversation, accept(suite, invitation, 'direct', hour)].map((one) => ({ conversation: copied(one) }));
  const begun = (who: number) => {
    const disk = disks[who]!;
    const keep = (next: Conversation): Promise<void> => step(() => void (disk.conversation = copied(next)));
    return new Talker(around(request), copied(disk.conversation), keep);
  };
  const talkers = [begun(0), begun(1)];
  const heard: [string[], string[]] = [[], []];
  const said: [string[], string[]] = [[], []];
  /** Does it; where the device dies it begins again from its disk. */
  const alive = async (who: number, act: () => Promise<void>): Promise<void> => {
    try {
      await act();
    } catch (error) {
      if (!(error instanceof Died)) throw error;
      talkers[who] = begun(who);
    }
  };
  const show = async (who: 0 | 1): Promise<void> => {
    const texts = talkers[who]!.conversation.unshown.map(({ text }) => text);
    try {
      await talkers[who]!.change((one) => ({ ...one, unshown: [] }));
    } finally {
      heard[who].push(...texts);
    }
  };
  const round = async (who: 0 | 1, text: string | null): Promise<void> => {
    await alive(who, async () => {
      await talkers[who]!.look(3);
      await show(who);
    });
    if (text !== null && talkers[who]!.conversation.ratchet.binding !== null) {
      await alive(who, async () => {
        await talkers[who]!.change((one) => say(suite, one, text, hour));
        said[who].push(text);
      });
    }
    await alive(who, () => talkers[who]!.flush());
  };
  for (let turn = 0; turn < 2; turn++) {
    await round(1, `b${turn}`);
    await round(0, `a${turn}`);
  }
  isOver = true;
  for (const who of [1, 0, 1, 0] as const) {
    await round(who, null);
    await talkers[who]!.look(10);
    await show(who);
  }
  for (const who of [0, 1] as const) {
    // What was being said when the device died may have been said, or not; nothing else may be missing, or there twice.
    const from = said[(1 - who) as 0 | 1];
    expect(from.filter((text) => !heard[who].includes(text))).toEqual([]);
    const shownTwice = heard[who].length - new Set(heard[who]).size;
    // What was shown when it died, and not noted yet, is shown again.
    expect(shownTwice).toBeLessThanOrEqual(isAfter ? 0 : 1);
  }
  return { writes, post };
}

test('a device that dies at any write or request, before it or after, puts no two things at one address, and loses nothing', async () => {
  const { writes } = await life(0, false);
  expect(writes).toBeGreaterThan(30);
  for (let failing = 1; failing <= writes; failing++) {
    for (const isAfter of [false, true]) {
      const { post } = await life(failing, isAfter);
      for (const values of post.puts.values()) expect(values.size).toBe(1);
    }
  }
});

test('a mailbox that swaps, alters, drops, shows again and keeps back is found out, and the conversation goes on', async () => {
  const post = new Post();
  const { ada, bob } = await acquainted(post);
  const kinds = async (side: Side): Promise<string[]> => (await side.talker.look(200)).map(({ kind }) => kind);
  const honest = post.give;
  await says(ada, 'one');
  await says(ada, 'two');
  const [one, two] = [...post.lying.keys()].slice(-2);
  // Swapped.
  post.give = (address) => post.lying.get(address === one ? two! : address === two ? one! : address) ?? null;
  expect(await kinds(bob)).toEqual(['altered', 'altered']);
  // Altered.
  post.give = (_, lies) => lies && { ...lies, value: lies.value.map((byte, at) => (at === 700 ? byte ^ 1 : byte)) };
  expect(await kinds(bob)).toEqual(['altered', 'altered']);
  // The last shown first, the first kept back, all shown at every address.
  post.give = (address, lies) => (address === one ? null : lies);
  expect(await hears(bob)).toEqual(['two']);
  post.give = () => post.lying.get(two!)!;
  expect(new Set(await kinds(bob))).toEqual(new Set(['altered']));
  expect(bob.talker.conversation.unshown).toEqual([]);
  post.give = honest;
  expect(await hears(bob)).toEqual(['one']);
  // Shown again: it is looked for nowhere.
  expect(await hears(bob)).toEqual([]);
  // Acknowledged and thrown away, for a whole turn but one.
  post.drops = () => true;
  for (let count = 0; count < conversationLimits.lookAhead - 1; count++) await says(bob, `lost ${count}`);
  post.drops = () => false;
  await says(bob, 'not lost');
  expect(await hears(ada)).toEqual(['not lost']);
  await says(ada, 'and back');
  expect(await hears(bob)).toEqual(['and back']);
  expect(ada.talker.conversation.ratchet.skipped).toHaveLength(conversationLimits.lookAhead - 1);
});

test('what does not come for too long is given up, and counted', async () => {
  const post = new Post();
  const { ada, bob } = await acquainted(post);
  post.drops = () => true;
  await says(ada, 'lost');
  post.drops = () => false;
  await says(ada, 'here');
  expect(await hears(bob)).toEqual(['here']);
  const { lateHoursMax } = conversationLimits;
  expect(aged(bob.talker.conversation, hour + lateHoursMax)).toMatchObject({ lost: 0 });
  const later = aged(bob.talker.conversation, hour + lateHoursMax + 1);
  expect([later.lost, later.ratchet.skipped]).toEqual([1, []]);
});

test('a device restored from an older copy says nothing with old keys; the other is asked, agrees, and both go on', async () => {
  const post = new Post();
  const { ada, bob } = await acquainted(post);
  await says(ada, 'one');
  const older = copied(ada.disk.conversation);
  await says(ada, 'two');
  expect(await hears(bob)).toEqual(['one', 'two']);
  await says(bob, 'before');
  restarted(post.request, ada, older);
  await expect(says(ada, 'again')).rejects.toMatchObject({ code: '_conversation_stale' });
  await expect(says(ada, 'again')).rejects.toMatchObject({ code: '_conversation_stale' });
  await ada.talker.change((one) => askAnew(suite, one));
  await ada.talker.flush();
  expect((await bob.talker.look(200)).map(({ kind }) => kind)).toEqual(['offer']);
  // Until he agrees nothing has changed for him.
  await says(bob, 'still here');
  expect(await hears(ada)).toEqual(['before', 'still here']);
  await bob.talker.change((one) => beginAnew(suite, one, hour));
  await bob.talker.flush();
  expect((await ada.talker.look(200)).map(({ kind }) => kind)).toEqual(['anew']);
  await says(ada, 'new keys');
  expect(await hears(bob)).toEqual(['new keys']);
  await says(bob, 'good');
  expect(await hears(ada)).toEqual(['good']);
  expect(ada.talker.conversation.ratchet.binding).toEqual(bob.talker.conversation.ratchet.binding);
  // The copy again, which asks under a number that is taken: it goes on to the next.
  const dead: Side = { ...ada, disk: { conversation: older } };
  restarted(post.request, dead, older);
  await dead.talker.change((one) => askAnew(suite, one));
  await dead.talker.flush();
  expect(dead.talker.conversation.requests.own).toBe(2);
});

test('where both ask at once, the one who was invited agrees', async () => {
  const post = new Post();
  const { ada, bob } = await acquainted(post);
  for (const { talker } of [ada, bob]) {
    await talker.change((one) => askAnew(suite, one));
    await talker.flush();
  }
  for (const { talker } of [ada, bob]) expect((await talker.look(200)).map(({ kind }) => kind)).toEqual(['offer']);
  expect(() => beginAnew(suite, ada.talker.conversation, hour)).toThrow('both have asked');
  await bob.talker.change((one) => beginAnew(suite, one, hour));
  await bob.talker.flush();
  await hears(ada);
  await says(ada, 'hello');
  expect(await hears(bob)).toEqual(['hello']);
});

test('of two who have the same invitation one gets in, and the other is told', async () => {
  const post = new Post();
  const { conversation, invitation } = invite(suite, domain, 'direct');
  const ada = sideOf(post.request, conversation);
  const [first, second] = [1, 2].map(() => sideOf(post.request, accept(suite, invitation, 'direct', hour)));
  await first!.talker.flush();
  await expect(second!.talker.flush()).rejects.toMatchObject({ code: '_conversation_taken_invitation' });
  await hears(ada);
  await says(ada, 'who is it?');
  expect(await hears(first!)).toEqual(['who is it?']);
});
