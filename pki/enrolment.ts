/** Devices enrolled and revoked by the identity key, and statements checked by those who meet a device. docs/spec/pki.md#enrolment */
import { equalBytes } from '../psyc/bytes.ts';
import { type Certificate, checkGood } from './certificate.ts';
import {
  type Device,
  deviceId,
  type DeviceStatement,
  newDevice,
  rawKey,
  renderStatement,
  type SignedStatement,
  splitStatement,
} from './device-statement.ts';
import { PkiError } from './error.ts';
import { limits } from './limits.ts';
import type { Signer } from './openpgp.ts';
import { hasSigned, joinSigned, signText } from './signed-text.ts';

/** A first statement, without devices and not signed yet. `now` in Unix seconds. */
export const firstStatement = (identity: string, userId: string, now: number): DeviceStatement => ({
  userId,
  identity,
  counter: 1,
  time: now,
  devices: [],
  revoked: [],
});

/**
 * The next statement, with one more device of this raw key, 32 bytes. Throws PkiError `_reinstated_device` for one that was
 * revoked, `_excessive_devices`. One that is enrolled already stays as it is.
 */
export function enrol(before: DeviceStatement, key: Uint8Array, now: number): DeviceStatement {
  const device = newDevice(key, now);
  if (has(before.revoked, device)) throw new PkiError('_reinstated_device', 'a revoked device gets a new key');
  const devices = has(before.devices, device) ? before.devices : [...before.devices, device];
  if (devices.length > limits.devicesMax) {
    throw new PkiError('_excessive_devices', `at most ${limits.devicesMax} devices: revoke one first`);
  }
  return { ...before, counter: before.counter + 1, time: now, devices };
}

/** The next statement, with this device revoked. Throws PkiError `_unlisted_device`, `_excessive_devices`. */
export function revokeDevice(before: DeviceStatement, key: Uint8Array, now: number): DeviceStatement {
  const device = newDevice(key, now);
  if (!has(before.devices, device)) throw new PkiError('_unlisted_device', 'no such device is enrolled');
  if (before.revoked.length >= limits.revokedDevicesMax) {
    throw new PkiError(
      '_excessive_devices',
      `after ${limits.revokedDevicesMax} revocations an identity needs a new key`,
    );
  }
  const devices = before.devices.filter((other) => other.key !== device.key);
  return { ...before, counter: before.counter + 1, time: now, devices, revoked: [...before.revoked, device] };
}

const has = (devices: readonly Device[], { key }: Device): boolean => devices.some((other) => other.key === key);

/**
 * The statement's bytes and its signature, detached, by the identity's primary key. Throws PkiError as `renderStatement`,
 * and `_foreign_statement` where the signer is another than the statement names.
 */
export async function signStatement(signer: Signer, statement: DeviceStatement): Promise<Uint8Array> {
  if (statement.identity !== signer.key.fingerprint) {
    throw new PkiError('_foreign_statement', 'the statement names another identity key');
  }
  const bytes = renderStatement(statement);
  return joinSigned(bytes, [await signText(signer, bytes, statement.time)]);
}

/**
 * Reads a signed statement and checks it against the identity's key at `now`, Unix seconds. Throws PkiError: what
 * `splitStatement` and `checkGood` throw, `_foreign_statement` for another key's or one that names a user id that is not
 * on it, `_forged_statement`, `_future_statement`.
 */
export async function readStatement(bytes: Uint8Array, identity: Certificate, now: number): Promise<SignedStatement> {
  const signed = splitStatement(bytes);
  const { statement } = signed;
  checkGood(identity, now);
  const isOwn = identity.userIds.some(({ text, isRevoked }) => text === statement.userId && !isRevoked);
  if (statement.identity !== identity.key.fingerprint || !isOwn) {
    throw new PkiError('_foreign_statement', 'the statement is of another identity');
  }
  if (!(await hasSigned(identity, signed.signed, signed.signature)))
    throw new PkiError('_forged_statement', 'the identity key has not signed this');
  if (statement.time > now + limits.skewSeconds) {
    throw new PkiError('_future_statement', 'the statement is of the future: whose clock is wrong?');
  }
  return signed;
}

/**
 * Whether a checked statement replaces the one known of that identity; false when it is the same. Throws PkiError
 * `_stale_statement` for an earlier one, `_conflicting_statement` for another one with the same counter (keep both: they
 * prove that the key is in two hands), `_reinstated_device` where a revoked device is no longer revoked.
 */
export function isSuccessor(known: SignedStatement, next: SignedStatement): boolean {
  const [before, after] = [known.statement, next.statement];
  if (after.identity !== before.identity)
    throw new PkiError('_foreign_statement', 'the statement is of another identity');
  if (after.counter < before.counter) throw new PkiError('_stale_statement', `statement ${before.counter} is known`);
  if (after.counter === before.counter) {
    if (equalBytes(known.signed, next.signed)) return false;
    throw new PkiError('_conflicting_statement', 'two different statements with one counter');
  }
  if (!before.revoked.every((device) => has(after.revoked, device))) {
    throw new PkiError('_reinstated_device', 'a revoked device stays revoked');
  }
  return true;
}

/**
 * The raw key, 32 bytes, of the device with this id of 16 bytes. Throws PkiError `_revoked_device` or `_unlisted_device`
 * unless the statement enrols it.
 */
export function deviceKey({ devices, revoked }: DeviceStatement, id: Uint8Array): Uint8Array {
  const isIt = (device: Device): boolean => equalBytes(deviceId(rawKey(device)), id);
  if (revoked.some(isIt)) throw new PkiError('_revoked_device', 'the person has revoked this device');
  const device = devices.find(isIt);
  if (device === undefined) throw new PkiError('_unlisted_device', 'the person has not enrolled this device');
  return rawKey(device);
}
