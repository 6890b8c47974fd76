/** Who of the people here follows somebody: they are let in when it is known what he had published before, and out when there is no such person. docs/spec/feeds.md#following */
import { messageOf, type Message } from '../../circuit/message.ts';
import type { PublicationCode } from '../../publication/error.ts';
import type { Operation } from '../../store/store.ts';
import { type Desk, lease } from '../desk.ts';
import type { FederationCode } from '../error.ts';
import type { FeedUpkeep } from './feed-upkeep.ts';
import { Hearers } from '../places/hearers.ts';
import { answerLetter, domainOf, entityOf, headingOf, type Letter } from '../letter.ts';
import { echoOf } from '../methods.ts';
import type { Roll } from '../places/roll.ts';
import { nodeUniform, waking } from '../waking.ts';

/** Followers of one write. */
const OUT_MAX = 256;

/** What it needs of its feed. */
export interface FollowingOwner {
  readonly context: string;
  /** The domain where the author lives. */
  readonly home: string;
  readonly desk: Desk;
  readonly roll: () => Roll;
  readonly upkeep: () => FeedUpkeep;
  readonly refuse: (letter: Letter, code: FederationCode | PublicationCode) => void;
}

/** One feed's. */
export class FeedFollowing {
  readonly #owner: FollowingOwner;
  readonly #context: string;
  readonly #home: string;
  readonly #desk: Desk;
  readonly #refuse: FollowingOwner['refuse'];
  /** Who is to follow, once it is known what there was before. */
  readonly #joining: Message[] = [];
  #writes = 0;

  constructor(owner: FollowingOwner) {
    this.#owner = owner;
    this.#context = owner.context;
    this.#home = owner.home;
    this.#desk = owner.desk;
    this.#refuse = owner.refuse;
  }

  get #isHome(): boolean {
    return this.#home === this.#desk.domain;
  }

  get #roll(): Roll {
    return this.#owner.roll();
  }

  get #upkeep(): FeedUpkeep {
    return this.#owner.upkeep();
  }

  /** What is not done. */
  get count(): number {
    return this.#writes + this.#joining.length;
  }

  /** Who hears what comes: for who is joining it may be what there was before, which is no news. */
  get hearers(): Hearers {
    if (this.#joining.length === 0) return this.#roll.local;
    const joining = new Set(this.#joining.map(({ author }) => entityOf(author)));
    const hearers = new Hearers();
    for (const person of this.#roll.local) if (!joining.has(person)) hearers.add(person);
    return hearers;
  }

  /** Somebody here begins to follow, or does no more. */
  follow(letter: Letter, person: string, isHere: boolean): void {
    const { routing, packet } = letter;
    const message = messageOf(packet, (name) => routing.get(name));
    const { placeMembersMax, lettersMax } = this.#desk.options.federationLimits;
    const isMember = this.#roll.members.has(person);
    if (domainOf(person) !== this.#desk.domain) this.#refuse(letter, '_necessary_home');
    else if (message === null) this.#refuse(letter, '_necessary_counter');
    else if (!isHere && !isMember) this.#refuse(letter, '_necessary_membership');
    else if (isMember && isHere && !this.#isJoining(person)) this.#tellEntered(message);
    else if (isMember && isHere) this.#entered(message);
    else if (isHere && this.#roll.members.size >= placeMembersMax) this.#refuse(letter, '_excessive_members');
    else if (isHere && !this.#isHome && this.#desk.linkTo(this.#home) === null)
      this.#refuse(letter, '_excessive_peers');
    else if (this.#writes < lettersMax) this.#write(message, person, isHere, echoOf(packet.method!));
  }

  #write(message: Message, person: string, isHere: boolean, echo: string): void {
    const sequence = isHere ? Math.max(1, this.#roll.last) : 0;
    const isLast = !isHere && this.#roll.members.size === 1;
    const operations: Operation[] = [{ op: 'member', context: this.#context, lease, name: person, sequence }];
    if (isHere && !this.#isHome) operations.push(waking(this.#context, this.#desk, true));
    if (isLast && !this.#isHome && !this.#upkeep.isOwed) operations.push(waking(this.#context, this.#desk, false));
    this.#writes++;
    this.#desk.ask({ kind: 'write', operations }, (outcome) => {
      this.#writes--;
      // Silence: it is asked again.
      if (outcome.kind !== 'written') return;
      this.#roll.set(person, sequence);
      this.#upkeep.registered(isHere || !isLast || this.#upkeep.isOwed);
      if (isHere) this.#entered(message);
      else this.#desk.post(answerLetter(message, echo, { _sequence: String(this.#roll.last) }));
      this.#upkeep.attend();
    });
  }

  /** What was published before he came he is not shown as news: he is told where he begins when that is here. */
  #entered(message: Message): void {
    const { lettersMax, feedWaitMs } = this.#desk.options.federationLimits;
    if (this.#upkeep.isCaughtUp) {
      this.#tellEntered(message);
      return;
    }
    if (this.#joining.length >= lettersMax) return;
    // Whoever comes later, or again, makes nobody wait longer.
    if (this.#joining.push(message) > 1) return;
    this.#desk.timer(`feed wait ${this.#context}`, feedWaitMs, () => this.joined());
  }

  #isJoining(person: string): boolean {
    return this.#joining.some(({ author }) => entityOf(author) === person);
  }

  /** What there was before is here, or does not come for now. */
  joined(): void {
    for (const message of this.#joining.splice(0)) this.#tellEntered(message);
  }

  #tellEntered(message: Message): void {
    const { size } = this.#roll.members;
    // Whoever follows is told that nobody knows yet whether there is anybody to be followed.
    const _uniform_awaited = this.#upkeep.isCaughtUp || this.#roll.last > 0 ? undefined : nodeUniform(this.#home);
    const entity = { _sequence: String(this.#roll.last), _amount_members: String(size), _uniform_awaited };
    this.#desk.post(answerLetter(message, '_echo_context_enter', entity));
  }

  /** His home says that nobody of that name lives there: nobody follows him, where nothing that he has signed says otherwise. */
  nobody(): void {
    if (this.#roll.last > 0) {
      this.joined();
      return;
    }
    const names = [...this.#roll.members.keys()];
    const out = names.slice(0, OUT_MAX).map((name): Operation => {
      return { op: 'member', context: this.#context, lease, name, sequence: 0 };
    });
    if (out.length === names.length) out.push(waking(this.#context, this.#desk, false));
    const joining = this.#joining.splice(0);
    this.#writes++;
    this.#desk.ask({ kind: 'write', operations: out }, (outcome) => {
      this.#writes--;
      // Silence: it is asked again.
      if (outcome.kind !== 'written') return;
      for (const name of names.slice(0, OUT_MAX)) this.#roll.set(name, 0);
      for (const message of joining) this.#refuse(headingOf(message, '_request_context_enter'), '_unknown_target');
      if (names.length > OUT_MAX) this.nobody();
      this.#upkeep.registered(this.#roll.members.size > 0);
      this.#upkeep.attend();
    });
  }
}
