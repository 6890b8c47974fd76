/** Ideal statements of devices: a register says which an identity has signed. docs/simulator.md#ideal-keys */
import { bytesToHex } from '@noble/hashes/utils.js';
import type { HandshakeAnswer, HandshakeQuestion } from '../circuit/client-handshake.ts';
import { decodeText } from '../psyc/bytes.ts';

/** The words of what was issued; null for what was not. */
type Read = (bytes: Uint8Array) => string[] | null;

/** The counter of a statement; NaN for none. */
export const counterOf = (statement: Uint8Array, read: Read): number => Number(read(statement)?.[3]);

/** Whose it is to be, and what was known before. */
interface Stated {
  readonly statement: Uint8Array;
  readonly person: string;
  readonly fingerprint: Uint8Array;
  readonly known: Uint8Array | null;
}

/** What is wrong with a statement of devices, or null. */
export function faultOfStatement({ statement, person, fingerprint, known }: Stated, read: Read): string | null {
  const stated = read(statement);
  if (stated?.[0] !== 'devices') return '_forged_statement';
  if (stated[1] !== person || stated[2] !== bytesToHex(fingerprint)) return '_foreign_statement';
  if (known === null) return null;
  if (read(known)?.[2] !== stated[2]) return '_foreign_statement';
  const [counter, before] = [counterOf(statement, read), counterOf(known, read)];
  if (counter === before && decodeText(statement) !== decodeText(known)) return '_conflicting_statement';
  return counter < before ? '_stale_statement' : null;
}

/** What a client's OpenPGP would answer of statements of `person`, whose identity key has this fingerprint. */
export function answerStatement(
  question: HandshakeQuestion & { readonly kind: 'check statement' | 'check enrolment' },
  person: string,
  fingerprint: Uint8Array,
  read: Read,
): HandshakeAnswer {
  const isLogin = question.kind === 'check statement';
  const [statement, known] = isLogin ? [question.statement, question.known] : [question.kept, null];
  const code = faultOfStatement({ statement, person, fingerprint, known }, read);
  if (code !== null) return { kind: 'refused', code };
  const counter = counterOf(statement, read);
  if (!isLogin) return { kind: counterOf(question.own, read) > counter ? 'enrolled' : 'newer statement' };
  return counter > counterOf(question.known, read)
    ? { kind: 'newer statement' }
    : { kind: 'refused', code: '_stale_statement' };
}
