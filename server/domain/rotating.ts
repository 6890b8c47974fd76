/** The key that follows a domain's own: made and signed ahead, put in its place when its time has come. docs/operating.md#another-key-for-the-domain */
import { lstat, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { FileError } from '../../disk/errors.ts';
import { readPrivate, syncEntry, writePrivate } from '../../disk/private-file.ts';
import { parseArmour, renderArmour } from '../../pki/armour.ts';
import { PkiError } from '../../pki/error.ts';
import { decodeText, encodeText } from '../../psyc/bytes.ts';
import { limits } from '../../pki/limits.ts';
import { makeDomainKey } from '../../pki/make-key.ts';
import { type NumberedKey, nextRotation, signRotation } from '../../pki/rotation.ts';
import { NO_ROTATION, type Rotation, rotationHash, splitRotation } from '../../pki/rotation-statement.ts';
import type { Signer } from '../../pki/openpgp.ts';
import { readSecretKey, type SecretKey } from '../../pki/secret-key.ts';
import { trustLimits } from '../../pki/trust-limits.ts';
import { domainOf } from '../../pki/user-id.ts';
import { suite } from '../suite.ts';
import { DomainError } from './errors.ts';
import { keepKey, keepPublic, keepStatement } from './former.ts';
import { keyFile, readDomainKey, readKeyFile, readRotation, rotationFile, writeKey } from './key-file.ts';
import { domainLimits } from './limits.ts';

/** A key that is to follow, and when. */
export interface Successor {
  readonly key: SecretKey;
  /** As it was signed. */
  readonly statement: Uint8Array;
  readonly rotation: Rotation;
  /** When the server has it in place of the old one, Unix milliseconds. */
  readonly switchMs: number;
}

const nextKeyFile = (folder: string): string => join(folder, 'next.key');
const nextRotationFile = (folder: string): string => join(folder, 'rotation.next');
const recoveryFile = (folder: string): string => join(folder, 'recovery.asc');

/** How long a statement is known before the key changes: as long as others wait who hear of it by nothing else; Unix milliseconds over the scale of the configuration. */
export const announcedMs = (timeScale: number): number =>
  Math.ceil((trustLimits.graceMs + trustLimits.skewMs) / timeScale);

/** What others know of the key of this folder: its number, and the statement that made it so. */
export function numberedKey(key: Pick<SecretKey, 'certificate'>, statement: Uint8Array | null): NumberedKey {
  const { fingerprint } = key.certificate.key;
  if (statement === null) return { fingerprint, seq: 1, prev: NO_ROTATION };
  const { rotation, signed } = splitRotation(statement);
  return { fingerprint, seq: rotation.seq, prev: rotationHash(signed) };
}

/**
 * The key that is to follow the one with this fingerprint; null: none is. Throws DomainError `_domain_invalid_key`, with what to do
 * where statement and keys do not belong together.
 */
export async function readSuccessor(
  folder: string,
  { domain, present, timeScale }: { readonly domain: string; readonly present: string; readonly timeScale: number },
): Promise<Successor | null> {
  const named = await readNext(folder);
  if (named === null) return null;
  const [path, { statement, rotation }] = [nextRotationFile(folder), named];
  const refused = (what: string): DomainError => new DomainError('_domain_invalid_key', `${path}: ${what}`);
  if (!(await isThere(nextKeyFile(folder)))) {
    throw refused(
      `${nextKeyFile(folder)} is missing, the key ${rotation.new} that it names: bring it back, or break the rotation off by removing rotation.next`,
    );
  }
  const key = await readDomainKey(folder, domain, nextKeyFile(folder));
  if (key.certificate.key.fingerprint !== rotation.new) throw refused('it names another key than next.key');
  const switchMs = rotation.notBefore * 1000 + announcedMs(timeScale);
  if (present !== rotation.old) {
    const which = present === rotation.new ? 'the next key already' : `another one, ${present}`;
    throw refused(
      `until ${new Date(switchMs).toISOString()} the key of ${domain} is ${rotation.old}, and domain.key holds ${which}: put that one back from a copy (docs/operating.md#a-stolen-or-lost-key where there is none)`,
    );
  }
  return { key, statement, rotation, switchMs };
}

/** What is not wrong, and not whole: a key that was made to follow, which no statement names. */
export async function warningsOfNext(folder: string): Promise<string[]> {
  const path = nextKeyFile(folder);
  if (!(await isThere(path)) || (await isThere(nextRotationFile(folder)))) return [];
  return [
    `${path} is there without rotation.next, so no key is to follow: bring rotation.next back, or say p3do key rotate again, which goes on with this key, or remove it`,
  ];
}

/** The statement that is not in its place yet; null: there is none. Throws DomainError `_domain_invalid_key`. */
async function readNext(folder: string): Promise<Pick<Successor, 'statement' | 'rotation'> | null> {
  const path = nextRotationFile(folder);
  try {
    const statement = await readPrivate(path, limits.rotationBytesMax);
    return { statement, rotation: splitRotation(statement).rotation };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    if (!(error instanceof FileError || error instanceof PkiError)) throw error;
    throw new DomainError('_domain_invalid_key', `${path}: ${error.message}`);
  }
}

/** The public recovery key, as it signed last; null: it never has. Throws DomainError `_domain_invalid_key`. */
export async function readRecovery(folder: string): Promise<Uint8Array | null> {
  try {
    return parseArmour(decodeText(await readPrivate(recoveryFile(folder), limits.sentBytesMax)));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    if (!(error instanceof FileError || error instanceof PkiError)) throw error;
    throw new DomainError('_domain_invalid_key', `${recoveryFile(folder)}: ${error.message}`);
  }
}

/** What a rotation is made of; times in Unix seconds. */
export interface NewRotation {
  readonly domain: string;
  readonly key: SecretKey;
  /** The statement that made it the domain's; null: it is the first. */
  readonly before: Uint8Array | null;
  /** Signs in the key's place; null: the key signs. */
  readonly recovery: SecretKey | null;
  /** Fingerprint of the recovery key from then on; null: the one that was named before stays. */
  readonly named: string | null;
  /** From when on others may go by it. */
  readonly notBefore: number;
  readonly now: number;
}

/**
 * Makes the next key and the statement that it follows, each in its file, durably; broken off, it is begun again with the same
 * key. Throws DomainError `_domain_rotating` where one is on its way.
 */
export async function prepareRotation(folder: string, rotation: NewRotation): Promise<void> {
  if (await isThere(nextRotationFile(folder))) {
    throw new DomainError(
      '_domain_rotating',
      `a key is to follow already, and there is one at a time; to break that off, stop the server, remove ${nextRotationFile(folder)} and ${nextKeyFile(folder)}, and do this again`,
    );
  }
  await makeNext(folder, rotation.key.signer, rotation);
}

/** Makes next.key, unless it is there, and the statement that it follows the other, which `signer` signs where the recovery key does not. */
async function makeNext(
  folder: string,
  signer: Signer | null,
  { domain, key, before, recovery, named, notBefore, now }: Omit<NewRotation, 'key'> & Lost,
): Promise<void> {
  if (!(await isThere(nextKeyFile(folder)))) await writeKey(nextKeyFile(folder), await newKey(domain, now));
  const next = await readDomainKey(folder, domain, nextKeyFile(folder));
  // Others check the statement by it.
  const third = recovery === null ? null : renderArmour('public', recovery.certificate.bytes);
  if (third !== null) await writePrivate(recoveryFile(folder), encodeText(third), 'replace');
  const text = nextRotation(domain, numberedKey(key, before), next.certificate.key.fingerprint, notBefore, named);
  const statement = await signRotation((recovery?.signer ?? signer)!, next.signer, text, now);
  await writePrivate(nextRotationFile(folder), statement, 'new');
}

/** A key of which only the public half is left. */
interface Lost {
  readonly key: Pick<SecretKey, 'certificate'>;
}

/**
 * The same where domain.key is lost, signed by the recovery key: the next key is in its place at once, since nothing else speaks for
 * the domain; others follow when their table lets them. Broken off, it is ended by the next call. Throws DomainError
 * `_domain_existing` where domain.key is there, `_domain_invalid_key` for a key of another domain.
 */
export async function replaceLost(
  folder: string,
  {
    recovery,
    ...lost
  }: Omit<NewRotation, 'key' | 'before' | 'recovery' | 'notBefore'> & Lost & { recovery: SecretKey },
): Promise<void> {
  const { certificate } = lost.key;
  const { fingerprint } = certificate.key;
  if (await isThere(keyFile(folder))) {
    throw new DomainError('_domain_existing', `${keyFile(folder)} is there, and not lost: leave --lost out`);
  }
  if (domainOf(certificate) !== lost.domain) {
    throw new DomainError('_domain_invalid_key', `${fingerprint} is no key of ${lost.domain}`);
  }
  await keepPublic(folder, certificate);
  if (!(await isThere(nextRotationFile(folder)))) {
    const before = await readRotation(folder, fingerprint);
    if (before !== null) await keepStatement(folder, before, await readRecovery(folder));
    await makeNext(folder, null, { ...lost, before, recovery, notBefore: lost.now });
  }
  await rename(nextKeyFile(folder), keyFile(folder));
  await syncEntry(keyFile(folder));
  await finish(folder);
}

async function newKey(domain: string, now: number): Promise<Uint8Array> {
  const [seed, circuitSeed, epochSeed] = Array.from({ length: 3 }, () => suite.random(32));
  const epochUntil = now + domainLimits.epochSeconds;
  const seeds = { seed: seed!, circuitSeed: circuitSeed!, epochSeed: epochSeed! };
  return (await readSecretKey(await makeDomainKey({ domain, now, ...seeds, epochUntil }))).bytes;
}

/**
 * Puts the next key into its place, as soon as it is time, and its statement with it; the one before goes to `former`. Done in
 * steps that are found again: whatever broke it off, the next call ends it. Throws DomainError `_domain_invalid_key`.
 */
export async function takeSuccessor(folder: string, domain: string, unixMs: number, timeScale: number): Promise<void> {
  await finish(folder);
  const old = await readDomainKey(folder, domain);
  const { fingerprint: present } = old.certificate.key;
  const next = await readSuccessor(folder, { domain, present, timeScale });
  if (next === null || unixMs < next.switchMs) return;
  const before = await readRotation(folder, old.certificate.key.fingerprint);
  if (before !== null) await keepStatement(folder, before, await readRecovery(folder));
  await keepKey(folder, old);
  await rename(nextKeyFile(folder), keyFile(folder));
  await syncEntry(keyFile(folder));
  await finish(folder);
}

/** A statement whose key is in its place already follows it. */
async function finish(folder: string): Promise<void> {
  const [next, key] = [nextRotationFile(folder), nextKeyFile(folder)];
  const named = (await isThere(key)) ? null : await readNext(folder);
  // Without next.key and with another one in its place nothing was broken off here: somebody has removed it, which `readSuccessor` says.
  if (named === null || (await readKeyFile(keyFile(folder))).certificate.key.fingerprint !== named.rotation.new) return;
  // Whoever misses it is shown it later.
  await keepStatement(folder, named.statement, await readRecovery(folder));
  await rename(next, rotationFile(folder));
  await syncEntry(next);
}

const isThere = (path: string): Promise<boolean> =>
  lstat(path).then(
    () => true,
    (error: unknown) => {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
      throw error;
    },
  );
