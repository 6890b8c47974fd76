/** What stands in the row of a publication that its author has deleted: his word for that, and nothing of what was said. docs/spec/feeds.md#deleted */
import { parseOne } from '../../circuit/one-packet.ts';
import { hexOf } from '../../crypto/bytes.ts';
import { inherits } from '../../psyc/keyword.ts';
import { render } from '../../psyc/render.ts';
import { renderPublication } from '../../publication/packet.ts';
import type { Publication } from '../../publication/fields.ts';
import { DELETED_METHOD, type Deletion, DELETION_METHOD } from '../../publication/reference.ts';

/** The row of what is deleted: `publication` says so. */
export function deletedRow(context: string, { id }: Deletion, publication: Publication): Uint8Array {
  return render({
    routing: { _context: context },
    entity: { _publication: hexOf(id) },
    method: DELETED_METHOD,
    data: renderPublication(publication, { _context: context }),
  });
}

/** The packet by which what stood in a row was deleted; null: it is no such row. */
export function deletionIn(row: Uint8Array): Uint8Array | null {
  const { method, data } = parseOne(row);
  return method === DELETED_METHOD && data !== null ? new Uint8Array(data) : null;
}

/** Whether a row can be deleted: what is deleted already, or deletes another one, cannot. */
export function isDeletable(row: Uint8Array): boolean {
  const method = parseOne(row).method ?? '';
  return method !== DELETED_METHOD && !inherits(method, DELETION_METHOD);
}
