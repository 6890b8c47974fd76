/** One-time invitations: a text for a person, and its hash in a file that is only ever added to. docs/operating.md#invitations */
import { join } from 'node:path';
import { hexOf } from '../../crypto/bytes.ts';
import { appendPrivate, readPrivate } from '../../disk/private-file.ts';
import { decodeText, encodeText } from '../../psyc/bytes.ts';
import { suite } from '../suite.ts';
import { DomainError } from './errors.ts';
import { domainLimits } from './limits.ts';

/** No i, l, o and u: 32 letters that nobody takes for each other (Crockford's base 32). */
const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';
const GROUPS = 5;
const GROUP_LETTERS = 5;
const HASH_BYTES = 32;
/** With every blank that somebody may have typed between. */
const TYPED_LETTERS_MAX = 80;
const LINE_BYTES = 2 * HASH_BYTES + 1;

/** Where they are. */
export const invitesFile = (folder: string): string => join(folder, 'invites');

/** The invitations of a domain, used or not, as hashes: 64 lower-case hex digits. */
export type Invites = {
  /** The first, which was made for the admin; nothing asks for it yet. null where there is none at all. */
  readonly admin: string | null;
  readonly all: ReadonlySet<string>;
};

/** A new one: 125 bits that nobody can guess, `k3f9a-…`. */
export function makeInvite(): string {
  const letters = Array.from(suite.random(GROUPS * GROUP_LETTERS), (byte) => ALPHABET[byte % ALPHABET.length]!);
  return letters.join('').replace(/.{5}(?=.)/g, '$&-');
}

/**
 * The hash that stands for an invitation as a person typed it: BLAKE2b-256 of its 25 letters in lower case. null for what
 * is none. Needs no salt and no cost, since nobody tries 2^125.
 */
export function inviteHash(typed: string): string | null {
  const letters = inviteLetters(typed);
  return letters === null ? null : hexOf(suite.blake2b(encodeText(letters), HASH_BYTES));
}

/** Its 25 letters as they are hashed, whatever stands between them. null for what is none. */
export function inviteLetters(typed: string): string | null {
  if (typed.length > TYPED_LETTERS_MAX) return null;
  const letters = typed.toLowerCase().replace(/[-\s]/g, '').replace(/[il]/g, '1').replaceAll('o', '0');
  const isOne = letters.length === GROUPS * GROUP_LETTERS && /^[0-9a-hjkmnp-tv-z]*$/.test(letters);
  return isOne ? letters : null;
}

/** The line of a new invitation. */
export const inviteLine = (invite: string): Uint8Array => encodeText(`${inviteHash(invite)!}\n`);

const read = (folder: string): Promise<Uint8Array> => readPrivate(invitesFile(folder), domainLimits.invitesBytesMax);

/** The invitations as the file has them now. Throws FileError `_exposed_file`, `_oversized_file`; system errors pass. */
export async function readInvites(folder: string): Promise<Invites> {
  // A line that is none was cut by a loss of power; it invites nobody.
  const hashes = decodeText(await read(folder))
    .split('\n')
    .filter((line) => /^[0-9a-f]{64}$/.test(line));
  return { admin: hashes[0] ?? null, all: new Set(hashes) };
}

/**
 * Makes one more, and resolves with its text once its hash is on the disk. Throws DomainError `_domain_excessive_invites`,
 * FileError `_exposed_file`, `_oversized_file`; system errors pass.
 */
export async function addInvite(folder: string): Promise<string> {
  const bytes = await read(folder);
  if (bytes.length + LINE_BYTES + 1 > domainLimits.invitesBytesMax) {
    throw new DomainError('_domain_excessive_invites', `${invitesFile(folder)} holds all that it may`);
  }
  const invite = makeInvite();
  const line = inviteLine(invite);
  // After a line that was cut a new one begins.
  const isCut = bytes.length > 0 && bytes.at(-1) !== 0x0a;
  await appendPrivate(invitesFile(folder), isCut ? Uint8Array.of(0x0a, ...line) : line);
  return invite;
}
