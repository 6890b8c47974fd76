/** Who is a member of a place and what holds there: as it is written, and as it will be once what is queued is. docs/spec/places.md#membership */
import { type Arrival, UNDECIDED } from '../../circuit/incoming-events.ts';
import { covers } from '../../publication/act.ts';
import type { Operation } from '../../store/store.ts';
import { type Desk, lease } from '../desk.ts';
import type { FederationCode } from '../error.ts';
import { Expulsions } from './expulsions.ts';
import type { Founding } from './founding.ts';
import type { Token } from '../inbox.ts';
import { domainOf, entityOf } from '../letter.ts';
import { faultOfAct } from './moderation.ts';
import {
  afterAct,
  afterClosing,
  afterEntering,
  changes,
  isNamed,
  officeOf,
  officesGiven,
  type PlaceState,
  type SignedAct,
  stateOf,
  PUBLISHED,
} from './place-state.ts';
import type { Roll } from './roll.ts';
import { LEAVING } from '../people/tombstone.ts';
import { joining, parting, waking } from '../waking.ts';

/** Whom an act puts out that names a whole domain, or null: persons go by moves. */
const bannedDomain = (act: SignedAct | undefined): string | null =>
  act?.act.kind === 'ban' && !act.act.whom.includes('/~') ? act.act.whom : null;

/** Whether a row puts somebody of this domain out. */
const putsOut = ({ move, act }: Token, home: string): boolean =>
  bannedDomain(act) === `psyc://${home}` || (act !== undefined && move !== undefined && domainOf(move.person) === home);

/** The mark of the last change of the membership of a members-only place. */
const EPOCH = 'epoch of members';

/** What it needs to know of its place. */
export interface StandingOwner {
  /** What waits to be written, or is being. */
  queued(): readonly Arrival<Token>[];
  /** Whether a domain has not acknowledged yet that its last members were put out. */
  owes(domain: string): boolean;
}

/** One place's standing. */
export class Standing {
  readonly #place: string;
  readonly #desk: Desk;
  readonly #roll: Roll;
  readonly #founding: Founding;
  readonly #around: StandingOwner;
  readonly #expulsions: Expulsions;
  #state: PlaceState = stateOf(new Map());
  /** The row of the last change of the membership, where that matters: in a members-only place. */
  #epoch = 0;
  /** Who has come or gone by a write whose rows are just being told. */
  readonly #moved = new Map<string, boolean>();
  #untold = 0;
  /** What has made it members-only, in this life. */
  #sealing: Token | null = null;

  constructor(place: string, desk: Desk, roll: Roll, founding: Founding, around: StandingOwner) {
    this.#place = place;
    this.#desk = desk;
    this.#roll = roll;
    this.#founding = founding;
    this.#around = around;
    this.#expulsions = new Expulsions(place, desk);
  }

  /** The state, as it is written. */
  get state(): PlaceState {
    return this.#state;
  }

  /** The list is known, or known anew. Gives the members whom a ban has put out and whom the store still names. */
  loaded(): string[] {
    this.#state = stateOf(this.#roll.records);
    this.#epoch = Math.max(this.#epoch, this.#roll.marks.get(EPOCH) ?? 0);
    this.#expulsions.loaded(this.#roll.marks);
    const { bans } = this.#state;
    return bans.length === 0 ? [] : this.#putOut((person) => isNamed(bans, person));
  }

  /** The state once everything that is queued is written. */
  next(): PlaceState {
    const isNew = this.#roll.last === 0;
    return this.#queued().reduce((state, token, index) => this.#after(state, token, isNew && index === 0), this.#state);
  }

  /** The row that has put somebody out, or keeps him out; null: none that is known. */
  expelledBy(person: string): number | null {
    return this.#expulsions.rowOf(person);
  }

  /** How many persons and domains such rows are known of. */
  get expelled(): number {
    return this.#expulsions.count;
  }

  /** Whether he is a member once everything that is queued is written. */
  isMember(person: string): boolean {
    for (const { move, act } of this.#queued().reverse()) {
      if (move?.person === person) return move.isHere;
      const domain = bannedDomain(act);
      if (domain !== null && covers(domain, person)) return false;
    }
    return this.#moved.get(person) ?? this.#roll.members.has(person);
  }

  /** Why he cannot leave, or null: who has closed his account gives up offices, too. */
  faultOfLeaving(author: string): FederationCode | null {
    const person = entityOf(author);
    const state = this.next();
    const hasMore = officeOf(state, person) !== null || state.invited.includes(person);
    return this.isMember(person) || (hasMore && this.#isClosing(author)) ? null : '_necessary_membership';
  }

  /** How many members there are at most once everything that is queued is written. */
  get membersMax(): number {
    return this.#roll.members.size + this.#queued().filter(({ move }) => move?.isHere === true).length;
  }

  /** The row of the last change of the membership; 0 where nothing is sealed to members. */
  get epoch(): number {
    return this.#state.mode === 'members' ? this.#epoch : 0;
  }

  /**
   * Why something that is sealed to the members of an epoch is not taken: it must be that which holds when its turn comes. Undecided while
   * somebody is about to come or go: a refusal must hold for ever, and that change may never be written.
   */
  faultOfSealed(epoch: number | null): FederationCode | typeof UNDECIDED | null {
    if (this.#state.mode !== 'members') return '_unsupported_method';
    // A member who enters once more changes nothing: he must not keep the others from speaking.
    const isChange = (person: string, isHere: boolean): boolean => this.#roll.members.has(person) !== isHere;
    const isMoving =
      [...this.#moved].some(([person, isHere]) => isChange(person, isHere)) ||
      this.#queued().some(({ move, act }) => {
        if (bannedDomain(act) !== null || act?.act.kind === 'mode') return true;
        return move !== undefined && isChange(move.person, move.isHere);
      });
    if (epoch !== this.#epoch) return '_stale_key';
    return isMoving ? UNDECIDED : null;
  }

  /** Whether somebody of such a domain is queued to enter. */
  isComing(isWanted: (person: string) => boolean): boolean {
    return this.#queued().some(({ move }) => move?.isHere === true && isWanted(move.person));
  }

  /** Why an act is not done, or null. */
  faultOf(signed: SignedAct): FederationCode | null {
    return faultOfAct(this.next(), signed, {
      limits: this.#desk.options.federationLimits,
      last: this.#roll.last,
      sinceMs: this.#sinceMs,
      isMember: (person) => this.isMember(person),
      memberCount: this.membersMax,
      hasPlain: [...this.#desk.options.plain].some((host) => {
        return this.#roll.domains.has(host) || this.isComing((person) => domainOf(person) === host);
      }),
    });
  }

  /** What is written with a row; `before`: what the same write appends before it. */
  operations(token: Token, before: readonly Arrival<Token>[]): Operation[] {
    const { move, act } = token;
    const isFirst = this.#roll.last === 0 && before.length === 0;
    const isOther = this.#changesMembers(token, before);
    const was = before.reduce((state, arrival, index) => {
      return this.#after(state, arrival.token, this.#roll.last === 0 && index === 0);
    }, this.#state);
    const after = this.#after(was, token, isFirst);
    // What grows old must be looked at after a restart, whoever is there.
    const mustWake = act?.act.kind === 'limit' && act.act.days !== null;
    const operations: Operation[] = changes(this.#place, was, after);
    operations.push(...officesGiven(this.#place, this.#desk.domain, was, after));
    operations.push(...this.#expulsions.operations(token, before));
    if (after.mode === 'members' && (isOther || was.mode !== 'members'))
      operations.push({ op: 'mark', context: this.#place, lease, name: EPOCH, sequence: 'row' });
    if (after.mode === 'published' && was.mode !== 'published')
      operations.push({ op: 'mark', context: this.#place, lease, name: PUBLISHED, sequence: 'row' });
    if (mustWake) operations.push(waking(this.#place, this.#desk, true));
    const domain = bannedDomain(act);
    if (domain !== null && domainOf(domain) !== this.#desk.domain && this.#countBehind(domain, before) > 0)
      operations.push(parting(this.#place, domainOf(domain), this.#desk));
    if (move === undefined) return operations;
    const { person, isHere } = move;
    const home = domainOf(person);
    const isIn = this.#isMemberBehind(person, before);
    if (isIn === isHere) return operations;
    operations.push({ op: 'member', context: this.#place, lease, name: person, sequence: isHere ? 'row' : 0 });
    if (isFirst) operations.push(...this.#founding.operations());
    const others = this.#countBehind(`psyc://${home}`, before) - Number(isIn);
    if (home === this.#desk.domain || others > 0) return operations;
    if (isHere) {
      const isOwed = this.#around.owes(home) || before.some((arrival) => putsOut(arrival.token, home));
      operations.push(...joining(this.#place, home, this.#desk, isOwed));
    } else operations.push(parting(this.#place, home, this.#desk));
    return operations;
  }

  /** All of a write is durable; each of its rows is told of next. */
  written(arrivals: readonly Arrival<Token>[]): void {
    this.#untold = arrivals.length;
    for (const [index, { token }] of arrivals.entries()) {
      const was = this.#state;
      this.#state = this.#after(was, token, this.#roll.last === 0 && index === 0);
      if (was.mode !== 'members' && this.#state.mode === 'members') this.#sealing = token;
      for (const { name, value } of changes(this.#place, was, this.#state)) this.#roll.setRecord(name, value);
      this.#note(this.#moved, token);
    }
  }

  /** One of these rows is told of. Gives whom it puts out. */
  recorded(sequence: number, token: Token): string[] {
    const { move, act } = token;
    if (--this.#untold === 0) this.#moved.clear();
    if (token === this.#sealing) this.#epoch = sequence;
    this.#expulsions.recorded(sequence, token);
    const domain = bannedDomain(act);
    const isOut = (person: string): boolean =>
      domain === null ? move?.isHere === false && person === move.person : covers(domain, person);
    const gone = domain === null && move?.isHere !== false ? [] : this.#putOut(isOut);
    if (gone.length > 0) this.#epoch = sequence;
    if (move?.isHere === true && !this.#roll.members.has(move.person)) {
      this.#roll.set(move.person, sequence);
      this.#epoch = sequence;
    }
    return gone;
  }

  /** What is queued and changes something. */
  #queued(): Token[] {
    const tokens = this.#around.queued().map(({ token }) => token);
    return tokens.filter(({ move, act }) => move !== undefined || act !== undefined);
  }

  get #sinceMs(): number {
    return this.#desk.unixMs - this.#desk.options.federationLimits.actAgeMsMax;
  }

  #after(state: PlaceState, { move, act, message: { author } }: Token, isFirst: boolean): PlaceState {
    if (move?.isHere === false && this.#isClosing(author)) return afterClosing(state, move.person);
    const entered = move?.isHere === true ? afterEntering(state, move.person, isFirst) : state;
    return act === undefined ? entered : afterAct(entered, act, this.#sinceMs, this.#roll.last);
  }

  /** Whether it is our own home that says so for an account that is closed. */
  #isClosing(author: string): boolean {
    return author.includes(LEAVING) && domainOf(author) === this.#desk.domain;
  }

  /** Whether somebody comes or goes by this row. */
  #changesMembers({ move, act }: Token, before: readonly Arrival<Token>[]): boolean {
    const domain = bannedDomain(act);
    if (domain !== null) return this.#countBehind(domain, before) > 0;
    return move !== undefined && this.#isMemberBehind(move.person, before) !== move.isHere;
  }

  #putOut(isMeant: (person: string) => boolean): string[] {
    const gone = [...this.#roll.members.keys()].filter(isMeant);
    for (const person of gone) this.#roll.set(person, 0);
    return gone;
  }

  /** Notes who comes and goes by this row. */
  #note(moved: Map<string, boolean>, { move, act }: Token): void {
    const domain = bannedDomain(act);
    if (domain !== null) {
      for (const person of [...this.#roll.members.keys(), ...moved.keys()])
        if (covers(domain, person)) moved.set(person, false);
    }
    if (move !== undefined) moved.set(move.person, move.isHere);
  }

  #movedBy(rows: readonly Arrival<Token>[]): Map<string, boolean> {
    const moved = new Map<string, boolean>();
    for (const { token } of rows) this.#note(moved, token);
    return moved;
  }

  #isMemberBehind(person: string, rows: readonly Arrival<Token>[]): boolean {
    return this.#movedBy(rows).get(person) ?? this.#roll.members.has(person);
  }

  /** How many members a domain has behind these rows. */
  #countBehind(domain: string, rows: readonly Arrival<Token>[]): number {
    let count = this.#roll.domains.get(domainOf(domain)) ?? 0;
    for (const [person, isHere] of this.#movedBy(rows)) {
      if (covers(domain, person)) count += Number(isHere) - Number(this.#roll.members.has(person));
    }
    return count;
  }
}
