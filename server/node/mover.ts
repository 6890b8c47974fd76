/** Whether somebody has come from another name, as both his keys say and nobody has heard otherwise of them. docs/spec/people.md#moving */
import { bytesOfHex } from '../../crypto/bytes.ts';
import type { PkiAnswer, PkiQuestion, ToldMove } from '../../federation/keys/pki.ts';
import { readCertificate } from '../../pki/certificate.ts';
import { PkiError } from '../../pki/error.ts';
import { isNewerMove, readMove, splitMove } from '../../pki/move-statement.ts';
import { personOf } from '../../pki/user-id.ts';
import { renderUserId } from '../../psyc/names.ts';
import { parseEntity } from '../../psyc/uniform.ts';
import { none, TAKEN_BACK_MS, within } from './within.ts';

/** Copies of a key, from whoever has any. */
type Search = (sought: {
  readonly address: string;
  readonly fingerprint: string;
  readonly servers: readonly string[];
  readonly isNear: true;
}) => AsyncIterable<{ readonly key: Uint8Array }>;

/** Before anything is spent on it. Throws PkiError. */
export function nameInMove({ statement }: ToldMove): PkiAnswer {
  const { from, old } = splitMove(statement).move;
  return { kind: 'named', from: uniformOf(from), fingerprint: bytesOfHex(old)! };
}

function uniformOf(userId: string): string {
  const { nick, domain } = personOf(userId);
  return `psyc://${domain}/~${nick}`;
}

/** By the signatures of both keys; that the old one is somebody's is for those to judge who knew him. Throws PkiError, PsycError. */
export async function answerMove(
  { person, key, move, known, others }: PkiQuestion & { readonly kind: 'move' },
  search: Search | undefined,
  now: number,
): Promise<PkiAnswer> {
  const [before, next] = [await readCertificate(move.before), await readCertificate(key)];
  const read = await readMove(move.statement, before, next, now);
  const { host, name } = parseEntity(person);
  const { from, to, old, counter, time } = read.move;
  if (to !== renderUserId(name, host)) throw new PkiError('_foreign_move', 'a move of another person');
  const last = known === null ? null : splitMove(known.statement);
  // Who lived at two places before says so of the newer one.
  if (last?.move.old === old) isNewerMove(last, read);
  const { nick, domain } = personOf(from);
  if (others !== null) await checkStands(`${nick}@${domain}`, old, others, search);
  const fingerprint = bytesOfHex(old)!;
  return { kind: 'moved', from: uniformOf(from), fingerprint, counter, timeMs: time * 1000 };
}

/** Whoever shows a copy from before has not lost a revocation. Throws PkiError `_revoked_key`. */
async function checkStands(
  address: string,
  fingerprint: string,
  others: readonly Uint8Array[],
  search: Search | undefined,
): Promise<void> {
  const near = { address, fingerprint, servers: [], isNear: true } as const;
  const copies = [...others];
  for await (const { key } of within(search?.(near) ?? none(), TAKEN_BACK_MS)) copies.push(key);
  for (const copy of copies) {
    if (await isRevoked(copy, fingerprint)) throw new PkiError('_revoked_key', 'the key has taken itself back');
  }
}

/** What is broken in what others give says nothing. */
async function isRevoked(copy: Uint8Array, fingerprint: string): Promise<boolean> {
  try {
    const { key, revocation } = await readCertificate(copy);
    return key.fingerprint === fingerprint && revocation !== null;
  } catch (error) {
    if (error instanceof PkiError) return false;
    throw error;
  }
}
