/** Checks that whoever was kicked or banned hears nothing that is said behind that, until he comes back. docs/simulator.md#checkers */
import type { Observation } from '../observation.ts';
import type { Checker } from './checker.ts';

type Asked = Extract<Observation, { kind: 'asked' }>;

/** Whether what names a person or a domain names this person. */
const covers = (whom: string, person: string): boolean => whom === person || person.startsWith(`${whom}/`);

export class OutsidersChecker implements Checker {
  readonly name = 'outsiders';
  readonly promise = 'whoever was put out of a place hears nothing that is said there until he comes back';
  readonly atEnd = false;
  readonly #personOf: (host: string) => string;
  readonly #asked = new Map<string, Asked>();
  /** Who is a member, and who was put out, by the rows that are durable, by place. */
  readonly #members = new Map<string, Set<string>>();
  readonly #out = new Map<string, Set<string>>();
  /** Who was out at a row, by place and key. */
  readonly #outAt = new Map<string, ReadonlySet<string>>();

  /** `personOf`: whose a device's host is. */
  constructor(personOf: (host: string) => string) {
    this.#personOf = personOf;
  }

  observe(observation: Observation): string | null {
    switch (observation.kind) {
      case 'asked':
        this.#asked.set(observation.key, observation);
        return null;
      case 'durable': {
        const { context, key } = observation;
        const row = `${context} ${key}`;
        if (this.#outAt.has(row)) return null;
        this.#change(context, this.#asked.get(key));
        this.#outAt.set(row, new Set(this.#out.get(context)));
        return null;
      }
      case 'delivered':
      case 'overheard': {
        const { host, context, key } = observation;
        const person = this.#personOf(host);
        const wasOut = this.#outAt.get(`${context} ${key}`)?.has(person) === true;
        // Who has come back may read what was said meanwhile.
        if (!wasOut || this.#out.get(context)?.has(person) !== true) return null;
        return `${host} heard ${key} in ${context}, which ${person} was put out of before`;
      }
      default:
        return null;
    }
  }

  #change(context: string, asked: Asked | undefined): void {
    if (asked?.target !== context) return;
    const { method, author, whom } = asked;
    const members = this.#members.get(context) ?? new Set();
    const out = this.#out.get(context) ?? new Set();
    this.#members.set(context, members);
    this.#out.set(context, out);
    if (method === '_request_context_enter') {
      members.add(author);
      out.delete(author);
    } else if (method === '_request_context_leave') members.delete(author);
    else if (method === '_request_context_kick' || method === '_request_context_ban') {
      for (const member of members) {
        if (!covers(whom ?? '', member)) continue;
        members.delete(member);
        out.add(member);
      }
    }
  }
}
