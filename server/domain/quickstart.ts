/** A domain's first start: its keys, its configuration and the admin's invitation, each in a file. docs/operating.md#first-start */
import { existsSync } from 'node:fs';
import { lstat, rm, rmdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { makeFolder, writePrivate } from '../../disk/private-file.ts';
import { renderArmour } from '../../pki/armour.ts';
import { makeDomainKey, makeRecoveryKey } from '../../pki/make-key.ts';
import { makeRevocation } from '../../pki/revocation.ts';
import { readSecretKey } from '../../pki/secret-key.ts';
import { encodeText } from '../../psyc/bytes.ts';
import { isLoopback, isLoopbackName, renderEndpoint } from '../config/address.ts';
import { readConfig } from '../config/read.ts';
import { isRoot } from '../postgres/account.ts';
import { suite } from '../suite.ts';
import { transportLimits } from '../transport/limits.ts';
import type { Endpoint } from '../transport/resolve.ts';
import { DEFAULT_PORT } from '../transport/tls.ts';
import { DomainError } from './errors.ts';
import { checkName } from './folders.ts';
import { inviteLine, invitesFile, makeInvite } from './invites.ts';
import { keyFile, writeKey } from './key-file.ts';
import { domainLimits } from './limits.ts';

const SEED_BYTES = 32;

/** What may be said of a new domain; all but the name and the time (Unix seconds) have defaults. */
export type NewDomainFiles = {
  readonly domain: string;
  readonly now: number;
  /** Addresses to listen on. Without: this machine's own for `localhost` and `.test`, else all. */
  readonly hosts?: readonly string[];
  readonly port?: number;
  /** Where other domains are that the DNS does not know. */
  readonly peers?: ReadonlyMap<string, Endpoint>;
  /** Without: open where only this machine can come, else invited. */
  readonly registration?: 'invited' | 'open';
  /** URL of a PostgreSQL; without, the domain has one of its own. */
  readonly database?: string;
};

/** A domain that has been made; fingerprints of 40 lower-case hex digits. */
export type MadeDomain = {
  readonly folder: string;
  readonly config: string;
  readonly port: number;
  readonly registration: 'invited' | 'open';
  readonly fingerprint: string;
  /** Fingerprint of the recovery key. */
  readonly recovery: string;
  /** The admin's invitation: it is nowhere else. */
  readonly invite: string;
  /** Files to be taken off the machine. */
  readonly offline: readonly string[];
};

/** config.json of a folder. */
export const configFile = (folder: string): string => join(folder, 'config.json');

/**
 * Makes the files of a domain in a folder, which may exist and must hold none of them. When it throws, nothing is left of
 * them: DomainError `_domain_invalid_name`, `_domain_existing`, `_domain_unfinished`, FileError `_existing_file`,
 * ConfigError for what the configuration may not say or the machine does not give; system errors pass.
 */
export async function quickstart(folder: string, domain: NewDomainFiles): Promise<MadeDomain> {
  checkName(domain.domain);
  const root = resolve(folder);
  const files = {
    key: keyFile(root),
    recovery: join(root, 'recovery.key'),
    revocation: join(root, 'revocation.asc'),
    invites: invitesFile(root),
    config: configFile(root),
  };
  await checkEmpty(root, files);
  const made = await makeKeys(domain);
  const invite = makeInvite();
  const config = configOf(domain, made.recovery.fingerprint);
  // PostgreSQL does not run as root, and has to pass through on the way to its own folder.
  const wasThere = existsSync(root);
  await makeFolder(root, isRoot() ? 0o711 : 0o700);
  const written: string[] = [];
  const write = async (path: string, how: (path: string) => Promise<void>): Promise<void> => {
    await how(path);
    written.push(path);
  };
  const writeText = (path: string, bytes: Uint8Array): Promise<void> =>
    write(path, (to) => writePrivate(to, bytes, 'new'));
  try {
    await write(files.key, (path) => writeKey(path, made.domain.bytes));
    await write(files.recovery, (path) => writeKey(path, made.recovery.bytes));
    await writeText(files.revocation, encodeText(renderArmour('public', made.revocation)));
    await writeText(files.invites, inviteLine(invite));
    // The last: a folder with it is a whole domain.
    await writeText(files.config, encodeText(`${JSON.stringify(config, null, 2)}\n`));
    // The environment's database is that of this shell, not of the domain.
    await readConfig(files.config, {});
  } catch (error) {
    for (const path of written.reverse()) await rm(path, { force: true });
    if (!wasThere) await rmdir(root).catch(() => {});
    throw error;
  }
  return {
    folder: root,
    config: files.config,
    port: config.listen.port,
    registration: config.registration,
    fingerprint: made.domain.fingerprint,
    recovery: made.recovery.fingerprint,
    invite,
    offline: [files.recovery, files.revocation],
  };
}

async function checkEmpty(root: string, files: Readonly<Record<string, string>>): Promise<void> {
  const paths = Object.values(files);
  const found = await Promise.all(
    paths.map((path) =>
      lstat(path).then(
        () => true,
        () => false,
      ),
    ),
  );
  const first = paths.find((_, at) => found[at]);
  if (first === undefined) return;
  if (found.at(-1) === true) {
    throw new DomainError('_domain_existing', `${root} holds a domain already, and nothing is overwritten`);
  }
  throw new DomainError(
    '_domain_unfinished',
    `${first} is there without config.json: left by a first start that was broken off, or by a domain; move it away first`,
  );
}

/** The keys, their secrets in `bytes`. */
async function makeKeys({ domain, now }: NewDomainFiles) {
  const [seed, circuitSeed, epochSeed, recoverySeed] = Array.from({ length: 4 }, () => suite.random(SEED_BYTES));
  const epochUntil = now + domainLimits.epochSeconds;
  const key = await readSecretKey(
    await makeDomainKey({ domain, now, seed: seed!, circuitSeed: circuitSeed!, epochSeed: epochSeed!, epochUntil }),
  );
  const recovery = await readSecretKey(await makeRecoveryKey(domain, recoverySeed!, now));
  return {
    domain: { bytes: key.bytes, fingerprint: key.certificate.key.fingerprint },
    recovery: { bytes: recovery.bytes, fingerprint: recovery.certificate.key.fingerprint },
    revocation: await makeRevocation(key.signer, now),
  };
}

/** config.json, every key that has a default written out. */
function configOf({ domain, peers = new Map<string, Endpoint>(), ...given }: NewDomainFiles, recovery: string) {
  const isOwn = isLoopbackName(domain);
  const hosts = given.hosts ?? (isOwn ? ['127.0.0.1', '::1'] : ['::']);
  return {
    domain,
    listen: { hosts, port: given.port ?? DEFAULT_PORT },
    store: given.database === undefined ? { folder: 'postgres' } : { url: given.database },
    peers: Object.fromEntries([...peers].map(([name, at]) => [name, { at: renderEndpoint(at) }])),
    recovery,
    registration: given.registration ?? (isOwn && hosts.every(isLoopback) ? ('open' as const) : ('invited' as const)),
    origins: [],
    log: { level: 'info' },
    limits: {
      connections: transportLimits.connectionsMax,
      connectionsPerAddress: transportLimits.connectionsPerAddressMax,
    },
  };
}
