/** Ideal countersignatures: a domain's key with three words more: who signs it, until when (0: it is taken back), and when he said so. docs/simulator.md#ideal-keys */
import { bytesToHex } from '@noble/hashes/utils.js';
import type { ServerIdentity } from '../circuit/server-handshake.ts';
import type { PkiAnswer, PkiQuestion } from '../federation/keys/pki.ts';
import { limits } from '../pki/limits.ts';
import { decodeText } from '../psyc/bytes.ts';

/** Who issued what. */
export interface Register {
  /** The words of what was issued; null for what was not. */
  read(bytes: Uint8Array): string[] | null;
  issue(text: string): Uint8Array;
  fingerprint(key: Uint8Array): Uint8Array;
  /** How long a countersignature lasts, in milliseconds. */
  readonly lastsMs: number;
}

type About = Extract<PkiQuestion, { kind: 'countersign' | 'uncountersign' | 'read countersignature' }>;

/** Whether a question is answered here. */
export const isAboutCountersignatures = (question: PkiQuestion): question is About =>
  ['countersign', 'uncountersign', 'read countersignature'].includes(question.kind);

/** What the OpenPGP of the server with this key would answer at this time, in milliseconds since 1970. */
export function answerCountersign(
  register: Register,
  question: About,
  identity: ServerIdentity,
  unixMs: number,
): PkiAnswer {
  if (question.kind === 'read countersignature') return readWord(register, question, identity, unixMs);
  if (question.kind === 'uncountersign') return signed(register, question.key, identity, 0, unixMs);
  const { domain, key, kept } = question;
  const read = register.read(key);
  if (read?.[0] !== 'domain' || read[1] !== domain) return { kind: 'refused', code: '_foreign_user_id' };
  const word = kept === null ? null : register.read(kept);
  // What a former key of this domain has said is not its word.
  const untilMs = word?.[3] === bytesToHex(identity.fingerprint) ? Number(word[4]) : 0;
  const isLasting = untilMs - unixMs >= limits.countersignatureRenewalSeconds * 1000;
  if (kept === null || !isLasting) return signed(register, key, identity, unixMs + register.lastsMs, unixMs);
  return { kind: 'countersigned', key: kept, fingerprint: register.fingerprint(kept), untilMs };
}

function signed(register: Register, key: Uint8Array, by: ServerIdentity, untilMs: number, madeMs: number): PkiAnswer {
  const words = decodeText(key).split(' ').slice(0, 3);
  const word = register.issue([...words, bytesToHex(by.fingerprint), untilMs, madeMs].join(' '));
  return { kind: 'countersigned', key: word, fingerprint: register.fingerprint(word), untilMs };
}

/** The newest of what came and what was kept. */
function readWord(
  register: Register,
  { key: came, kept, authority }: About & { kind: 'read countersignature' },
  identity: ServerIdentity,
  unixMs: number,
): PkiAnswer {
  const by = bytesToHex(register.fingerprint(authority));
  const before = kept === null ? null : register.read(kept);
  const isOlder = before?.[3] === by && Number(register.read(came)?.[5] ?? 0) < Number(before[5]);
  const key = isOlder && kept !== null ? kept : came;
  const read = register.read(key);
  const fingerprint = register.fingerprint(key);
  if (bytesToHex(fingerprint) !== bytesToHex(identity.fingerprint)) {
    return { kind: 'refused', code: '_foreign_user_id' };
  }
  if (read?.[3] !== by) return { kind: 'refused', code: '_uncertified' };
  const untilMs = Number(read[4]);
  // What was taken back is heard of at any time.
  if (untilMs !== 0 && unixMs >= untilMs) return { kind: 'refused', code: '_expired_certification' };
  return { kind: 'countersigned', key, fingerprint, untilMs };
}
