/** The questions about OpenPGP keys, answered. docs/spec/people.md#trust */
import { proofLimits } from '../../circuit/proof-limits.ts';
import type { Succession } from '../../circuit/proof-steps.ts';
import { bytesOfHex, hexOf } from '../../crypto/bytes.ts';
import { type Certificate, circuitKey, readCertificate } from '../../pki/certificate.ts';
import { type Device, deviceId, rawKey, splitStatement } from '../../pki/device-statement.ts';
import { isSuccessor, readStatement } from '../../pki/enrolment.ts';
import { orNull, PkiError } from '../../pki/error.ts';
import { readMove } from '../../pki/move-statement.ts';
import { heardIn, readRotation } from '../../pki/rotation.ts';
import { successionOf } from '../../pki/succession.ts';
import { trustLimits } from '../../pki/trust-limits.ts';
import { type RotationHeard, unmetDomain } from '../../pki/trust-state.ts';
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
  const follows = (await followed(certificate, succession, now)).map(fingerprintOf);
  const signing = circuitKey(certificate, now);
  return { kind: 'domain key', domain: domainOf(certificate), fingerprint, circuitKey: signing, follows };
}

/** Fingerprints of the keys that lead to this one by their own words, each by that of the one before; none where what came does not hold. */
async function followed(key: Certificate, came: Succession | null, now: number): Promise<string[]> {
  if (came === null) return [];
  const present = key.key.fingerprint;
  const rotations = await heard(key, came, now);
  return rotations
    .map(({ from }) => from)
    .filter((fingerprint) => {
      const pin = { fingerprint, sinceMs: 0, basis: 'rotated', recovery: null } as const;
      const all = { rotations, revocations: [], sought: [] };
      return successionOf({ ...unmetDomain, pin }, all, now * 1000, trustLimits).to(present) !== null;
    });
}

/** The statements that came and hold, as far back as all of them do. What is signed by a key that revoked itself may be a thief's. */
async function heard(
  last: Certificate,
  { statement, before, earlier }: Succession,
  now: number,
): Promise<RotationHeard[]> {
  let all: RotationHeard[] = [];
  let old = await orNull(readCertificate(before));
  for (const step of [...earlier.slice(-proofLimits.stepsMax), { statement, key: null }]) {
    const next = step.key === null ? last : await orNull(readCertificate(step.key));
    const read =
      old === null || next === null || old.revocation !== null
        ? null
        : await orNull(readRotation(step.statement, { old, new: next, recovery: null }, now));
    all = read === null ? [] : [...all, { ...heardIn(read, null), seenMs: now * 1000 }];
    old = next;
  }
  return all;
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
  const follows = await followed(authority, succession, now);
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
  domainFollows: readonly string[],
  bytes: Uint8Array,
): Omit<PersonKeys, 'moved'> {
  const { certificate, statement, encryptionKey, until } = vouched;
  const { devices, revoked, counter } = statement.statement;
  const idOf = (device: Device): string => hexOf(deviceId(rawKey(device)));
  return {
    fingerprint: certificate.key.fingerprint,
    domainFingerprint,
    domainFollows,
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
