/** `p3do register`: keys for a person on this device, and a name at a domain. docs/spec/people.md#registration */
import { type Command, InvalidArgumentError } from 'commander';
import { personFolder, surroundings } from '../client/profile/folder.ts';
import { profileLimits } from '../client/profile/limits.ts';
import { madeFolder, Profile, type Whose } from '../client/profile/profile.ts';
import { splitStatement } from '../pki/device-statement.ts';
import { suite } from '../server/suite.ts';
import { inviteLetters } from '../server/domain/invites.ts';
import { type Shared, converse, fail, tell } from './person/conversation.ts';
import { type Given, passphrase, typed } from './person/passphrase.ts';
import { proxyOption } from './person/proxy.ts';
import { textOfFile } from './person/text.ts';
import { explained } from './person/codes.ts';
import { address, count, endpoint } from './person/target.ts';

interface Options extends Omit<Shared, 'as'> {
  readonly server?: string;
  readonly invite?: string;
  readonly inviteFile?: string;
  readonly passphraseFile?: string;
  readonly identity?: string;
}

/** Adds the arguments, the page and the action of `p3do register`. */
export function register(command: Command): void {
  command
    .argument('<nick@domain>', 'the name, and the domain it is to be at', address)
    .option('--server <host:port>', 'where the server is, if it is not found by the domain', endpoint)
    .option(
      '--invite <text>',
      'the invitation, where registration is not open; others on this machine may see it',
      letters,
    )
    .option('--invite-file <path>', 'a file with it; else P3DO_INVITE, else it is asked where it is needed')
    .option('--identity <path>', 'the identity key that you have: of p3do export, or of another machine')
    .option('--passphrase-file <path>', 'the passphrase of the identity key; else P3DO_PASSPHRASE, else it is asked')
    .addOption(proxyOption('a SOCKS5 proxy that every later command goes through too, or none'))
    .option('--timeout <seconds>', 'how long to try (60)', count)
    .option('--json', 'one object a line')
    .addHelpText(
      'after',
      `
Makes an identity key under a passphrase, and this device's own key, in a folder of mode 0700:
P3DO_HOME, or /var/lib/p3do for root, or ~/.local/share/p3do; in it people/nick@domain. Then it registers
at the domain. Of all commands this, device revoke, move, close and passphrase need the passphrase. What was broken off goes on where
it stopped.

Another device, or one instead of a disk that is lost, takes the identity key that is there: the file identity of that folder, or of
p3do export. The file is copied, this device gets a key of its own beside the others (p3do device list), and no invitation
is needed. The files device and state stay where they are: two machines with the same ones get in each other's way.

The key of the domain is taken as it comes the first time, and no other after that; compare the
fingerprint that is printed with what the domain's admin says.

Examples:
  $ p3do register ada@a.example
  $ p3do register ada@a.example --proxy socks5://127.0.0.1:9050
  $ p3do register ada@a.example --identity ada-2026/identity
  $ p3do register ada@localhost --server localhost:9404 --invite k3f9a-7m2qx-0c8vd-w4hzt-9rn6p`,
    )
    .action(async ({ nick, domain }: { nick: string; domain: string }, options: Options) => {
      const whose = { folder: personFolder(surroundings(), nick, domain), nick, domain };
      const given = invitation(options);
      if (given === undefined) {
        fail(command, options, '_input_invalid', `${options.inviteFile ?? 'P3DO_INVITE'}: ${NO_INVITATION}`);
        return;
      }
      await madeFolder(whose.folder);
      let invite = given;
      const secret = once(options);
      for (let tries = 1; ; ) {
        const outcome = await attempt(command, whose, options, { invite, secret, tries });
        if (outcome === 'done') return;
        if (outcome === 'behind') {
          tries++;
          continue;
        }
        const text = (await typed('Invitation: ')) ?? '';
        invite = inviteLetters(text);
        if (invite !== null) continue;
        fail(command, options, '_registration_closed', text === '' ? explained('_registration_closed') : NO_INVITATION);
        return;
      }
    });
}

/** Codes of a home that has a newer statement than the one that this device stands on. */
const behind: ReadonlySet<string> = new Set(['_unlisted_device', '_conflicting_statement', '_stale_statement']);

/** What an attempt is made with; `tries`: this one is the first, the second … */
interface Attempt {
  readonly invite: string | null;
  readonly secret: Secret;
  readonly tries: number;
}

/**
 * Registers, or says why not. `closed`: it takes an invitation, and somebody can be asked for it; `behind`: the home knows devices that
 * this one is to stand beside, and now we know them too.
 */
async function attempt(
  command: Command,
  whose: Whose,
  options: Options,
  { invite, secret, tries }: Attempt,
): Promise<'done' | 'closed' | 'behind'> {
  const { nick, domain } = whose;
  const person = `${nick}@${domain}`;
  let wasRegistered = false;
  let isClosed = false;
  let isBehind = false;
  let devices = 1;
  await converse(command, whose, {
    ...options,
    timeout: options.timeout ?? 60,
    channel: 'side',
    registration: { invite },
    late: () => 'not registered: the server has not answered',
    excuses(code) {
      isClosed = code === '_registration_closed' && invite === null && process.stdin.isTTY && !options.json;
      isBehind = !wasRegistered && behind.has(code) && tries < profileLimits.enrolTriesMax;
      return isClosed || isBehind;
    },
    async profile(at) {
      const profile = await made(command, at, options, secret, tries > 1);
      if (profile === null) return null;
      wasRegistered = profile.kept.isRegistered;
      devices = splitStatement(profile.kept.statement).statement.devices.length;
      return profile;
    },
    told(output) {
      if (output.kind !== 'ready') return false;
      const beside = devices === 1 ? '' : `, a device beside ${devices - 1} more (p3do device list)`;
      const line = wasRegistered ? `${person} was registered already\n` : `registered ${person}${beside}\n`;
      tell(options, { kind: 'registered', person: `psyc://${domain}/~${nick}`, wasRegistered, devices }, line);
      return true;
    },
  });
  if (isBehind) return 'behind';
  return isClosed ? 'closed' : 'done';
}

/** Asks for the passphrase the first time, and remembers it. */
type Secret = (isNew: boolean) => Promise<Given>;

function once({ passphraseFile }: Options): Secret {
  let given: Promise<Given> | null = null;
  return (isNew) => (given ??= passphrase(isNew, passphraseFile));
}

const NO_INVITATION = 'an invitation is 25 letters and digits, as k3f9a-7m2qx-0c8vd-w4hzt-9rn6p';

function letters(text: string): string {
  const invite = inviteLetters(text);
  if (invite === null) throw new InvalidArgumentError(`${NO_INVITATION[0]!.toUpperCase()}${NO_INVITATION.slice(1)}.`);
  return invite;
}

/** As it was given; null: not at all; undefined: it is none. */
function invitation({ invite, inviteFile }: Options): string | null | undefined {
  if (invite !== undefined) return invite;
  const text = inviteFile === undefined ? process.env['P3DO_INVITE'] : textOfFile(inviteFile);
  return text === undefined ? null : (inviteLetters(text ?? '') ?? undefined);
}

/** The folder, made as far as it was not; null where nobody gives a passphrase. */
async function made(
  command: Command,
  whose: Whose,
  options: Options,
  ask: Secret,
  isBehind: boolean,
): Promise<Profile | null> {
  const whole = await Profile.open(whose);
  let secret: string | null = null;
  // Who is registered is not asked for it; but a passphrase that is given is believed to be the right one from then on.
  const isGiven = (options.passphraseFile ?? process.env['P3DO_PASSPHRASE']) !== undefined;
  if (whole?.kept.isRegistered !== true || isGiven) {
    const given = await ask(whole === null && options.identity === undefined && (await Profile.isNew(whose)));
    if ('fault' in given) {
      fail(command, options, '_passphrase_missing', given.fault);
      return null;
    }
    ({ secret } = given);
    // Of a folder that is whole it is not needed; but whoever gives another one believes that it will be.
    if (whole !== null) await Profile.checkPassphrase(whose, secret);
  }
  const now = Math.floor(Date.now() / 1000);
  const { server = null, proxy, identity: identityFile } = options;
  const profile = await Profile.make(whose, { suite, now, passphrase: secret, server, proxy, identityFile });
  return isBehind && secret !== null ? profile.enrolled(suite, secret, now) : profile;
}
