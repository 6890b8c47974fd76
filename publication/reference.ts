/** What a publication says of another one: that it answers it, says it anew, or takes it back. docs/spec/feeds.md#references */
import { bytesOfHex, hexOf } from '../crypto/bytes.ts';
import { inherits } from '../psyc/keyword.ts';
import type { Packet } from '../psyc/packet.ts';
import type { Value } from '../psyc/render.ts';
import { isEntity } from '../psyc/uniform.ts';
import { PublicationError } from './error.ts';
import { checkStatement, ID_BYTES, parseLine, type Publication, SIGNATURE_NAME } from './fields.ts';
import { publicationLimits } from './limits.ts';

/** What is said instead of something. */
const EDIT_METHOD = '_message_public_edit';
/** That something is not said any more. */
export const DELETION_METHOD = '_message_public_deletion';

/** What stands where something was that its author has deleted: `_publication`, its id, and as data the packet that deletes it. */
export const DELETED_METHOD = '_notice_publication_deleted';

/** Fields of a publication without what was said. */
export type Fields = Omit<Publication, 'address' | 'content'>;

/** What is signed of another publication; ids are 32 bytes. */
export type Reference =
  /** It answers what `author`, `psyc://domain/~nick`, has published. */
  | { readonly kind: 'reply'; readonly id: Uint8Array; readonly author: string }
  /** Its words stand for those of another one of the same author. */
  | { readonly kind: 'edit'; readonly id: Uint8Array }
  /** The same author does not say it any more; `fields`: of what is deleted, as its line has them. */
  | { readonly kind: 'deletion'; readonly id: Uint8Array; readonly fields: Fields };

/**
 * What a publication of a person says of another one; null: nothing. Throws PublicationError `_publication_invalid_reference`, and `_publication_foreign_key` where a
 * deletion is of another key's words.
 */
export function readReference(packet: Packet, publication: Publication): Reference | null {
  const method = packet.method ?? '';
  const id = packet.text('_publication');
  if (inherits(method, EDIT_METHOD)) return { kind: 'edit', id: idIn(id) };
  if (inherits(method, DELETION_METHOD)) {
    if (publication.content.length > publicationLimits.deletionBytesMax || (packet.data?.length ?? 0) > 0)
      throw invalid('a deletion has no words');
    return { kind: 'deletion', id: idIn(id), fields: fieldsIn(packet.value('_signature_deleted'), publication) };
  }
  const answered = packet.text('_publication_reply');
  if (answered === undefined) return null;
  const author = packet.text('_uniform_reply') ?? '';
  if (!isEntity(author, 'person')) throw invalid('whose publication is answered is no person');
  return { kind: 'reply', id: idIn(answered), author };
}

/** A publication that deletes another one. */
export type Deletion = Extract<Reference, { kind: 'deletion' }>;

/** What a publication deletes; null: nothing. Throws as `readReference` does. */
export function deletionOf(packet: Packet, publication: Publication): Deletion | null {
  const reference = readReference(packet, publication);
  return reference?.kind === 'deletion' ? reference : null;
}

/** What somebody wants to say of another publication. */
export type Wanted =
  | { readonly kind: 'reply'; readonly id: Uint8Array; readonly author: string }
  | { readonly kind: 'edit'; readonly id: Uint8Array }
  /** `line`: value of the variable that signs what is deleted. */
  | { readonly kind: 'deletion'; readonly id: Uint8Array; readonly line: Uint8Array };

/** Method and entity variables that say it; `method` is that of words which say nothing of others. */
export function referenceDraft(
  wanted: Wanted,
  method: string,
): { readonly method: string; readonly entity: Readonly<Record<string, Value>> } {
  const id = hexOf(wanted.id);
  switch (wanted.kind) {
    case 'reply':
      return { method, entity: { _publication_reply: id, _uniform_reply: wanted.author } };
    case 'edit':
      return { method: EDIT_METHOD, entity: { _publication: id } };
    case 'deletion':
      return { method: DELETION_METHOD, entity: { _publication: id, _signature_deleted: wanted.line } };
  }
}

/** Value of the variable that signs a publication in its packet; null: nothing is signed. */
export const lineIn = (packet: Packet): Uint8Array | null => {
  const value = packet.value(SIGNATURE_NAME);
  return value === undefined ? null : new Uint8Array(value);
};

function idIn(text: string | undefined): Uint8Array {
  const id = bytesOfHex(text ?? '');
  if (id?.length !== ID_BYTES || hexOf(id) !== text) throw invalid('an id is 64 hexadecimal digits, in lower case');
  return id;
}

function fieldsIn(value: Uint8Array | undefined, publication: Publication): Fields {
  try {
    const fields = parseLine(value ?? new Uint8Array(0));
    checkStatement({ ...publication, ...fields });
    if (hexOf(fields.fingerprint) === hexOf(publication.fingerprint)) return fields;
  } catch (error) {
    if (!(error instanceof PublicationError)) throw error;
    throw invalid(`what is deleted: ${error.message}`);
  }
  throw new PublicationError('_publication_foreign_key', 'what is deleted was signed by another key');
}

const invalid = (detail: string): PublicationError => new PublicationError('_publication_invalid_reference', detail);
