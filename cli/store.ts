/** `p3do store upgrade`: the embedded database's data for a newer PostgreSQL. docs/operating.md#serving */
import type { Command } from 'commander';
import { loadDomain } from '../server/domain/load.ts';
import { upgradeCluster } from '../server/postgres/upgrade.ts';
import { domainOptions, folderOf, type Whose } from './whose.ts';

type Options = Whose & { readonly json?: true };

/** Adds the subcommands of `p3do store`. */
export function register(command: Command): void {
  const upgrade = command
    .command('upgrade')
    .description('make the embedded database fit for the newest PostgreSQL that is installed')
    .showHelpAfterError('See: p3do help store upgrade');
  domainOptions(upgrade)
    .option('--json', 'what was done, as JSON')
    .addHelpText(
      'after',
      `
The server must be stopped. All rows are copied into a new database and counted; the data as it was stays
beside it, for you to remove. An upgrade that was interrupted is begun again.

Example:
  $ p3do store upgrade --domain example.org`,
    )
    .action(async (options: Options) => {
      const { config } = await loadDomain(await folderOf(upgrade, options));
      const { store } = config;
      if (store.kind !== 'embedded') {
        process.stderr.write('p3do: the store of this domain is not the embedded one: its own admin upgrades it\n');
        process.exitCode = 1;
        return;
      }
      process.stderr.write('p3do store upgrade: looking at the data, and copying its rows if need be …\n');
      const done = await upgradeCluster(store.folder, store.programs);
      const { from, to, rows, kept } = done;
      const text =
        from === to
          ? `PostgreSQL ${to} is the newest that is installed: nothing was to be done`
          : `PostgreSQL ${from} to ${to}, ${rows} rows${kept === null ? '' : `; as it was: ${kept}`}`;
      process.stdout.write(`${options.json ? JSON.stringify(done) : text}\n`);
    });
  command.addHelpText('after', '\nExamples:\n  $ p3do store upgrade --domain example.org');
}
