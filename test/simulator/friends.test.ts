/** Checkers of friendship, presence and blocking, each by itself: what they let pass, and every branch in which they complain. */
import { expect, test } from '@jest/globals';
import { BlockedChecker } from '../../simulator/checkers/blocked.ts';
import type { Checker } from '../../simulator/checkers/checker.ts';
import { FriendsChecker } from '../../simulator/checkers/friends.ts';
import { PresenceChecker } from '../../simulator/checkers/presence.ts';
import type { Observation } from '../../simulator/observation.ts';

const ada = 'psyc://a.example/~ada';
const bob = 'psyc://b.example/~bob';

const word = (person: string, wants: boolean, timeMs: number, isKept = false): Observation => {
  const other = person === ada ? bob : ada;
  return { kind: 'word', person, other, wants, timeMs, isKept };
};
/** Both want it, and both homes have it. */
const friends: Observation[] = [
  word(ada, true, 1),
  word(ada, true, 1, true),
  word(bob, true, 2),
  word(bob, true, 2, true),
];
const seen = (availability: number): Observation => ({
  kind: 'presence',
  host: 'phone',
  person: ada,
  of: bob,
  availability,
});
const standing = (what: string): Observation => ({
  kind: 'standing',
  host: 'phone',
  person: ada,
  other: bob,
  standing: what,
});
const announced = (host: string, availability: number): Observation => ({ kind: 'announced', host, availability });
const ended: Observation = { kind: 'ended', stored: new Map() };

function verdict(checker: Checker, ...observations: Observation[]): string | null {
  const last = observations.pop()!;
  for (const observation of observations) expect(checker.observe(observation)).toBeNull();
  return checker.observe(last);
}

test('friends', () => {
  const check = (...observations: Observation[]) => verdict(new FriendsChecker(), ...observations);
  expect(check(word(bob, true, 1), seen(1))).toBeNull();
  expect(check(word(bob, true, 1), seen(7))).toMatch(/was shown the presence of .*bob, who is no friend$/);
  // Who was one may have been told a moment before.
  expect(check(...friends, word(bob, false, 3), seen(7))).toBeNull();
  expect(check(...friends, standing('friend'))).toBeNull();
  expect(check(...friends, standing('asked'))).toMatch(/was told that .*bob is no friend of .*ada$/);
  expect(check(...friends, word(bob, false, 3), standing('friend'))).toBeNull();
  const parted = [...friends, word(bob, false, 3), word(bob, false, 3, true)];
  expect(check(...parted, standing('friend'))).toMatch(/is a friend of/);
  // An older word changes nothing, whenever it comes.
  expect(check(...parted, word(bob, true, 2), word(bob, true, 2, true), standing('friend'))).toMatch(/is a friend of/);
});

test('presence', () => {
  const devices = new Map([
    [ada, ['phone']],
    [bob, ['desk', 'tablet']],
  ]);
  const check = (...observations: Observation[]) => {
    // What bob is told of ada is another matter.
    const ofAda: Observation[] = ['desk', 'tablet'].map((host) => ({
      kind: 'presence',
      host,
      person: bob,
      of: ada,
      availability: 7,
    }));
    return verdict(new PresenceChecker(devices), ...friends, ...ofAda, ...observations, ended);
  };
  expect(check(seen(7))).toBeNull();
  expect(check()).toMatch(/^phone was told nothing of .*bob, and it is 7$/);
  expect(check(announced('desk', 3), announced('tablet', 5), seen(5))).toBeNull();
  expect(check(announced('desk', 3), announced('tablet', 5), seen(3))).toMatch(/was told 3 of .*, and it is 5$/);
  expect(check(announced('desk', 1), seen(7))).toMatch(/and it is 1$/);
  expect(check(announced('desk', 1))).toBeNull();
  expect(check({ kind: 'blocked', person: bob, who: ada }, seen(1))).toBeNull();
  expect(check({ kind: 'blocked', person: bob, who: ada }, seen(7))).toMatch(/and it is 1$/);
  expect(check(word(bob, false, 3), seen(3))).toBeNull();
});

test('blocked', () => {
  const said: Observation = {
    kind: 'said',
    key: 'x',
    author: `${bob}#1`,
    target: ada,
    tag: 'x',
    counter: 1,
    content: new Uint8Array(0),
  };
  const durable = (context: string): Observation => ({ kind: 'durable', host: 'a.example', context, key: 'x' });
  const block: Observation = { kind: 'blocked', person: ada, who: bob };
  const check = (...observations: Observation[]) => verdict(new BlockedChecker(), ...observations);
  expect(check(block, said, durable(ada))).toMatch(/took x to .*ada, from somebody who is blocked: it is durable$/);
  // What was said before may come after; and the author's own server keeps it on its way.
  expect(check(said, block, durable(ada))).toBeNull();
  expect(check(block, said, durable('psyc://a.example'))).toBeNull();
});
