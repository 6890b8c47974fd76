/** `p3do key`: what a domain says of its people's keys, taken back and given again by its admin. docs/operating.md#keys-of-people */
import { type Command, InvalidArgumentError } from 'commander';
import { renderArmour } from '../pki/armour.ts';
import { readCertificate } from '../pki/certificate.ts';
import { certify, revoke } from '../pki/certification.ts';
import type { SecretKey } from '../pki/secret-key.ts';
import { isNick, renderUserId } from '../psyc/names.ts';
import { askServer } from '../server/admin/channel.ts';
import { AdminError } from '../server/admin/errors.ts';
import { loadDomain } from '../server/domain/load.ts';
import { bringKey, fingerprintsOf, keyAt } from '../server/keys/ask.ts';
import { KeyServerError } from '../server/keys/errors.ts';
import { ownServer } from '../server/domain/own-server.ts';
import { address } from './person/target.ts';
import { addRotate } from './rotate.ts';
import { addVoid } from './void.ts';
import { domainOptions, folderOf, type Whose } from './whose.ts';

type Options = Whose & { readonly json?: true };

/** What is said of a key: one of two words. */
type Word = {
  readonly kind: 'revoked' | 'certified';
  readonly say: (key: SecretKey, bytes: Uint8Array, userId: string, now: number) => Promise<Uint8Array>;
  readonly text: string;
};

const revoked: Word = {
  kind: 'revoked',
  say: async (key, bytes, userId, now) => revoke(key, await readCertificate(bytes), userId, now),
  text: 'nobody is let in by it any more, and whoever asks for it is told',
};

const certified: Word = {
  kind: 'certified',
  say: async (key, bytes, userId, now) => certify(key, await readCertificate(bytes), userId, now),
  text: 'for 30 days, and renewed when its owner logs in',
};

/** Adds the subcommands of `p3do key`. */
export function register(command: Command): void {
  add(command, 'revoke', 'take back what the domain has certified of a person', revoked, [
    'The newest key of that nick counts for nobody from now on: its devices are disconnected and not let in again,',
    'its certification is not renewed, and the key server gives out the revocation for ever. The name stays taken.',
  ]);
  add(command, 'certify', 'certify again whom the domain has revoked', certified, [
    'The newest word counts: the person logs in again with the same key and the same devices.',
  ]);
  addFind(command);
  addRotate(command);
  addVoid(command);
  command.addHelpText('after', '\nExamples:\n  $ p3do key revoke mallory --domain example.org');
}

function add(command: Command, name: string, description: string, word: Word, page: readonly string[]): void {
  const sub = command.command(name).description(description).showHelpAfterError(`See: p3do help key ${name}`);
  domainOptions(sub.argument('<nick>', 'whose, as nick or nick@domain', nick))
    .option('--json', 'one line of JSON')
    .addHelpText(
      'after',
      `
${page.join('\n')}
The domain's server must run.

Example:
  $ p3do key ${name} mallory --domain example.org`,
    )
    .action(async (whose: Person, options: Options) => {
      const { config, key } = await loadDomain(await folderOf(sub, options));
      if (whose.domain !== null && whose.domain !== config.domain) {
        sub.error(`${whose.domain} certifies its own people: this domain is ${config.domain}`);
      }
      const address = `${whose.nick}@${config.domain}`;
      const at = ownServer(config);
      const [fingerprint] = await fingerprintsOf(at, address);
      const bytes = fingerprint === undefined ? null : await keyAt(at, fingerprint);
      if (fingerprint === undefined || bytes === null) {
        throw new KeyServerError('_keys_unknown', `no key of ${address} is on the ring`);
      }
      const now = Math.floor(Date.now() / 1000);
      await bringKey(at, await word.say(key, bytes, renderUserId(whose.nick, config.domain), now));
      const { kind, text } = word;
      process.stdout.write(
        `${options.json ? JSON.stringify({ kind, address, fingerprint }) : `${kind} ${address}, key ${fingerprint}: ${text}`}\n`,
      );
    });
}

/** Of people elsewhere, too. */
function addFind(command: Command): void {
  const sub = command
    .command('find')
    .description('the key of somebody, also while his home is down')
    .showHelpAfterError('See: p3do help key find');
  domainOptions(sub.argument('<nick@domain>', 'whose', address))
    .option('--armor', 'print the key as text')
    .option('--json', 'one line of JSON')
    .addHelpText(
      'after',
      `
Looks on the ring of the running server, where the DNS of his domain points (ks), and at the key servers of the
domains that are connected, in this order, and takes what his domain vouches for by the key that is trusted here.

Examples:
  $ p3do key find bob@b.example --domain example.org
  $ p3do key find bob@b.example --armor | gpg --import`,
    )
    .action(async (whose: { nick: string; domain: string }, options: Options & { readonly armor?: true }) => {
      const person = `psyc://${whose.domain}/~${whose.nick}`;
      const found = await askServer(await folderOf(sub, options), { kind: 'find', person });
      if (found.kind !== 'found') throw new AdminError('_admin_refused', 'the server speaks another version');
      const { fingerprint, untilMs } = found;
      const named = `${whose.nick}@${whose.domain}`;
      const until = new Date(untilMs).toISOString();
      const armoured = renderArmour('public', Buffer.from(found.key, 'base64'));
      const line = `${named}, key ${fingerprint}, vouched for until ${until.slice(0, 10)}\n`;
      const said = options.armor ? armoured : line;
      process.stdout.write(options.json ? `${JSON.stringify({ address: named, fingerprint, until })}\n` : said);
    });
}

type Person = { readonly nick: string; readonly domain: string | null };

function nick(text: string): Person {
  const [name = '', domain = null, ...more] = text.split('@');
  if (isNick(name) && more.length === 0) return { nick: name, domain };
  throw new InvalidArgumentError('It takes a nick of this domain.');
}
