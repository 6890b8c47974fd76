/** Ideal moves of people: a register says that both keys have signed. docs/simulator.md#ideal-keys */
import { bytesToHex } from '@noble/hashes/utils.js';
import type { PkiAnswer, PkiQuestion, ToldMove } from '../federation/keys/pki.ts';

/** In a key that its person has taken back. */
export const RETIRED = 'retired';

function nameInMove(
  { before }: ToldMove,
  read: (bytes: Uint8Array) => string[] | null,
  fingerprintOf: (key: Uint8Array) => Uint8Array,
): PkiAnswer {
  const [word, from = ''] = read(before) ?? [];
  if (word !== 'person') return { kind: 'refused', code: '_invalid_move' };
  return { kind: 'named', from, fingerprint: fingerprintOf(before) };
}

/** Answers `move` and `move name`; `read` gives the words of what was issued, or null. */
export function answerMove(
  question: PkiQuestion & { readonly kind: 'move' | 'move name' },
  read: (bytes: Uint8Array) => string[] | null,
  fingerprintOf: (key: Uint8Array) => Uint8Array,
  published: ReadonlyMap<string, { readonly key: Uint8Array }>,
): PkiAnswer {
  if (question.kind === 'move name') return nameInMove(question.move, read, fingerprintOf);
  const { person, key, move, others } = question;
  const [stated, before, next] = [move.statement, move.before, key].map(read);
  if (stated?.[0] !== 'move' || before?.[0] !== 'person') return { kind: 'refused', code: '_forged_move' };
  const [old, taken] = [move.before, key].map((bytes) => bytesToHex(fingerprintOf(bytes)));
  const isNamed = stated[1] === old && stated[2] === taken && next?.[1] === person;
  if (!isNamed) return { kind: 'refused', code: '_foreign_move' };
  const elsewhere = others === null ? undefined : published.get(before[1]!);
  const copies = [before, elsewhere === undefined ? null : read(elsewhere.key)];
  if (copies.some((copy) => copy?.[3] === RETIRED)) return { kind: 'refused', code: '_revoked_key' };
  const [counter, timeMs] = [Number(stated[3]), Number(stated[4])];
  return { kind: 'moved', from: before[1]!, fingerprint: fingerprintOf(move.before), counter, timeMs };
}
