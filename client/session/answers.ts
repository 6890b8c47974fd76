/** The questions about OpenPGP keys, answered. docs/spec/people.md#trust */
import type { Succession } from '../../circuit/client-handshake.ts';
import { bytesOfHex, hexOf } from '../../crypto/bytes.ts';
import { type Certificate, circuitKey, readCertificate } from '../../pki/certificate.ts';
import { type Device, deviceId, rawKey, splitStatement } from '../../pki/device-statement.ts';
import { isSuccessor, readStatement } from '../../pki/enrolment.ts';
import { PkiError } from '../../pki/error.ts';
import { limits } from '../../pki/limits.ts';
import { readMove } from '../../pki/move-statement.ts';
import { readRotation } from '../../pki/rotation.ts';
import { checkPerson, type Vouched } from '../../pki/staple.ts';
import { certStatus } from '../../pki/certification.ts';
import { domainOf, personOf } from '../../pki/user-id.ts';
import { renderUserId } from '../../psyc/names.ts';
import { parseUniform } from '../../psyc/uniform.ts';
import type { Answer, PersonKeys, Question } from './events.ts';

/** The answer at `now`, Unix seconds. Never rejects, whatever the bytes. */
export async function answerTo(question: Question, now: number): Promise<Answer> {
  try {
    switch (question.kind) {
      case 'read domain key':
        return await readDomainKey(question, now);
      case 'check certification':
        return await checkCertification(question, now);
      case 'check statement':
        return await checkStatement(question, now);
      case 'check enrolment':
        return await checkEnrolment(question, now);
      case 'check person':
        return { kind: 'person', keys: await readPerson(question, now) };
    }
  } catch (error) {
    if (!(error instanceof PkiError)) throw error;
    return { kind: 'refused', code: error.code };
  }
}

async function readDomainKey(
  { key, succession }: Extract<Question, { kind: 'read domain key' }>,
  now: number,
): Promise<Answer> {
  const certificate = await readCertificate(key);
  const { revocation, until } = certificate;
  if (revocation !== null || now >= until) throw new PkiError('_invalid_authority', 'revoked, or expired');
  const fingerprint = fingerprintOf(certificate.key.fingerprint);
  const follows = succession === null ? null : await followed(certificate, succession, now);
  const signing = circuitKey(certificate, now);
  return { kind: 'domain key', domain: domainOf(certificate), fingerprint, circuitKey: signing, follows };
}

/** The fingerprint of the key that this one follows by its own word; null: the statement does not hold. */
async function followed(key: Certificate, { statement, before }: Succession, now: number): Promise<Uint8Array | null> {
  try {
    const old = await readCertificate(before);
    // What is signed by a key that revoked itself may be a thief's.
    if (old.revocation !== null) return null;
    const { rotation, by } = await readRotation(statement, { old, new: key, recovery: null }, now);
    const isBegun = rotation.notBefore <= now + limits.skewSeconds;
    return by === 'old' && isBegun ? fingerprintOf(old.key.fingerprint) : null;
  } catch (error) {
    if (error instanceof PkiError) return null;
    throw error;
  }
}

async function checkCertification(
  { person, fingerprint, key, domainKey }: Extract<Question, { kind: 'check certification' }>,
  now: number,
): Promise<Answer> {
  const [certificate, authority] = await Promise.all([readCertificate(key), readCertificate(domainKey)]);
  const { host, name } = parseUniform(person);
  if (certificate.key.fingerprint !== fingerprint) throw new PkiError('_foreign_user_id', 'another key than ours');
  const status = await certStatus(certificate, renderUserId(name, host), authority, now);
  return status.isValid ? { kind: 'certified' } : { kind: 'refused', code: status.code };
}

async function checkStatement(
  { fingerprint, key, statement, known }: Extract<Question, { kind: 'check statement' }>,
  now: number,
): Promise<Answer> {
  const certificate = await readCertificate(key);
  if (certificate.key.fingerprint !== fingerprint) throw new PkiError('_foreign_user_id', 'another key than ours');
  const isNews = isSuccessor(splitStatement(known), await readStatement(statement, certificate, now));
  return isNews ? { kind: 'newer statement' } : { kind: 'refused', code: '_stale_statement' };
}

async function checkEnrolment(
  { fingerprint, key, own, kept }: Extract<Question, { kind: 'check enrolment' }>,
  now: number,
): Promise<Answer> {
  const certificate = await readCertificate(key);
  if (certificate.key.fingerprint !== fingerprint) throw new PkiError('_foreign_user_id', 'another key than ours');
  const newest = await readStatement(kept, certificate, now);
  try {
    if (isSuccessor(newest, splitStatement(own))) return { kind: 'enrolled' };
  } catch (error) {
    if (!(error instanceof PkiError)) throw error;
  }
  return { kind: 'newer statement' };
}

async function readPerson(
  { person, key, statement, domainKey, succession, known, move }: Extract<Question, { kind: 'check person' }>,
  now: number,
): Promise<PersonKeys> {
  const authority = await readCertificate(domainKey);
  // Of another identity key it says nothing; that the key is another one is for the pin to find.
  const before = known === null ? null : splitStatement(known);
  const { identity } = splitStatement(statement).statement;
  const isSame = before?.statement.identity === identity;
  const vouched = await checkPerson({ certificate: key, devices: statement }, authority, isSame ? before : null, now);
  if (`psyc://${vouched.domain}/~${vouched.nick}` !== person) {
    throw new PkiError('_foreign_user_id', `these are the keys of ${vouched.nick}@${vouched.domain}`);
  }
  const follows = succession === null ? null : await followed(authority, succession, now);
  const moved = move === null ? null : await movedFrom(vouched, move, now);
  return { ...keysOf(vouched, authority.key.fingerprint, follows, statement), moved };
}

/** Who he was elsewhere; null: the statement does not hold. Whether that key was anybody's is for the pin to say. */
async function movedFrom(
  { certificate, nick, domain }: Vouched,
  { statement, before }: NonNullable<Extract<Question, { kind: 'check person' }>['move']>,
  now: number,
): Promise<PersonKeys['moved']> {
  try {
    const { move } = await readMove(statement, await readCertificate(before), certificate, now);
    const from = personOf(move.from);
    if (move.to !== renderUserId(nick, domain)) return null;
    return { from: `psyc://${from.domain}/~${from.nick}`, fingerprint: move.old, counter: move.counter };
  } catch (error) {
    if (error instanceof PkiError) return null;
    throw error;
  }
}

function keysOf(
  vouched: Vouched,
  domainFingerprint: string,
  follows: Uint8Array | null,
  bytes: Uint8Array,
): Omit<PersonKeys, 'moved'> {
  const { certificate, statement, encryptionKey, until } = vouched;
  const { devices, revoked, counter } = statement.statement;
  const idOf = (device: Device): string => hexOf(deviceId(rawKey(device)));
  return {
    fingerprint: certificate.key.fingerprint,
    domainFingerprint,
    domainFollows: follows === null ? null : hexOf(follows),
    devices: new Map(devices.map((device) => [idOf(device), rawKey(device)])),
    revoked: new Set(revoked.map(idOf)),
    encryptionKey,
    until,
    counter,
    statement: bytes,
  };
}

function fingerprintOf(hex: string): Uint8Array {
  const bytes = bytesOfHex(hex);
  if (bytes === null) throw new PkiError('_invalid_key', 'a fingerprint is hexadecimal');
  return bytes;
}
