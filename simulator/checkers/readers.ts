/** Checks that members can read what is said in a members-only place: everything, in order, once. docs/simulator.md#checkers */
import type { Observation } from '../observation.ts';
import { Attendance } from './attendance.ts';
import type { Checker } from './checker.ts';

export class ReadersChecker implements Checker {
  readonly name = 'readers';
  readonly promise =
    'each device of a member can read what it is given of a members-only place; what was meant once is read once, in order';
  readonly atEnd = true;
  readonly #personOf: (host: string) => string;
  readonly #attendance = new Attendance();
  /** The number of what each device meant to say, by the words. */
  readonly #meant = new Map<string, { readonly author: string; readonly number: number }>();
  /** Rows that are sealed. */
  readonly #sealed = new Map<string, string>();
  /** What each device was given and has not read. */
  readonly #unread = new Set<string>();
  readonly #read = new Set<string>();
  readonly #highest = new Map<string, number>();

  /** `personOf`: whose a device's host is. */
  constructor(personOf: (host: string) => string) {
    this.#personOf = personOf;
  }

  observe(observation: Observation): string | null {
    this.#attendance.observe(observation);
    switch (observation.kind) {
      case 'confided': {
        const { author, words } = observation;
        this.#meant.set(words, { author, number: this.#meant.size });
        return null;
      }
      case 'sealed':
        this.#sealed.set(observation.key, observation.words);
        return null;
      case 'read':
        this.#read.add(`${observation.host} ${observation.key}`);
        return this.#faultOf(observation.host, observation.key, observation.words);
      case 'delivered': {
        const { host, context, key } = observation;
        const isMeant = this.#attendance.wasMember(context, key, this.#personOf(host));
        if (this.#sealed.has(key) && isMeant) this.#unread.add(`${host} ${key}`);
        return null;
      }
      case 'ended': {
        const unread = [...this.#unread].filter((row) => !this.#read.has(row));
        const [first] = unread;
        return first === undefined ? null : `${unread.length} given to members that cannot read it, the first ${first}`;
      }
      default:
        return null;
    }
  }

  #faultOf(host: string, key: string, words: string): string | null {
    const meant = this.#meant.get(words);
    if (meant === undefined || this.#sealed.get(key) !== words) return `${host} read ${key}, which says something else`;
    const line = `${host} ${meant.author}`;
    const highest = this.#highest.get(line) ?? -1;
    this.#highest.set(line, Math.max(highest, meant.number));
    return meant.number > highest ? null : `${host} read in ${key} what it had read, or what came before that`;
  }
}
