/** `p3do invite`: one more person may register. docs/operating.md#invitations */
import type { Command } from 'commander';
import { addInvite } from '../server/domain/invites.ts';
import { checkDomain } from '../server/domain/load.ts';
import { domainOptions, folderOf, type Whose } from './whose.ts';

/** Adds the options, the page and the action of `p3do invite`. */
export function register(command: Command): void {
  domainOptions(command)
    .option('--json', 'one line of JSON: {"invite": …}')
    .addHelpText(
      'after',
      `
Prints an invitation, and keeps its hash in the domain's file "invites". It is shown this once, lets one
person register, and works while the server runs. Capitals and hyphens do not matter when it is typed.

Examples:
  $ p3do invite --domain example.org`,
    )
    .action(async (options: Whose & { readonly json?: true }) => {
      const folder = await folderOf(command, options);
      await checkDomain(folder);
      const invite = await addInvite(folder);
      process.stdout.write(`${options.json ? JSON.stringify({ invite }) : invite}\n`);
    });
}
