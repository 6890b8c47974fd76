/** What a device keeps: its own key, and the secrets of what is sealed to its person; the text only. docs/spec/pki.md#device-file */
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';
import { decodeTextStrict, encodeText } from '../../psyc/bytes.ts';
import { ClientError } from '../error.ts';
import { identityLimits } from './limits.ts';

/** A device's secrets, and whose it is. */
export type DeviceKeys = {
  readonly userId: string;
  /** Fingerprint of the identity key, 40 lower-case hex digits. */
  readonly identity: string;
  /** Ed25519 seed, 32 bytes, made on this device; it never leaves it. */
  readonly seed: Uint8Array;
  /** X25519 secrets of the identity's encryption subkeys, 32 bytes each, the oldest first. */
  readonly encryption: readonly Uint8Array[];
};

const FORM =
  /^P3DO-DEVICE-v1\nuser ([^\n]+)\nidentity ([0-9a-f]{40})\nseed ([0-9a-f]{64})\n((?:encryption [0-9a-f]{64}\n)*)$/;

/** Throws ClientError `_invalid_file` for keys that `parseDeviceFile` would not give back. */
export function renderDeviceFile({ userId, identity, seed, encryption }: DeviceKeys): Uint8Array {
  const secrets = encryption.map((secret) => `encryption ${bytesToHex(secret)}\n`).join('');
  const file = encodeText(`P3DO-DEVICE-v1\nuser ${userId}\nidentity ${identity}\nseed ${bytesToHex(seed)}\n${secrets}`);
  parseDeviceFile(file);
  return file;
}

/** Throws ClientError `_oversized_file`, `_unsupported_file_version`, `_invalid_file`. */
export function parseDeviceFile(file: Uint8Array): DeviceKeys {
  if (file.length > identityLimits.fileBytesMax) throw new ClientError('_oversized_file', 'at most 128 KiB');
  const text = decodeTextStrict(file) ?? '';
  const version = /^P3DO-DEVICE-v([0-9]+)\n/.exec(text)?.[1];
  if (version !== undefined && version !== '1') {
    throw new ClientError('_unsupported_file_version', `version ${version} is for a newer p3do; this one knows 1`);
  }
  const [, userId, identity, seed, secrets = ''] = FORM.exec(text) ?? [];
  const encryption = [...secrets.matchAll(/[0-9a-f]{64}/g)].map(([secret]) => hexToBytes(secret));
  if (userId === undefined || identity === undefined || seed === undefined) {
    throw new ClientError('_invalid_file', 'not a device file');
  }
  if (encryption.length > identityLimits.encryptionSecretsMax) {
    throw new ClientError('_invalid_file', `at most ${identityLimits.encryptionSecretsMax} encryption secrets`);
  }
  return { userId, identity, seed: hexToBytes(seed), encryption };
}
