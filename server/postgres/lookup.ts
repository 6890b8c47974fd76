/** Looks up what a group of writes is planned on: contexts, their marks and records, ids and members that may be there. docs/spec/federation.md#store */
import type { QueryResultRow } from 'pg';
import type { Link } from './link.ts';
import { type Found, idKey, type Write } from './plan.ts';
import { type ContextState, emptyState } from './states.ts';

const contextsText = `
SELECT given.n, c.id AS key, c.lease, c.last, c.revision, c.members
FROM unnest($1::text[]) WITH ORDINALITY AS given (name, n)
JOIN p3do.contexts AS c ON c.name = decode(given.name, 'hex')`;

const marksText = `
SELECT given.n, m.name
FROM unnest($1::text[]) WITH ORDINALITY AS given (name, n)
JOIN p3do.contexts AS c ON c.name = decode(given.name, 'hex')
JOIN p3do.marks AS m ON m.context = c.id`;

const membersText = `
SELECT given.place, given.member
FROM unnest($1::text[], $2::int[], $3::text[]) AS given (name, place, member)
JOIN p3do.contexts AS c ON c.name = decode(given.name, 'hex')
JOIN p3do.members AS m ON m.context = c.id AND m.name = decode(given.member, 'hex')`;

const idsText = `
SELECT given.place, given.id, r.sequence
FROM unnest($1::text[], $2::int[], $3::text[]) AS given (name, place, id)
JOIN p3do.contexts AS c ON c.name = decode(given.name, 'hex')
JOIN p3do.rows AS r ON r.context = c.id AND r.id = decode(given.id, 'hex')`;

// All names, since their number counts; one statement, so that no other write comes between number and digests.
const recordsText = `
WITH given AS (
  SELECT DISTINCT name, place, decode(record, 'hex') AS record
  FROM unnest($1::text[], $2::int[], $3::text[]) AS given (name, place, record)
)
SELECT named.place, r.name, CASE WHEN given.record IS NULL THEN '' ELSE encode(sha256(r.value), 'hex') END AS digest
FROM (SELECT DISTINCT name, place FROM given) AS named
JOIN p3do.contexts AS c ON c.name = decode(named.name, 'hex')
JOIN p3do.records AS r ON r.context = c.id
LEFT JOIN given ON given.place = named.place AND given.record = r.name`;

/** Columns of questions for something in a context: the context's name, its place among all, the thing. */
class Questions {
  readonly #names: string[] = [];
  readonly #places: number[] = [];
  readonly #things: string[] = [];

  add(name: string, place: number, thing: string): void {
    this.#names.push(name);
    this.#places.push(place);
    this.#things.push(thing);
  }

  /** The rows that answer the statement; none, without asking, where there is no question. */
  async ask<R extends QueryResultRow>(link: Link, name: string, text: string): Promise<R[]> {
    if (this.#names.length === 0) return [];
    const values = [arrayOf(this.#names), arrayOf(this.#places), arrayOf(this.#things)];
    return (await link.query<R>({ name, text, values })).rows;
  }
}

/** PostgreSQL's literal of an array whose elements need no quotes: numbers, hex. */
export const arrayOf = (elements: readonly (string | number)[]): string => `{${elements.join(',')}}`;

/** Bytes of a name in hexadecimal. */
export const hexOf = (name: string): string => Buffer.from(name).toString('hex');

/** The contexts that the writes name, and among those the ones with marks to move. */
export function contextsOf(writes: readonly Write[]): { all: Set<string>; withMarks: Set<string> } {
  const all = new Set<string>();
  const withMarks = new Set<string>();
  for (const { operations } of writes) {
    for (const { op, context } of operations) {
      all.add(context);
      if (op === 'mark') withMarks.add(context);
    }
  }
  return { all, withMarks };
}

/** Everything that the plan of `writes` needs, in one round trip. Rejects as Link.query does. */
export async function lookUp(link: Link, writes: readonly Write[]): Promise<Found> {
  const { all, withMarks } = contextsOf(writes);
  const names = [...all];
  const markNames = [...withMarks];
  const place = new Map(names.map((name, at) => [name, at]));
  const hex = names.map(hexOf);
  const idQuestions = new Questions();
  const memberQuestions = new Questions();
  const recordQuestions = new Questions();
  for (const { operations } of writes) {
    for (const operation of operations) {
      const at = place.get(operation.context)!;
      if (operation.op === 'append') idQuestions.add(hex[at]!, at, Buffer.from(operation.id).toString('hex'));
      if (operation.op === 'member') memberQuestions.add(hex[at]!, at, hexOf(operation.name));
      if (operation.op === 'record') recordQuestions.add(hex[at]!, at, hexOf(operation.name));
    }
  }
  // Contexts first: what changes after that changes their revision too, and the write finds out.
  const [contexts, marks, rows, members, recordRows] = await Promise.all([
    link.query<ContextState & { n: number }>({ name: 'contexts', text: contextsText, values: [arrayOf(hex)] }),
    markNames.length === 0
      ? null
      : link.query<{ n: number; name: Buffer }>({
          name: 'mark names',
          text: marksText,
          values: [arrayOf(markNames.map(hexOf))],
        }),
    idQuestions.ask<{ place: number; id: string; sequence: number }>(link, 'ids', idsText),
    memberQuestions.ask<{ place: number; member: string }>(link, 'members', membersText),
    recordQuestions.ask<{ place: number; name: Buffer; digest: string }>(link, 'record names', recordsText),
  ]);
  const marksOf = new Map(markNames.map((name) => [name, new Set<string>()]));
  for (const { n, name } of marks?.rows ?? []) marksOf.get(markNames[n - 1]!)!.add(name.toString());
  const states = new Map<string, ContextState>(names.map((name) => [name, emptyState]));
  for (const { n, key, lease, last, revision, members: count } of contexts.rows) {
    const name = names[n - 1]!;
    states.set(name, { key, lease, last, revision, members: count, marks: marksOf.get(name) ?? null });
  }
  const known = new Map<string, Map<string, number>>();
  for (const { place: at, id, sequence } of rows) {
    const name = names[at]!;
    const there = known.get(name) ?? new Map<string, number>();
    known.set(name, there.set(idKey(Buffer.from(id, 'hex')), sequence));
  }
  const present = new Map<string, Set<string>>();
  for (const { place: at, member } of members) {
    const name = names[at]!;
    const there = present.get(name) ?? new Set<string>();
    present.set(name, there.add(Buffer.from(member, 'hex').toString()));
  }
  const records = new Map<string, Map<string, string>>();
  for (const { place: at, name, digest } of recordRows) {
    const context = names[at]!;
    const there = records.get(context) ?? new Map<string, string>();
    records.set(context, there.set(name.toString(), digest));
  }
  return { states, ids: known, present, records };
}
