/** A file that belongs to a publication: what is signed of it, and how each piece of it is checked as it comes. docs/spec/attachments.md */
import { equalBytes } from '../psyc/bytes.ts';
import { inherits } from '../psyc/keyword.ts';
import type { Packet } from '../psyc/packet.ts';
import type { Value } from '../psyc/render.ts';
import { PublicationError } from './error.ts';
import { publicationLimits } from './limits.ts';
import { DELETION_METHOD } from './reference.ts';

const DIGEST_BYTES = 32;
/** The variable whose presence says that there is one. */
const CHUNKS = '_digests_attachment';
/** A media type without parameters (RFC 6838, section 4.2), in lower case. */
const TYPE = /^[a-z0-9][a-z0-9!#$&^_.+-]{0,62}\/[a-z0-9][a-z0-9!#$&^_.+-]{0,62}$/;
/** What no file's name has: separators, what moves a cursor, what turns text around (UAX #9), and line ends beyond ASCII. */
// oxlint-disable-next-line no-control-regex
const IMPOSSIBLE = /[\u0000-\u001f\u007f-\u009f/\\\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/;

/** Of whose type nothing is known. */
export const OCTETS = 'application/octet-stream';

/** What is signed of a file. */
export interface Attachment {
  /** From 1 to `attachmentBytesMax`. */
  readonly bytes: number;
  /** BLAKE2b-256 of each chunk, in their order. */
  readonly digests: readonly Uint8Array[];
  /** As its author calls it; a name only, of no folder. */
  readonly name: string;
  /** Media type, as its author says. */
  readonly type: string;
}

type Hash = { blake2b(message: Uint8Array, length: number): Uint8Array };

/** How many chunks so many bytes have. */
const countOf = (bytes: number): number => Math.ceil(bytes / publicationLimits.attachmentChunkBytes);

/** Chunks of a file: all but the last have `attachmentChunkBytes`. */
export const chunksOf = (file: Uint8Array): Uint8Array[] =>
  Array.from({ length: countOf(file.length) }, (_, at) => {
    const { attachmentChunkBytes: size } = publicationLimits;
    return file.subarray(at * size, (at + 1) * size);
  });

/** What its author signs of a file. Throws PublicationError `_publication_invalid_attachment`. */
export function attachmentOf(suite: Hash, file: Uint8Array, name: string, type: string): Attachment {
  const digests = chunksOf(file).map((chunk) => suite.blake2b(chunk, DIGEST_BYTES));
  const attachment = { bytes: file.length, digests, name, type };
  check(attachment);
  return attachment;
}

/** Entity variables that say it. */
export function attachmentVariables({ bytes, digests, name, type }: Attachment): Readonly<Record<string, Value>> {
  const all = new Uint8Array(digests.length * DIGEST_BYTES);
  for (const [at, digest] of digests.entries()) all.set(digest, at * DIGEST_BYTES);
  return { _amount_bytes_attachment: String(bytes), [CHUNKS]: all, _name_attachment: name, _type_attachment: type };
}

/** The file that belongs to a publication; null: none does. Throws PublicationError `_publication_invalid_attachment`. */
export function readAttachment(packet: Packet): Attachment | null {
  const all = packet.value(CHUNKS);
  if (all === undefined) return null;
  if (inherits(packet.method ?? '', DELETION_METHOD)) throw invalid('a deletion has no attachment');
  const amount = packet.text('_amount_bytes_attachment') ?? '';
  const digests = Array.from({ length: Math.floor(all.length / DIGEST_BYTES) }, (_, at) =>
    all.slice(at * DIGEST_BYTES, (at + 1) * DIGEST_BYTES),
  );
  if (all.length % DIGEST_BYTES !== 0 || !/^[1-9][0-9]{0,8}$/.test(amount))
    throw invalid('its size or its digests are none');
  const [name, type] = [packet.text('_name_attachment') ?? '', packet.text('_type_attachment') ?? ''];
  const attachment = { bytes: Number(amount), digests, name, type };
  check(attachment);
  return attachment;
}

/** Whether these bytes are its chunk of this number, from 0 on. */
export function isChunk(suite: Hash, { bytes, digests }: Attachment, index: number, chunk: Uint8Array): boolean {
  const digest = digests[index];
  const { attachmentChunkBytes: size } = publicationLimits;
  const length = index === digests.length - 1 ? bytes - index * size : size;
  return digest !== undefined && chunk.length === length && equalBytes(suite.blake2b(chunk, DIGEST_BYTES), digest);
}

function check({ bytes, digests, name, type }: Attachment): void {
  const { attachmentBytesMax, attachmentNameBytesMax } = publicationLimits;
  if (bytes < 1 || bytes > attachmentBytesMax) throw invalid(`it has 1 to ${attachmentBytesMax} bytes`);
  if (digests.length !== countOf(bytes)) throw invalid('each chunk has one digest');
  const nameBytes = new TextEncoder().encode(name).length;
  if (nameBytes < 1 || nameBytes > attachmentNameBytesMax || IMPOSSIBLE.test(name) || /^\.+$/.test(name))
    throw invalid('its name is none of a file');
  if (!TYPE.test(type)) throw invalid('its media type is none');
}

const invalid = (detail: string): PublicationError => new PublicationError('_publication_invalid_attachment', detail);
