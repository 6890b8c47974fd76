/** `p3do device`: which devices a person has, and that one of them is none any more. docs/spec/pki.md#enrolment */
import { type Command, InvalidArgumentError } from 'commander';
import { profileLimits } from '../client/profile/limits.ts';
import { Profile, type Whose } from '../client/profile/profile.ts';
import { hexOf } from '../crypto/bytes.ts';
import { readCertificate } from '../pki/certificate.ts';
import { type Device, deviceId, type DeviceStatement, rawKey } from '../pki/device-statement.ts';
import { readStatement, revokeDevice, signStatement } from '../pki/enrolment.ts';
import type { SecretKey } from '../pki/secret-key.ts';
import { suite } from '../server/suite.ts';
import { explained } from './person/codes.ts';
import { fail, registered, type Shared, tell, whoseOf, withShared } from './person/conversation.ts';
import { passphrase } from './person/passphrase.ts';
import { type Talk, talk } from './person/talk.ts';

interface RevokeOptions extends Shared {
  readonly passphraseFile?: string;
}

/** Digits of a device's id that are shown: its main channel. */
const SHOWN_DIGITS = 16;

/** Adds the subcommands and the page of `p3do device`. */
export function register(command: Command): void {
  command.addHelpText(
    'after',
    `
A person may have several devices, each with a key of its own; the identity key, under its passphrase, says which they
are. Each hears all that is said to the person. Another one is added there, with a copy of the identity key:
p3do register ada@a.example --identity FILE.

Examples:
  $ p3do device list
  $ p3do device revoke d7453f4f0899507e`,
  );
  const sub = (name: string, summary: string): Command =>
    withShared(
      command.command(name).description(summary).showHelpAfterError(`See: p3do help device ${name}`),
      'how long to wait for the answer (60)',
    );
  sub('list', 'the devices that count now, and those that were revoked')
    .addHelpText(
      'after',
      `
As the home knows them, checked to be said by the identity key.

Example:
  $ p3do device list --json | jq -r 'select(.isRevoked | not) | .device'`,
    )
    .action(async (options: Shared, asked: Command) => list(asked, options));
  sub('revoke', 'say that a device counts no more: one that is lost, or sold')
    .argument('<id>', 'as p3do device list shows it, or how it begins (8 digits)', idPrefix)
    .option('--passphrase-file <path>', 'the passphrase of the identity key; else P3DO_PASSPHRASE, else it is asked')
    .addHelpText(
      'after',
      `
The identity key signs it, and the home cuts the device off at once and lets it in no more; what it signs is refused
by all who have heard of it. It cannot be undone: that machine may only become another device, with another key.
It keeps what it has heard, and the keys by which messages to the person are opened. Where whoever has it may know
the passphrase too, go to another name (p3do move) or close the account (p3do close).

Example:
  $ p3do device revoke d7453f4f0899507e --passphrase-file secret`,
    )
    .action(async (id: string, options: RevokeOptions, asked: Command) => revoke(asked, id, options));
}

async function list(command: Command, options: Shared): Promise<void> {
  const whose = await whoseOf(command, options.as);
  await talk(command, options, async (home) => {
    const profile = await Profile.open(whose);
    const newest = profile === null ? null : await newestOf(home, profile);
    if (profile === null || newest === null) return;
    const own = ownId(profile);
    const show = (device: Device, isRevoked: boolean): void => {
      const [id, day] = [idOf(device), new Date(device.since * 1000).toISOString().slice(0, 10)];
      const isThis = id === own;
      const line = `${id}, ${isRevoked ? 'revoked' : 'since'} ${day}${isThis ? ', this device' : ''}\n`;
      tell(options, { kind: 'device', device: id, isThis, isRevoked, sinceMs: device.since * 1000 }, line);
    };
    for (const device of newest.devices) show(device, false);
    for (const device of newest.revoked) show(device, true);
  });
}

async function revoke(command: Command, id: string, options: RevokeOptions): Promise<void> {
  const whose = await whoseOf(command, options.as);
  const given = await passphrase(false, options.passphraseFile);
  if ('fault' in given) {
    fail(command, options, '_passphrase_missing', given.fault);
    return;
  }
  const identity = await Profile.openIdentity(whose, given.secret);
  let shown: Uint8Array | null = null;
  for (let tries = 1; ; tries++) {
    const isLast = tries >= profileLimits.enrolTriesMax;
    const outcome: Outcome = await attempt(command, whose, options, { id, identity, shown, isLast });
    if (outcome === 'over') return;
    shown = outcome === 'behind' ? null : outcome;
  }
}

/** A statement to be shown next; `behind`: another device was faster, and what the home has is asked for again; `over`: what became of it is told. */
type Outcome = Uint8Array | 'behind' | 'over';

interface Attempt {
  readonly id: string;
  readonly identity: SecretKey;
  /** What is shown at the login; null: what was kept. */
  readonly shown: Uint8Array | null;
  readonly isLast: boolean;
}

async function attempt(
  command: Command,
  whose: Whose,
  options: RevokeOptions,
  { id, identity, shown, isLast }: Attempt,
): Promise<Outcome> {
  let outcome: Outcome = 'over';
  const course = async (home: Talk): Promise<void> => {
    const profile = await Profile.open(whose);
    const newest = profile === null ? null : await newestOf(home, profile);
    if (profile === null || newest === null) return;
    const [device, another] = [...newest.devices, ...newest.revoked].filter((one) => idOf(one).startsWith(id));
    const wrong = (code: string): void => fail(command, options, code, `${id}: ${explained(code)}`);
    if (device === undefined) wrong('_unlisted_device');
    else if (another !== undefined) wrong('_ambiguous_device');
    else if (newest.revoked.includes(device))
      tell(options, { kind: 'revoked', device: idOf(device) }, `${idOf(device)} is revoked\n`);
    else if (idOf(device) === ownId(profile)) wrong('_own_device');
    else if (isLast) wrong('_conflicting_statement');
    else {
      const now = Math.floor(Date.now() / 1000);
      outcome = await signStatement(identity.signer, revokeDevice(newest, rawKey(device), now));
    }
  };
  await talk(command, options, course, () => 'nobody has answered: p3do device list shows whether it is revoked', {
    async profile() {
      const profile = await registered(command, whose, options);
      return shown === null || profile === null ? profile : profile.showing(shown);
    },
    excuses(code) {
      const isBehind = code === '_conflicting_statement' && shown !== null && !isLast;
      if (isBehind) outcome = 'behind';
      return isBehind;
    },
  });
  return outcome;
}

/** What the identity has said last, as the home has it; null: it was refused, and that is told. Throws PkiError as `readStatement`. */
async function newestOf(home: Talk, { kept }: Profile): Promise<DeviceStatement | null> {
  const told = await home.askHome('_request_keys');
  const bytes = told?.at(-1)?.packet.value('_statement');
  if (told === null) return null;
  const certificate = await readCertificate(kept.certificate);
  const statement = new Uint8Array(bytes ?? []);
  return (await readStatement(statement, certificate, Math.floor(Date.now() / 1000))).statement;
}

const shownId = (id: Uint8Array): string => hexOf(id).slice(0, SHOWN_DIGITS);
const idOf = (device: Device): string => shownId(deviceId(rawKey(device)));
const ownId = ({ device }: Profile): string => shownId(deviceId(suite.ed25519PublicKey(device.seed)));

function idPrefix(typed: string): string {
  const id = typed.toLowerCase();
  if (/^[0-9a-f]{8,16}$/.test(id)) return id;
  throw new InvalidArgumentError('It takes 8 to 16 of the digits that p3do device list shows.');
}
