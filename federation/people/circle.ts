/** Who a person's others are: friends, those who asked, strangers who have written; and what each may. docs/spec/friends.md#strangers */
import { hexOf } from '../../crypto/bytes.ts';
import { SparseSet } from '../../psyc/sparse.ts';
import type { Operation } from '../../store/store.ts';
import { cabinetOf, rulesIn } from './cabinet.ts';
import { type Desk, lease } from '../desk.ts';
import type { FederationCode } from '../error.ts';
import { founderOf } from '../places/founders.ts';
import { entityOf } from '../letter.ts';
import { insistOnRecords } from '../records.ts';
import { Roll } from '../places/roll.ts';
import { openRules, type Rules, shutRules, type Treatment, treatmentOf } from './rules.ts';

/** What two people have agreed, as one of them sees it: he wants it, the other wants it, both do, or neither any more. */
export type Standing = 'offered' | 'asked' | 'friend' | 'parted';

/** As they are kept: since when is of no interest, so the number is the standing. */
const standings: readonly Standing[] = ['offered', 'asked', 'friend', 'parted'];

/** How a friend is kept. */
export const FRIEND = standings.indexOf('friend') + 1;

const PREFIX = 'circle of ';

/** The context whose members are a person's others. */
export const circleOf = (person: string): string => `${PREFIX}${person}`;

/** Whose circle such a context is; null: it is another. */
export const circleIn = (context: string): string | null =>
  context.startsWith(PREFIX) ? context.slice(PREFIX.length) : null;

/** Who hears of a circle. */
interface CircleOwner {
  /** It is known. */
  loaded(): void;
}

/** Nobody waits for it: letters do, for the person. */
const holdsNothing = (): void => {};

/** One person's others, as far as they are durable. */
export class Circle {
  readonly #uniform: string;
  readonly #desk: Desk;
  /** By uniform: the standing. */
  readonly #roll: Roll;
  /** What strangers have written and nobody has answered: by their uniform with the row's name for a channel, its sequence. */
  readonly #strangers: Roll;
  /** Whose entries are on their way to the store: they have their room already. */
  readonly #coming = new SparseSet<string>();
  readonly #owner: CircleOwner;
  #phase: 'new' | 'loading' | 'known' = 'new';
  #rules: Rules = openRules;

  constructor(uniform: string, desk: Desk, owner: CircleOwner) {
    this.#uniform = uniform;
    this.#desk = desk;
    this.#owner = owner;
    this.#roll = new Roll(circleOf(uniform), desk, () => this.#strangers.load(), holdsNothing);
    this.#strangers = new Roll(uniform, desk, () => this.#know(), holdsNothing);
  }

  get isKnown(): boolean {
    return this.#phase === 'known';
  }

  get isIdle(): boolean {
    return this.#phase !== 'loading';
  }

  queues(): [string, number][] {
    return [
      ['circle', this.#roll.members.size],
      ['strangers', this.#strangers.members.size],
    ];
  }

  /** Reads it, once. */
  load(): void {
    if (this.#phase !== 'new') return;
    this.#phase = 'loading';
    insistOnRecords(this.#desk, cabinetOf(this.#uniform), (records) => {
      const rules = rulesIn(records, this.#desk.options.federationLimits.rulesMax);
      if (rules === null) this.#desk.notify({ kind: 'unreadable rules' });
      this.#rules = rules ?? shutRules;
      this.#roll.load();
    });
  }

  /** The person has decided anew. */
  ruleBy(rules: Rules): void {
    this.#rules = rules;
  }

  treatmentOf(person: string): Treatment | null {
    return treatmentOf(this.#rules, person);
  }

  /** The same by a line about just this person. */
  ownTreatmentOf(person: string): Treatment | null {
    return this.#rules.treatments.get(person) ?? null;
  }

  /** The others, in the order of their names. */
  get others(): readonly string[] {
    return [...this.#roll.members.keys()].sort();
  }

  standingOf(person: string): Standing | null {
    return standings[(this.#roll.members.get(person) ?? 0) - 1] ?? null;
  }

  /** Whether he is a friend, and nothing said since speaks against it. */
  isFriend(person: string): boolean {
    return this.standingOf(person) === 'friend' && this.treatmentOf(person) === null;
  }

  /** Whose words are no surprise: friends', and those of whom he has asked to be friends with. */
  knows(person: string): boolean {
    const standing = this.standingOf(person);
    return standing === 'friend' || standing === 'offered' || person === this.#uniform;
  }

  /** Whether what he says without a number, which no limit counts, is let through: friends', and what one's own devices say. */
  expects(person: string): boolean {
    return this.knows(person) && this.treatmentOf(person) === null;
  }

  /** What writes a standing down, and takes whoever it is off the strangers where the person himself has spoken. */
  operationsOf(person: string, standing: Standing, isAnswered: boolean): Operation[] {
    const context = circleOf(this.#uniform);
    if (!this.#roll.members.has(person)) this.#coming.add(person);
    const sequence = standings.indexOf(standing) + 1;
    const entry: Operation = { op: 'member', context, lease, name: person, sequence };
    return isAnswered ? [entry, ...this.dismissal(person)] : [entry];
  }

  /** A standing has become durable, and whom the same write took off the strangers'. */
  set(person: string, standing: Standing, written: readonly Operation[] = []): void {
    this.#coming.delete(person);
    this.#roll.set(person, standings.indexOf(standing) + 1);
    this.dismissed(written);
  }

  /** One with whom nothing is agreed any more gives way where there is no room for another: he is named; null: nobody but these. */
  oldestParted(but: ReadonlySet<string>): string | null {
    const isMeant = (person: string): boolean => this.standingOf(person) === 'parted' && !but.has(person);
    return [...this.#roll.members.keys()].find(isMeant) ?? null;
  }

  /** Whether another person finds room beside those who are here, or on their way. */
  hasRoomFor(person: string): boolean {
    const { members } = this.#roll;
    const others = [...this.#coming].filter((one) => one !== person && !members.has(one)).length;
    return members.has(person) || members.size + others < this.#desk.options.federationLimits.circleMax;
  }

  /** What was on its way is not kept after all. */
  unwritten(person: string): void {
    this.#coming.delete(person);
  }

  /** Takes somebody out. */
  removal(person: string): Operation {
    return { op: 'member', context: circleOf(this.#uniform), lease, name: person, sequence: 0 };
  }

  removed(person: string): void {
    this.#roll.set(person, 0);
  }

  /** Rows of strangers that nobody has answered, in order, from behind one. */
  strangersAfter(sequence: number): { readonly author: string; readonly sequence: number }[] {
    const rows = [...this.#strangers.members].map(([name, at]) => ({ author: entityOf(name), sequence: at }));
    // What was written again after a crash stands there once.
    const each = new Map(rows.map((row) => [row.sequence, row]));
    return [...each.values()].filter((row) => row.sequence > sequence).sort((a, b) => a.sequence - b.sequence);
  }

  /** Why a stranger's word of so many bytes is not kept; `queued`: authors of strangers' words on their way to the log. */
  strangersFault(author: string, bytes: number, queued: readonly string[]): FederationCode | null {
    const { strangerRowsMax, strangerRowsOfOneMax, strangerRowBytesMax } = this.#desk.options.federationLimits;
    if (!this.#rules.takesStrangers) return '_filter_strangers';
    if (bytes > strangerRowBytesMax) return '_oversized_message';
    const rows = [...this.#strangers.members.keys(), ...queued];
    if (rows.length >= strangerRowsMax) return '_excessive_strangers';
    const one = founderOf(author, this.#desk.domain);
    const ofOne = rows.filter((name) => founderOf(name, this.#desk.domain) === one).length;
    return ofOne >= strangerRowsOfOneMax ? '_excessive_strangers' : null;
  }

  /** Counts a stranger's row in the write that appends it; the same name whenever that is written again. */
  strangersEntry(author: string, id: Uint8Array): Operation {
    const name = entryOf(author, id);
    return { op: 'member', context: this.#uniform, lease, name, sequence: 'row' };
  }

  strangerWrote(author: string, id: Uint8Array, sequence: number): void {
    this.#strangers.set(entryOf(author, id), sequence);
  }

  /** What takes a person's words off the strangers': that makes room. The rows stay in the log. */
  dismissal(person: string): Operation[] {
    const names = [...this.#strangers.members.keys()].filter((name) => entityOf(name) === person);
    return names.map((name) => ({ op: 'member', context: this.#uniform, lease, name, sequence: 0 }));
  }

  /** That is durable: these, and none that came since it was asked for. */
  dismissed(written: readonly Operation[]): void {
    for (const operation of written) {
      if (operation.op === 'member' && operation.context === this.#uniform) this.#strangers.set(operation.name, 0);
    }
  }

  #know(): void {
    this.#phase = 'known';
    this.#owner.loaded();
  }
}

const entryOf = (author: string, id: Uint8Array): string => `${entityOf(author)}#${hexOf(id.subarray(0, 8))}`;
