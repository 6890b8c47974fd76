/** What the commands about boxes have in common: whose files, and how a pigeonhole is asked. docs/spec/pigeonhole.md#client */
import { setImmediate } from 'node:timers/promises';
import { type Command, InvalidArgumentError } from 'commander';
import type { Asking } from '../../client/anonymous/asking.ts';
import { Client } from '../../client/client.ts';
import { BoxRefusal, depositBits, type Request, refusals, type Surroundings } from '../../client/pigeonhole/asking.ts';
import { boxFault } from '../../client/pigeonhole/fault.ts';
import { boxClientLimits } from '../../client/pigeonhole/limits.ts';
import { isBoxName } from '../../client/pigeonhole/files.ts';
import type { BoxState } from '../../client/pigeonhole/state.ts';
import type { AskWish } from '../../round-trips/wish.ts';
import { suite } from '../../server/suite.ts';
import { askingOnce, type HiddenOptions, refuseHidden, withHidden } from '../person/asking.ts';
import { sentenceOf } from '../person/codes.ts';
import { complain, fail, type Shared, whoseOf } from '../person/conversation.ts';
import { type Talk, talk } from '../person/talk.ts';

/** Options of those that ask a pigeonhole something. */
export interface BoxOptions extends Shared, HiddenOptions {
  readonly direct?: true;
}

type Way = BoxState['way'];

/** What is asked with, and how many deposits fit into an answer. */
export interface AtWork extends Surroundings {
  readonly page: number;
}

/** A round trip takes ten minutes at most; several may be needed. */
const PATIENCE_SECONDS = { direct: 60, anonymous: 3600 } as const;
/** One deposit fits into the cell that an answer comes in. */
const PAGES = { direct: 16, anonymous: 1 } as const;
/** What a server tells that does not know what came of it, or had no room: asked anew, since nothing is done twice. */
const AGAIN = ['_mor_interrupted', '_mor_unanswered', '_mor_full'];

/** It has been told why nothing comes of it. */
class Told extends Error {}

/** How a pigeonhole is to be asked: as the options say, or as the box was made. Wrong usage ends the command. */
export function wayOf(command: Command, options: BoxOptions, known?: Way): Way {
  const { direct, anonymous } = options;
  if (direct === true && anonymous === true) command.error('it is either --anonymous or --direct');
  const said = direct === true ? 'direct' : anonymous === true ? 'anonymous' : known;
  if (said === undefined)
    command.error(
      '--anonymous or --direct is needed: with --direct your home and the domain of the box see that it is you',
    );
  if (said === 'direct') refuseHidden(command, options);
  return said;
}

/** Runs a course that asks pigeonholes; what fails is told. `folder` has the person's files. */
export async function asking(
  command: Command,
  options: BoxOptions,
  way: Way,
  course: (around: AtWork, folder: string) => Promise<void>,
): Promise<void> {
  const whose = await whoseOf(command, options.as);
  const { folder } = whose;
  const around = (request: Request): AtWork => ({
    suite,
    request,
    unixMs: () => Date.now(),
    depositBits: depositBits.usual,
    working: (bits) =>
      complain(command, `so much work is asked for, ${bits} bits: about ${aboutMinutes(bits)} of this machine`),
    pause: async () => setImmediate(),
    page: PAGES[way],
  });
  const timeout = options.timeout ?? PATIENCE_SECONDS[way];
  await talk(command, { ...options, timeout }, async (home) => {
    if (way === 'direct') {
      await telling(command, options, async () => course(around(directly(home)), folder));
      return;
    }
    await askingOnce(command, options, home, whose, async (one, wish) =>
      telling(command, options, async () => course(around(asNobody(home, one, wish)), folder)),
    );
  });
}

/** Runs it; what is wrong with a box, an address or a secret is told as the command's failure. */
export async function telling(command: Command, options: Shared, course: () => Promise<void>): Promise<void> {
  try {
    await course();
  } catch (error) {
    if (error instanceof Told) return;
    const fault = boxFault(error);
    if (fault === null) throw error;
    fail(command, options, fault.code, `${fault.message} (${fault.code})`);
  }
}

/** Over the circuit to the home, which passes it on: both see who asks. */
function directly(home: Talk): Request {
  return async (target, { method, entity }) => {
    const told = await home.ask({ target, method, entity, excused: Object.keys(refusals) });
    if (told === null) throw new Told();
    if (typeof told === 'string') return told;
    const answer = told.at(-1);
    if (answer === undefined) throw new BoxRefusal('_box_invalid_answer', refusals['_box_invalid_answer']!);
    return answer.packet;
  };
}

/** Over onions, and the answer over tickets: nobody sees who asks. */
function asNobody(home: Talk, one: Asking, anonymous: AskWish): Request {
  return async (target, request) => {
    for (let tries = 1; ; tries++) {
      const answer = await new Client(home, one).request(target, request, { anonymous });
      if (answer.kind === 'refused') throw new Told();
      if (answer.kind === 'failure') throw new BoxRefusal(answer.code, sentenceOf(answer.code) ?? 'no answer has come');
      const packet = answer.packets.at(-1)!;
      const isAgain = AGAIN.includes(packet.text('_code') ?? '') && tries < boxClientLimits.triesMax;
      if (!isAgain) return packet;
    }
  };
}

/** Adds the options that say how a pigeonhole is asked. */
export const withWay = (command: Command): Command =>
  withHidden(
    command
      .option('--anonymous', 'as nobody: over onions, and the answer over tickets')
      .option('--direct', 'by way of your home: it and the domain of the box see that it is you'),
    'as nobody: ',
  );

/** One of `p3do box …`. */
export const subcommand = (parent: Command, name: string, summary: string): Command =>
  parent.command(name).description(summary).showHelpAfterError(`See: p3do help box ${name}`);

/** At about two million hashes a second. */
function aboutMinutes(bits: number): string {
  const minutes = Math.max(1, Math.round(2 ** bits / 120_000_000));
  return minutes === 1 ? 'a minute' : `${minutes} minutes`;
}

/** A box's name on this device. */
export function named(text: string): string {
  if (isBoxName(text)) return text;
  throw new InvalidArgumentError('It takes small letters, digits, - and _, 32 at most, a letter first.');
}
