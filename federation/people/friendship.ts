/** Friendship: the newest signed word of each of two people, and what follows from both. docs/spec/friends.md#friendship */
import { copyBytes } from '../../psyc/bytes.ts';
import { PsycError } from '../../psyc/error.ts';
import { inherits } from '../../psyc/keyword.ts';
import { SparseMap } from '../../psyc/sparse.ts';
import { PublicationError } from '../../publication/error.ts';
import { readPublication } from '../../publication/packet.ts';
import type { Operation } from '../../store/store.ts';
import type { Circle, Standing } from './circle.ts';
import { type Desk, lease } from '../desk.ts';
import type { FederationCode } from '../error.ts';
import { entityOf, isInOneName, keepLetter, type Letter, letterBytes, parseLetter } from '../letter.ts';
import { nodeUniform } from '../waking.ts';
import { readRecords, type Records } from '../records.ts';

/** What one of them has signed. */
export interface Word {
  readonly wants: boolean;
  /** By its author's clock. */
  readonly timeMs: number;
  /** The packet, for whoever checks it. */
  readonly packet: Uint8Array;
}

/** Both words; null: none was heard. */
export interface Pair {
  mine: Word | null;
  theirs: Word | null;
  /** Words of ours that are on their way to the store. */
  writing: number;
}

/** So many pairs are remembered beside those in the store. */
const PAIRS_KNOWN = 64;

const WANT = '_request_friendship';
/** What a home tells its own people, and nobody else. */
export const VACATED = '_notice_vacated';
const NO_MORE = '_request_unfriend';

/** Whether it is about friendship. */
export const isAboutFriendship = (method: string | null): boolean =>
  method !== null && (inherits(method, WANT) || inherits(method, NO_MORE));

/** The context of what two have signed, as the first of them has it. */
export const pairOf = (own: string, other: string): string => `friendship of ${own} and ${other}`;

/** The word in a letter, or null where it is not signed. Whose signature it is was judged at the border. */
export function wordIn(letter: Letter): Word | null {
  const { routing, packet } = letter;
  try {
    const publication = readPublication(packet, (name) => routing.get(name));
    if (publication === null || !isInOneName(letter) || !isAboutFriendship(packet.method)) return null;
    const wants = inherits(packet.method!, WANT);
    return { wants, timeMs: publication.timeMs, packet: copyBytes(letterBytes(letter)) };
  } catch (error) {
    if (error instanceof PublicationError || error instanceof PsycError) return null;
    throw error;
  }
}

/** Whether a word counts more: the later one; at the same moment, a no. */
function isNewer(word: Word, before: Word | null): boolean {
  if (before === null || word.timeMs !== before.timeMs) return word.timeMs > (before?.timeMs ?? -1);
  return !word.wants && before.wants;
}

/** What both words make of two people. Who said no after he was asked has answered. */
function standingOf({ mine, theirs }: Pair): Standing {
  if (mine?.wants === true) return theirs?.wants === true ? 'friend' : 'offered';
  const isOpen = theirs?.wants === true && (mine === null || theirs.timeMs > mine.timeMs);
  return isOpen ? 'asked' : 'parted';
}

/** Who hears of friendships. */
interface FriendshipOwner {
  /** Somebody is a friend, or is one no more. */
  ruled(): void;
}

/** One person's words and those of others to him. */
export class Friendship {
  readonly #uniform: string;
  readonly #desk: Desk;
  readonly #circle: Circle;
  readonly #owner: FriendshipOwner;
  /** Least recently used first; what is being written is in here already. */
  readonly #pairs = new SparseMap<string, Pair>();
  readonly #reading = new SparseMap<string, ((pair: Pair | null) => void)[]>();
  /** By whom room is being made for, in a write under way: who gives way. */
  readonly #giving = new SparseMap<string, string>();
  #waiting = 0;

  constructor(uniform: string, desk: Desk, circle: Circle, owner: FriendshipOwner) {
    this.#uniform = uniform;
    this.#desk = desk;
    this.#circle = circle;
    this.#owner = owner;
  }

  get isIdle(): boolean {
    return this.#waiting === 0 && [...this.#pairs.values()].every(({ writing }) => writing === 0);
  }

  /**
   * A word of one of our devices on its way to somebody: passed on once it is durable here. Silence where it cannot be now: it
   * is said again.
   */
  say(letter: Letter, pass: (letter: Letter) => void, refuse: (code: FederationCode) => void): void {
    const other = entityOf(letter.routing.get('_target') ?? '');
    const word = wordIn(letter);
    if (word === null || other === this.#uniform) {
      refuse(word === null ? '_necessary_signature' : '_invalid_target');
      return;
    }
    if (word.packet.length > this.#desk.options.federationLimits.strangerRowBytesMax) {
      refuse('_oversized_message');
      return;
    }
    const kept = keepLetter(letter);
    this.withPair(other, (pair) => {
      if (pair === null || pair.writing > 0) return;
      if (this.#whoGives(other) === null) refuse('_excessive_friends');
      else if (!isNewer(word, pair.mine)) this.#mend(other, pair, () => pass(kept));
      else {
        const room = this.#makeRoom(other) ?? [];
        const before = pair.mine;
        pair.mine = word;
        pair.writing++;
        const standing = standingOf(pair);
        const operations = [
          ...room,
          this.#record(other, 'mine', word),
          ...this.#circle.operationsOf(other, standing, true),
        ];
        this.#desk.ask({ kind: 'write', operations }, (outcome) => {
          pair.writing--;
          if (outcome.kind !== 'written') {
            // It is said again, and written again. The pair stays the one that others under way know.
            pair.mine = before;
            this.unheard(other);
            return;
          }
          this.#giveWay(other);
          this.#settle(other, standingOf(pair), operations);
          pass(kept);
        });
      }
    });
  }

  /** What is known of both, now or later; null: the store does not answer, or too many are being looked up. */
  withPair(other: string, found: (pair: Pair | null) => void): void {
    const known = this.#pairs.get(other);
    if (known !== undefined) {
      this.#remember(other, known);
      found(known);
      return;
    }
    if (this.#waiting >= this.#desk.options.federationLimits.lettersMax) {
      found(null);
      return;
    }
    this.#waiting++;
    const waiting = this.#reading.get(other);
    if (waiting !== undefined) {
      waiting.push(found);
      return;
    }
    this.#reading.set(other, [found]);
    readRecords(this.#desk, pairOf(this.#uniform, other), (records) => {
      const pair = records === null ? null : pairIn(records);
      if (pair !== null) this.#remember(other, pair);
      const all = this.#reading.get(other) ?? [];
      this.#reading.delete(other);
      this.#waiting -= all.length;
      for (const each of all) each(pair);
    });
  }

  /** The home's own word that a name is free again: nothing that was agreed with who had it counts for who gets it. false: it is another packet. */
  vacated({ routing, packet }: Letter): boolean {
    if (packet.method !== VACATED || routing.get('_source') !== nodeUniform(this.#desk.domain)) return false;
    const other = packet.text('_uniform') ?? '';
    const pair = this.#pairs.get(other);
    // Whoever has it in hand goes on with nothing.
    if (pair !== undefined) Object.assign(pair, { mine: null, theirs: null });
    this.#pairs.delete(other);
    this.#circle.removed(other);
    this.#owner.ruled();
    return true;
  }

  /** What is written beside the row of somebody's word; nothing where a newer one is there, or there is no room. */
  operationsOf(other: string, pair: Pair, word: Word): Operation[] {
    if (pair.theirs !== word && !isNewer(word, pair.theirs)) return [];
    const room = this.#makeRoom(other);
    if (room === null) return [];
    pair.theirs = word;
    return [...room, this.#record(other, 'theirs', word), ...this.#circle.operationsOf(other, standingOf(pair), false)];
  }

  /** The row of somebody's word is durable. */
  heard(other: string, pair: Pair, word: Word): void {
    this.#giveWay(other);
    if (pair.theirs === word && this.#circle.hasRoomFor(other)) this.#settle(other, standingOf(pair));
  }

  /** A word of his is not kept after all: nobody gives way for it. */
  unheard(other: string): void {
    this.#circle.unwritten(other);
    this.#giving.delete(other);
  }

  /**
   * A word of somebody's came again, and was here: a write of the last life may have brought it after this one had looked, and
   * what was made of both words since did not know it. Silence where that cannot be settled now: it comes again.
   */
  recheck(other: string, settled: () => void): void {
    if ((this.#pairs.get(other)?.writing ?? 0) > 0) return;
    readRecords(this.#desk, pairOf(this.#uniform, other), (records) => {
      if (records === null) return;
      const { mine, theirs } = pairIn(records);
      const pair = this.#pairs.get(other) ?? { mine: null, theirs: null, writing: 0 };
      if (mine !== null && isNewer(mine, pair.mine)) pair.mine = mine;
      if (theirs !== null && isNewer(theirs, pair.theirs)) pair.theirs = theirs;
      this.#remember(other, pair);
      if (pair.mine === null && pair.theirs === null) settled();
      else this.#mend(other, pair, settled);
    });
  }

  /** Writes down what both words make of them, where something else is written. */
  #mend(other: string, pair: Pair, mended: () => void): void {
    const standing = standingOf(pair);
    if (this.#circle.standingOf(other) === standing || !this.#circle.hasRoomFor(other)) {
      mended();
      return;
    }
    const operations = this.#circle.operationsOf(other, standing, false);
    this.#desk.ask({ kind: 'write', operations }, (outcome) => {
      if (outcome.kind !== 'written') {
        this.#circle.unwritten(other);
        return;
      }
      this.#settle(other, standingOf(pair));
      mended();
    });
  }

  #settle(other: string, standing: Standing, written: readonly Operation[] = []): void {
    const before = this.#circle.standingOf(other);
    this.#circle.set(other, standing, written);
    if (before !== standing) this.#owner.ruled();
  }

  /** Who gives way where another finds no room; '': nobody need, null: nobody can. */
  #whoGives(other: string): string | null {
    if (this.#circle.hasRoomFor(other)) return '';
    return this.#giving.get(other) ?? this.#circle.oldestParted(new Set(this.#giving.values()));
  }

  /** What makes room for another once it is written, and nothing before; null: there is none. */
  #makeRoom(other: string): Operation[] | null {
    const parted = this.#whoGives(other);
    if (parted === null) return null;
    if (parted === '') return [];
    this.#giving.set(other, parted);
    const at = { context: pairOf(this.#uniform, parted), lease, value: new Uint8Array(0) };
    const records = (['mine', 'theirs'] as const).map((name): Operation => ({ op: 'record', name, ...at }));
    return [this.#circle.removal(parted), ...records];
  }

  /** It is written. */
  #giveWay(other: string): void {
    const parted = this.#giving.get(other);
    if (parted === undefined) return;
    this.#giving.delete(other);
    this.#circle.removed(parted);
    this.#pairs.delete(parted);
  }

  #record(other: string, name: 'mine' | 'theirs', { packet }: Word): Operation {
    return { op: 'record', context: pairOf(this.#uniform, other), lease, name, value: packet };
  }

  #remember(other: string, pair: Pair): void {
    this.#pairs.delete(other);
    this.#pairs.set(other, pair);
    const [oldest] = this.#pairs.keys();
    if (this.#pairs.size > PAIRS_KNOWN) this.#pairs.delete(oldest!);
  }
}

function pairIn(records: Records): Pair {
  const [mine, theirs] = ['mine', 'theirs'].map((name) => {
    const packet = records.get(name);
    return packet === undefined ? null : wordIn(parseLetter(packet));
  });
  return { mine: mine ?? null, theirs: theirs ?? null, writing: 0 };
}
