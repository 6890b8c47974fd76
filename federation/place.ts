/** A place: members, a log of what was said, and everybody told of it. docs/spec/federation.md#places */
import type { Arrival } from '../circuit/incoming-events.ts';
import { type Following, type FollowingEvent, newFollowing, stepFollowing } from '../circuit/following.ts';
import { renderList, textList } from '../psyc/list.ts';
import { isNick } from '../psyc/names.ts';
import { parseUniform } from '../psyc/uniform.ts';
import type { StoreCode } from '../store/errors.ts';
import type { Operation } from '../store/store.ts';
import { type Desk, type Entity, lease } from './desk.ts';
import type { FederationCode } from './error.ts';
import { readHistory } from './history.ts';
import { Inbox, type InboxOwner, type Token } from './inbox.ts';
import { answerLetter, domainOf, entityOf, headingOf, isEcho, type Letter, refusalLetter } from './letter.ts';
import { echoOf, placeRequestOf } from './methods.ts';
import { type MulticastRow, multicastOf } from './multicast.ts';
import { Roll } from './roll.ts';
import { Subscribers } from './subscribers.ts';

/** The node's own uniform, under which it keeps what it must wake at its start. */
export const nodeUniform = (domain: string): string => `psyc://${domain}`;

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
  /** The local members' reader: every row once, in order. */
  readonly #following: Following;
  #histories = 0;

  constructor(uniform: string, desk: Desk) {
    this.#uniform = uniform;
    this.#desk = desk;
    this.#roll = new Roll(
      uniform,
      desk,
      () => this.#loaded(),
      (letter) => this.take(letter),
    );
    this.#inbox = new Inbox(uniform, desk, this);
    this.#subscribers = new Subscribers(uniform, desk);
    this.#following = newFollowing(desk.options.deliveryLimits);
    this.#roll.load();
  }

  take(letter: Letter): void {
    if (!this.#roll.isKnown) {
      this.#roll.hold(letter);
      return;
    }
    const { routing, packet } = letter;
    const source = routing.get('_source');
    if (source === undefined) return;
    if (isEcho(packet.method)) {
      this.#subscribers.answered(domainOf(source), packet.text('_sequence') ?? '');
      return;
    }
    const person = entityOf(source);
    const isMember = this.#roll.members.has(person);
    switch (placeRequestOf(packet.method)) {
      case 'enter':
        if (!isPersonUniform(source)) this.#refuse(letter, '_invalid_entity');
        else this.#accept(letter, source, { begins: true, ...this.#noRoomFor(person) });
        break;
      case 'leave':
      case 'speech':
        this.#accept(letter, source, isMember ? {} : { refusal: '_necessary_membership' });
        break;
      case 'history':
        if (isMember) this.#history(letter, source);
        else this.#refuse(letter, '_necessary_membership');
        break;
      case null:
        this.#refuse(letter, '_unsupported_method');
    }
  }

  /** It must stay awake for the domains that hear it, and for whoever is being answered. */
  get isIdle(): boolean {
    const isQuiet = this.#inbox.count === 0 && this.#histories === 0 && this.#roll.heldCount === 0;
    return isQuiet && this.#roll.isKnown && this.#subscribers.count === 0;
  }

  queues(): [string, number][] {
    return [
      ...this.#inbox.queues(),
      ...this.#subscribers.queues(),
      ['members', this.#roll.members.size],
      ['letters', this.#roll.heldCount],
      ['histories', this.#histories],
    ];
  }

  beside({ token }: Arrival<Token>): Operation[] {
    const context = this.#uniform;
    const name = entityOf(token.message.author);
    const request = placeRequestOf(token.method);
    if (request === 'leave') return [{ op: 'member', context, lease, name, sequence: 0 }];
    if (request !== 'enter') return [];
    const sequence = this.#roll.members.get(name) ?? this.#roll.last + 1;
    const operations: Operation[] = [{ op: 'member', context, lease, name, sequence }];
    const domain = domainOf(name);
    if (domain === this.#desk.domain || this.#subscribers.has(domain)) return operations;
    // A domain hears what comes after it has joined; and this place must wake when the node starts.
    const node = nodeUniform(this.#desk.domain);
    operations.push({ op: 'mark', context, lease, name: domain, sequence: this.#roll.last });
    operations.push({ op: 'member', context: node, lease, name: context, sequence: 1 });
    return operations;
  }

  recorded(sequence: number, { token, packet }: Arrival<Token>): void {
    const person = entityOf(token.message.author);
    const request = placeRequestOf(token.method);
    if (request === 'enter') {
      this.#roll.set(person, this.#roll.members.get(person) ?? sequence);
      this.#subscribers.join(domainOf(person));
    }
    if (request === 'leave') this.#roll.set(person, 0);
    this.#roll.last = Math.max(this.#roll.last, sequence);
    const row: MulticastRow = { sequence, packet };
    this.#follow({ kind: 'appended', row });
    this.#subscribers.appended(row);
    if (request === 'leave') this.#partIfLast(domainOf(person), sequence);
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
    this.#follow({ kind: 'grown', last });
    this.#subscribers.grown(last);
  }

  #loaded(): void {
    const { domain } = this.#desk;
    for (const person of this.#roll.members.keys()) {
      const home = domainOf(person);
      if (home !== domain) this.#subscribers.join(home);
    }
    if (this.#following.cursor === -1) this.#follow({ kind: 'attached', after: this.#roll.last });
  }

  #accept(letter: Letter, source: string, change: { refusal?: FederationCode; begins?: boolean }): void {
    const isTaken = this.#inbox.take(letter, source, { ...change, missing: '_missing_counter' });
    if (!isTaken) this.#refuse(letter, '_necessary_counter');
  }

  #noRoomFor(person: string): { refusal?: FederationCode } {
    const { placeMembersMax, placeDomainsMax } = this.#desk.options.federationLimits;
    const { members } = this.#roll;
    if (members.has(person)) return {};
    const isFull = members.size + this.#inbox.count >= placeMembersMax;
    const home = domainOf(person);
    const isWide =
      home !== this.#desk.domain &&
      !this.#subscribers.has(home) &&
      this.#subscribers.count + this.#inbox.count >= placeDomainsMax;
    return isFull || isWide ? { refusal: '_excessive_members' } : {};
  }

  #partIfLast(domain: string, sequence: number): void {
    for (const member of this.#roll.members.keys()) if (domainOf(member) === domain) return;
    this.#subscribers.part(domain, sequence);
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

  #follow(event: FollowingEvent): void {
    const context = this.#uniform;
    for (const effect of stepFollowing(this.#following, event)) {
      switch (effect.kind) {
        case 'deliver': {
          const { local } = this.#roll;
          if (local.length > 0) this.#desk.postToAll(multicastOf(context, effect.row), local);
          break;
        }
        case 'read':
          this.#desk.ask({ kind: 'read', context, after: effect.after, rowsMax: effect.rowsMax }, (outcome) => {
            if (outcome.kind !== 'rows') this.#follow({ kind: 'read failed' });
            else this.#follow({ kind: 'rows', rows: outcome.rows, last: outcome.last });
          });
          break;
        case 'timer':
          this.#desk.timer(`follow ${context}`, effect.delayMs, () => this.#follow({ kind: 'timer' }));
          break;
      }
    }
  }
}
