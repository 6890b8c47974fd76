/** `p3do talk say`, `read`: what is said in a conversation, and what has come. docs/spec/conversations.md#looking */
import type { Command } from 'commander';
import { say } from '../../client/conversation/conversation.ts';
import type { Sight, Talker } from '../../client/conversation/talker.ts';
import { suite } from '../../server/suite.ts';
import { complain, tell, withShared } from '../person/conversation.ts';
import { saidIn } from '../person/said.ts';
import { clock, safeText } from '../person/show.ts';
import { between } from '../person/target.ts';
import { checkOf, named, onTalk, openTalks, subcommand, type TalkOptions, telling, wayOf, withWay } from './work.ts';

interface Reading extends TalkOptions {
  readonly looks?: number;
}

const HOUR_MS = 3_600_000;
/** Requests of one run: as nobody each takes seconds; by way of one's home all that may lie there is looked at. */
const LOOKS = { direct: 999, anonymous: 8 } as const;
const LOOKS_MAX = 999;

/** Adds the subcommands. */
export function registerSpeaking(parent: Command): void {
  registerSay(parent);
  registerRead(parent);
}

function registerSay(parent: Command): void {
  const command = subcommand(parent, 'say', 'say something to the other one');
  withShared(
    withWay(
      command
        .argument('<name>', 'to whom', named)
        .argument('<text...>', 'what to say; - reads it on standard input, less one line feed at its end'),
    ),
    'how long it may take in all (60; as nobody 3600)',
  )
    .addHelpText(
      'after',
      `
It is kept on this device first, sealed, and lies at the mailbox when the command says so. If it does not get so far,
the next command about this conversation goes on with it. There it waits for 30 days.

Examples:
  $ p3do talk say bob Look under the stone
  $ p3do talk say bob - < letter.txt`,
    )
    .action(async (name: string, words: string[], options: TalkOptions) => {
      const text = await saidIn(command, options, words);
      const talks = text === null ? null : await openTalks(command, options);
      if (text === null || talks === null) return;
      await telling(command, options, async () => {
        const way = wayOf(command, options, (await talks.read(name)).way);
        await onTalk(command, talks, name, options, way, async (talker) => {
          await talker.change((one) => say(suite, one, text, talker.hour));
          await talker.flush();
          const { domain } = talker.conversation;
          tell(options, { kind: 'talk said', name, domain }, `in the mailbox at ${domain}\n`);
        });
      });
    });
}

function registerRead(parent: Command): void {
  const command = subcommand(parent, 'read', 'what the other one has said');
  withShared(
    withWay(
      command
        .argument('<name>', 'which conversation', named)
        .option(
          '--looks <number>',
          `how many addresses to look at (as nobody ${LOOKS.anonymous}, with some that nobody has)`,
          between(1, LOOKS_MAX),
        ),
    ),
    'how long it may take in all (60; as nobody 3600)',
  )
    .addHelpText(
      'after',
      `
As nobody as many addresses are looked at as you say, whether or not something is there, and each is a request of its
own. What is not found this time is found the next: it goes on where it has stopped.

Example:
  $ p3do talk read bob`,
    )
    .action(async (name: string, options: Reading) => {
      const talks = await openTalks(command, options);
      if (talks === null) return;
      await telling(command, options, async () => {
        const way = wayOf(command, options, (await talks.read(name)).way);
        await onTalk(command, talks, name, options, way, async (talker) => {
          const wasKnown = talker.conversation.ratchet.binding !== null;
          try {
            await talker.flush();
            notices(command, name, options, talker, wasKnown, await talker.look(options.looks ?? LOOKS[way]));
          } finally {
            // Whatever failed, what has come is here, and is shown.
            await show(command, name, options, talker);
          }
        });
      });
    });
}

/** Shows what has come, and what never will, and then forgets it: where this device dies in between it is shown again. */
async function show(command: Command, name: string, options: Reading, talker: Talker): Promise<void> {
  const { unshown, lost } = talker.conversation;
  for (const { text, hour } of unshown) {
    const line = `${clock(hour * HOUR_MS)} ${name}: ${safeText(text)}\n`;
    tell(options, { kind: 'talk message', name, hour: hour * HOUR_MS, text }, line);
  }
  if (lost > 0) {
    complain(command, `${lost === 1 ? 'one message' : `${lost} messages`} of ${name} never came, or not whole`);
    tell(options, { kind: 'talk lost', name, messages: lost }, '');
  }
  await talker.change((one) => (unshown.length + lost === 0 ? one : { ...one, unshown: [], lost: 0 }));
}

/** What is to be known beside what was said. */
function notices(
  command: Command,
  name: string,
  options: Reading,
  { conversation }: Talker,
  wasKnown: boolean,
  sights: readonly Sight[],
): void {
  const kinds = new Set(sights.map(({ kind }) => kind));
  const { binding, skipped } = conversation.ratchet;
  const told = (kind: string, text: string, more: object = {}): void => {
    complain(command, text);
    tell(options, { kind, name, ...more }, '');
  };
  if (!wasKnown && binding !== null) {
    const check = checkOf(binding);
    told('talk accepted', `${name} has accepted; compare with ${name}: ${check}`, { check });
  }
  if (kinds.has('anew')) {
    const check = checkOf(binding!);
    told('talk anew', `${name} has begun anew, as was asked; compare: ${check}`, { check });
  }
  if (conversation.offered !== null) {
    told(
      'talk offer',
      `SOMEBODY ASKS TO BEGIN ANEW, who says that the device of ${name} has lost what it had. It may be a thief of that device: ask ${name} by another way, and if it is so, p3do talk renew ${name}`,
    );
  }
  const altered = sights.filter(({ kind }) => kind === 'altered').length;
  if (altered > 0) {
    const text = `the mailbox at ${conversation.domain} gave what ${name} has not put there, ${altered} times: it is altered, or swapped (_conversation_altered)`;
    told('talk altered', text, { code: '_conversation_altered', times: altered });
  }
  if (kinds.has('unreadable')) {
    const text = `something lies where ${name} puts messages that ${name} has not written (_conversation_unreadable)`;
    told('talk unreadable', text, { code: '_conversation_unreadable' });
  }
  if (skipped.length > 0) {
    const text = `${skipped.length === 1 ? 'one part of what was said has' : `${skipped.length} parts of what was said have`} not come yet, and later ones have`;
    told('talk missing', text, { parts: skipped.length });
  }
}
