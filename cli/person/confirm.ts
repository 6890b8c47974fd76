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
  const asking = createInterface({ input: process.stdin, output: process.stderr });
  // Whoever ends the input, or interrupts, has not said yes.
  const ended = new Promise<string>((resolve) => asking.once('close', () => resolve('')));
  try {
    const said = await Promise.race([asking.question('Do it? [y/N] '), ended]);
    if (/^y(?:es)?$/i.test(said.trim())) return true;
  } finally {
    asking.close();
  }
  fail(command, options, '_unconfirmed', 'nothing was done (_unconfirmed)');
  return false;
}
