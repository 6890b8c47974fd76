/** What of all that is heard a person wants to be shown. docs/spec/friends.md#aliases-and-filters */
import type { Heard } from '../../client/session/events.ts';

/** Everything, what mentions the person, nothing. */
export const levels = ['all', 'mentions', 'none'] as const;

/** Rules and filters as lines, for one nick. */
export class Filters {
  readonly #levels: ReadonlyMap<string, string>;
  readonly #silenced: ReadonlySet<string>;
  readonly #mention: RegExp;

  /** `filters`: target and level; `rules`: as the home has them. */
  constructor(nick: string, filters: readonly string[], rules: readonly string[]) {
    this.#levels = new Map(filters.map((line) => line.split(' ')).map(([target = '', level = '']) => [target, level]));
    const named = rules.map((line) => line.split(' ')).filter(([word]) => word === 'block' || word === 'ignore');
    this.#silenced = new Set(named.map(([, whose = '']) => whose));
    const word = nick.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
    this.#mention = new RegExp(`(?:^|[^a-z0-9_-])${word}(?:$|[^a-z0-9_-])`, 'i');
  }

  /** Whether somebody blocked or ignored has said it, where all hear all: then it is not even counted. */
  isSilenced({ place, author }: Heard): boolean {
    return place !== null && this.isBarred(author);
  }

  /** Whether somebody, or his whole domain, is blocked or ignored. */
  isBarred(author: string): boolean {
    const domain = /^psyc:\/\/([^/]+)/.exec(author)?.[1] ?? '';
    return this.#silenced.has(author) || this.#silenced.has(domain);
  }

  /** Whether it is wanted: by where it was said, or by who said it to the person. */
  wants({ place, author, text }: Heard): boolean {
    const level = this.#levels.get(place ?? author) ?? 'all';
    if (level === 'none') return false;
    return level !== 'mentions' || this.#mention.test(text ?? '');
  }
}
