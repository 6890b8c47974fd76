/** What a notary says of somebody whose keys hold. docs/spec/people.md */
import type { PkiAnswer } from '../../federation/keys/pki.ts';
import { bytesOfHex } from '../../crypto/bytes.ts';
import { type Device, deviceId, rawKey, type SignedStatement } from '../../pki/device-statement.ts';
import { isSuccessor } from '../../pki/enrolment.ts';
import { PkiError } from '../../pki/error.ts';
import type { Identified } from '../../pki/staple.ts';
import { parseEntity } from '../../psyc/uniform.ts';

/** `before`: the newest statement that was known; `untilMs`: until when his domain vouches for him. */
export function personAnswer(
  { certificate, statement }: Identified,
  before: SignedStatement | null,
  untilMs: number,
): PkiAnswer & { readonly kind: 'person' } {
  const { devices, revoked } = statement.statement;
  return {
    kind: 'person',
    fingerprint: bytesOfHex(certificate.key.fingerprint)!,
    devices: devices.map((device) => ({ id: idOf(device), key: rawKey(device) })),
    revoked: revoked.map(idOf),
    isNews: before !== null && isSuccessor(before, statement),
    untilMs,
  };
}

const idOf = (device: Device): Uint8Array => deviceId(rawKey(device));

/** Throws PkiError where the name is another's. */
export function checkName(person: string, { nick, domain }: { readonly nick: string; readonly domain: string }): void {
  const { host, name } = parseEntity(person);
  if (nick !== name || domain !== host) throw new PkiError('_foreign_user_id', 'the key of another person');
}
