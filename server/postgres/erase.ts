/** Takes everything of some contexts out, in one statement. docs/spec/federation.md#store */
import type { Link } from './link.ts';
import { arrayOf, hexOf } from './lookup.ts';

/**
 * The contexts stay, empty, with a new revision: who planned a write on what they were plans it again. Locked first, in the
 * order in which every statement locks them.
 */
const text = `
WITH asked AS MATERIALIZED (
  SELECT c.id, c.lease FROM p3do.contexts AS c
  WHERE c.name IN (SELECT decode(name, 'hex') FROM unnest($1::text[]) AS given (name)) ORDER BY c.id FOR UPDATE
), ours AS MATERIALIZED (
  SELECT id FROM asked WHERE NOT EXISTS (SELECT FROM asked WHERE lease <> $2)
), emptied AS (
  UPDATE p3do.contexts AS c SET last = 0, members = 0, revision = c.revision + 1 FROM ours WHERE c.id = ours.id
), unwritten AS (
  DELETE FROM p3do.rows AS r USING ours WHERE r.context = ours.id
), unmarked AS (
  DELETE FROM p3do.marks AS m USING ours WHERE m.context = ours.id
), unlisted AS (
  DELETE FROM p3do.members AS m USING ours WHERE m.context = ours.id
), unrecorded AS (
  DELETE FROM p3do.records AS r USING ours WHERE r.context = ours.id
)
SELECT (SELECT count(*) FROM asked) = (SELECT count(*) FROM ours) AS whole`;

/** Whether they were all of this lease: else nothing is done. Resolves when it would survive the loss of power; rejects as Link.query. */
export async function erase(link: Link, contexts: readonly string[], lease: number): Promise<boolean> {
  const values = [arrayOf(contexts.map(hexOf)), lease];
  const { rows } = await link.query<{ whole: boolean }>({ name: 'erase', text, values });
  return rows[0]?.whole === true;
}
