/** What the commands about conversations have in common: whose files, under which passphrase, and how a mailbox is asked. docs/spec/conversations.md#conversations */
import { setTimeout as wait } from 'node:timers/promises';
import { type Command, InvalidArgumentError } from 'commander';
import type { Conversation } from '../../client/conversation/conversation.ts';
import { conversationFault } from '../../client/conversation/fault.ts';
import { isConversationName, Talks } from '../../client/conversation/files.ts';
import { Talker } from '../../client/conversation/talker.ts';
import { mailboxService, putBits } from '../../client/mailbox/asking.ts';
import { Profile } from '../../client/profile/profile.ts';
import { hexOf } from '../../crypto/bytes.ts';
import { PoissonClock } from '../../onion/poisson.ts';
import { suite } from '../../server/suite.ts';
import { fail, type Shared, whoseOf } from '../person/conversation.ts';
import { passphrase } from '../person/passphrase.ts';
import * as service from '../person/service.ts';
import { count } from '../person/target.ts';

/** Options of all. */
export interface TalkOptions extends service.ServiceOptions {
  readonly passphraseFile?: string;
  /** Seconds between two requests as nobody, on an average. */
  readonly every?: number;
}

/** Who sees that it is you with --direct, beside the home. */
const WHAT = 'the domain of the mailbox';
/** Seconds between two requests as nobody, unless it is said otherwise. */
const EVERY = 5;
/** A strike that is later than this is not made up for. */
const LATE_MS = 1000;

/** How it is to be asked: as the options say, or as the conversation was begun. Wrong usage ends the command. */
export function wayOf(command: Command, options: TalkOptions, known?: Conversation['way']): Conversation['way'] {
  const way = service.wayOf(command, options, WHAT, known);
  // Nobody forgets that again.
  if (known === 'anonymous' && way === 'direct')
    command.error('this conversation is asked as nobody: with --direct it would be seen whose it is');
  return way;
}

/** Adds what all take that read or write a conversation. */
export const withPassphrase = (command: Command): Command =>
  command.option('--passphrase-file <path>', 'your passphrase; else P3DO_PASSPHRASE, else it is asked');

/** Adds what says how a conversation will be asked. */
export const withChoice = (command: Command): Command => withPassphrase(service.withChoice(command, WHAT));

/** Adds what all take that ask a mailbox. */
export const withWay = (command: Command): Command =>
  withPassphrase(
    service
      .withWay(command, WHAT)
      .option('--every <seconds>', `as nobody: between two requests, on an average (${EVERY})`, count),
  );

/** One of `p3do talk …`. */
export const subcommand = (parent: Command, name: string, summary: string): Command =>
  parent.command(name).description(summary).showHelpAfterError(`See: p3do help talk ${name}`);

/** A conversation's name on this device. */
export function named(text: string): string {
  if (isConversationName(text)) return text;
  throw new InvalidArgumentError('It takes small letters, digits, - and _, 32 at most, a letter first.');
}

/** What both compare: four times four digits. */
export const checkOf = (binding: Uint8Array): string => hexOf(binding.subarray(0, 8)).replace(/(.{4})(?!$)/g, '$1 ');

/** Runs it; what is wrong with a conversation or a mailbox is told as the command's failure. */
export const telling = (command: Command, options: Shared, course: () => Promise<void>): Promise<void> =>
  service.telling(command, options, conversationFault, course);

/** The person's conversations, open; null: no passphrase is given, and that has been told. Throws ClientError `_wrong_passphrase`. */
export async function openTalks(command: Command, options: TalkOptions): Promise<Talks | null> {
  const whose = await whoseOf(command, options.as);
  const given = await passphrase(false, options.passphraseFile);
  if ('fault' in given) {
    fail(command, options, '_passphrase_missing', given.fault);
    return null;
  }
  // The same as the identity key's: a slip would lock up what is yet to come.
  await Profile.checkPassphrase(whose, given.secret);
  return Talks.open(whose.folder, given.secret, suite.random);
}

/** Runs a course with one conversation, as it is when the command has its turn; what fails is told. */
export async function onTalk(
  command: Command,
  talks: Talks,
  name: string,
  options: TalkOptions,
  way: Conversation['way'],
  course: (talker: Talker) => Promise<void>,
): Promise<void> {
  const errand = { service: mailboxService, firstBits: putBits, faultOf: conversationFault };
  const strike = way === 'direct' ? async () => {} : strikes((options.every ?? EVERY) * 1000);
  await service.asking(command, options, way, errand, async (around) =>
    course(
      new Talker({ ...around, strike, isHidden: way === 'anonymous' }, await talks.read(name), async (next) =>
        talks.write(name, next, 'replace'),
      ),
    ),
  );
}

/** Waits for the next strike of a clock that has nothing to do with what there is to do. */
function strikes(meanMs: number): () => Promise<void> {
  const clock = new PoissonClock(suite.random, meanMs, LATE_MS, performance.now());
  return async () => {
    while (clock.strikes(performance.now(), meanMs) === 0) await wait(Math.max(0, clock.nextMs - performance.now()));
  };
}
