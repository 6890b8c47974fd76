/** Keys of members-only places that were said before we listened: looked for in the place's log, from what was said under them backwards. docs/spec/places.md#missing-keys */
import type { Packet } from '../../psyc/packet.ts';
import { KEY_METHOD } from '../../publication/sender-key.ts';
import type { Moment } from './events.ts';
import { type Asker, askPage, type Page, PATIENCE_TRIES } from './listening.ts';
import { sessionLimits } from './limits.ts';
import { counted } from './words.ts';

/** Rows of a page. */
const PAGE_ROWS = 100;

/** What is looked for. */
export interface Sought {
  readonly place: string;
  /** The row of the membership that the key is for: it is behind that, or nowhere. */
  readonly epoch: number;
  /** What was said under it: the key is before that. */
  readonly row: number;
  /** By which the key is known: place, device and number of the publication that carries it. */
  readonly name: string;
}

interface Search extends Sought {
  readonly page: Page;
  /** Rows behind `after` and before `end` are being asked for; those from `end` on have been looked at. */
  readonly after: number;
  readonly end: number;
}

/** A row with a key, as it came. */
export interface Found {
  readonly packet: Packet;
  readonly routing: ReadonlyMap<string, string>;
  readonly sinceMs: number;
}

/** What it needs of its session. */
export interface KeySearchOwner {
  /** Whether the place is being asked for something else, whose rows look the same. */
  isAsked(place: string): boolean;
  /** Takes the key; false: its author's keys have to come first. */
  read(found: Found, now: Moment): boolean;
  /** Whether the key has come, for us or not. */
  isSeen(name: string): boolean;
}

/** One session's searches: of each place one key at a time, so that none that does not answer keeps the words of others waiting. */
export class KeySearch {
  readonly #asker: Asker;
  readonly #owner: KeySearchOwner;
  readonly #searches = new Map<string, Search>();
  #found: Found[] = [];
  /** Names of keys that are in no row, or that nobody gives. */
  readonly #missing = new Set<string>();
  /** How many pages were asked for, by place and membership. */
  readonly #pages = new Map<string, number>();

  constructor(asker: Asker, owner: KeySearchOwner) {
    this.#asker = asker;
    this.#owner = owner;
  }

  /** Whether rows of this place that come as a page may be ours. */
  isAsking(place: string): boolean {
    return this.#searches.has(place);
  }

  /** The place that was asked with this tag, or null. */
  placeOf(tag: string): string | null {
    return [...this.#searches.values()].find(({ page }) => page.tag === tag)?.place ?? null;
  }

  /** Whether the key may yet be found: then it is asked for again. */
  seeks(sought: Sought, now: Moment): boolean {
    if (this.#missing.has(sought.name)) return false;
    const isAsked = this.#searches.has(sought.place) || this.#owner.isAsked(sought.place);
    if (!isAsked) this.#askBefore(sought, sought.row, now);
    return !this.#missing.has(sought.name);
  }

  /** Takes a row of the page; false: it is none of it. */
  take(place: string, sequence: number, found: Found, now: Moment): boolean {
    const search = this.#searches.get(place);
    if (search === undefined || sequence <= (search.page.reached ?? search.after) || sequence >= search.end)
      return false;
    search.page.reached = sequence;
    const { packet, routing } = found;
    const isKey = packet.method === KEY_METHOD && counted(packet.text('_epoch')) === search.epoch;
    if (isKey && !this.#owner.read(found, now) && this.#found.length < sessionLimits.keysFoundMax)
      this.#found.push({ ...found, packet: packet.copy(), routing: new Map(routing) });
    return true;
  }

  /** An answer with this tag; false: not to this. */
  answered(source: string, tag: string, packet: Packet, code: string | null, now: Moment): boolean {
    const search = this.#searches.get(source);
    if (search?.page.tag !== tag) return false;
    const reached = counted(packet.text('_after')) ?? 0;
    this.#searches.delete(source);
    if (this.#owner.isSeen(search.name)) return true;
    if (code !== null) this.#miss(search.name);
    // A page may be full before its end.
    else if (reached > search.page.after! && reached < search.end - 1)
      this.#ask(search, reached, search.after, search.end, now);
    else this.#askBefore(search, search.after + 1, now);
    return true;
  }

  /** Takes the keys whose authors' keys have come. */
  advance(now: Moment): void {
    this.#found = this.#found.filter((found) => !this.#owner.read(found, now));
  }

  /** Asks again; whoever does not answer is not waited for. */
  again(now: Moment, isAtOnce: boolean): void {
    for (const search of this.#searches.values()) {
      if (!isAtOnce && now.monotoneMs < search.page.repeatAtMs) continue;
      if (search.page.tries < PATIENCE_TRIES) askPage(this.#asker, search.place, search.page, now);
      else {
        this.#searches.delete(search.place);
        this.#miss(search.name);
      }
    }
  }

  /** The rows before this one, as many as a page has. */
  #askBefore(sought: Sought, end: number, now: Moment): void {
    const after = Math.max(sought.epoch, end - 1 - PAGE_ROWS);
    if (after >= end - 1) this.#miss(sought.name);
    else this.#ask(sought, after, after, end, now);
  }

  #ask({ place, epoch, row, name }: Sought, from: number, after: number, end: number, now: Moment): void {
    const asked = `${place} ${epoch}`;
    const pages = (this.#pages.get(asked) ?? 0) + 1;
    if (pages > sessionLimits.keySearchPagesMax) {
      this.#miss(name);
      return;
    }
    if (this.#pages.size >= sessionLimits.placesMax) this.#pages.clear();
    this.#pages.set(asked, pages);
    const limit = end - 1 - from;
    const page = { tag: this.#asker.tag(), command: null, after: from, limit, tries: 0, repeatAtMs: 0, reached: null };
    this.#searches.set(place, { place, epoch, row, name, page, after, end });
    askPage(this.#asker, place, page, now);
  }

  #miss(name: string): void {
    if (this.#missing.size >= sessionLimits.senderKeysMax) this.#missing.clear();
    this.#missing.add(name);
  }
}
