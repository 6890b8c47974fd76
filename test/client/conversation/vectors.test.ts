/** The bytes of docs/spec/conversations.md: ours are the vectors', and so are those of conversation.py, which was written from the page alone. */
import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import {
  accept,
  type Conversation,
  delivered,
  found,
  invite,
  looked,
  say,
} from '../../../client/conversation/conversation.ts';
import { parseInvitation, renderInvitation } from '../../../client/conversation/invitation.ts';
import { bytesOfHex, hexOf } from '../../../crypto/bytes.ts';
import { suite } from '../../../server/suite.ts';
import { drawing } from '../../drawing.ts';
import { madeAgain } from '../../python.ts';

interface Vectors {
  readonly domain: string;
  readonly prekey: string;
  readonly secret: string;
  readonly line: string;
  readonly binding: string;
  readonly messages: readonly {
    readonly by: 'inviter' | 'accepter';
    readonly kind: 'hello' | 'text';
    readonly text: string;
    readonly hour: number;
    readonly id: string;
    /** Of the turn that begins with it. */
    readonly key: string | null;
    readonly salt: string;
    readonly address: string;
    readonly value: string;
  }[];
}

const file = new URL('../../vectors/conversation/talk.json', import.meta.url);
const vectors = JSON.parse(readFileSync(file, 'utf8')) as Vectors;

test('a conversation, message by message, as both sides seal and open it', () => {
  const { domain, prekey, secret, line, binding, messages } = vectors;
  const { conversation, invitation } = invite(drawing(prekey, secret), domain, 'direct');
  expect(renderInvitation(suite, invitation)).toBe(line);
  const sides: { inviter: Conversation; accepter: Conversation | null } = { inviter: conversation, accepter: null };
  for (const { by, text, hour, id, key, salt, address, value } of messages) {
    const mine = sides[by];
    const sealed =
      mine === null
        ? accept(drawing(key!, id, salt), parseInvitation(suite, line), 'direct', hour)
        : say(drawing(id, ...(key === null ? [] : [key]), salt), mine, text, hour);
    const [signed] = sealed.outbox;
    expect(hexOf(signed!.address)).toBe(address);
    expect(hexOf(suite.blake2b(signed!.value, 32))).toBe(value);
    sides[by] = delivered(sealed);
    const to = by === 'inviter' ? 'accepter' : 'inviter';
    const reader = sides[to]!;
    const place = looked(suite, reader).places.find((one) => hexOf(one.address) === address);
    const taken = found(suite, reader, place!, signed!.value, hour);
    expect(taken.found).toMatchObject({ kind: 'letter', letter: { text, hour } });
    sides[to] = taken.conversation;
  }
  for (const side of [sides.inviter, sides.accepter!]) expect(hexOf(side.ratchet.binding!)).toBe(binding);
  expect(bytesOfHex(binding)).toHaveLength(32);
});

madeAgain('client/conversation/conversation.py', 'vectors/conversation/talk.json', '6 messages\n');
