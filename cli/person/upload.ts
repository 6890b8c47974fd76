/** A file on its way: read from the disk, and handed to the server that has its publication, piece by piece. docs/spec/attachments.md#given */
import { createReadStream } from 'node:fs';
import { basename, extname } from 'node:path';
import { type Attachment, attachmentOf, chunksOf, OCTETS, PublicationError } from '../../client/session/pending.ts';
import { attachmentBytesMax } from '../../client/session/words.ts';
import { suite } from '../../server/suite.ts';
import type { Talk } from './talk.ts';

/** What is to be attached. */
export interface Upload {
  readonly file: Uint8Array;
  readonly attachment: Attachment;
}

/** Media types of what people attach most, by the end of a name; whoever has the file goes by its bytes in any case. */
const types: Readonly<Record<string, string>> = {
  '.txt': 'text/plain',
  '.md': 'text/markdown',
  '.html': 'text/html',
  '.csv': 'text/csv',
  '.json': 'application/json',
  '.pdf': 'application/pdf',
  '.zip': 'application/zip',
  '.gz': 'application/gzip',
  '.png': 'image/png',
  '.jpg': 'image/jpeg',
  '.jpeg': 'image/jpeg',
  '.gif': 'image/gif',
  '.webp': 'image/webp',
  '.svg': 'image/svg+xml',
  '.mp3': 'audio/mpeg',
  '.ogg': 'audio/ogg',
  '.opus': 'audio/ogg',
  '.mp4': 'video/mp4',
  '.webm': 'video/webm',
};

/** Reads what is to be attached; a text says why it cannot be. System errors pass. */
export async function uploadOf(path: string): Promise<Upload | string> {
  // One byte more than may be, and no more: what a device or a pipe gives has no end, and no size that could be asked.
  const pieces: Buffer[] = [];
  for await (const piece of createReadStream(path, { end: attachmentBytesMax })) pieces.push(piece as Buffer);
  const file = new Uint8Array(Buffer.concat(pieces));
  if (file.length > attachmentBytesMax) return `${path}: a file to be attached has at most ${attachmentBytesMax} bytes`;
  const type = types[extname(path).toLowerCase()] ?? OCTETS;
  try {
    return { file, attachment: attachmentOf(suite, file, basename(path), type) };
  } catch (error) {
    if (error instanceof PublicationError) return `${path}: ${error.message}`;
    throw error;
  }
}

/** Hands a file to the server that is spoken through; what that has is not sent again. False: it was refused, which has been told. */
export async function uploaded(
  talk: Pick<Talk, 'ask'>,
  target: string,
  publication: string,
  { file }: Upload,
): Promise<boolean> {
  const chunks = chunksOf(file);
  for (let index = 0; index < chunks.length; ) {
    const entity = { _publication: publication, _index: String(index), _chunk: chunks[index]! };
    const answer = await talk.ask({ target, method: '_request_attachment_store', entity });
    if (answer === null || typeof answer === 'string') return false;
    const amount = Number(answer.at(-1)?.packet.text('_amount_chunks'));
    // A server that says less than it has just taken would be given it for ever.
    index = Number.isSafeInteger(amount) && amount > index ? amount : index + 1;
  }
  return true;
}
