/** A domain of this machine, from its folder: configuration, key, invitations. docs/operating.md#files-of-a-domain */
import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { ProofStep } from '../../circuit/proof-steps.ts';
import type { SecretKey } from '../../pki/secret-key.ts';
import type { Config } from '../config/config.ts';
import { readConfig } from '../config/read.ts';
import { renewEpochs } from './epochs.ts';
import { DomainError } from './errors.ts';
import { type Invites, readInvites } from './invites.ts';
import { readDomainKey, readRotation } from './key-file.ts';
import type { OwnKeys } from './own-record.ts';
import { configFile } from './quickstart.ts';
import { readFormer } from './former.ts';
import { numberedKey, readRecovery, readSuccessor, type Successor, takeSuccessor } from './rotating.ts';

/** What a server starts from. */
export type Domain = {
  readonly config: Config;
  readonly key: SecretKey;
  /** The statement by which it follows the key before; null: there is none. */
  readonly rotation: Uint8Array | null;
  /** Public keys that the domain had before. */
  readonly former: readonly Uint8Array[];
  /** How it came to the key before, the oldest step first. */
  readonly earlier: readonly ProofStep[];
  /** The public recovery key, where it has signed for the domain; null: it has not. */
  readonly recovery: Uint8Array | null;
  /** The key that is to follow; null: none is. */
  readonly next: Successor | null;
  /** As the file has them when asked: `p3do invite` adds to it while the server runs. Throws as `readInvites`. */
  readonly invites: () => Promise<Invites>;
};

/** Throws DomainError `_domain_unknown` unless the folder holds a domain. */
export async function checkDomain(folder: string): Promise<void> {
  const isThere = await stat(configFile(folder)).then(
    () => true,
    (error: unknown) => {
      // Anything else is told by whoever reads the file.
      return (error as NodeJS.ErrnoException).code !== 'ENOENT';
    },
  );
  if (!isThere) {
    throw new DomainError('_domain_unknown', `${resolve(folder)} holds no domain: p3do quickstart DOMAIN makes one`);
  }
}

/** Throws ConfigError, DomainError `_domain_unknown`, `_domain_invalid_key`. */
export async function loadDomain(folder: string): Promise<Domain> {
  await checkDomain(folder);
  const config = await readConfig(configFile(folder));
  const key = await readDomainKey(config.folder, config.domain);
  const rotation = await readRotation(config.folder, key.certificate.key.fingerprint);
  const { keys: former, earlier } = await readFormer(config.folder, rotation);
  const { fingerprint: present } = key.certificate.key;
  const next = await readSuccessor(config.folder, {
    domain: config.domain,
    present,
    timeScale: config.policy.timeScale,
  });
  const recovery = await readRecovery(config.folder);
  return { config, key, rotation, former, earlier, recovery, next, invites: () => readInvites(config.folder) };
}

/** The same for whoever serves it: with the key that is to follow in its place, and the next onion epoch in the key, if their time has come. Throws the same. */
export async function loadServed(folder: string, unixMs: number): Promise<Domain> {
  await checkDomain(folder);
  const { folder: root, domain, policy, mor } = await readConfig(configFile(folder));
  await takeSuccessor(root, domain, unixMs, policy.timeScale);
  if (mor !== null) await renewEpochs(root, domain, unixMs);
  return loadDomain(folder);
}

/** Its keys, for its record in the DNS. */
export const ownKeysOf = ({ key, rotation, next }: Pick<Domain, 'key' | 'rotation' | 'next'>): OwnKeys => ({
  fingerprint: key.certificate.key.fingerprint,
  number: numberedKey(key, rotation).seq,
  next: next?.key.certificate.key.fingerprint ?? null,
});
