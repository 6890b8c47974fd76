/** Before something that cannot be taken back: a terminal is asked, a script has to say --yes. docs/spec/people.md#asked-first */
import { createInterface } from 'node:readline/promises';
import type { Command } from 'commander';
import { fail, type Shared } from './conversation.ts';

/** What `withYes` adds. */
export interface Yes {
  readonly yes?: true;
}

/** Adds --yes. */
export const withYes = (command: Command): Command => command.option('--yes', 'do it without asking');

/** Whether it is to be done; `what` says what is, as a sentence. Without a terminal and --yes that is wrong usage, which ends the command. */
export async function confirmed(command: Command, options: Pick<Shared, 'json'> & Yes, what: string): Promise<boolean> {
  if (options.yes) return true;
  if (!process.stdin.isTTY) command.error(`${what}: say --yes`);
  process.stderr.write(`${what}.\n`);
  if (/^y(?:es)?$/i.test((await answerTo('Do it? [y/N] ')).trim())) return true;
  fail(command, options, '_unconfirmed', 'nothing was done (_unconfirmed)');
  return false;
}

/** The same where a yes is not enough: `name` is to be typed. Without a terminal it is wrong usage. */
export async function typedName(
  command: Command,
  options: Pick<Shared, 'json'>,
  what: string,
  name: string,
): Promise<boolean> {
  if (!process.stdin.isTTY) command.error(`${what}: say --yes ${name}`);
  process.stderr.write(`${what}.\n`);
  if ((await answerTo(`Type ${name} to do it: `)).trim().toLowerCase() === name) return true;
  fail(command, options, '_unconfirmed', `nothing was done: ${name} was to be typed (_unconfirmed)`);
  return false;
}

/** What somebody types; nothing where he ends the input, or interrupts. */
async function answerTo(question: string): Promise<string> {
  const asking = createInterface({ input: process.stdin, output: process.stderr });
  const ended = new Promise<string>((resolve) => asking.once('close', () => resolve('')));
  try {
    return await Promise.race([asking.question(question), ended]);
  } finally {
    asking.close();
  }
}
