/** `p3do key rotate`: another key for the domain, made and announced ahead. docs/operating.md#another-key-for-the-domain */
import { type Command, InvalidArgumentError } from 'commander';
import type { SecretKey } from '../pki/secret-key.ts';
import { askServer } from '../server/admin/channel.ts';
import { AdminError } from '../server/admin/errors.ts';
import type { Config } from '../server/config/config.ts';
import { readConfig } from '../server/config/read.ts';
import { dnsRecords } from '../server/domain/dns-records.ts';
import { DomainError } from '../server/domain/errors.ts';
import { readKeyFile, readPublicFile } from '../server/domain/key-file.ts';
import { loadDomain, ownKeysOf } from '../server/domain/load.ts';
import { ownRecord } from '../server/domain/own-record.ts';
import { configFile } from '../server/domain/quickstart.ts';
import { announcedMs, prepareRotation, replaceLost } from '../server/domain/rotating.ts';
import { fingerprint } from './fingerprint.ts';
import { domainOptions, folderOf, type Whose } from './whose.ts';

interface Options extends Whose {
  readonly at?: number;
  readonly recovery?: string;
  readonly nextRecovery?: string;
  readonly lost?: string;
  readonly json?: true;
}

/** Adds the subcommand. */
export function addRotate(command: Command): void {
  const sub = command
    .command('rotate')
    .description('another key for the domain, which takes its place in three days')
    .showHelpAfterError('See: p3do help key rotate');
  domainOptions(sub)
    .option(
      '--at <time>',
      'when it takes its place, 2027-01-31T12:00Z; three days from now at least, but with --recovery',
      moment,
    )
    .option('--recovery <file>', 'signed by the recovery key in this file, in place of the domain’s own')
    .option('--next-recovery <fingerprint>', 'with --recovery: another recovery key from then on', fingerprint)
    .option('--lost <file>', 'domain.key is lost: this is its public half, as key servers give it out; with --recovery')
    .option('--json', 'one line of JSON')
    .addHelpText(
      'after',
      `
Makes the next key (next.key) and the statement that it follows the present one, signed by both (rotation.next).
The running server tells other domains and its own DNS record at once; where you paste your DNS, paste the line
that is printed. At that time the server puts the key in its place, and starts anew by itself; a server that
does not run does it at its next start. Then paste what p3do dns show prints.
The key before goes to the folder former: take it off the machine after thirty days.
A key that is stolen is revoked first (revocation.asc): then others follow what the recovery key says at once, and
--at now puts it in its place as soon as the server starts anew.
With --lost the next key is in its place at once, since nothing else speaks for the domain. Others who know the
recovery key follow at once where the lost key was revoked, else three days after they have seen the next one.

Examples:
  $ p3do key rotate --domain example.org
  $ p3do key rotate --recovery /media/stick/recovery.key
  $ p3do key rotate --recovery /media/stick/recovery.key --at now
  $ curl -k 'https://b.example:9404/pks/lookup?op=get&search=0xFINGERPRINT' > old.asc
  $ p3do key rotate --recovery /media/stick/recovery.key --lost old.asc`,
    )
    .action(async (options: Options) => {
      const folder = await folderOf(sub, options);
      if (options.lost !== undefined) {
        await lost(sub, folder, options.lost, options);
        return;
      }
      const { config, key, rotation } = await loadDomain(folder);
      const nowMs = Date.now();
      const delayMs = announcedMs(config.policy.timeScale);
      const atMs = options.at ?? nowMs + delayMs;
      // Whoever's key is stolen has no three days; the thief does not wait for them either.
      if (options.recovery === undefined && atMs < nowMs + delayMs) {
        throw new DomainError('_domain_early', 'others must have heard of it for three days and five minutes before');
      }
      const recovery = options.recovery === undefined ? null : await recoveryIn(options.recovery, config);
      if (recovery === null && options.nextRecovery !== undefined) {
        throw new DomainError(
          '_domain_invalid_key',
          'another recovery key is named by the one that it follows: --recovery',
        );
      }
      await prepareRotation(config.folder, {
        domain: config.domain,
        key,
        before: rotation,
        recovery,
        named: options.nextRecovery ?? config.recovery,
        notBefore: Math.floor((atMs - delayMs) / 1000),
        now: Math.floor(nowMs / 1000),
      });
      const after = await loadDomain(folder);
      const isRunning = await announced(config.folder);
      const [line = ''] = dnsRecords(config.domain, ownRecord(ownKeysOf(after), config.dns), config.listen.port);
      const { fingerprint: next } = after.next!.key.certificate.key;
      const at = new Date(after.next!.switchMs).toISOString();
      if (options.json)
        process.stdout.write(`${JSON.stringify({ fingerprint: next, at, dns: line, running: isRunning })}\n`);
      else {
        process.stdout.write(
          `key ${next} takes its place at ${at}\n${isRunning ? '' : 'the server does not run: start it, so that others hear of it\n'}${line}\n`,
        );
      }
    });
}

/** The recovery key that the configuration names, and no other. Throws DomainError `_domain_invalid_key`. */
async function recoveryIn(file: string, { recovery }: Config): Promise<SecretKey> {
  const key = await readKeyFile(file, 'the recovery key');
  if (key.certificate.key.fingerprint === recovery) return key;
  throw new DomainError('_domain_invalid_key', `${file} is not the recovery key of config.json`);
}

/** The recovery key speaks for one that is gone. */
async function lost(sub: Command, folder: string, file: string, options: Options): Promise<void> {
  const { recovery, nextRecovery, at, json } = options;
  if (recovery === undefined) sub.error('--lost takes --recovery: nothing else can sign for a key that is lost');
  if (at !== undefined) sub.error('--lost and --at exclude each other: the next key is in its place at once');
  const config = await readConfig(configFile(folder), process.env, true);
  await replaceLost(config.folder, {
    domain: config.domain,
    key: { certificate: await readPublicFile(file) },
    recovery: await recoveryIn(recovery, config),
    named: nextRecovery ?? config.recovery,
    now: Math.floor(Date.now() / 1000),
  });
  const after = await loadDomain(folder);
  const [line = ''] = dnsRecords(config.domain, ownRecord(ownKeysOf(after), config.dns), config.listen.port);
  const { fingerprint: next } = after.key.certificate.key;
  process.stdout.write(
    json
      ? `${JSON.stringify({ fingerprint: next, at: null, dns: line, running: false })}\n`
      : `key ${next} is in its place: start the server, so that others see it\n${line}\n`,
  );
}

/** Whether a running server has heard of it. */
async function announced(folder: string): Promise<boolean> {
  try {
    await askServer(folder, { kind: 'announce' });
    return true;
  } catch (error) {
    if (error instanceof AdminError && error.code === '_admin_not_running') return false;
    throw error;
  }
}

function moment(text: string): number {
  const ms = text === 'now' ? Date.now() : Date.parse(text);
  if (Number.isNaN(ms)) throw new InvalidArgumentError('It takes a time, 2027-01-31T12:00Z, or now.');
  return ms;
}
