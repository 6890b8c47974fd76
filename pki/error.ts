/** Why a key, a certification or a statement is refused: one class, a stable code each. docs/spec/pki.md#errors */
import type { DnsRecordCode } from './dns-errors.ts';

/** The stable codes, by what they are about; docs/spec/pki.md#errors says what each means. */
export type PkiCode =
  // the bytes of a key
  | '_invalid_armour'
  | '_invalid_packet'
  | '_invalid_key'
  | '_invalid_signature'
  | '_oversized_key'
  | '_oversized_packet'
  | '_excessive_user_ids'
  | '_excessive_subkeys'
  | '_excessive_signatures'
  | '_excessive_bad_signatures'
  | '_unsupported_packet'
  | '_unsupported_version'
  | '_unsupported_algorithm'
  | '_secret_packet'
  | '_user_attribute'
  | '_designated_revoker'
  | '_unsigned_user_id'
  | '_unbound_subkey'
  | '_encrypted_secret'
  | '_foreign_revocation'
  // a certification, and the keys on both its ends
  | '_invalid_authority'
  | '_revoked_key'
  | '_expired_key'
  | '_foreign_user_id'
  | '_revoked_user_id'
  | '_uncertified'
  | '_revoked_certification'
  | '_expired_certification'
  | '_foreign_scope'
  // device statements
  | '_invalid_statement'
  | '_oversized_statement'
  | '_excessive_devices'
  | '_foreign_statement'
  | '_forged_statement'
  | '_future_statement'
  | '_stale_statement'
  | '_conflicting_statement'
  | '_reinstated_device'
  | '_unlisted_device'
  | '_revoked_device'
  // rotations of a domain's key, and moves of persons
  | '_invalid_rotation'
  | '_oversized_rotation'
  | '_foreign_rotation'
  | '_forged_rotation'
  | '_expired_rotation'
  | '_invalid_move'
  | '_oversized_move'
  | '_foreign_move'
  | '_forged_move'
  | '_future_move'
  | '_stale_move'
  | '_conflicting_move'
  // the domain's record in the DNS
  | DnsRecordCode;

/** A key, certification or statement that must not be believed. */
export class PkiError extends Error {
  override readonly name = 'PkiError';
  /** What is wrong, for programs. */
  readonly code: PkiCode;

  /** `detail` is one sentence for people. */
  constructor(code: PkiCode, detail: string) {
    super(detail);
    this.code = code;
  }
}

/** null where bytes are refused with a PkiError. */
export const orNull = <T>(reading: Promise<T>): Promise<T | null> =>
  reading.catch((error: unknown) => {
    if (error instanceof PkiError) return null;
    throw error;
  });
