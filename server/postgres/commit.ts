/** Writes a planned group with one statement that checks what it was planned on. docs/spec/federation.md#store */
import type { Link } from './link.ts';
import { arrayOf, hexOf } from './lookup.ts';
import type { Draft, Plan } from './plan.ts';

/**
 * One statement is one transaction of its own: it is answered only after its commit is on the disk, and there is no COMMIT
 * that could turn into a ROLLBACK unseen. Lease and revision are checked by the very update that takes the context's lock;
 * a context that changed, or that another process made first, fails the whole statement.
 *
 * Authors, ids, packets and values lie in one bytea: an array of bytea would have to travel as hexadecimal text.
 */
const text = `
WITH given AS MATERIALIZED (
  SELECT n, key, lease, revision, lease_next, last_next, members_next, decode(name, 'hex') AS name
  FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::text[], $18::int[])
    WITH ORDINALITY AS given (key, lease, revision, lease_next, last_next, name, members_next, n)
), known AS (
  UPDATE p3do.contexts AS c SET lease = lease_next, last = last_next, members = members_next, revision = c.revision + 1
  FROM given WHERE given.key > 0 AND c.id = given.key AND c.lease = given.lease AND c.revision = given.revision
  RETURNING given.n, c.id
), born AS (
  INSERT INTO p3do.contexts (name, lease, last, revision, members)
  SELECT name, lease_next, last_next, 1, members_next FROM given WHERE key = 0
  RETURNING name, id
), touched AS (
  SELECT n, id FROM known UNION ALL SELECT given.n, born.id FROM born JOIN given ON given.name = born.name
), added AS (
  INSERT INTO p3do.rows (context, sequence, lease, author, id, packet)
  SELECT touched.id, r.sequence, r.lease, substring($7::bytea FROM r.at FOR r.author),
    substring($7 FROM r.at + r.author FOR r.id), substring($7 FROM r.at + r.author + r.id FOR r.packet)
  FROM unnest($8::int[], $9::bigint[], $10::bigint[], $11::int[], $12::int[], $13::int[], $14::int[])
    AS r (n, sequence, lease, at, author, id, packet)
  JOIN touched ON touched.n = r.n
), replaced AS (
  UPDATE p3do.rows AS r SET packet = substring($7 FROM given.at FOR given.packet)
  FROM unnest($29::int[], $30::bigint[], $31::int[], $32::int[]) AS given (n, sequence, at, packet), touched
  WHERE touched.n = given.n AND r.context = touched.id AND r.sequence = given.sequence
), trimmed AS (
  DELETE FROM p3do.rows AS r USING unnest($33::int[], $34::bigint[]) AS given (n, sequence), touched
  WHERE touched.n = given.n AND r.context = touched.id AND r.sequence <= given.sequence
), moved AS (
  INSERT INTO p3do.marks AS m (context, name, sequence)
  SELECT touched.id, decode(given.name, 'hex'), given.sequence
  FROM unnest($15::int[], $16::text[], $17::bigint[]) AS given (n, name, sequence) JOIN touched ON touched.n = given.n
  WHERE given.sequence >= 0
  ON CONFLICT (context, name) DO UPDATE SET sequence = greatest(m.sequence, excluded.sequence)
), unmarked AS (
  DELETE FROM p3do.marks AS m USING unnest($15::int[], $16::text[], $17::bigint[]) AS given (n, name, sequence), touched
  WHERE touched.n = given.n AND m.context = touched.id AND m.name = decode(given.name, 'hex') AND given.sequence = -1
), anew AS (
  UPDATE p3do.marks AS m SET sequence = given.sequence
  FROM unnest($26::int[], $27::text[], $28::bigint[]) AS given (n, name, sequence), touched
  WHERE touched.n = given.n AND m.context = touched.id AND m.name = decode(given.name, 'hex')
), changed AS (
  SELECT touched.id, decode(given.name, 'hex') AS name, given.sequence
  FROM unnest($19::int[], $20::text[], $21::bigint[]) AS given (n, name, sequence) JOIN touched ON touched.n = given.n
), entered AS (
  INSERT INTO p3do.members (context, name, sequence) SELECT id, name, sequence FROM changed WHERE sequence > 0
  ON CONFLICT (context, name) DO UPDATE SET sequence = excluded.sequence
), gone AS (
  DELETE FROM p3do.members AS m USING changed WHERE m.context = id AND m.name = changed.name AND changed.sequence = 0
), named AS (
  SELECT touched.id, decode(given.name, 'hex') AS name, given.at, given.value
  FROM unnest($22::int[], $23::text[], $24::int[], $25::int[]) AS given (n, name, at, value)
  JOIN touched ON touched.n = given.n
), kept AS (
  INSERT INTO p3do.records (context, name, value) SELECT id, name, substring($7 FROM at FOR value) FROM named WHERE value > 0
  ON CONFLICT (context, name) DO UPDATE SET value = excluded.value
), dropped AS (
  DELETE FROM p3do.records AS r USING named WHERE r.context = id AND r.name = named.name AND named.value = 0
)
SELECT p3do.insist(count(*) = (SELECT count(*) FROM given)), json_object_agg(n, id) AS keys FROM touched`;

/** The bytes of a group, and columns that point into them: of rows, and of records. Places count from 1. */
interface Packed {
  readonly bytes: Buffer;
  readonly rows: readonly string[];
  readonly records: readonly string[];
  readonly replacements: readonly string[];
}

function packed({ rows, drafts, replacements }: Plan, placeOf: ReadonlyMap<string, number>): Packed {
  const parts: Uint8Array[] = [];
  const columns: number[][] = [[], [], [], [], [], [], []];
  const recordColumns: (number | string)[][] = [[], [], [], []];
  let at = 1;
  for (const { append, sequence } of rows) {
    const { context, lease, author, id, packet } = append;
    const fields = [placeOf.get(context)!, sequence, lease, at, author.length, id.length, packet.length];
    for (const [column, field] of fields.entries()) columns[column]!.push(field);
    parts.push(author, id, packet);
    at += author.length + id.length + packet.length;
  }
  for (const [context, { records }] of drafts) {
    for (const [name, value] of records) {
      const fields = [placeOf.get(context)!, hexOf(name), at, value.length];
      for (const [column, field] of fields.entries()) recordColumns[column]!.push(field);
      parts.push(value);
      at += value.length;
    }
  }
  const replacementColumns: number[][] = [[], [], [], []];
  for (const { context, sequence, packet } of replacements) {
    const fields = [placeOf.get(context)!, sequence, at, packet.length];
    for (const [column, field] of fields.entries()) replacementColumns[column]!.push(field);
    parts.push(packet);
    at += packet.length;
  }
  return {
    bytes: Buffer.concat(parts),
    rows: columns.map(arrayOf),
    records: recordColumns.map(arrayOf),
    replacements: replacementColumns.map(arrayOf),
  };
}

/**
 * Writes what is planned; resolves when it would survive the loss of power, with the keys of the contexts touched.
 * Rejects as Link.query does, with failure `stale` if a context is not what it was.
 */
export async function commit(link: Link, plan: Plan): Promise<ReadonlyMap<string, number>> {
  const touched: [string, Draft][] = [...plan.drafts].filter(([, { isTouched }]) => isTouched);
  if (touched.length === 0) return new Map();
  const placeOf = new Map(touched.map(([name], at) => [name, at + 1]));
  const named = (of: (draft: Draft) => ReadonlyMap<string, number>): string[] => {
    const all = touched.flatMap(([, draft], at) =>
      [...of(draft)].map(([name, sequence]) => [at + 1, hexOf(name), sequence]),
    );
    return [0, 1, 2].map((field) => arrayOf(all.map((fields) => fields[field]!)));
  };
  const trims = touched.flatMap(([, { trimmed }], at) => (trimmed === 0 ? [] : [[at + 1, trimmed]]));
  const column = (value: (draft: Draft) => number): string => arrayOf(touched.map(([, draft]) => value(draft)));
  const { bytes, rows: rowColumns, records, replacements } = packed(plan, placeOf);
  const { rows } = await link.query<{ keys: Record<string, number> }>({
    name: 'commit',
    text,
    values: [
      column(({ found }) => found.key),
      column(({ found }) => found.lease),
      column(({ found }) => found.revision),
      column(({ lease }) => lease),
      column(({ last }) => last),
      // Known contexts go by their key.
      arrayOf(touched.map(([name, { found }]) => (found.key === 0 ? hexOf(name) : '""'))),
      bytes,
      ...rowColumns,
      ...named(({ moved }) => moved),
      column(({ memberCount }) => memberCount),
      ...named(({ members }) => members),
      ...records,
      ...named(({ anew }) => anew),
      ...replacements,
      ...[0, 1].map((field) => arrayOf(trims.map((fields) => fields[field]!))),
    ],
  });
  const { keys } = rows[0]!;
  return new Map(touched.map(([name], at) => [name, keys[String(at + 1)]!]));
}
