/** `p3do move`: a person lives somewhere else from now on, by the word of the key that others have pinned. docs/spec/people.md#moving */
import type { Command } from 'commander';
import { personFolder, surroundings } from '../client/profile/folder.ts';
import { Profile, type Whose } from '../client/profile/profile.ts';
import type { SecretKey } from '../pki/secret-key.ts';
import { signMove } from '../pki/move-statement.ts';
import { renderUserId } from '../psyc/names.ts';
import { fail, type Shared, tell, whoseOf, withShared } from './person/conversation.ts';
import { passphrase } from './person/passphrase.ts';
import { talk } from './person/talk.ts';
import { address } from './person/target.ts';

interface Options extends Shared {
  readonly passphraseFile?: string;
  readonly oldPassphraseFile?: string;
}

type Named = { readonly nick: string; readonly domain: string };

/** Adds the options, the page and the action of `p3do move`. */
export function register(command: Command): void {
  withShared(command, 'how long to wait for the answer (60)')
    .argument('<nick@domain>', 'where you lived: its identity key has to be on this machine', address)
    .option(
      '--passphrase-file <path>',
      'the passphrase of the new identity key; else P3DO_PASSPHRASE, else it is asked',
    )
    .option('--old-passphrase-file <path>', 'the passphrase of the old one; else the same')
    .addHelpText(
      'after',
      `
Register where you go first: p3do register you@new.example. Then both identity keys sign that you live there now,
and your new home tells everybody who asks for your keys. Whoever knew you is shown the new name, by the word
of the key that he has pinned: your old home is not asked, and may be dead.

It names you, and takes nothing along: friends and places know the old name, and are to be asked anew. What is
written to the old name goes to the old home.

Examples:
  $ p3do register ada@b.example
  $ p3do move ada@a.example --as ada@b.example`,
    )
    .action(async (from: Named, options: Options) => {
      const whose = await whoseOf(command, options.as);
      if (from.nick === whose.nick && from.domain === whose.domain) {
        command.error('that is where you live: --as is the new name');
      }
      const keys = await opened(command, from, whose, options);
      if (keys !== null) await moved(command, from, whose, keys, options);
    });
}

/** The old identity key and the new one; null where nobody gives a passphrase, which has been told. */
async function opened(command: Command, from: Named, whose: Whose, options: Options): Promise<SecretKey[] | null> {
  const old: Whose = { ...from, folder: personFolder(surroundings(), from.nick, from.domain) };
  const keys: SecretKey[] = [];
  for (const [one, file] of [
    [old, options.oldPassphraseFile ?? options.passphraseFile],
    [whose, options.passphraseFile],
  ] as const) {
    const given = await passphrase(false, file);
    if ('fault' in given) {
      fail(command, options, '_passphrase_missing', given.fault);
      return null;
    }
    keys.push(await Profile.openIdentity(one, given.secret));
  }
  return keys;
}

async function moved(
  command: Command,
  from: Named,
  { nick, domain }: Whose,
  [old, next]: readonly SecretKey[],
  options: Options,
): Promise<void> {
  const time = Math.floor(Date.now() / 1000);
  const statement = await signMove(old!.signer, next!.signer, {
    from: renderUserId(from.nick, from.domain),
    to: renderUserId(nick, domain),
    old: old!.certificate.key.fingerprint,
    new: next!.certificate.key.fingerprint,
    // It rises with every move, whatever machine makes it.
    counter: time,
    time,
  });
  const entity = { _move: statement, _key_before: old!.certificate.bytes };
  await talk(command, options, async (home) => {
    const told = await home.ask({ target: home.person, method: '_request_move', entity });
    if (told === null) return;
    const names = { from: `${from.nick}@${from.domain}`, to: `${nick}@${domain}` };
    tell(options, { kind: 'moved', ...names }, `${names.from} is ${names.to} from now on, for all who knew that key\n`);
  });
}
