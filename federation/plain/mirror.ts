/** A place of a plain peer's as our people have it: a log of our own of what is said there, and one of them in it as long as the peer takes him. docs/spec/plain.md#mirrors */
import type { Arrival } from '../../circuit/incoming-events.ts';
import { inherits } from '../../psyc/keyword.ts';
import type { StoreCode } from '../../store/errors.ts';
import type { Operation } from '../../store/store.ts';
import { type Desk, type Entity, lease } from '../desk.ts';
import { Eraser, type Keeping } from '../places/erasing.ts';
import type { FederationCode } from '../error.ts';
import { readHistory } from '../places/history.ts';
import { Inbox, type InboxOwner, type Token } from '../inbox.ts';
import {
  answerLetter,
  domainOf,
  entityOf,
  headingOf,
  isEcho,
  isRefusal,
  keepLetter,
  type Letter,
  newLetter,
  parseLetter,
  refusalLetter,
} from '../letter.ts';
import { echoOf, membershipEcho, placeRequestOf } from '../methods.ts';
import { Neighbours } from '../places/neighbours.ts';
import { listed } from '../places/place-status.ts';
import { plainLimits } from './plain-limits.ts';
import { mirrored } from './plain-wire.ts';
import { Roll } from '../places/roll.ts';
import { nodeUniform, waking } from '../waking.ts';

/** What a mirror has of its peer. */
export interface MirrorPeer {
  /** Says something of ours there, once; `tag`: what an answer will name. */
  say(letter: Letter, tag: string | null): void;
  /** The members that a packet of the peer's names. */
  membersIn(letter: Letter): string[];
}

/** One of our people who asks to be let in. */
interface Asking {
  readonly tag: string;
  readonly untilMs: number;
  /** Of each of his devices. */
  readonly letters: Letter[];
}

/** Bytes of chance in a channel's name: no other life of this node has the same. */
const LIFE_BYTES = 8;

/** One place of a plain peer's. */
export class Mirror implements Entity, InboxOwner {
  readonly #place: string;
  readonly #desk: Desk;
  readonly #peer: MirrorPeer;
  readonly #roll: Roll;
  readonly #inbox: Inbox;
  readonly #eraser: Eraser;
  readonly #neighbours: Neighbours;
  readonly #asking = new Map<string, Asking>();
  /** Of what comes from there; numbers may be left out. */
  readonly #life: string;
  #said = 0;
  #tags = 0;
  #histories = 0;
  #members: readonly string[] = [];
  /** Up to here everything goes, though it is within the limits. */
  #cleared = 0;
  #isGone = false;

  constructor(place: string, desk: Desk, peer: MirrorPeer) {
    this.#place = place;
    this.#desk = desk;
    this.#peer = peer;
    const loaded = (): void => {
      this.#neighbours.attach(this.#roll.last);
      this.#eraser.loaded();
    };
    this.#roll = new Roll(place, desk, loaded, (letter) => this.take(letter), { isWhole: true });
    this.#inbox = new Inbox(place, desk, this);
    this.#eraser = new Eraser(
      place,
      desk,
      this.#roll,
      () => this.#keeping,
      () => this.#rested(),
    );
    this.#neighbours = new Neighbours(place, desk, this.#roll);
    const chance = desk.options.suite.random(LIFE_BYTES);
    this.#life = Array.from(chance, (byte) => byte.toString(16).padStart(2, '0')).join('');
    this.#roll.load();
  }

  get isIdle(): boolean {
    const isQuiet = this.#inbox.count + this.#histories + this.#asking.size === 0 && !this.#eraser.isWorking;
    return isQuiet && this.#roll.isKnown && this.#roll.heldCount === 0 && this.#roll.members.size === 0;
  }

  /** It gives way to another: what is kept of it goes at once. */
  leave(): void {
    this.#isGone = true;
    this.#cleared = this.#roll.last;
    this.#eraser.changed();
  }

  queues(): [string, number][] {
    return [
      ...this.#inbox.queues(),
      ['members', this.#roll.members.size],
      ['letters', this.#roll.heldCount],
      ['plain asking', this.#asking.size],
    ];
  }

  /** One of ours asks something of it; or the peer has said something in it, or answers. */
  take(letter: Letter): void {
    if (!this.#roll.isKnown) {
      this.#roll.hold(letter);
      return;
    }
    const source = letter.routing.get('_source');
    if (letter.routing.has('_context')) this.#mirror(letter);
    else if (source === this.#place) this.#answered(letter);
    else if (source !== undefined) this.#ask(letter, source);
  }

  beside({ token: { move } }: Arrival<Token>): Operation[] {
    if (move === undefined) return [];
    const sequence = move.isHere ? 'row' : 0;
    const member: Operation = { op: 'member', context: this.#place, lease, name: move.person, sequence };
    // What is kept is erased in time, whoever is there.
    return move.isHere ? [member, waking(this.#place, this.#desk, true)] : [member];
  }

  recorded(sequence: number, { token: { move, packet, message } }: Arrival<Token>): void {
    this.#roll.last = Math.max(this.#roll.last, sequence);
    const wasHere = move !== undefined && this.#roll.members.has(move.person);
    if (move?.isHere === true && !wasHere) this.#roll.set(move.person, sequence);
    this.#neighbours.appended({ sequence, packet });
    if (move?.isHere === false) this.#roll.set(move.person, 0);
    this.#eraser.changed();
    // What the peer itself has told is not told to it.
    if (message.author.includes(`#${this.#life}`) || move?.isHere === true) return;
    this.#peer.say(parseLetter(packet), null);
  }

  acknowledged({ message, method }: Token, sequence: number | null): void {
    if (domainOf(message.author) !== this.#desk.domain || message.author.includes(`#${this.#life}`)) return;
    const isEnter = placeRequestOf(method) === 'enter';
    const since = sequence ?? (isEnter ? this.#roll.members.get(entityOf(message.author)) : undefined);
    const entity = {
      _sequence: since === undefined ? undefined : String(since),
      // Here it is kept; whether anybody there has it nobody confirms.
      _uniform_kept: nodeUniform(this.#desk.domain),
      ...(isEnter ? this.#greeting() : {}),
    };
    this.#desk.post(answerLetter(message, echoOf(method), entity));
  }

  rejected({ message, method }: Token, code: FederationCode | StoreCode): void {
    if (domainOf(message.author) === this.#desk.domain) this.#refuse(headingOf(message, method), code);
  }

  stopped(): void {}

  grown(last: number): void {
    if (last <= this.#roll.last) return;
    this.#roll.last = last;
    this.#roll.load();
    this.#neighbours.grown(last);
  }

  get #keeping(): Keeping {
    const { plainMirrorRowsMax: rows, plainMirrorDaysMax: days } = plainLimits;
    return this.#isGone ? { cleared: this.#cleared, rows: null, days: null } : { cleared: 0, rows, days };
  }

  /** Where nothing is left, and none of ours is there, it need not wake with its node. */
  #rested(): void {
    const { size } = this.#roll.members;
    // Another may be there in its stead by now.
    if (this.#isGone || size > 0 || this.#eraser.isLeft || this.#inbox.count + this.#asking.size > 0) return;
    // Should it fail, it wakes once more, and says it again.
    this.#desk.ask({ kind: 'write', operations: [waking(this.#place, this.#desk, false)] }, () => {});
  }

  #ask(letter: Letter, source: string): void {
    const person = entityOf(source);
    const isHere = this.#roll.members.has(person);
    const judge = (): FederationCode | null => (this.#roll.members.has(person) ? null : '_necessary_membership');
    switch (placeRequestOf(letter.packet.method)) {
      case 'enter':
        if (isHere) this.#enter(letter);
        else this.#knock(letter, person);
        break;
      case 'leave':
        this.#accept(letter, source, { judge, move: { person, isHere: false } });
        break;
      case 'speech':
        this.#accept(letter, source, { judge });
        break;
      case 'status':
        this.#desk.post(this.#status(letter, isHere));
        break;
      case 'history':
        if (isHere) this.#history(letter, source);
        else this.#refuse(letter, '_necessary_membership');
        break;
      default:
        this.#refuse(letter, '_unsupported_method');
    }
  }

  /** Asks the peer, once for all of a person's devices. */
  #knock(letter: Letter, person: string): void {
    const known = this.#asking.get(person);
    const isSame = (one: Letter): boolean =>
      ['_source', '_counter'].every((name) => one.routing.get(name) === letter.routing.get(name));
    if (known?.letters.some(isSame) === true) return;
    const { devicesMax } = this.#desk.options.federationLimits;
    const isFull =
      known === undefined ? this.#asking.size >= plainLimits.plainAskingMax : known.letters.length >= devicesMax;
    if (isFull) {
      this.#refuse(letter, '_excessive_requests');
      return;
    }
    const kept = keepLetter(letter);
    if (known !== undefined) {
      known.letters.push(kept);
      return;
    }
    const tag = `${this.#life}-${++this.#tags}`;
    const { plainEnterMsMax } = plainLimits;
    this.#asking.set(person, { tag, untilMs: this.#desk.nowMs + plainEnterMsMax, letters: [kept] });
    this.#desk.timer(`mirror ${this.#place} ${person}`, plainEnterMsMax, () => {
      if (this.#asking.get(person)?.tag === tag) this.#settle(person, '_delivery_timeout');
    });
    this.#peer.say(letter, tag);
  }

  /** The place's answer to one of ours. */
  #answered(letter: Letter): void {
    const { routing, packet } = letter;
    const person = entityOf(routing.get('_target') ?? '');
    const tag = routing.get('_tag_reply') ?? routing.get('_tag_relay');
    const asking = this.#asking.get(person);
    if (asking !== undefined && asking.tag === tag) {
      if (isRefusal(packet.method)) this.#settle(person, '_plain_refused');
      else if (isEcho(packet.method) && membershipEcho(packet.method) === 'enter') {
        this.#members = this.#peer.membersIn(letter);
        this.#settle(person, null);
      }
    } else if (inherits(packet.method ?? '', '_error_necessary_membership')) this.#lose(person);
  }

  #settle(person: string, code: FederationCode | null): void {
    const letters = this.#asking.get(person)?.letters ?? [];
    this.#asking.delete(person);
    for (const letter of letters) {
      if (code === null) this.#enter(letter);
      else this.#refuse(letter, code);
    }
  }

  #enter(letter: Letter): void {
    const source = letter.routing.get('_source')!;
    this.#accept(letter, source, { begins: true, move: { person: entityOf(source), isHere: true } });
  }

  /** The peer has one of ours in it no more: he hears so as he would of anybody. */
  #lose(person: string): void {
    if (!this.#roll.members.has(person)) return;
    this.#append(person, newLetter({ routing: {}, method: '_request_context_leave' }), { person, isHere: false });
  }

  /** Something the peer says in it. Of our own people we have their own words. */
  #mirror({ routing, packet }: Letter): void {
    const relay = routing.get('_source_relay');
    const { method } = packet;
    if (relay === undefined || method === null || routing.has('_target') || this.#roll.members.size === 0) return;
    const isOurs = domainOf(relay) === this.#desk.domain;
    const moved = ['enter', 'leave'].find((one) =>
      ['place', 'context'].some((kind) => inherits(method, `_notice_${kind}_${one}`)),
    );
    if (isOurs) {
      if (moved === 'leave') this.#lose(entityOf(relay));
    } else if (moved !== undefined) {
      this.#append(relay, newLetter({ routing: {}, method: `_request_context_${moved}` }));
    } else if (inherits(method, '_message')) {
      const content = mirrored(packet);
      if (content !== null) this.#append(relay, content);
    }
  }

  #append(author: string, { packet }: Letter, move?: { readonly person: string; readonly isHere: boolean }): void {
    const number = String(++this.#said);
    const source = `${entityOf(author)}#${this.#life}`;
    const routing = new Map([
      ['_source', source],
      ['_target', this.#place],
      ['_tag', `m${number}`],
      ['_counter', number],
    ]);
    this.#inbox.take({ routing, packet }, source, { begins: true, ...(move && { move }) }, true, this.#note);
  }

  /** When it came. */
  get #note(): Record<string, string> {
    return { _time: String(this.#desk.unixMs) };
  }

  #accept(letter: Letter, source: string, change: Parameters<Inbox['take']>[2]): void {
    const isTaken = this.#inbox.take(letter, source, { ...change, missing: '_missing_counter' }, true, this.#note);
    if (!isTaken) this.#refuse(letter, '_necessary_counter');
  }

  #greeting(): Record<string, string | Uint8Array> {
    const members = [...new Set([...this.#roll.members.keys(), ...this.#members])];
    const { listedMembersMax, listBytesMax } = this.#desk.options.federationLimits;
    return {
      _mode: 'public',
      _amount_members: String(members.length),
      _list_members: listed(members, listedMembersMax, listBytesMax),
    };
  }

  #kept(): Record<string, string | undefined> {
    const { hidden } = this.#eraser;
    const { rows, days } = this.#keeping;
    return {
      _sequence: String(this.#roll.last),
      _sequence_erased: hidden === 0 ? undefined : String(hidden),
      _amount_rows: String(rows),
      _amount_days: String(days),
    };
  }

  #status({ routing }: Letter, isMember: boolean): Letter {
    const tag = routing.get('_tag');
    return newLetter({
      routing: { _source: this.#place, _target: routing.get('_source'), _tag_relay: tag, _tag_reply: tag },
      entity: isMember ? { ...this.#greeting(), ...this.#kept() } : { _mode: 'public' },
      method: '_status_context',
    });
  }

  #history(letter: Letter, source: string): void {
    const isFull = this.#histories >= this.#desk.options.federationLimits.historiesMax;
    const over = (): number => this.#histories--;
    if (!isFull) this.#histories++;
    const code = isFull
      ? '_excessive_requests'
      : readHistory(this.#place, letter, source, this.#roll.last, this.#eraser.hidden, this.#desk, over);
    if (code === null) return;
    if (!isFull) over();
    this.#refuse(letter, code);
  }

  #refuse(letter: Letter, code: FederationCode | StoreCode): void {
    const answer = refusalLetter(letter, code, this.#place);
    if (answer !== null) this.#desk.post(answer);
  }
}
