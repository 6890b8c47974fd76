/** A place: members, a log of what was said, and everybody told of it. docs/spec/federation.md#places */
import type { Arrival } from '../circuit/incoming-events.ts';
import { renderList, textList } from '../psyc/list.ts';
import { isNick } from '../psyc/names.ts';
import { parseUniform } from '../psyc/uniform.ts';
import type { StoreCode } from '../store/errors.ts';
import type { Operation } from '../store/store.ts';
import { type Desk, type Entity, lease } from './desk.ts';
import type { FederationCode } from './error.ts';
import type { Founders } from './founders.ts';
import { Founding } from './founding.ts';
import { readHistory } from './history.ts';
import { Inbox, type InboxOwner, type Token } from './inbox.ts';
import { answerLetter, domainOf, entityOf, headingOf, isEcho, type Letter, refusalLetter } from './letter.ts';
import { echoOf, placeRequestOf } from './methods.ts';
import type { MulticastRow } from './multicast.ts';
import { Neighbours } from './neighbours.ts';
import { Roll } from './roll.ts';
import { Subscribers } from './subscribers.ts';
import { joining, nodeUniform, Parted, parting, untilOf } from './waking.ts';

function isPersonUniform(uniform: string): boolean {
  const { kind, name, port } = parseUniform(uniform);
  return kind === 'person' && isNick(name) && port === undefined;
}

/** One place of this node. */
export class Place implements Entity, InboxOwner {
  readonly #uniform: string;
  readonly #desk: Desk;
  readonly #roll: Roll;
  readonly #inbox: Inbox;
  readonly #subscribers: Subscribers;
  readonly #neighbours: Neighbours;
  readonly #founding: Founding;
  readonly #parted: Parted;
  #histories = 0;
  /** Who has come or gone by a write whose rows are just being told. */
  readonly #moved = new Map<string, boolean>();
  #untold = 0;

  constructor(uniform: string, desk: Desk, founders: Founders) {
    this.#uniform = uniform;
    this.#desk = desk;
    this.#founding = new Founding(uniform, desk, founders);
    this.#roll = new Roll(
      uniform,
      desk,
      () => this.#loaded(),
      (letter) => this.take(letter),
      { hasMarks: true },
    );
    this.#inbox = new Inbox(uniform, desk, this);
    this.#subscribers = new Subscribers(uniform, desk, (domain) => this.#parted.forget(domain));
    this.#parted = new Parted(uniform, desk, {
      isHeard: (domain) => this.#roll.domains.has(domain) || this.#isComing((home) => home === domain),
      isLast: () => this.#subscribers.count === 0 && !this.#isComing(() => true),
    });
    this.#neighbours = new Neighbours(uniform, desk, this.#roll);
    this.#roll.load();
  }

  take(letter: Letter): void {
    if (!this.#roll.isKnown) {
      this.#roll.hold(letter);
      return;
    }
    if (this.#founding.isAsking) {
      this.#founding.hold(letter);
      return;
    }
    const { routing, packet } = letter;
    const source = routing.get('_source');
    if (source === undefined) return;
    if (isEcho(packet.method)) {
      const home = domainOf(source);
      // For a domain speaks its node, and none of its people.
      const isNode = source === nodeUniform(home) && packet.method === '_echo_context';
      if (isNode) this.#subscribers.answered(home, packet.text('_sequence') ?? '');
      return;
    }
    const person = entityOf(source);
    // By what is queued before it: he may have left a moment ago, or be about to come.
    const judge = (): FederationCode | null => (this.#isMember(person) ? null : '_necessary_membership');
    switch (placeRequestOf(packet.method)) {
      case 'enter':
        if (!isPersonUniform(source)) this.#refuse(letter, '_invalid_entity');
        else if (this.#roll.last === 0 && !this.#founding.isGranted) this.#found(letter, source);
        else this.#enter(letter, source);
        break;
      case 'leave':
        this.#accept(letter, source, { judge, move: { person, isHere: false } });
        break;
      case 'speech':
        this.#accept(letter, source, { judge });
        break;
      case 'history':
        if (this.#roll.members.has(person)) this.#history(letter, source);
        else this.#refuse(letter, '_necessary_membership');
        break;
      case null:
        this.#refuse(letter, '_unsupported_method');
    }
  }

  /** It must stay awake for the domains that hear it, and for whoever is being answered. */
  get isIdle(): boolean {
    if (this.#founding.isAsking) return false;
    const isQuiet = this.#inbox.count === 0 && this.#histories === 0 && this.#roll.heldCount === 0;
    return isQuiet && this.#roll.isKnown && this.#subscribers.count === 0 && this.#parted.count === 0;
  }

  queues(): [string, number][] {
    return [
      ...this.#inbox.queues(),
      ...this.#subscribers.queues(),
      ['members', this.#roll.members.size],
      ['letters', this.#roll.heldCount + this.#founding.heldCount],
      ['histories', this.#histories],
    ];
  }

  beside({ token: { move } }: Arrival<Token>, before: readonly Arrival<Token>[]): Operation[] {
    if (move === undefined) return [];
    const { person, isHere } = move;
    const [isIn, others] = this.#stateBehind(person, before);
    if (isIn === isHere) return [];
    const at = { context: this.#uniform, lease };
    const home = domainOf(person);
    const operations: Operation[] = [{ op: 'member', ...at, name: person, sequence: isHere ? 'row' : 0 }];
    if (this.#roll.last === 0 && before.length === 0) operations.push(...this.#founding.operations());
    if (home === this.#desk.domain || others > 0) return operations;
    if (isHere) operations.push(...joining(this.#uniform, home, this.#desk));
    else operations.push(parting(this.#uniform, home, this.#desk));
    return operations;
  }

  written(arrivals: readonly Arrival<Token>[]): void {
    this.#untold = arrivals.length;
    for (const { token } of arrivals)
      if (token.move !== undefined) this.#moved.set(token.move.person, token.move.isHere);
  }

  recorded(sequence: number, { token: { move, packet } }: Arrival<Token>): void {
    const { members, domains } = this.#roll;
    if (--this.#untold === 0) this.#moved.clear();
    this.#roll.last = Math.max(this.#roll.last, sequence);
    const home = move === undefined ? '' : domainOf(move.person);
    if (move?.isHere === true && !members.has(move.person)) {
      const isFirst = !domains.has(home);
      this.#roll.set(move.person, sequence);
      if (isFirst) this.#subscribers.join(home, sequence);
    }
    if (move?.isHere === false) this.#roll.set(move.person, 0);
    const row: MulticastRow = { sequence, packet };
    this.#neighbours.appended(row);
    this.#subscribers.appended(row);
    if (move?.isHere === false && !domains.has(home)) this.#subscribers.part(home, sequence);
  }

  acknowledged({ message, method }: Token, sequence: number | null): void {
    const { members, last } = this.#roll;
    const isEnter = placeRequestOf(method) === 'enter';
    const from = sequence ?? (isEnter ? (members.get(entityOf(message.author)) ?? last) : undefined);
    const entity: Record<string, string | Uint8Array | undefined> = {
      _sequence: from === undefined ? undefined : String(from),
    };
    if (isEnter) {
      const { listedMembersMax } = this.#desk.options.federationLimits;
      entity['_amount_members'] = String(members.size);
      entity['_list_members'] = renderList(textList([...members.keys()].slice(0, listedMembersMax)), 'frozen');
    }
    this.#desk.post(answerLetter(message, echoOf(method), entity));
  }

  rejected({ message, method }: Token, code: FederationCode | StoreCode): void {
    this.#refuse(headingOf(message, method), code);
  }

  stopped(): void {
    this.#subscribers.stop();
  }

  grown(last: number): void {
    if (last <= this.#roll.last) return;
    // Rows of the last life that became durable after this one had looked; members may have come or gone with them.
    this.#roll.last = last;
    this.#roll.load();
    this.#neighbours.grown(last);
    this.#subscribers.grown(last);
  }

  #loaded(): void {
    const { domains, marks } = this.#roll;
    for (const home of domains.keys()) this.#subscribers.join(home, null);
    for (const home of marks.keys()) {
      const until = marks.get(untilOf(home));
      if (until === undefined || domains.has(home)) continue;
      // What was said before they left they have not acknowledged.
      this.#subscribers.join(home, null);
      this.#subscribers.part(home, until);
    }
    this.#neighbours.attach(this.#roll.last);
  }

  #accept(letter: Letter, source: string, change: Parameters<Inbox['take']>[2]): void {
    const isTaken = this.#inbox.take(letter, source, { ...change, missing: '_missing_counter' });
    if (!isTaken) this.#refuse(letter, '_necessary_counter');
  }

  #enter(letter: Letter, source: string): void {
    const person = entityOf(source);
    const move = { person, isHere: true };
    this.#accept(letter, source, { begins: true, judge: () => this.#faultOfEntering(person), move });
  }

  #found(letter: Letter, source: string): void {
    const told = (kept: Letter, isGranted: boolean | null): void => {
      if (isGranted === true) this.#enter(kept, source);
      // Where the store does not tell there is silence: it is asked again.
      else if (isGranted === false) this.#refuse(kept, '_excessive_places');
    };
    this.#founding.ask(letter, source, told, (next) => this.take(next));
  }

  /** Whether somebody of such a domain is queued to enter. */
  #isComing(isWanted: (domain: string) => boolean): boolean {
    return this.#inbox.lastMove(({ person, isHere }) => isHere && isWanted(domainOf(person))) !== null;
  }

  /** Whether he is a member once everything that is queued is written. */
  #isMember(person: string): boolean {
    const move = this.#inbox.lastMove((queued) => queued.person === person);
    return move?.isHere ?? this.#moved.get(person) ?? this.#roll.members.has(person);
  }

  /** Whether he is a member behind these rows, and how many others of his domain are. */
  #stateBehind(person: string, rows: readonly Arrival<Token>[]): [isIn: boolean, others: number] {
    const { members, domains } = this.#roll;
    const home = domainOf(person);
    let others = (domains.get(home) ?? 0) - Number(members.has(person));
    const moved = new Map<string, boolean>();
    for (const { token } of rows) if (token.move !== undefined) moved.set(token.move.person, token.move.isHere);
    for (const [other, isHere] of moved) {
      if (other !== person && domainOf(other) === home) others += Number(isHere) - Number(members.has(other));
    }
    return [moved.get(person) ?? members.has(person), others];
  }

  #faultOfEntering(person: string): FederationCode | null {
    const { placeMembersMax, placeDomainsMax } = this.#desk.options.federationLimits;
    const { members, domains } = this.#roll;
    if (this.#isMember(person)) return null;
    const waiting = this.#inbox.count;
    if (members.size + waiting >= placeMembersMax) return '_excessive_members';
    const home = domainOf(person);
    if (home === this.#desk.domain || domains.has(home) || this.#desk.options.plain.has(home)) return null;
    if (this.#subscribers.count + waiting >= placeDomainsMax) this.#subscribers.makeRoom();
    if (this.#subscribers.count + waiting >= placeDomainsMax) return '_excessive_members';
    return this.#desk.linkTo(home) === null ? '_excessive_peers' : null;
  }

  #refuse(letter: Letter, code: FederationCode | StoreCode): void {
    const answer = refusalLetter(letter, code, this.#uniform);
    if (answer !== null) this.#desk.post(answer);
  }

  #history(letter: Letter, source: string): void {
    if (this.#histories >= this.#desk.options.federationLimits.historiesMax) {
      this.#refuse(letter, '_excessive_requests');
      return;
    }
    this.#histories++;
    const code = readHistory(this.#uniform, letter, source, this.#roll.last, this.#desk, () => this.#histories--);
    if (code === null) return;
    this.#histories--;
    this.#refuse(letter, code);
  }
}
