/** The text in which an identity key lists its devices, byte for byte. docs/spec/pki.md#device-statement */
import { blake2b } from '@noble/hashes/blake2.js';
import { bytesToHex, concatBytes, hexToBytes } from '@noble/hashes/utils.js';
import { decodeTextStrict, encodeText } from '../psyc/bytes.ts';
import { PkiError } from './error.ts';
import { limits } from './limits.ts';
import { splitSigned } from './signed-text.ts';

/** A device's raw Ed25519 public key, 64 lower-case hex digits, and since when it is enrolled, Unix seconds. */
export type Device = { readonly key: string; readonly since: number };

/** What an identity key says of its devices; times in Unix seconds. */
export type DeviceStatement = {
  readonly userId: string;
  /** Fingerprint of the identity key, 40 lower-case hex digits. */
  readonly identity: string;
  /** Higher than in every statement before, from 1. */
  readonly counter: number;
  readonly time: number;
  /** In the order of their keys, as are the revoked ones. */
  readonly devices: readonly Device[];
  /** Since when it is revoked. It never comes back, nor leaves this list. */
  readonly revoked: readonly Device[];
};

/** A statement as it travels: its text, and the body of the OpenPGP signature over its bytes. */
export type SignedStatement = {
  readonly statement: DeviceStatement;
  /** What is signed: all lines but the last. */
  readonly signed: Uint8Array;
  readonly signature: Uint8Array;
};

const FORM =
  /^P3DO-DEVICES-v1\nuser ([^\n]+)\nidentity ([0-9a-f]{40})\ncounter ([1-9][0-9]{0,14})\ntime ([1-9][0-9]{0,14})\n((?:device [0-9a-f]{64} [1-9][0-9]{0,14}\n)*)((?:revoked [0-9a-f]{64} [1-9][0-9]{0,14}\n)*)$/;

const invalid = (detail: string): PkiError => new PkiError('_invalid_statement', detail);

/** The 16 bytes that stand for a device in author-signed packets: BLAKE2b-128 of `P3DO-DEVICE-v1` NUL and its raw key. */
export const deviceId = (key: Uint8Array): Uint8Array =>
  blake2b(concatBytes(encodeText('P3DO-DEVICE-v1\0'), key), { dkLen: 16 });

/** The bytes to be signed. Devices may come in any order. Throws PkiError `_excessive_devices`, `_invalid_statement`. */
export function renderStatement(statement: DeviceStatement): Uint8Array {
  const lines = (word: string, devices: readonly Device[]): string =>
    devices
      .map(({ key, since }) => `${word} ${key} ${since}\n`)
      .sort()
      .join('');
  const { userId, identity, counter, time, devices, revoked } = statement;
  const head = `P3DO-DEVICES-v1\nuser ${userId}\nidentity ${identity}\ncounter ${counter}\ntime ${time}\n`;
  const bytes = encodeText(head + lines('device', devices) + lines('revoked', revoked));
  parseStatement(bytes);
  return bytes;
}

/** Throws PkiError `_excessive_devices`, and `_invalid_statement` for all that `renderStatement` would write otherwise. */
export function parseStatement(bytes: Uint8Array): DeviceStatement {
  const [, userId, identity, counter, time, devices = '', revoked = ''] =
    FORM.exec(decodeTextStrict(bytes) ?? '') ?? [];
  if (userId === undefined || identity === undefined) throw invalid('not a statement of devices, version 1');
  const statement = {
    userId,
    identity,
    counter: Number(counter),
    time: Number(time),
    devices: parseDevices(devices),
    revoked: parseDevices(revoked),
  };
  if (statement.devices.length > limits.devicesMax || statement.revoked.length > limits.revokedDevicesMax) {
    const most = `${limits.devicesMax} devices and ${limits.revokedDevicesMax} revoked ones`;
    throw new PkiError('_excessive_devices', `at most ${most}`);
  }
  const keys = [...statement.devices, ...statement.revoked].map(({ key }) => key);
  if (new Set(keys).size < keys.length) throw invalid('a device stands once');
  return statement;
}

function parseDevices(lines: string): Device[] {
  const devices = lines
    .split('\n')
    .slice(0, -1)
    .map((line) => line.split(' '))
    .map(([, key = '', since]) => ({ key, since: Number(since) }));
  if (devices.some(({ key }, at) => at > 0 && key < devices[at - 1]!.key)) throw invalid('devices stand in order');
  return devices;
}

/** Throws PkiError `_oversized_statement`, `_invalid_statement`, `_excessive_devices`. The signature is not checked. */
export function splitStatement(bytes: Uint8Array): SignedStatement {
  if (bytes.length > limits.statementBytesMax) throw new PkiError('_oversized_statement', 'at most 16 KiB');
  const { signed, signatures } = splitSigned(bytes, 1) ?? {};
  const signature = signatures?.[0];
  if (signed === undefined || signature === undefined) throw invalid('a statement ends with its signature');
  return { statement: parseStatement(signed), signed, signature };
}

/** A device as a statement names it, from its raw key of 32 bytes. */
export const newDevice = (key: Uint8Array, since: number): Device => ({ key: bytesToHex(key), since });

/** The raw key of a device, 32 bytes. */
export const rawKey = ({ key }: Device): Uint8Array => hexToBytes(key);
