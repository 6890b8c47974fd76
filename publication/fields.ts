/** What an author signs, as a value, as the bytes under the signature and as the line that carries it. docs/spec/publication.md#signed-bytes */
import { joinBytes, readUint64, textBytes, uint32, uint64 } from '../crypto/bytes.ts';
import type { Suite } from '../crypto/suite.ts';
import { PsycError } from '../psyc/error.ts';
import { parseEntity, renderUniform } from '../psyc/uniform.ts';
import { PublicationError } from './error.ts';
import { publicationLimits } from './limits.ts';

/** What is signed. */
export interface Statement {
  /** Uniform of the context that it is said in, or of the one it is said to; in lower case. */
  readonly address: string;
  /** Fingerprint of the author's identity key: 20 bytes (OpenPGP v4) or 32 (v6). */
  readonly fingerprint: Uint8Array;
  /** The device of his that signs: 16 bytes. */
  readonly device: Uint8Array;
  /** What this device says to this address is numbered 1, 2, 3 … */
  readonly counter: number;
  /** Id of what it said before; 32 zero bytes with counter 1. */
  readonly previous: Uint8Array;
  /** When, in milliseconds since 1970, by the author's clock. */
  readonly timeMs: number;
  /** The content that is signed: entity header, method and data as they travel. */
  readonly content: Uint8Array;
}

/** A statement and the signature of 64 bytes under it. */
export interface Publication extends Statement {
  readonly signature: Uint8Array;
}

const PREFIX = textBytes('p3do-publication-v1\0');

/** The name of the variable that carries an author's signature, always a content's first. */
export const SIGNATURE_NAME = '_signature_author';

const VERSION = 1;
const FINGERPRINT_BYTES = [20, 32];
const DEVICE_BYTES = 16;
/** Bytes of a publication's id. */
export const ID_BYTES = 32;
const SIGNATURE_BYTES = 64;
/** Version, device, counter, previous, time and signature. */
const FIXED_BYTES = 1 + DEVICE_BYTES + 8 + ID_BYTES + 8 + SIGNATURE_BYTES;

/** The bytes under the signature. */
export function signedBytes(statement: Statement): Uint8Array {
  const { address, fingerprint, device, counter, previous, timeMs, content } = statement;
  const fields = [textBytes(address), fingerprint, device, uint64(counter), previous, uint64(timeMs), content];
  return joinBytes(PREFIX, ...fields.flatMap((field) => [uint32(field.length), field]));
}

/** The statement's id: BLAKE2b-256 of the signed bytes. */
export const publicationId = (suite: Suite, statement: Statement): Uint8Array =>
  suite.blake2b(signedBytes(statement), ID_BYTES);

/** Throws PublicationError `_publication_invalid_address`, `_publication_invalid_fields`, `_publication_oversized`. */
export function checkStatement(statement: Statement): void {
  const { address, fingerprint, device, counter, previous, timeMs, content } = statement;
  checkAddress(address);
  if (!FINGERPRINT_BYTES.includes(fingerprint.length)) throw invalid('a fingerprint has 20 or 32 bytes');
  if (device.length !== DEVICE_BYTES) throw invalid('a device has 16 bytes');
  if (previous.length !== ID_BYTES) throw invalid('the id before has 32 bytes');
  if (!Number.isSafeInteger(counter) || counter < 1) throw invalid('a counter is a whole number from 1 below 2^53');
  if (!Number.isSafeInteger(timeMs) || timeMs < 0) throw invalid('a time is a whole number below 2^53');
  if ((counter === 1) !== previous.every((byte) => byte === 0))
    throw invalid('the first has nothing before it, and no other');
  if (content.length > publicationLimits.signedContentBytesMax) {
    throw new PublicationError('_publication_oversized', `${content.length} bytes to be signed`);
  }
}

/** The line that carries signature and fields, as a content begins with it. */
export function renderLine({ fingerprint, device, counter, previous, timeMs, signature }: Publication): Uint8Array {
  const version = new Uint8Array([VERSION]);
  const value = joinBytes(version, fingerprint, device, uint64(counter), previous, uint64(timeMs), signature);
  return joinBytes(lineStart(value.length), value, textBytes('\n'));
}

/** Where the content that is signed begins, behind the line; null when `content` begins with no such line. */
export function lineEnd(content: Uint8Array): number | null {
  for (const fingerprintBytes of FINGERPRINT_BYTES) {
    const start = lineStart(FIXED_BYTES + fingerprintBytes);
    if (start.every((byte, at) => content[at] === byte)) return start.length + FIXED_BYTES + fingerprintBytes + 1;
  }
  return null;
}

/** The fields in the line's value. Throws PublicationError `_publication_invalid_fields`. */
export function parseLine(value: Uint8Array): Omit<Publication, 'address' | 'content'> {
  const fingerprintBytes = value.length - FIXED_BYTES;
  if (!FINGERPRINT_BYTES.includes(fingerprintBytes)) throw invalid(`fields of ${value.length} bytes`);
  if (value[0] !== VERSION) throw invalid(`version ${value[0]} of the fields is not known`);
  let at = 1;
  const take = (length: number): Uint8Array => new Uint8Array(value.subarray(at, (at += length)));
  const number = (): number => readUint64(take(8), 0) ?? Number.NaN;
  return {
    fingerprint: take(fingerprintBytes),
    device: take(DEVICE_BYTES),
    counter: number(),
    previous: take(ID_BYTES),
    timeMs: number(),
    signature: take(SIGNATURE_BYTES),
  };
}

const lineStart = (valueBytes: number): Uint8Array => textBytes(`:${SIGNATURE_NAME} ${valueBytes}\t`);

/** In the one form there is: two spellings of an address would be two signatures for one thing said. */
function checkAddress(address: string): void {
  try {
    if (renderUniform(parseEntity(address)) === address) return;
  } catch (error) {
    if (!(error instanceof PsycError)) throw error;
  }
  throw new PublicationError('_publication_invalid_address', 'the address is no uniform of an entity in lower case');
}

const invalid = (detail: string): PublicationError => new PublicationError('_publication_invalid_fields', detail);
