/** What a device shows when it logs in anywhere, and who that makes it. docs/spec/pki.md#staple */
import { type Certificate, checkGood, encryptionKeys, readCertificate } from './certificate.ts';
import { certStatus } from './certification.ts';
import { deviceKey, isSuccessor, readStatement } from './enrolment.ts';
import type { SignedStatement } from './device-statement.ts';
import { PkiError } from './error.ts';
import { domainOf, personOf } from './user-id.ts';

/** Two byte strings, as a client keeps and sends them. */
export type Staple = {
  /** The identity's public key with its domain's certification. */
  readonly certificate: Uint8Array;
  /** The newest signed device statement. */
  readonly devices: Uint8Array;
};

/** A person as his identity key says who he is. */
export type Identified = {
  readonly nick: string;
  readonly domain: string;
  readonly certificate: Certificate;
  readonly statement: SignedStatement;
  /** Raw X25519 key, 32 bytes, for what is sealed to the person: the one that began last; null where there is none. */
  readonly encryptionKey: Uint8Array | null;
};

/** A person as his domain and his identity key say who he is. */
export type Vouched = Identified & {
  /** When the domain's certification ends, Unix seconds. */
  readonly until: number;
};

/** A device's owner, proved but for the device's own signature on the circuit. */
export type Person = Vouched & {
  /** The device's raw Ed25519 key, 32 bytes, for its signature on the circuit. */
  readonly deviceKey: Uint8Array;
};

/**
 * Checks a staple at `now`, Unix seconds, for the device with this id of 16 bytes: the domain's key is `authority`,
 * which the caller has pinned; `known` is the newest statement seen of that identity, or null. Throws PkiError: what
 * `readCertificate`, `readStatement`, `isSuccessor` and `deviceKey` throw, the codes of `certStatus`, and
 * `_invalid_authority` where the authority is no key of a domain.
 */
export async function checkStaple(
  staple: Staple,
  device: Uint8Array,
  authority: Certificate,
  known: SignedStatement | null,
  now: number,
): Promise<Person> {
  const vouched = await checkPerson(staple, authority, known, now);
  return { ...vouched, deviceKey: deviceKey(vouched.statement.statement, device) };
}

/** The same without a device: for those who write to the person, or hear him. Throws as `checkStaple`. */
export async function checkPerson(
  staple: Staple,
  authority: Certificate,
  known: SignedStatement | null,
  now: number,
): Promise<Vouched> {
  const found = await checkIdentity(staple, null, now);
  const { nick, domain, certificate, statement } = found;
  const own = domainOf(authority);
  if (own === null) throw new PkiError('_invalid_authority', 'not the key of a domain');
  if (own !== domain) throw new PkiError('_foreign_user_id', `${own} does not speak for ${domain}`);
  const status = await certStatus(certificate, statement.statement.userId, authority, now);
  if (!status.isValid) throw new PkiError(status.code, `${domain} does not vouch for ${nick} now`);
  if (known !== null) isSuccessor(known, statement);
  return { ...found, until: status.until };
}

/** The same without his domain's word: for the domain itself. Throws as `checkStaple`, but for what concerns the authority. */
export async function checkIdentity(staple: Staple, known: SignedStatement | null, now: number): Promise<Identified> {
  const certificate = await readCertificate(staple.certificate);
  checkGood(certificate, now);
  const statement = await readStatement(staple.devices, certificate, now);
  const { nick, domain } = personOf(statement.statement.userId);
  if (known !== null) isSuccessor(known, statement);
  const begun = encryptionKeys(certificate, now).filter(({ from }) => from <= now);
  const newest = begun.reduce<(typeof begun)[number] | null>((a, b) => (a !== null && a.from > b.from ? a : b), null);
  return { nick, domain, certificate, statement, encryptionKey: newest?.raw ?? null };
}
