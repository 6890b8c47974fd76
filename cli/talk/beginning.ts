/** `p3do talk invite`, `accept`, `renew`: how a conversation begins, and begins anew. docs/spec/conversations.md#invitations */
import { buffer } from 'node:stream/consumers';
import { type Command, InvalidArgumentError } from 'commander';
import { accept, askAnew, beginAnew, invite } from '../../client/conversation/conversation.ts';
import { conversationFault } from '../../client/conversation/fault.ts';
import { parseInvitation, renderInvitation } from '../../client/conversation/invitation.ts';
import { isDomain } from '../../psyc/names.ts';
import { suite } from '../../server/suite.ts';
import { confirmed, withYes, type Yes } from '../person/confirm.ts';
import { complain, fail, tell, whoseOf, withShared } from '../person/conversation.ts';
import { textIn } from '../person/text.ts';
import { qrOf } from './qr.ts';
import {
  checkOf,
  named,
  onTalk,
  openTalks,
  subcommand,
  type TalkOptions,
  telling,
  wayOf,
  withChoice,
  withWay,
} from './work.ts';

interface Inviting extends TalkOptions {
  readonly at?: string;
  readonly qr?: true;
}

const PATIENCE = 'how long it may take in all (60; as nobody 3600)';
const HOUR_MS = 3_600_000;

/** Adds the subcommands. */
export function registerBeginning(command: Command): void {
  registerInvite(command);
  registerAccept(command);
  registerRenew(command);
}

function registerInvite(parent: Command): void {
  const command = subcommand(parent, 'invite', 'make an invitation to a conversation, for one person');
  withShared(
    withChoice(
      command
        .argument('<name>', 'what the other one is called on this device, and nowhere else', named)
        .option('--at <domain>', 'whose mailbox it is to go over; with --direct your own, if you do not say', domain)
        .option('--qr', 'show it as a QR code as well, for a camera'),
    ),
    PATIENCE,
  )
    .addHelpText(
      'after',
      `
Nobody is asked, and nothing is sent: the line is made here. Whoever has it first is the one whom you talk with, once.
So show it where nobody else reads, and compare what both of you are told when it is accepted.

Example:
  $ p3do talk invite bob --at b.example --anonymous --qr`,
    )
    .action(async (name: string, options: Inviting) => {
      const way = wayOf(command, options);
      // The choice would say whose it is: of those who use a home's mailbox most are its people.
      if (way === 'anonymous' && options.at === undefined)
        command.error(
          '--at is needed with --anonymous: who uses the mailbox of your home is known for one of its people',
        );
      const { domain: own } = await whoseOf(command, options.as);
      const talks = await openTalks(command, options);
      if (talks === null) return;
      await telling(command, options, async () => {
        const { conversation, invitation } = invite(suite, options.at ?? own, way);
        // Before anybody sees it: an invitation that nobody waits for would be accepted in vain.
        await talks.write(name, conversation, 'new');
        const line = renderInvitation(suite, invitation);
        tell(options, { kind: 'talk invitation', name, invitation: line }, `${line}\n`);
        if (options.qr !== true) return;
        const code = await qrOf(line, process.stderr.isTTY);
        // Beside what a program reads.
        if (code !== null) process.stderr.write(code);
        else complain(command, 'no code: npm install qr brings what makes one');
      });
    });
}

function registerAccept(parent: Command): void {
  const command = subcommand(parent, 'accept', 'accept an invitation that somebody has shown to you');
  withShared(
    withWay(
      command
        .argument('<invitation>', 'the line; - reads it on standard input, where no other program sees it')
        .argument('<name>', 'what the other one is called on this device, and nowhere else', named),
    ),
    PATIENCE,
  )
    .addHelpText(
      'after',
      `
Compare what is printed with what the other one is told (p3do talk read): if it is the same nobody stands between.

Examples:
  $ p3do talk accept - ada --anonymous
  $ p3do talk accept p3do-talk-v1:b.example:6f1c… ada --direct`,
    )
    .action(async (typed: string, name: string, options: TalkOptions) => {
      const way = wayOf(command, options);
      const line = typed === '-' ? textIn(await buffer(process.stdin)) : typed;
      if (line === null) {
        fail(command, options, '_input_invalid', 'standard input is not UTF-8');
        return;
      }
      const talks = await openTalks(command, options);
      if (talks === null) return;
      await telling(command, options, async () => {
        const hour = Math.floor(Date.now() / HOUR_MS);
        await talks.write(name, accept(suite, parseInvitation(suite, line), way, hour), 'new');
        await onTalk(command, talks, name, options, way, async (talker) => {
          try {
            await talker.flush();
          } catch (error) {
            // Nothing will ever come of it.
            if (conversationFault(error)?.code === '_conversation_taken_invitation') await talks.remove(name);
            else complain(command, `not accepted yet: p3do talk read ${name} goes on`);
            throw error;
          }
          const check = checkOf(talker.conversation.ratchet.binding!);
          tell(options, { kind: 'talk accepted', name, check }, `accepted; compare with ${name}: ${check}\n`);
        });
      });
    });
}

function registerRenew(parent: Command): void {
  const command = subcommand(parent, 'renew', 'begin a conversation anew, where a device has lost what it had');
  withShared(withYes(withWay(command.argument('<name>', 'which one', named))), PATIENCE)
    .addHelpText(
      'after',
      `
Where the other side has asked for it (p3do talk read says so), this agrees: ask by another way whether it was really
the other one, since a thief of a device could have asked as well. Else it asks. What is under way then is lost, and
both compare anew. A device that has lost everything invites anew instead.

Example:
  $ p3do talk renew bob`,
    )
    .action(async (name: string, options: TalkOptions & Yes) => {
      const talks = await openTalks(command, options);
      if (talks === null) return;
      await telling(command, options, async () => {
        const before = await talks.read(name);
        const isOffered = before.offered !== null;
        const what = isOffered
          ? `this begins anew with whoever has asked for it: be sure that it was ${name}`
          : `this asks ${name} to begin anew: what is under way is lost`;
        if (!(await confirmed(command, options, what))) return;
        await onTalk(command, talks, name, options, wayOf(command, options, before.way), async (talker) => {
          await talker.change((one) => (isOffered ? beginAnew(suite, one, talker.hour) : askAnew(suite, one)));
          await talker.flush();
          const { binding } = talker.conversation.ratchet;
          if (isOffered) {
            const check = checkOf(binding!);
            tell(options, { kind: 'talk accepted', name, check }, `begun anew; compare with ${name}: ${check}\n`);
          } else
            tell(
              options,
              { kind: 'talk asked', name },
              `${name} has been asked: p3do talk read ${name} tells the answer\n`,
            );
        });
      });
    });
}

function domain(text: string): string {
  if (isDomain(text.toLowerCase())) return text.toLowerCase();
  throw new InvalidArgumentError('It takes a domain.');
}
