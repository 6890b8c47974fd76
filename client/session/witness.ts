/** Whether a members-only place does what it says: who is sealed to whom, beside who came and went by its own rows. docs/spec/places.md#what-the-place-can-do */
import { covers, putOutBy } from '../../publication/act.ts';
import { publicationLimits } from '../../publication/limits.ts';
import type { Output, Status } from './events.ts';
import type { Hearing } from './kept.ts';
import { sessionLimits } from './limits.ts';

/** People of one place to whom keys were sealed that are remembered. */
const READERS_MAX = 2 * publicationLimits.readersMax;

/** A key that is to be looked at. */
interface Sealed {
  readonly epoch: number;
  readonly readers: readonly string[];
}

/** What was heard of one place. */
interface Seen {
  /** The newest row, and the newest by which somebody left or was put out. */
  reached: number;
  parted: number;
  /** The newest key of each author. */
  readonly keys: Map<string, Sealed>;
  /** Who has gone, persons and domains, by which row; the oldest first. */
  readonly gone: Map<string, number>;
  /** Whether something is sealed there. */
  isSealed: boolean;
  /** To whom keys were sealed, of which newest epoch; the oldest first. */
  readonly readers: Map<string, number>;
  /** What was said under which epoch, behind the row by which somebody has gone last. */
  spoken: { readonly author: string; readonly epoch: number; readonly sequence: number }[];
  /** The status that waits for the rows which explain it; null: it is being asked for, or nobody needs it. */
  status: Status | null;
  tries: number;
  isAsking: boolean;
}

/** What one session sees. */
export class Witness {
  readonly #ask: (place: string) => void;
  readonly #output: (output: Output) => void;
  readonly #places = new Map<string, Seen>();

  /** `ask` asks a place for its status, which is given to `told`. */
  constructor(ask: (place: string) => void, output: (output: Output) => void, gone: Hearing['gone'] = new Map()) {
    this.#ask = ask;
    this.#output = output;
    for (const [place, rows] of gone) {
      const seen = this.#seen(place);
      seen.isSealed = true;
      for (const [whom, sequence] of rows) seen.gone.set(whom, sequence);
    }
  }

  /** Who has gone from places where something is sealed: for who speaks there. */
  gone(): Hearing['gone'] {
    const sealed = [...this.#places].filter(([, { isSealed, gone }]) => isSealed && gone.size > 0);
    return new Map(sealed.map(([place, { gone }]) => [place, new Map([...gone].slice(-sessionLimits.goneMax))]));
  }

  /** Something is shown: rows of a place that come by themselves come in order. */
  heard(output: Output): void {
    if (output.kind !== 'heard' && output.kind !== 'act' && output.kind !== 'member') return;
    const { place, sequence } = output;
    if (place === null || output.command !== null) return;
    const seen = this.#seen(place);
    seen.reached = Math.max(seen.reached, sequence);
    const gone = goneBy(output);
    if (output.kind === 'act' && output.act.kind === 'mode') seen.isSealed ||= output.act.mode === 'members';
    // These may name whoever was no member, and change nothing then: they do if somebody's key was sealed to him.
    const isVague = output.kind === 'act' && (output.act.kind === 'ban' || output.act.kind === 'move');
    const isParting = gone !== null && (!isVague || isReader(seen, gone, sequence));
    if (gone !== null) this.#part(seen, gone, sequence);
    if (isParting) this.#partedAt(place, seen, sequence);
    this.#compare(place, seen);
  }

  /** Somebody's key came in a row, sealed to these; or, with null, something that he says under the key of an epoch. */
  sealed(place: string, author: string, epoch: number, sequence: number, readers: readonly string[] | null): void {
    const seen = this.#seen(place);
    seen.isSealed = true;
    if (epoch < seen.parted && sequence > seen.parted) this.#output({ kind: 'stale seal', place, author, sequence });
    else {
      seen.spoken.push({ author, epoch, sequence });
      if (seen.spoken.length > sessionLimits.witnessedMax) seen.spoken.shift();
    }
    if (readers === null) return;
    for (const reader of readers) {
      const before = seen.readers.get(reader) ?? 0;
      seen.readers.delete(reader);
      seen.readers.set(reader, Math.max(before, epoch));
    }
    for (const name of seen.readers.keys()) if (seen.readers.size > READERS_MAX) seen.readers.delete(name);
    seen.keys.delete(author);
    seen.keys.set(author, { epoch, readers });
    for (const name of seen.keys.keys()) if (seen.keys.size > sessionLimits.witnessedMax) seen.keys.delete(name);
    seen.status = null;
    this.#again(place, seen);
  }

  /** What the place says of itself, or the code of its refusal. */
  told(place: string, answer: Status | string): void {
    const seen = this.#places.get(place);
    if (seen === undefined) return;
    seen.isAsking = false;
    if (seen.keys.size === 0) return;
    // Whoever is no member any more is told nothing, and hears nothing that would concern him.
    if (answer === '_necessary_membership' || answer === '_banned_member') seen.keys.clear();
    else if (typeof answer !== 'string' && isWhole(answer, seen)) {
      seen.tries = 0;
      seen.status = answer;
      this.#compare(place, seen);
    } else if (++seen.tries < sessionLimits.witnessTriesMax) this.#again(place, seen);
    else {
      for (const author of seen.keys.keys()) this.#output({ kind: 'unchecked key', place, author });
      seen.keys.clear();
      seen.tries = 0;
    }
  }

  #seen(place: string): Seen {
    let seen = this.#places.get(place);
    if (seen === undefined) {
      seen = {
        reached: 0,
        parted: 0,
        keys: new Map(),
        gone: new Map(),
        isSealed: false,
        readers: new Map(),
        spoken: [],
        status: null,
        tries: 0,
        isAsking: false,
      };
      this.#places.set(place, seen);
      for (const name of this.#places.keys())
        if (this.#places.size > sessionLimits.placesMax) this.#places.delete(name);
    }
    return seen;
  }

  #again(place: string, seen: Seen): void {
    if (seen.isAsking) return;
    seen.isAsking = true;
    this.#ask(place);
  }

  #part(seen: Seen, whom: string, sequence: number): void {
    seen.gone.delete(whom);
    seen.gone.set(whom, sequence);
    for (const name of seen.gone.keys()) if (seen.gone.size > sessionLimits.witnessedMax) seen.gone.delete(name);
  }

  /** From this row on everybody has to have a new key. What is said behind it may have been read before it. */
  #partedAt(place: string, seen: Seen, sequence: number): void {
    seen.parted = Math.max(seen.parted, sequence);
    for (const { author, epoch, sequence: at } of seen.spoken) {
      if (at > sequence && epoch < sequence) this.#output({ kind: 'stale seal', place, author, sequence: at });
    }
    seen.spoken = seen.spoken.filter(({ sequence: at, epoch }) => at > sequence && epoch >= sequence);
  }

  /** Looks at each key once all rows are heard that the status speaks of: whoever had a key and is not named must have gone by one of them. */
  #compare(place: string, seen: Seen): void {
    const { status, gone } = seen;
    if (status === null || status.epoch === null) return;
    const members = new Set(status.members);
    for (const [author, { epoch, readers }] of seen.keys) {
      // Where nobody has come or gone since, there is nothing to wait for.
      if (epoch !== status.epoch && seen.reached < status.epoch) continue;
      seen.keys.delete(author);
      const hasGone = (reader: string): boolean =>
        [...gone].some(([whom, sequence]) => sequence > epoch && covers(whom, reader));
      const unseen = readers.filter((reader) => !members.has(reader) && !hasGone(reader));
      if (unseen.length > 0) this.#output({ kind: 'unseen readers', place, author, readers: unseen });
    }
    if (seen.keys.size === 0) seen.status = null;
  }
}

/** Whether somebody had a key for a membership before this row, and has not gone since. */
function isReader({ readers, gone }: Seen, whom: string, sequence: number): boolean {
  const hasGone = (reader: string, epoch: number): boolean =>
    [...gone].some(([one, at]) => at > epoch && at < sequence && covers(one, reader));
  return [...readers].some(([reader, epoch]) => epoch < sequence && covers(whom, reader) && !hasGone(reader, epoch));
}

/** Whether the keys can be held against it: it names everybody, and is no older than they are. */
function isWhole({ epoch, members, amount, last }: Status, { keys }: Seen): boolean {
  if (epoch === null || members === null || members.length !== amount || epoch > (last ?? 0)) return false;
  return [...keys.values()].every((key) => key.epoch <= epoch);
}

/** Who left or was put out by what is shown, a person or a domain; null: nobody, as far as is certain. */
function goneBy(output: Output): string | null {
  if (output.kind === 'member') return output.isHere ? null : output.member;
  if (output.kind !== 'act' || output.word.kind !== 'author') return null;
  return putOutBy(output.act);
}
