/** What the commands about boxes have in common: whose files, and how a pigeonhole is asked. docs/spec/pigeonhole.md#client */
import { type Command, InvalidArgumentError } from 'commander';
import { boxService, depositBits } from '../../client/pigeonhole/asking.ts';
import { boxFault } from '../../client/pigeonhole/fault.ts';
import { isBoxName } from '../../client/pigeonhole/files.ts';
import type { BoxState } from '../../client/pigeonhole/state.ts';
import type { Surroundings } from '../../client/services/asking.ts';
import type { Shared } from '../person/conversation.ts';
import * as service from '../person/service.ts';

/** Options of those that ask a pigeonhole something. */
export type BoxOptions = service.ServiceOptions;

/** Who sees whose it is with --direct, beside the home. */
const WHAT = 'the domain of the box';
/** One deposit fits into the cell that an answer comes in. */
const PAGES = { direct: 16, anonymous: 1 } as const;

/** What is asked with, and how many deposits fit into an answer. */
export interface AtWork extends Surroundings {
  readonly page: number;
}

/** How a pigeonhole is to be asked: as the options say, or as the box was made. Wrong usage ends the command. */
export const wayOf = (command: Command, options: BoxOptions, known?: BoxState['way']): BoxState['way'] =>
  service.wayOf(command, options, WHAT, known);

/** Runs a course that asks pigeonholes; what fails is told. `folder` has the person's files. */
export const asking = (
  command: Command,
  options: BoxOptions,
  way: BoxState['way'],
  course: (around: AtWork, folder: string) => Promise<void>,
): Promise<void> =>
  service.asking(
    command,
    options,
    way,
    { service: boxService, firstBits: depositBits.usual, faultOf: boxFault },
    async (around, folder) => course({ ...around, page: PAGES[way] }, folder),
  );

/** Runs it; what is wrong with a box, an address or a secret is told as the command's failure. */
export const telling = (command: Command, options: Shared, course: () => Promise<void>): Promise<void> =>
  service.telling(command, options, boxFault, course);

/** Adds the options that say how a pigeonhole is asked. */
export const withWay = (command: Command): Command => service.withWay(command, WHAT);

/** One of `p3do box …`. */
export const subcommand = (parent: Command, name: string, summary: string): Command =>
  parent.command(name).description(summary).showHelpAfterError(`See: p3do help box ${name}`);

/** A box's name on this device. */
export function named(text: string): string {
  if (isBoxName(text)) return text;
  throw new InvalidArgumentError('It takes small letters, digits, - and _, 32 at most, a letter first.');
}
