/** `p3do close`: an account ends, by the word of its identity key. docs/spec/leaving.md#closing */
import { createInterface } from 'node:readline/promises';
import type { Command } from 'commander';
import { Profile, type Whose } from '../client/profile/profile.ts';
import { revoke } from '../pki/certification.ts';
import { renderUserId } from '../psyc/names.ts';
import { converse, fail, registered, type Shared, tell, whoseOf, withShared } from './person/conversation.ts';
import { passphrase } from './person/passphrase.ts';
import { address } from './person/target.ts';

interface Options extends Shared {
  readonly yes?: { readonly nick: string; readonly domain: string };
  readonly passphraseFile?: string;
}

/** Adds the options, the page and the action of `p3do close`. */
export function register(command: Command): void {
  withShared(command, 'how long to wait for the answer (60)')
    .option('--yes <nick@domain>', 'the account, once more, instead of typing it when asked', address)
    .option('--passphrase-file <path>', 'the passphrase of the identity key; else P3DO_PASSPHRASE, else it is asked')
    .addHelpText(
      'after',
      `
The identity key signs that its name is taken back, and the home closes the account: nobody can log in any more
or write to it, its log, devices, drawers and friendships are removed there, it leaves all places (which are
told), and nobody gets its name for a year. It cannot be undone. p3do export comes before, if at all.

What stays: what was said in places, in the places' logs; what was said to others, with them; that they knew
this key. Keys and settings on this machine stay in their folder until you remove it.

Examples:
  $ p3do close --as ada@a.example
  $ p3do close --as ada@a.example --yes ada@a.example --passphrase-file secret`,
    )
    .action(async (options: Options) => {
      const whose = await whoseOf(command, options.as);
      const name = `${whose.nick}@${whose.domain}`;
      const said = options.yes === undefined ? await typed(command, name) : `${options.yes.nick}@${options.yes.domain}`;
      if (said !== name) {
        fail(command, options, '_input_invalid', `nothing was done: ${name} was to be typed`);
        return;
      }
      const key = await takenBack(command, whose, options);
      if (key !== null) await close(command, whose, options, key);
    });
}

/** The name as somebody types it. */
async function typed(command: Command, name: string): Promise<string> {
  if (!process.stdin.isTTY) command.error(`this closes ${name} for good: say --yes ${name}`);
  process.stderr.write(`This closes ${name} for good, and cannot be undone (p3do help close says what goes).\n`);
  const asking = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return (await asking.question('Type the name to close it: ')).trim().toLowerCase();
  } finally {
    asking.close();
  }
}

/** The identity's public key with the name taken back; null where nobody gives the passphrase, which has been told. */
async function takenBack(command: Command, whose: Whose, options: Options): Promise<Uint8Array | null> {
  const given = await passphrase(false, options.passphraseFile);
  if ('fault' in given) {
    fail(command, options, '_passphrase_missing', given.fault);
    return null;
  }
  const identity = await Profile.openIdentity(whose, given.secret);
  const userId = renderUserId(whose.nick, whose.domain);
  return revoke(identity, identity.certificate, userId, Math.floor(Date.now() / 1000));
}

async function close(command: Command, whose: Whose, options: Options, key: Uint8Array): Promise<void> {
  const { nick, domain, folder } = whose;
  const person = `psyc://${domain}/~${nick}`;
  let profile: Profile | null = null;
  let isClosed = false;
  await converse(command, whose, {
    ...options,
    timeout: options.timeout ?? 60,
    channel: 'side',
    late: () => 'nobody has answered: whether it is closed shows when you try again',
    profile: async () => (profile = await registered(command, whose, options)),
    begin: (shell) =>
      shell.tell({
        kind: 'command',
        command: { kind: 'ask', command: 1, target: person, method: '_request_close', entity: { _key: key } },
      }),
    // Somebody has closed it before, perhaps we, and the answer was lost.
    excuses: (code) => (isClosed ||= code === '_closed_account'),
    told(output) {
      isClosed ||= output.kind === 'told' && output.command === 1;
      return isClosed || (output.kind === 'refused' && output.command === 1);
    },
  });
  if (!isClosed) return;
  await (profile as Profile | null)?.keep({ isRegistered: false });
  const line = `closed ${nick}@${domain}: nobody gets this name for a year\nkeys and settings of it are still in ${folder}\n`;
  tell(options, { kind: 'closed', person, folder }, line);
}
