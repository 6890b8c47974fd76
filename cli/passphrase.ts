/** `p3do passphrase`: the identity key of a person on this machine is put under another passphrase. docs/spec/pki.md#files */
import type { Command } from 'commander';
import { Profile } from '../client/profile/profile.ts';
import { fail, tell, type Shared, whoseOf } from './person/conversation.ts';
import { type Given, passphrase } from './person/passphrase.ts';
import { address } from './person/target.ts';

interface Options extends Pick<Shared, 'as' | 'json'> {
  readonly passphraseFile?: string;
  readonly newPassphraseFile?: string;
}

/** Adds the options, the page and the action of `p3do passphrase`. */
export function register(command: Command): void {
  command
    .option('--as <nick@domain>', 'whose; may be left out where only one person has a folder here', address)
    .option('--passphrase-file <path>', 'the passphrase until now; else P3DO_PASSPHRASE, else it is asked')
    .option('--new-passphrase-file <path>', 'the one from now on; else P3DO_NEW_PASSPHRASE, else it is asked')
    .option('--json', 'one object a line')
    .addHelpText(
      'after',
      `
Nobody is asked, and the key stays the same: only its file on this machine is written anew. Copies of it, on
other machines and in exports, keep the passphrase that they have.

Examples:
  $ p3do passphrase
  $ p3do passphrase --as ada@a.example --passphrase-file old --new-passphrase-file new`,
    )
    .action(async (options: Options) => {
      const whose = await whoseOf(command, options.as);
      const refused = (given: Given): given is { readonly fault: string } => {
        if ('fault' in given) fail(command, options, '_passphrase_missing', given.fault);
        return 'fault' in given;
      };
      const before = await passphrase(false, options.passphraseFile);
      if (refused(before)) return;
      // Before another one is thought of.
      await Profile.checkPassphrase(whose, before.secret);
      const after = await passphrase(true, options.newPassphraseFile, 'P3DO_NEW_PASSPHRASE');
      if (refused(after)) return;
      await Profile.rekey(whose, before.secret, after.secret);
      const name = `${whose.nick}@${whose.domain}`;
      const line = `the identity key of ${name} has another passphrase on this machine; copies elsewhere keep theirs\n`;
      tell(options, { kind: 'passphrase', person: `psyc://${whose.domain}/~${whose.nick}` }, line);
    });
}
