/** What those find who have copied a device, an invitation, or all that lies at the mailbox: the properties for which the ratchet is there. docs/spec/conversations.md#what-shows */
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type Conversation, found, invite, looked, say } from '../../../client/conversation/conversation.ts';
import { parseInvitation, renderInvitation } from '../../../client/conversation/invitation.ts';
import { chainStep, saltedKey } from '../../../client/conversation/keys.ts';
import {
  acceptRatchet,
  bodyBytes,
  inviteRatchet,
  openAt,
  sealNext,
  whereabouts,
} from '../../../client/conversation/ratchet.ts';
import { bytesOfHex, hexOf, joinBytes } from '../../../crypto/bytes.ts';
import type { Suite } from '../../../crypto/suite.ts';
import { suite } from '../../../server/suite.ts';
import { acquainted, copied, domain, hears, hour, Post, says, type Side, sideOf } from './stand.ts';

/** Chance that gives out keys that somebody has already. */
const guessing = (key: Uint8Array): Suite => ({
  ...suite,
  random: (length) => (length === key.length ? key : new Uint8Array(length)),
});

/**
 * All that somebody reads of what lies there who goes by a copy of a conversation: he looks as its owner does, as often as there
 * is something, and tries whether the owner's next turn has the key that he has.
 */
function readBy(post: Post, stolen: Conversation): string[] {
  const texts: string[] = [];
  let conversation = copied(stolen);
  for (let turn = 0; turn < 3; turn++) {
    conversation = readTurn(post, conversation, texts);
    const { ratchet } = conversation;
    if (ratchet.nextSending === null) break;
    const next = sealNext(guessing(ratchet.own), ratchet, new Uint8Array(bodyBytes));
    conversation = { ...conversation, ratchet: next.ratchet };
  }
  return texts;
}

function readTurn(post: Post, before: Conversation, texts: string[]): Conversation {
  let conversation = before;
  for (let isNew = true; isNew; ) {
    isNew = false;
    for (const place of looked(suite, conversation).places) {
      const value = post.lying.get(hexOf(place.address))?.value;
      const taken = value === undefined ? null : found(suite, conversation, place, value, hour);
      if (taken === null || taken.found.kind === 'unreadable' || place.kind === 'request') continue;
      if (taken.found.kind === 'letter') texts.push(taken.found.letter.text);
      ({ conversation } = taken);
      isNew = true;
      break;
    }
  }
  return conversation;
}

/** All values that open by some key of a copy: as a message's, as a chain's, or as the seed of an address. */
function openedBy(post: Post, stolen: Conversation): string[] {
  const { binding } = stolen.ratchet;
  const label = new TextEncoder().encode('p3do-conversation-body-v1');
  return [...post.lying].flatMap(([hex, { value }]) => {
    const address = bytesOfHex(hex)!;
    const aad = joinBytes(label, binding!, address, value.subarray(16, 68));
    const isOpen = keysOf(stolen).some((key) => {
      if (suite.equal(suite.ed25519PublicKey(key), address)) return true;
      return [key, chainStep(suite, key).key].some((one) => {
        const salted = saltedKey(suite, one, value.subarray(0, 16));
        return suite.chacha20poly1305Open(salted, new Uint8Array(12), value.subarray(68), aad) !== null;
      });
    });
    return isOpen ? [hex] : [];
  });
}

function keysOf(value: unknown): Uint8Array[] {
  if (value instanceof Uint8Array) return value.length === 32 ? [value] : [];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(keysOf) : [];
}

/** One says something and the other hears it, so often. */
async function turns(ada: Side, bob: Side, names: readonly string[]): Promise<void> {
  for (const [at, name] of names.entries()) {
    const [from, to] = at % 2 === 0 ? [ada, bob] : [bob, ada];
    await says(from, name);
    expect(await hears(to)).toEqual([name]);
  }
}

test('who has copied all of a device reads the turn that answers it, and nothing of what comes after one round', async () => {
  const post = new Post();
  const { ada, bob } = await acquainted(post);
  await turns(ada, bob, ['a1', 'b1', 'a2', 'b2', 'a3']);
  const stolen = copied(ada.talker.conversation);
  await turns(bob, ada, ['b3', 'a4', 'b4', 'a5', 'b5']);
  // The thief of Ada's device: what Bob says to the key that she had then, and no more.
  expect(readBy(post, stolen)).toEqual(['b3']);
  const places = new Set(whereabouts(suite, stolen.ratchet).map(({ address }) => hexOf(address)));
  const later = [...post.lying.keys()].slice(-3);
  expect(later.filter((address) => places.has(address))).toEqual([]);
});

test('who has copied both devices reads nothing that was said before', async () => {
  const post = new Post();
  const { ada, bob } = await acquainted(post);
  const early = copied(bob.talker.conversation);
  await turns(ada, bob, ['a1', 'b1', 'a2', 'b2', 'a3', 'b3']);
  for (const { talker } of [ada, bob]) expect(readBy(post, talker.conversation)).toEqual([]);
  // Nor by trying every key that he has at every value, in the middle of a turn either.
  await says(bob, 'b4');
  await hears(ada);
  for (const { talker } of [ada, bob]) {
    expect(keysOf(talker.conversation).length).toBeGreaterThan(4);
    expect(openedBy(post, talker.conversation)).toEqual([]);
  }
  // What is yet to be said in this turn he can open: he tries where it would be found.
  const middle = copied(bob.talker.conversation);
  await says(bob, 'b5');
  expect(openedBy(post, middle)).toEqual([[...post.lying.keys()].at(-1)]);
  // The same thief at the beginning, who goes by what there was then, reads the first turn.
  expect(readBy(post, early)).toEqual(['a1']);
});

test('addresses and values of a conversation look like those of many, and like chance', async () => {
  const post = new Post();
  const { ada, bob } = await acquainted(post);
  for (let turn = 0; turn < 20; turn++) {
    await says(ada, `what is said in turn ${turn}`);
    await hears(bob);
    await says(bob, 'yes');
    await hears(ada);
  }
  const all = [...post.lying].map(([address, { value }]) => ({ address: bytesOfHex(address)!, value }));
  expect(all).toHaveLength(41);
  // No value has another's address, nor anything else twice: every window of eight bytes is there once.
  const windows = new Set<string>();
  let count = 0;
  for (const { address, value } of all) {
    for (const bytes of [address, value]) {
      for (let at = 0; at + 8 <= bytes.length; at++, count++) windows.add(hexOf(bytes.subarray(at, at + 8)));
    }
  }
  expect(windows.size).toBe(count);
  // Chi-square over 256 values of a byte: 255 on average, with a standard deviation of 22.6.
  const counts = new Array<number>(256).fill(0);
  const bytes = all.flatMap(({ value }) => [...value]);
  for (const byte of bytes) counts[byte]!++;
  const mean = bytes.length / 256;
  const chi = counts.reduce((sum, one) => sum + (one - mean) ** 2 / mean, 0);
  expect(Math.abs(chi - 255)).toBeLessThan(6 * 22.6);
});

test('who has a copy of the invitation sees where it is accepted, not what is said, nor where anything lies after that', async () => {
  const post = new Post();
  const { conversation, invitation } = invite(suite, domain, 'direct');
  const line = renderInvitation(suite, invitation);
  const { secret, prekey } = parseInvitation(suite, line);
  const bob = acceptRatchet(suite, prekey, secret);
  const ada = sideOf(post.request, conversation);
  const other = sideOf(post.request, { ...conversation, role: 'accepter', ratchet: bob });
  await says(other, 'hello');
  expect(await hears(ada)).toEqual(['hello']);
  await turns(ada, other, ['a1', 'b1', 'a2', 'b2']);
  // He has not the secret of the key in it, nor what Bob has drawn.
  const copy = inviteRatchet(suite, suite.random(32), secret);
  const places = whereabouts(suite, copy).filter(({ address }) => post.lying.has(hexOf(address)));
  expect(places).toHaveLength(1);
  const value = post.lying.get(hexOf(places[0]!.address))!.value;
  expect(openAt(suite, copy, places[0]!, value, hour)).toBeNull();
});

test('whatever byte is altered, wherever a value is put instead: it is nothing, and nothing has changed', async () => {
  const post = new Post();
  const { ada, bob } = await acquainted(post);
  await says(ada, 'one');
  await says(ada, 'two');
  const [one, two] = [...post.lying].slice(-2);
  const [place] = looked(suite, bob.talker.conversation).places.filter(({ address }) => hexOf(address) === one![0]);
  const before = copied(bob.talker.conversation);
  const isNothing = (value: Uint8Array): void => {
    const taken = found(suite, bob.talker.conversation, place!, value, hour);
    expect(taken.found.kind).toBe('unreadable');
    expect(copied(taken.conversation)).toEqual(before);
  };
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 2047 }), fc.integer({ min: 1, max: 255 }), (at, change) => {
      const value = new Uint8Array(one![1].value);
      value[at]! ^= change;
      isNothing(value);
    }),
    { numRuns: 200 },
  );
  isNothing(two![1].value);
  isNothing(one![1].value.subarray(1));
  // Who can sign at the address, as the mailbox's thief of an address's key could, still cannot write.
  const stranger = await acquainted(new Post());
  const forged = say(suite, stranger.ada.talker.conversation, 'one', hour).outbox[0]!;
  isNothing(forged.value);
  expect(found(suite, bob.talker.conversation, place!, one![1].value, hour).found.kind).toBe('letter');
});
