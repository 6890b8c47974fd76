/** Who is a member of a place at each of its rows, by what was asked and what is durable alone. docs/simulator.md#checkers */
import type { Observation } from '../observation.ts';

type Asked = Extract<Observation, { kind: 'asked' }>;

interface Row {
  /** How many rows of its place were before it. */
  readonly at: number;
  readonly members: ReadonlySet<string>;
  readonly out: ReadonlySet<string>;
}

interface Place {
  rows: number;
  readonly members: Set<string>;
  /** Who was put out, and has not come back. */
  readonly out: Set<string>;
  /** Which row each came by, the last time. */
  readonly came: Map<string, number>;
}

/** Whether what names a person or a domain names this person. */
const covers = (whom: string, person: string): boolean => whom === person || person.startsWith(`${whom}/`);

/** Everybody's coming and going in all places. */
export class Attendance {
  readonly #asked = new Map<string, Asked>();
  readonly #places = new Map<string, Place>();
  /** By place and key. */
  readonly #rows = new Map<string, Row>();

  /** Looks at what was seen. */
  observe(observation: Observation): void {
    if (observation.kind === 'asked') this.#asked.set(observation.key, observation);
    if (observation.kind !== 'durable') return;
    const { context, key } = observation;
    const row = `${context} ${key}`;
    if (this.#rows.has(row)) return;
    const place = this.#places.get(context) ?? { rows: 0, members: new Set(), out: new Set(), came: new Map() };
    this.#places.set(context, place);
    const at = place.rows++;
    const asked = this.#asked.get(key);
    if (asked?.target === context) change(place, asked, at);
    this.#rows.set(row, { at, members: new Set(place.members), out: new Set(place.out) });
  }

  /** Whether he was a member when this row was written. */
  wasMember(context: string, key: string, person: string): boolean {
    return this.#rows.get(`${context} ${key}`)?.members.has(person) === true;
  }

  /** Whether he had been put out when this row was written, and has not come back since: who has may read it, also where he was put out once more. */
  isShut(context: string, key: string, person: string): boolean {
    const row = this.#rows.get(`${context} ${key}`);
    if (row?.out.has(person) !== true) return false;
    return (this.#places.get(context)?.came.get(person) ?? -1) < row.at;
  }
}

function change({ members, out, came }: Place, { method, author, whom }: Asked, at: number): void {
  if (method === '_request_context_enter') {
    members.add(author);
    out.delete(author);
    came.set(author, at);
  } else if (method === '_request_context_leave') members.delete(author);
  else if (method === '_request_context_kick' || method === '_request_context_ban') {
    for (const member of members) {
      if (!covers(whom ?? '', member)) continue;
      members.delete(member);
      out.add(member);
    }
  }
}
