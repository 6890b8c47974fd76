/** A row of somebody's publications whose words he has deleted: it holds the packet that says so. docs/spec/feeds.md#deleted */
import { parseOne } from '../../circuit/one-packet.ts';
import { hexOf } from '../../crypto/bytes.ts';
import { PsycError } from '../../psyc/error.ts';
import type { Packet } from '../../psyc/packet.ts';
import type { Statement } from '../../publication/fields.ts';
import { isFeed } from '../../publication/feed.ts';
import { DELETED_METHOD } from '../../publication/reference.ts';
import type { DeletedHeard } from './events.ts';
import type { Reading } from './reader.ts';
import type { Row } from './rows.ts';

/** Whether it is the row of something that is deleted. */
export const isDeleted = ({ place, packet }: Row): boolean =>
  place !== null && isFeed(place) && packet.method === DELETED_METHOD;

/** The packet whose word counts for a row: that which deletes what was in it, where something is. */
export function saidIn(row: Row): Packet {
  const { packet } = row;
  if (!isDeleted(row) || packet.data === null) return packet;
  try {
    return parseOne(new Uint8Array(packet.data));
  } catch (error) {
    if (error instanceof PsycError) return packet;
    throw error;
  }
}

/** What stood in the row, as its author himself says; null: what came with it does not say so. */
export function deletedIn(
  row: Row,
  { publication, reference }: Reading,
): (Statement & { readonly id: Uint8Array }) | null {
  if (publication === null || reference?.kind !== 'deletion') return null;
  if (hexOf(reference.id) !== row.packet.text('_publication')) return null;
  return { ...publication, ...reference.fields, id: reference.id };
}

/** What people are told of it. */
export function deletedOutput(
  row: Row & { readonly place: string },
  reading: Reading,
  isProved: boolean,
): DeletedHeard {
  const { place, sequence, command, packet } = row;
  const { author } = reading;
  const bad = { kind: 'bad', code: '_publication_invalid_reference' } as const;
  const word = isProved || reading.word.kind !== 'author' ? reading.word : bad;
  const publication = isProved ? packet.text('_publication')! : null;
  return { kind: 'deleted', place, sequence, author, word, publication, command };
}
