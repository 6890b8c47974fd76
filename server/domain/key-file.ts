/** domain.key: the domain's secret key as text that GnuPG takes too. docs/operating.md#files-of-a-domain */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FileError } from '../../disk/errors.ts';
import { readPrivate, writePrivate } from '../../disk/private-file.ts';
import { parseArmour, renderArmour } from '../../pki/armour.ts';
import { type Certificate, readArmouredCertificate } from '../../pki/certificate.ts';
import { limits } from '../../pki/limits.ts';
import { splitRotation } from '../../pki/rotation-statement.ts';
import { PkiError } from '../../pki/error.ts';
import { readSecretKey, type SecretKey } from '../../pki/secret-key.ts';
import { domainOf } from '../../pki/user-id.ts';
import { decodeText, encodeText } from '../../psyc/bytes.ts';
import { DomainError } from './errors.ts';
import { domainLimits } from './limits.ts';

/** Where it is. */
export const keyFile = (folder: string): string => join(folder, 'domain.key');

/** A secret key's file, new. Throws FileError `_existing_file`. */
export const writeKey = (path: string, key: Uint8Array): Promise<void> =>
  writePrivate(path, encodeText(renderArmour('secret', key)), 'new');

/** The statement by which the domain's key follows the one before. */
export const rotationFile = (folder: string): string => join(folder, 'rotation');

/** A secret key in a file; `what` it is to be. Throws DomainError `_domain_invalid_key` with a sentence that says which file. */
export async function readKeyFile(path: string, what = "the domain's key"): Promise<SecretKey> {
  const refused = (reason: string, cause: unknown): DomainError =>
    new DomainError('_domain_invalid_key', `${what}: ${reason}`, cause);
  return read(path).catch((error: unknown) => {
    if (error instanceof FileError) throw refused(error.message, error);
    if (error instanceof PkiError) throw refused(`${path} holds none: ${error.message}`, error);
    throw refused(`${path} cannot be read: ${(error as NodeJS.ErrnoException).code}`, error);
  });
}

/** A public key in a file, as key servers give it out. Throws as `readKeyFile`. */
export async function readPublicFile(path: string): Promise<Certificate> {
  try {
    return await readArmouredCertificate(await readFile(path, 'utf8'));
  } catch (error) {
    const reason = error instanceof PkiError ? `holds no public key: ${error.message}` : 'cannot be read';
    throw new DomainError('_domain_invalid_key', `${path} ${reason}`, error);
  }
}

/** The key of this domain in its folder, or in another file there. Throws DomainError `_domain_invalid_key` with a sentence that says which file. */
export async function readDomainKey(folder: string, domain: string, path = keyFile(folder)): Promise<SecretKey> {
  const refused = (reason: string): DomainError =>
    new DomainError('_domain_invalid_key', `the domain's key: ${reason}`);
  const key = await readKeyFile(path);
  const found = domainOf(key.certificate);
  if (found !== domain) throw refused(`${path} is that of ${found ?? 'no domain'}, not of ${domain}`);
  if (key.circuitSeed === null) throw refused(`${path} has no subkey [A], which speaks to other servers`);
  return key;
}

/**
 * The statement by which the domain's key follows the one before, as docs/spec/pki.md#rotation-statement writes it; null: there
 * is none. Throws DomainError `_domain_invalid_key` for one of another key.
 */
export async function readRotation(folder: string, fingerprint: string): Promise<Uint8Array | null> {
  const path = rotationFile(folder);
  const refused = (reason: string): DomainError => new DomainError('_domain_invalid_key', `${path}: ${reason}`);
  try {
    const bytes = await readPrivate(path, limits.rotationBytesMax);
    if (splitRotation(bytes).rotation.new !== fingerprint) throw refused('it names another key than domain.key');
    return bytes;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    if (error instanceof FileError || error instanceof PkiError) throw refused(error.message);
    throw error;
  }
}

const read = async (path: string): Promise<SecretKey> =>
  readSecretKey(parseArmour(decodeText(await readPrivate(path, domainLimits.domainKeyBytesMax))));
