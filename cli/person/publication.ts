/** A publication as people name it, by whose it is and how its id begins, and how it is found again. docs/spec/feeds.md#references */
import { InvalidArgumentError } from 'commander';
import type { Heard, Output } from '../../client/session/events.ts';
import type { SessionShell } from '../../client/session/shell.ts';
import { person } from './target.ts';

/** Digits of an id that are shown, and the least that name one. */
const SHOWN_DIGITS = 8;
/** Rows of one page: what a server gives at most. */
const PAGE_ROWS = 100;

/** A publication that is meant; `author`: null where only one's own can be. */
export interface Named {
  readonly author: string | null;
  /** Hexadecimal digits, all 64 or the first of them. */
  readonly id: string;
}

/** An id as it is shown. */
export const shortId = (id: string): string => id.slice(0, SHOWN_DIGITS);

/** Whether nothing has to be looked for: it is the whole id. */
export const isWhole = ({ id }: Named): boolean => id.length === 64;

/** One's own, by the beginning of its id. */
export function ownPublication(text: string): Named {
  const id = text.toLowerCase();
  if (!/^[0-9a-f]{8,64}$/.test(id))
    throw new InvalidArgumentError('It takes at least the first 8 digits of its id, as p3do history shows it.');
  return { author: null, id };
}

/** Anybody's: `nick@domain/4ee1c0de`. */
export function anyPublication(text: string): Named {
  const slash = text.lastIndexOf('/');
  if (slash === -1) throw new InvalidArgumentError('It takes nick@domain/ID.');
  return { author: person(text.slice(0, slash)), id: ownPublication(text.slice(slash + 1)).id };
}

/** What was found: the publication, and those that stand in its place. */
export interface Found {
  readonly heard: Heard;
  readonly edits: readonly Heard[];
}

/** Looks through what somebody has published, from the newest on, a page at a time. */
export class Finder {
  readonly #shell: SessionShell;
  readonly #feed: string;
  readonly #id: string;
  readonly #command: number;
  readonly #rows: Heard[] = [];
  /** The rows looked at begin here. */
  #lowest = Number.MAX_SAFE_INTEGER;
  /** Those being looked at end before this one; null: with the last. */
  #end: number | null = null;
  #reached = 0;

  /** `command`: the number of what it asks. */
  constructor(shell: SessionShell, feed: string, { id }: Named, command: number) {
    this.#shell = shell;
    this.#feed = feed;
    this.#id = id;
    this.#command = command;
  }

  begin(): void {
    this.#ask(null, PAGE_ROWS);
  }

  /** What was found, or null where there is no such publication; undefined: it is still being looked for. */
  take(output: Output): Found | null | undefined {
    if (!('command' in output) || output.command !== this.#command) return undefined;
    if ('sequence' in output) this.#lowest = Math.min(this.#lowest, output.sequence);
    if (output.kind === 'heard' && output.word.kind === 'author') this.#rows.push(output);
    return output.kind === 'page' ? this.#page(output) : undefined;
  }

  #page({ reached, last }: Extract<Output, { kind: 'page' }>): Found | null | undefined {
    const end = (this.#end ??= last + 1);
    // A page has an end in bytes as well.
    if (reached > this.#reached && reached < end - 1) {
      this.#ask(reached, end - 1 - reached);
      this.#reached = reached;
      return undefined;
    }
    const heard = this.#rows.find(({ publication }) => publication?.startsWith(this.#id) === true);
    if (heard !== undefined) return { heard, edits: this.#rows.filter((row) => isEditOf(row, heard)) };
    if (this.#lowest <= 1 || this.#lowest >= end) return null;
    this.#end = this.#lowest;
    this.#reached = Math.max(0, this.#lowest - 1 - PAGE_ROWS);
    this.#ask(this.#reached, this.#lowest - 1 - this.#reached);
    return undefined;
  }

  #ask(after: number | null, limit: number): void {
    const asked = { kind: 'history', command: this.#command, place: this.#feed, after, limit } as const;
    this.#shell.tell({ kind: 'command', command: asked });
  }
}

const isEditOf = ({ about }: Heard, { publication }: Heard): boolean =>
  about?.kind === 'edit' && about.publication === publication;
