/** The text in which a person's identity key names the key and the home that follow it. docs/spec/pki.md#move-statement */
import { equalBytes, decodeTextStrict, encodeText } from '../psyc/bytes.ts';
import type { Certificate } from './certificate.ts';
import { PkiError } from './error.ts';
import { limits } from './limits.ts';
import type { Signer } from './openpgp.ts';
import { hasSigned, joinSigned, signText, splitSigned } from './signed-text.ts';
import { personOf } from './user-id.ts';

/** That a person has another key, another home, or both. Fingerprints of 40 lower-case hex digits; time in Unix seconds. */
export type Move = {
  /** User ids; equal where only the key changes. */
  readonly from: string;
  readonly to: string;
  /** Equal where only the home changes. */
  readonly old: string;
  readonly new: string;
  /** Higher than in every move of the old key before, from 1. */
  readonly counter: number;
  readonly time: number;
};

/** A move as it travels. */
export type SignedMove = {
  readonly move: Move;
  /** What is signed: all lines but the last two. */
  readonly signed: Uint8Array;
  /** Bodies of the signatures of the old key, and of the new one. */
  readonly given: Uint8Array;
  readonly taken: Uint8Array;
};

const FORM =
  /^P3DO-MOVE-v1\nfrom ([^\n]+)\nto ([^\n]+)\nold ([0-9a-f]{40})\nnew ([0-9a-f]{40})\ncounter ([1-9][0-9]{0,14})\ntime ([1-9][0-9]{0,14})\n$/;

const invalid = (detail: string): PkiError => new PkiError('_invalid_move', detail);

/** The bytes to be signed. Throws PkiError `_invalid_move`. */
export function renderMove({ from, to, old, new: next, counter, time }: Move): Uint8Array {
  const bytes = encodeText(
    `P3DO-MOVE-v1\nfrom ${from}\nto ${to}\nold ${old}\nnew ${next}\ncounter ${counter}\ntime ${time}\n`,
  );
  parseMove(bytes);
  return bytes;
}

/** Throws PkiError `_invalid_move` for all that `renderMove` would write otherwise, and for who stays where he is. */
export function parseMove(bytes: Uint8Array): Move {
  const [, from, to, old, next, counter, time] = FORM.exec(decodeTextStrict(bytes) ?? '') ?? [];
  if (from === undefined || to === undefined || old === undefined || next === undefined) {
    throw invalid('not a move of a person, version 1');
  }
  if (!isPerson(from) || !isPerson(to)) throw invalid('not the user id of a person: nick <nick@domain>');
  if (from === to && old === next) throw invalid('neither key nor home changes');
  return { from, to, old, new: next, counter: Number(counter), time: Number(time) };
}

function isPerson(userId: string): boolean {
  try {
    personOf(userId);
    return true;
  } catch (error) {
    if (error instanceof PkiError) return false;
    throw error;
  }
}

/** Throws PkiError `_oversized_move`, `_invalid_move`. The signatures are not checked. */
export function splitMove(bytes: Uint8Array): SignedMove {
  if (bytes.length > limits.rotationBytesMax) throw new PkiError('_oversized_move', 'at most 4 KiB');
  const { signed, signatures = [] } = splitSigned(bytes, 2) ?? {};
  const [given, taken] = signatures;
  if (signed === undefined || given === undefined || taken === undefined) {
    throw invalid('a move ends with two signatures');
  }
  return { move: parseMove(signed), signed, given, taken };
}

/** The move's bytes with both signatures. Throws PkiError as `renderMove`, and `_foreign_move` for other signers than those named. */
export async function signMove(giver: Signer, taker: Signer, move: Move): Promise<Uint8Array> {
  if (giver.key.fingerprint !== move.old || taker.key.fingerprint !== move.new) {
    throw new PkiError('_foreign_move', 'it names other keys');
  }
  const bytes = renderMove(move);
  return joinSigned(bytes, [await signText(giver, bytes, move.time), await signText(taker, bytes, move.time)]);
}

/**
 * Reads a move and checks both signatures at `now`, Unix seconds. The keys must have the user ids that it names. Whether the
 * new home certifies the new key is the caller's to judge. Throws PkiError: what `splitMove` throws, `_foreign_move`,
 * `_revoked_key` where either key is revoked, `_forged_move`, `_future_move`.
 */
export async function readMove(
  bytes: Uint8Array,
  old: Certificate,
  next: Certificate,
  now: number,
): Promise<SignedMove> {
  const signed = splitMove(bytes);
  const { move } = signed;
  const isNamed = old.key.fingerprint === move.old && next.key.fingerprint === move.new;
  if (!isNamed || !has(old, move.from) || !has(next, move.to)) {
    throw new PkiError('_foreign_move', 'a move of other keys, or of another person');
  }
  if (old.revocation !== null || next.revocation !== null) throw new PkiError('_revoked_key', 'the key is revoked');
  const isSigned =
    (await hasSigned(old, signed.signed, signed.given)) && (await hasSigned(next, signed.signed, signed.taken));
  if (!isSigned) throw new PkiError('_forged_move', 'it is not signed by the old key and by the new one');
  if (move.time > now + limits.skewSeconds) throw new PkiError('_future_move', 'it is of the future');
  return signed;
}

const has = ({ userIds }: Certificate, userId: string): boolean =>
  userIds.some(({ text, isRevoked }) => text === userId && !isRevoked);

/**
 * Whether a checked move replaces the one known of that old key; false when it is the same. Throws PkiError `_foreign_move`
 * for one of another key, `_stale_move` for an earlier one, `_conflicting_move` for another one with the same counter (keep
 * both: they prove that the key is in two hands).
 */
export function isNewerMove(known: SignedMove, next: SignedMove): boolean {
  const [before, after] = [known.move, next.move];
  if (before.old !== after.old) throw new PkiError('_foreign_move', 'a move of another key');
  if (after.counter < before.counter) throw new PkiError('_stale_move', `move ${before.counter} is known`);
  if (after.counter > before.counter) return true;
  if (equalBytes(known.signed, next.signed)) return false;
  throw new PkiError('_conflicting_move', 'two different moves with one counter');
}
