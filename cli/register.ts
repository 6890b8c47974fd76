/** `p3do register`: keys for a person on this device, and a name at a domain. docs/spec/people.md#registration */
import type { Command } from 'commander';
import { personFolder, surroundings } from '../client/profile/folder.ts';
import { madeFolder, Profile, type Whose } from '../client/profile/profile.ts';
import { suite } from '../server/suite.ts';
import { type Shared, converse, fail, tell } from './person/conversation.ts';
import { passphrase } from './person/passphrase.ts';
import { address, count, endpoint } from './person/target.ts';

interface Options extends Omit<Shared, 'as'> {
  readonly server?: string;
  readonly invite?: string;
  readonly passphraseFile?: string;
}

/** Adds the arguments, the page and the action of `p3do register`. */
export function register(command: Command): void {
  command
    .argument('<nick@domain>', 'the name, and the domain it is to be at', address)
    .option('--server <host:port>', 'where the server is, if it is not found by the domain', endpoint)
    .option('--invite <text>', 'the invitation, where registration is not open')
    .option('--passphrase-file <path>', 'the passphrase of the identity key; else P3DO_PASSPHRASE, else it is asked')
    .option('--timeout <seconds>', 'how long to try (60)', count)
    .option('--json', 'one object a line')
    .addHelpText(
      'after',
      `
Makes an identity key under a passphrase, and this device's own key, in a folder of mode 0700:
P3DO_HOME, or /var/lib/p3do for root, or ~/.local/share/p3do; in it people/nick@domain. Then it registers
at the domain. Only this command needs the passphrase. What was broken off goes on where it stopped.

The key of the domain is taken as it comes the first time, and no other after that; compare the
fingerprint that is printed with what the domain's admin says.

Examples:
  $ p3do register ada@a.example
  $ p3do register ada@localhost --server localhost:9404 --invite mfrggzdfmztwq2lkmfrggzdfmz`,
    )
    .action(async ({ nick, domain }: { nick: string; domain: string }, options: Options) => {
      const whose = { folder: personFolder(surroundings(), nick, domain), nick, domain };
      await madeFolder(whose.folder);
      let wasRegistered = false;
      await converse(command, whose, {
        ...options,
        timeout: options.timeout ?? 60,
        channel: 'side',
        registration: { invite: options.invite ?? null },
        late: () => 'not registered: the server has not answered',
        async profile(at) {
          const profile = await made(command, at, options);
          wasRegistered = profile?.kept.isRegistered === true;
          return profile;
        },
        told(output) {
          if (output.kind !== 'ready') return false;
          const person = `${nick}@${domain}`;
          const line = wasRegistered ? `${person} was registered already\n` : `registered ${person}\n`;
          tell(options, { kind: 'registered', person: `psyc://${domain}/~${nick}`, wasRegistered }, line);
          return true;
        },
      });
    });
}

/** The folder, made as far as it was not; null where nobody gives a passphrase. */
async function made(command: Command, whose: Whose, options: Options): Promise<Profile | null> {
  const whole = await Profile.open(whose);
  let secret: string | null = null;
  if (whole === null) {
    secret = await passphrase(await Profile.isNew(whose), options.passphraseFile);
    if (secret === null) {
      fail(command, 'no passphrase: set P3DO_PASSPHRASE, use --passphrase-file, or type the same one twice');
      return null;
    }
  }
  const now = Math.floor(Date.now() / 1000);
  return Profile.make(whose, { suite, now, passphrase: secret, server: options.server ?? null });
}
