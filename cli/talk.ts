/** `p3do talk`: conversations of two that nobody else sees there are. docs/spec/conversations.md */
import type { Command } from 'commander';
import { registerBeginning } from './talk/beginning.ts';
import { registerKeeping } from './talk/keeping.ts';
import { registerSpeaking } from './talk/speaking.ts';

/** Adds the page and the subcommands of `p3do talk`. */
export function register(command: Command): void {
  command.enablePositionalOptions().addHelpText(
    'after',
    `
Each message lies at an address of its own in a domain's mailbox, sealed with a key of its own, and only you two can
tell where the next one will be. Nobody else reads them, nor which belong together; who copies a device later does not
read what came before. You meet by an invitation, which is one line: show it to one person, best on your screen.

With --anonymous mailboxes are asked over onions, and answer over tickets (p3do stock): nobody learns that it is you.
A conversation that was begun so is always asked so. With --direct your home and the domain of the mailbox see who you
are, and which messages are yours; they cannot read them. What is kept lies under your passphrase.

Examples:
  $ p3do talk invite bob --at b.example --anonymous
  $ p3do talk accept - ada --anonymous
  $ p3do talk say bob Look under the stone
  $ p3do talk read bob`,
  );
  registerBeginning(command);
  registerSpeaking(command);
  registerKeeping(command);
}
