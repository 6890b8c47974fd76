/** What is said on a command line, or on standard input. docs/spec/people.md#profile */
import { buffer } from 'node:stream/consumers';
import type { Command } from 'commander';
import { fail, type Shared } from './conversation.ts';
import { textIn } from './text.ts';

/** The words, or for `-` what stands on standard input; null: that is no text, and it has been told. Nothing at all is wrong usage, which ends the command. */
export async function saidIn(command: Command, options: Shared, words: readonly string[]): Promise<string | null> {
  const isRead = words.length === 1 && words[0] === '-';
  const text = isRead ? textIn(await buffer(process.stdin)) : words.join(' ');
  if (text === null) fail(command, options, '_input_invalid', 'standard input is not UTF-8');
  if (text === '') command.error('there is nothing to say');
  return text;
}
