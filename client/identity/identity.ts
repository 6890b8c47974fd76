/** A person's keys on this machine: created, opened, given another passphrase. Node's half. docs/spec/pki.md#files */
import { randomBytes } from 'node:crypto';
import { readPrivate, writePrivate } from '../../disk/private-file.ts';
import { makeIdentityKey } from '../../pki/make-key.ts';
import { readSecretKey, type SecretKey } from '../../pki/secret-key.ts';
import { encodeText } from '../../psyc/bytes.ts';
import { nativeArgon2id } from './argon2-native.ts';
import type { Argon2Parameters } from './argon2.ts';
import { type DeviceKeys, parseDeviceFile, renderDeviceFile } from './device-file.ts';
import { openIdentity, type Random, sealIdentity } from './identity-file.ts';
import { identityLimits } from './limits.ts';

const SEED_BYTES = 32;

/** Node's chance. */
export const random: Random = (length) => new Uint8Array(randomBytes(length));

/** Whose identity, since when (Unix seconds), and what a guess at its passphrase is to cost, if not as usual. */
export type NewIdentityFile = {
  readonly nick: string;
  readonly domain: string;
  readonly now: number;
  readonly parameters?: Argon2Parameters;
};

/**
 * Makes an identity key and its file. Throws FileError `_existing_file`, ClientError `_empty_passphrase`,
 * `_refused_parameters`, PsycError for names that are none, PkiError `_foreign_user_id`; system errors pass.
 */
export async function createIdentity(path: string, passphrase: string, identity: NewIdentityFile): Promise<SecretKey> {
  const { nick, domain, now, parameters } = identity;
  const seeds = { seed: random(SEED_BYTES), encryptionSeed: random(SEED_BYTES) };
  const bytes = await makeIdentityKey({ nick, domain, now, ...seeds });
  await writePrivate(path, await seal(bytes, passphrase, parameters), 'new');
  return readSecretKey(bytes);
}

/** Opens it. Throws ClientError as `openIdentity`, FileError as `readPrivate`, PkiError as `readSecretKey`; system errors pass. */
export async function openIdentityAt(path: string, passphrase: string): Promise<SecretKey> {
  return readSecretKey(
    await openIdentity(await readPrivate(path, identityLimits.fileBytesMax), passphrase, nativeArgon2id),
  );
}

/**
 * Puts the identity under another passphrase, and under the costs of today. Throws what `openIdentityAt` and
 * `createIdentity` throw; the file is then as it was.
 */
export async function changePassphrase(
  path: string,
  before: string,
  after: string,
  parameters?: Argon2Parameters,
): Promise<void> {
  const { bytes } = await openIdentityAt(path, before);
  await writePrivate(path, await seal(bytes, after, parameters), 'replace');
}

async function seal(bytes: Uint8Array, passphrase: string, parameters?: Argon2Parameters): Promise<Uint8Array> {
  const sealing = { argon2id: nativeArgon2id, random, ...(parameters === undefined ? {} : { parameters }) };
  return encodeText(await sealIdentity(bytes, passphrase, sealing));
}

/** Makes this device's keys and their file, for an identity that is open here. Throws FileError `_existing_file`. */
export async function createDevice(path: string, userId: string, identity: SecretKey): Promise<DeviceKeys> {
  const keys = {
    userId,
    identity: identity.certificate.key.fingerprint,
    seed: random(SEED_BYTES),
    encryption: identity.encryption.map(({ seed }) => seed),
  };
  await writePrivate(path, renderDeviceFile(keys), 'new');
  return keys;
}

/** Throws ClientError as `parseDeviceFile`, FileError as `readPrivate`; system errors pass. */
export const openDevice = async (path: string): Promise<DeviceKeys> =>
  parseDeviceFile(await readPrivate(path, identityLimits.fileBytesMax));
