/** Invitations, messages and files of conversations: what is written is read again, and everything else is refused. docs/spec/conversations.md */
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { say } from '../../../client/conversation/conversation.ts';
import { rekeyTalks, Talks } from '../../../client/conversation/files.ts';
import { newInvitation, parseInvitation, renderInvitation } from '../../../client/conversation/invitation.ts';
import { cutLetter, type Partials, takeBody, textBytesMax } from '../../../client/conversation/letters.ts';
import { conversationLimits } from '../../../client/conversation/limits.ts';
import { identityLimits } from '../../../client/identity/limits.ts';
import { suite } from '../../../server/suite.ts';
import { acquainted, copied, domain, hour, Post } from './stand.ts';

let folder = '';
beforeEach(async () => void (folder = await mkdtemp(join(tmpdir(), 'talks-'))));
afterEach(async () => rm(folder, { recursive: true }));

test('an invitation is read as it was written, in capitals too; one slip and it is none', () => {
  const { invitation } = newInvitation(suite, domain);
  const line = renderInvitation(suite, invitation);
  expect(parseInvitation(suite, ` ${line}\n`)).toEqual(invitation);
  expect(parseInvitation(suite, line.toUpperCase())).toEqual(invitation);
  const refused = { code: '_conversation_invalid_invitation' };
  const none = (text: string): void =>
    expect(() => parseInvitation(suite, text)).toThrow(expect.objectContaining(refused));
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: line.length - 1 }),
      fc.constantFrom(...'0123456789abcdef:'.split('')),
      (at, letter) => {
        if (line[at] !== letter) none(`${line.slice(0, at)}${letter}${line.slice(at + 1)}`);
      },
    ),
  );
  for (const text of [
    '',
    line.slice(0, -2),
    `${line}00`,
    `${line}:`,
    line.replace('talk', 'box'),
    line.replace(domain, ''),
  ])
    none(text);
});

test('a text of any length comes out of its parts, in any order, once', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 12_000 }), fc.infiniteStream(fc.nat()), (text, dice) => {
      const bodies = cutLetter(suite, { kind: 'text', text, hour });
      const order = bodies.map((body) => [dice.next().value as number, body] as const).sort(([a], [b]) => a - b);
      let partials: Partials = new Map();
      const texts: string[] = [];
      for (const [, body] of order) {
        const taken = takeBody(partials, body)!;
        ({ partials } = taken);
        if (taken.letter !== null) texts.push(taken.letter.text);
      }
      expect(texts).toEqual([text]);
      expect(partials.size).toBe(0);
    }),
    { numRuns: 30 },
  );
  const longest = 'x'.repeat(textBytesMax);
  expect(cutLetter(suite, { kind: 'text', text: longest, hour })).toHaveLength(conversationLimits.partsMax);
  expect(() => cutLetter(suite, { kind: 'text', text: `${longest}x`, hour })).toThrow(
    expect.objectContaining({ code: '_conversation_oversized_message' }),
  );
});

test('what is no body is none, and too many that have come in part push the oldest out, which is counted', () => {
  const [body] = cutLetter(suite, { kind: 'text', text: 'hello', hour });
  const changed = (at: number, byte: number): Uint8Array => body!.map((one, index) => (index === at ? byte : one));
  for (const [at, byte] of [
    [0, 2],
    [9, 1],
    [10, 0],
    [10, conversationLimits.partsMax + 1],
    [15, 255],
    [17, 0xff],
  ] as const) {
    expect(takeBody(new Map(), changed(at, byte))).toBeNull();
  }
  let partials: Partials = new Map();
  let given = 0;
  for (let count = 0; count < conversationLimits.partialMax + 2; count++) {
    const [first] = cutLetter(suite, { kind: 'text', text: 'x'.repeat(3000), hour });
    const taken = takeBody(partials, first!)!;
    ({ partials } = taken);
    given += taken.given;
  }
  expect([partials.size, given]).toEqual([conversationLimits.partialMax, 2]);
});

test('a turn without an answer has an end, and so has what waits', async () => {
  const { ada } = await acquainted(new Post());
  let { conversation } = ada.talker;
  const { turnMax, outboxMax } = conversationLimits;
  for (let count = 0; count < outboxMax; count++) conversation = say(suite, conversation, 'x', hour);
  expect(() => say(suite, conversation, 'x', hour)).toThrow(expect.objectContaining({ code: '_conversation_full' }));
  for (let count = outboxMax; count < turnMax; count++)
    conversation = say(suite, { ...conversation, outbox: [] }, 'x', hour);
  expect(() => say(suite, { ...conversation, outbox: [] }, 'x', hour)).toThrow(
    expect.objectContaining({ code: '_conversation_excessive_turn' }),
  );
});

test('files say nothing without the passphrase, and are nobody else’s; another passphrase opens all of them', async () => {
  const { ada, bob } = await acquainted(new Post());
  const talks = await Talks.open(folder, 'one', suite.random);
  await talks.write('ada', ada.talker.conversation, 'new');
  await talks.write('bob', bob.talker.conversation, 'new');
  await expect(talks.write('bob', bob.talker.conversation, 'new')).rejects.toMatchObject({
    code: '_conversation_known',
  });
  expect(await talks.read('ada')).toEqual(copied(ada.talker.conversation));
  await expect(talks.read('eve')).rejects.toMatchObject({ code: '_conversation_nowhere' });
  const path = (name: string): string => join(folder, 'talks', name);
  for (const name of await readdir(join(folder, 'talks'))) {
    const file = await readFile(path(name));
    for (const secret of [ada, bob].map(({ talker }) => talker.conversation.ratchet.root))
      expect(file.includes(Buffer.from(secret)) || file.includes(Buffer.from(secret).toString('hex'))).toBe(false);
    expect(file.includes(domain)).toBe(false);
  }
  await expect(Talks.open(folder, 'two', suite.random)).rejects.toMatchObject({ code: '_wrong_passphrase' });
  const costs = { memoryKiB: identityLimits.memoryKiBMin, passes: 2, lanes: 1 };
  // Twice, as where the command died in between.
  for (let count = 0; count < 2; count++) await rekeyTalks(folder, 'one', 'two', suite.random, costs);
  await expect(rekeyTalks(folder, 'three', 'four', suite.random, costs)).rejects.toMatchObject({
    code: '_wrong_passphrase',
  });
  const again = await Talks.open(folder, 'two', suite.random);
  expect(await again.read('bob')).toEqual(copied(bob.talker.conversation));
  // One in the place of the other, and one with a changed byte.
  await writeFile(path('bob'), await readFile(path('ada')), { mode: 0o600 });
  const damaged = { code: '_conversation_invalid_file' };
  await expect(again.read('bob')).rejects.toMatchObject(damaged);
  const changed = await readFile(path('ada'));
  changed[changed.length - 20]! ^= 1;
  await writeFile(path('ada'), changed, { mode: 0o600 });
  await expect(again.read('ada')).rejects.toMatchObject(damaged);
  await again.remove('ada');
  await expect(again.read('ada')).rejects.toMatchObject({ code: '_conversation_nowhere' });
});
