/** Invitations on the command line: as somebody types them, and as the help shows one. */
import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { inviteHash, inviteLetters, makeInvite } from '../../server/domain/invites.ts';

test('blanks do not matter: what travels has none, and is the same invitation', () => {
  const invite = makeInvite();
  for (const typed of [invite.replaceAll('-', ' '), ` ${invite.toUpperCase()}\n`, invite.split('').join(' ')]) {
    const sent = inviteLetters(typed)!;
    // As the circuit takes it.
    expect(sent).toMatch(/^[!-~]{1,64}$/);
    expect(inviteHash(sent)).toBe(inviteHash(invite));
  }
});

test('the example of `p3do register` is an invitation', () => {
  const example = /--invite ([0-9a-z-]+)`/.exec(readFileSync('cli/register.ts', 'utf8'))?.[1];
  expect(inviteHash(example ?? '')).toMatch(/^[0-9a-f]{64}$/);
});
