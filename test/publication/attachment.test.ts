/** What is signed of a file that belongs to a publication, what is a piece of it, and what is neither. docs/spec/attachments.md#signed */
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { hexOf } from '../../crypto/bytes.ts';
import { render, type Value } from '../../psyc/render.ts';
import {
  attachmentOf,
  attachmentVariables,
  chunksOf,
  isChunk,
  OCTETS,
  readAttachment,
} from '../../publication/attachment.ts';
import { publicationId } from '../../publication/fields.ts';
import { publicationLimits } from '../../publication/limits.ts';
import { renderPublication } from '../../publication/packet.ts';
import { DELETION_METHOD } from '../../publication/reference.ts';
import { signPublication } from '../../publication/sign.ts';
import { suite } from '../../server/suite.ts';
import { parse, readVectors, seed, statement, unhex } from './vectors.ts';

interface Vector {
  readonly name: string;
  /** The file: so many bytes, each its place, divided by 1, 256 and 65536, and this one, modulo 256. */
  readonly bytes: number;
  readonly add: number;
  readonly file: string;
  readonly type: string;
  readonly digests: readonly string[];
  readonly content: string;
  readonly id: string;
}

const vectors = readVectors<{
  address: string;
  publications: Vector[];
  refused: { name: string; variables: Record<string, string>; method?: string }[];
}>('attachments.json');

const fileOf = (bytes: number, add: number): Uint8Array =>
  Uint8Array.from({ length: bytes }, (_, at) => (at + (at >> 8) + (at >> 16) + add) & 255);

const content = (entity: Readonly<Record<string, Value>>): Uint8Array =>
  new Uint8Array(
    parse(render({ entity: { _nick: 'alice', ...entity }, method: '_message_public', data: 'look' })).content!,
  );

test.each(vectors.publications)('$name', (vector) => {
  const file = fileOf(vector.bytes, vector.add);
  const attachment = attachmentOf(suite, file, vector.file, vector.type);
  expect(attachment.digests.map(hexOf)).toEqual(vector.digests);
  const signed = content(attachmentVariables(attachment));
  expect(hexOf(signed)).toBe(vector.content);
  const publication = signPublication(suite, { ...statement, address: vectors.address, content: signed }, seed);
  expect(hexOf(publicationId(suite, publication))).toBe(vector.id);
  const packet = parse(renderPublication(publication, { _context: vectors.address }));
  expect(readAttachment(packet)).toEqual(attachment);
});

/** Hexadecimal behind `0x`. */
const valueOf = (text: string): Value => (text.startsWith('0x') ? unhex(text.slice(2)) : text);

test.each(vectors.refused)('$name is none', ({ variables, method = '_message_public' }) => {
  const good = attachmentVariables(attachmentOf(suite, fileOf(70_000, 1), 'a.png', 'image/png'));
  const changed = Object.fromEntries(Object.entries(variables).map(([name, text]) => [name, valueOf(text)]));
  const packet = parse(render({ entity: { ...good, ...changed }, method }));
  expect(() => readAttachment(packet)).toThrow(expect.objectContaining({ code: '_publication_invalid_attachment' }));
});

test('where nothing is said of a file there is none, and a deletion has none either', () => {
  expect(readAttachment(parse(render({ method: '_message_public' })))).toBeNull();
  expect(readAttachment(parse(render({ method: DELETION_METHOD })))).toBeNull();
});

test('each piece is known as the one that it is, and nothing else is', () => {
  const { attachmentChunkBytes } = publicationLimits;
  const sizes = fc.constantFrom(
    1,
    attachmentChunkBytes - 1,
    attachmentChunkBytes,
    attachmentChunkBytes + 1,
    2 * attachmentChunkBytes,
  );
  fc.assert(
    fc.property(sizes, fc.nat(), (bytes, where) => {
      const file = fileOf(bytes, 7);
      const attachment = attachmentOf(suite, file, 'x', OCTETS);
      const chunks = chunksOf(file);
      expect(chunks.reduce((sum, { length }) => sum + length, 0)).toBe(bytes);
      for (const [at, chunk] of chunks.entries()) {
        expect(isChunk(suite, attachment, at, chunk)).toBe(true);
        expect(isChunk(suite, attachment, at + 1, chunk)).toBe(false);
        expect(isChunk(suite, attachment, at, chunk.subarray(1))).toBe(false);
        const other = chunk.map((byte, index) => (index === where % chunk.length ? byte ^ 1 : byte));
        expect(isChunk(suite, attachment, at, other)).toBe(false);
      }
    }),
    { numRuns: 20 },
  );
});

test('a file has a byte at least, and no more than a mebibyte', () => {
  const { attachmentBytesMax } = publicationLimits;
  const attach = (bytes: number): unknown => attachmentOf(suite, new Uint8Array(bytes), 'x', OCTETS).digests.length;
  expect(attach(attachmentBytesMax)).toBe(16);
  for (const bytes of [0, attachmentBytesMax + 1])
    expect(() => attach(bytes)).toThrow(expect.objectContaining({ code: '_publication_invalid_attachment' }));
});
