/** Whether a device is let in by what its person's newest statement says. docs/spec/people.md#login */
import type { ServerAnswer } from '../../circuit/server-handshake.ts';
import { equalBytes } from '../../psyc/bytes.ts';
import type { PkiAnswer } from '../keys/pki.ts';

type PersonAnswer = PkiAnswer & { readonly kind: 'person' };

/** Why a device is not let in; null: it is listed. */
export function standingOf({ devices, revoked }: PersonAnswer, device: Uint8Array): string | null {
  if (revoked.some((id) => equalBytes(id, device))) return '_revoked_device';
  return devices.some(({ id }) => equalBytes(id, device)) ? null : '_unlisted_device';
}

/** The device's key, or why it is not let in. */
export function keyIn(read: PersonAnswer, device: Uint8Array): ServerAnswer {
  const code = standingOf(read, device);
  if (code !== null) return { kind: 'refused', code };
  return { kind: 'key', publicKey: read.devices.find(({ id }) => equalBytes(id, device))!.key };
}
