/** `p3do move`: a person lives somewhere else from now on, by the word of the key that others have pinned. docs/spec/people.md#moving */
import type { Command } from 'commander';
import { existsSync } from 'node:fs';
import { personFolder, surroundings } from '../client/profile/folder.ts';
import { Profile, type Whose } from '../client/profile/profile.ts';
import { heardFrom } from '../client/session/kept.ts';
import type { SecretKey } from '../pki/secret-key.ts';
import { signMove } from '../pki/move-statement.ts';
import { renderUserId } from '../psyc/names.ts';
import { identityFile } from './leaving/gather.ts';
import { explained } from './person/codes.ts';
import { complain, fail, type Shared, tell, whoseOf, withShared } from './person/conversation.ts';
import { passphrase } from './person/passphrase.ts';
import { nameOf } from './person/show.ts';
import { type Talk, talk } from './person/talk.ts';
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

Places of which you were a member, as this machine knows, are asked to take you under the new name, with what you
were there: p3do place moved does the same, one by one. Your friends' homes know you again; to be friends under the new
name, both say so anew (p3do friend add). What is written to the old name goes to the old home.

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
  if (!existsSync(identityFile(old.folder))) {
    const name = `${from.nick}@${from.domain}`;
    const text = `the identity key of ${name} is not on this machine: bring ${identityFile(old.folder)} here, from where you were ${name} or from an export`;
    fail(command, options, '_input_invalid', text);
    return null;
  }
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
  const left = new Set<string>();
  await talk(
    command,
    options,
    async (home) => {
      const told = await home.ask({ target: home.person, method: '_request_move', entity });
      if (told === null) return;
      const names = { from: `${from.nick}@${from.domain}`, to: `${nick}@${domain}` };
      const line = `${names.from} is ${names.to} from now on, for all who knew that key\n`;
      tell(options, { kind: 'moved', ...names }, line);
      for (const place of await placesOf(from)) left.add(place);
      const whom = `psyc://${from.domain}/~${from.nick}`;
      await Promise.all([...left].map((place) => takenAlong(command, home, place, whom, options, left)));
    },
    () => `not answered yet: ${left.size === 0 ? nick : [...left].map(nameOf).join(', ')}; the next command asks again`,
  );
}

/** The places that this machine knows the old name to be in; none where it does not have that folder whole. */
async function placesOf({ nick, domain }: Named): Promise<string[]> {
  const profile = await Profile.open({ nick, domain, folder: personFolder(surroundings(), nick, domain) });
  return profile === null ? [] : [...heardFrom(profile.kept).places.keys()];
}

/** What a place may say to it, which ends nothing for the others. */
const excused = [
  '_unknown_member',
  '_unknown_move',
  '_unknown_target',
  '_necessary_invitation',
  '_banned_member',
  '_excessive_entries',
  '_excessive_members',
  '_excessive_requests',
];

async function takenAlong(
  command: Command,
  home: Talk,
  place: string,
  whom: string,
  options: Options,
  left: Set<string>,
): Promise<void> {
  const asked = await home.atPlace({ kind: 'act', act: { kind: 'move', whom } }, place, excused);
  const entered = asked === true ? await home.atPlace({ kind: 'enter' }, place, excused) : asked;
  left.delete(place);
  const name = nameOf(place);
  if (entered === true) tell(options, { kind: 'place moved', place }, `${name} knows you by the new name\n`);
  else if (typeof entered === 'string') complain(command, `${name}: ${explained(entered)}`);
}
