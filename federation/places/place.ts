/** A place: members, a log of what was said, and everybody told of it. docs/spec/places.md */
import type { Arrival } from '../../circuit/incoming-events.ts';
import { isNick } from '../../psyc/names.ts';
import { parseUniform } from '../../psyc/uniform.ts';
import type { StoreCode } from '../../store/errors.ts';
import type { Operation } from '../../store/store.ts';
import type { PublicationCode } from '../../publication/error.ts';
import { publicationLimits } from '../../publication/limits.ts';
import { putOutBy } from '../../publication/act.ts';
import { MEMBERS_METHOD } from '../../publication/members-only.ts';
import { isSigned } from '../../publication/packet.ts';
import { epochOf } from '../../publication/sender-key.ts';
import type { Desk, Entity } from '../desk.ts';
import type { FederationCode } from '../error.ts';
import type { Founders } from './founders.ts';
import { Founding } from './founding.ts';
import { Hearers } from './hearers.ts';
import { Eraser } from './erasing.ts';
import { readExpulsion, readHistory } from './history.ts';
import { Inbox, type InboxOwner, type Token } from '../inbox.ts';
import {
  answerLetter,
  domainOf,
  entityOf,
  headingOf,
  isEcho,
  isPerson,
  keepLetter,
  type Letter,
  newLetter,
  refusalLetter,
} from '../letter.ts';
import { echoOf, placeRequestOf } from '../methods.ts';
import { faultOfComing } from './moderation.ts';
import type { FormerNames } from '../keys/moves.ts';
import { multicastOf, type MulticastRow } from './multicast.ts';
import { Neighbours } from './neighbours.ts';
import { Outcasts } from './outcasts.ts';
import { isNamed, type SignedAct } from './place-state.ts';
import { greeting, statusLetter } from './place-status.ts';
import { Roll } from './roll.ts';
import { readSigned } from './signed-act.ts';
import { Standing } from './standing.ts';
import { Subscribers } from './subscribers.ts';
import { nodeUniform, Parted, untilOf } from '../waking.ts';

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
  readonly #standing: Standing;
  readonly #outcasts: Outcasts;
  readonly #eraser: Eraser;
  readonly #parted: Parted;
  readonly #names: FormerNames;
  #histories = 0;
  /** Of whom it is being asked whether he has had another name. */
  #renaming = 0;

  constructor(uniform: string, desk: Desk, founders: Founders, names: FormerNames) {
    this.#uniform = uniform;
    this.#names = names;
    this.#desk = desk;
    this.#founding = new Founding(uniform, desk, founders);
    this.#roll = new Roll(
      uniform,
      desk,
      () => this.#loaded(),
      (letter) => this.take(letter),
      { isWhole: true },
    );
    this.#inbox = new Inbox(uniform, desk, this);
    this.#subscribers = new Subscribers(uniform, desk, (domain) => this.#parted.forget(domain));
    const isComing = (isWanted: (person: string) => boolean): boolean => this.#standing.isComing(isWanted);
    this.#parted = new Parted(uniform, desk, {
      isHeard: (domain) => this.#roll.domains.has(domain) || isComing((person) => domainOf(person) === domain),
      isLast: () => this.#subscribers.count === 0 && !this.#eraser.isNeeded && !isComing(() => true),
    });
    this.#standing = new Standing(uniform, desk, this.#roll, this.#founding, {
      queued: () => this.#inbox.queued,
      owes: (domain) => this.#subscribers.owes(domain),
    });
    this.#eraser = new Eraser(uniform, desk, this.#roll, () => this.#standing.state);
    this.#outcasts = new Outcasts(uniform, desk, (person) => this.#standing.isMember(person));
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
    switch (placeRequestOf(packet.method)) {
      case 'enter':
        if (!isPersonUniform(source)) this.#refuse(letter, '_invalid_entity');
        else if (this.#roll.last === 0 && !this.#founding.isGranted) {
          // Whoever makes a place looks after it by signed acts.
          if (this.#isPlain(source)) this.#refuse(letter, '_unknown_target');
          else this.#found(letter, source);
        } else this.#enter(letter, source);
        break;
      case 'leave':
        this.#accept(letter, source, {
          judge: () => this.#standing.faultOfLeaving(source),
          move: { person, isHere: false },
        });
        break;
      case 'speech':
      case 'key': {
        // What it is judged by is read now: the bytes are the network's.
        const [kind, epoch] = [packet.method, epochOf(packet)];
        if (placeRequestOf(kind) === 'key' && !isSigned(packet)) this.#refuse(letter, '_necessary_signature');
        else this.#accept(letter, source, { judge: () => this.#faultOfSpeech(person, kind, epoch) });
        break;
      }
      case 'history':
        this.#history(letter, source);
        break;
      case 'status':
        this.#status(letter, person);
        break;
      case 'act':
        this.#act(letter, source);
        break;
      case null:
        this.#refuse(letter, '_unsupported_method');
    }
  }

  /** It must stay awake for the domains that hear it, and for whoever is being answered. */
  get isIdle(): boolean {
    if (this.#founding.isAsking || this.#eraser.isNeeded) return false;
    const isQuiet = this.#inbox.count + this.#histories + this.#renaming + this.#roll.heldCount === 0;
    return isQuiet && this.#roll.isKnown && this.#subscribers.count === 0 && this.#owes === 0;
  }

  queues(): [string, number][] {
    return [
      ...this.#inbox.queues(),
      ...this.#subscribers.queues(),
      ['members', this.#roll.members.size],
      ['letters', this.#roll.heldCount + this.#founding.heldCount + this.#renaming],
      ['histories', this.#histories],
      ['expulsions', this.#standing.expelled],
    ];
  }

  beside({ token }: Arrival<Token>, before: readonly Arrival<Token>[]): Operation[] {
    return this.#standing.operations(token, before);
  }

  written(arrivals: readonly Arrival<Token>[]): void {
    this.#standing.written(arrivals);
  }

  recorded(sequence: number, { token }: Arrival<Token>): void {
    const { domains } = this.#roll;
    const { move, packet, act } = token;
    this.#roll.last = Math.max(this.#roll.last, sequence);
    const isFirst = move?.isHere === true && !domains.has(domainOf(move.person));
    const gone = this.#standing.recorded(sequence, token);
    if (isFirst) this.#subscribers.join(domainOf(move.person), sequence);
    const row: MulticastRow = { sequence, packet };
    // Whom others have put out hears that, and nothing more.
    const local = new Hearers();
    for (const person of act === undefined ? [] : gone) if (domainOf(person) === this.#desk.domain) local.add(person);
    if (local.size > 0) this.#desk.postToAll(multicastOf(this.#uniform, row), local);
    this.#neighbours.appended(row);
    this.#subscribers.appended(row);
    if (act !== undefined) for (const person of gone) if (this.#isPlain(person)) this.#tellGone(person);
    for (const home of new Set(gone.map(domainOf)))
      if (!domains.has(home)) this.#subscribers.part(home, sequence, act !== undefined);
    // Who went by a move is out of the store with the row.
    if (move === undefined) this.#outcasts.add(gone);
    this.#eraser.changed();
  }

  acknowledged({ message, method }: Token, sequence: number | null): void {
    const { members } = this.#roll;
    if (placeRequestOf(method) !== 'enter') {
      const entity = { _sequence: sequence === null ? undefined : String(sequence) };
      this.#desk.post(answerLetter(message, echoOf(method), entity));
      return;
    }
    const since = sequence ?? members.get(entityOf(message.author));
    // What made him a member may be among what is just being read: he asks again.
    if (since === undefined && !this.#roll.isKnown) return;
    const { federationLimits } = this.#desk.options;
    const answer =
      since === undefined
        ? // He entered, and has been put out since: it was done, and makes him no member now.
          answerLetter(message, '_echo')
        : answerLetter(message, echoOf(method), {
            _sequence: String(since),
            ...greeting(this.#standing.state, this.#standing.epoch, members, federationLimits),
          });
    this.#desk.post(answer);
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

  #isPlain(person: string): boolean {
    return this.#desk.options.plain.has(domainOf(person));
  }

  /** A plain peer is told in its own words that somebody there was put out. */
  #tellGone(person: string): void {
    const routing = { _context: this.#uniform };
    const letter = newLetter({ routing, entity: { _uniform_member: person }, method: '_notice_context_leave' });
    this.#desk.linkTo(domainOf(person))?.send(letter);
  }

  #loaded(): void {
    this.#outcasts.add(this.#standing.loaded());
    this.#eraser.loaded();
    const { domains, marks } = this.#roll;
    for (const home of domains.keys()) this.#subscribers.join(home, null);
    for (const home of marks.keys()) {
      const until = marks.get(untilOf(home));
      if (until === undefined || domains.has(home)) continue;
      // What was said before they left they have not acknowledged.
      this.#subscribers.join(home, null);
      // Whether they left or were put out is not known any more.
      this.#subscribers.part(home, until, true);
    }
    this.#neighbours.attach(this.#roll.last);
  }

  #accept(letter: Letter, source: string, change: Parameters<Inbox['take']>[2]): void {
    const note = { _time: String(this.#desk.unixMs) };
    const isTaken = this.#inbox.take(letter, source, { ...change, missing: '_missing_counter' }, true, note);
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

  /** What must be done before it may be forgotten. */
  get #owes(): number {
    return this.#parted.count + this.#outcasts.count;
  }

  #act(letter: Letter, source: string): void {
    const signed = readSigned(letter, source);
    if (typeof signed === 'string') {
      this.#refuse(letter, signed);
      return;
    }
    if (signed.act.kind === 'move') this.#rename(keepLetter(letter), source, signed, signed.act.whom);
    else this.#do(letter, source, signed);
  }

  #do(letter: Letter, source: string, signed: SignedAct): void {
    const out = putOutBy(signed.act);
    const move = out !== null && isPerson(out) ? { person: out, isHere: false } : undefined;
    this.#accept(letter, source, { judge: () => this.#standing.faultOf(signed), act: signed, ...(move && { move }) });
  }

  /** Somebody says that a name was his: his home is asked, and the key that is pinned for it. Silence where nobody knows now. */
  #rename(letter: Letter, source: string, signed: SignedAct, before: string): void {
    if (this.#renaming >= this.#desk.options.federationLimits.lettersMax) return;
    this.#renaming++;
    this.#names.wasNamed(signed.by, before, (isSo) => {
      this.#renaming--;
      if (isSo === false) this.#refuse(letter, '_unknown_move');
      else if (isSo === true) this.#do(letter, source, signed);
    });
  }

  #status(letter: Letter, person: string): void {
    const { state, epoch } = this.#standing;
    const { members, last } = this.#roll;
    if (isNamed(state.bans, person)) {
      this.#refuse(letter, '_banned_member');
      return;
    }
    const { federationLimits } = this.#desk.options;
    this.#desk.post(
      statusLetter(this.#uniform, letter, state, epoch, members, person, last, this.#eraser.hidden, federationLimits),
    );
  }

  /** By what is queued before it: he may have left a moment ago, or be about to come. */
  #faultOfSpeech(person: string, method: string | null, epoch: number | null): ReturnType<Standing['faultOfSealed']> {
    if (!this.#standing.isMember(person)) return '_necessary_membership';
    const { silenced, mode } = this.#standing.next();
    if (isNamed(silenced, person)) return '_silenced_member';
    const isSealed = method === MEMBERS_METHOD || placeRequestOf(method) === 'key';
    if (!isSealed) return mode === 'members' ? '_necessary_seal' : null;
    return this.#standing.faultOfSealed(epoch);
  }

  #faultOfEntering(person: string): FederationCode | null {
    const { placeMembersMax, placeDomainsMax } = this.#desk.options.federationLimits;
    const { members, domains } = this.#roll;
    const isMember = this.#standing.isMember(person);
    const code = faultOfComing(this.#standing.next(), person, isMember);
    if (isMember || code !== null) return code;
    if (this.#standing.next().mode === 'members') {
      if (this.#isPlain(person)) return '_necessary_seal';
      if (this.#standing.membersMax >= publicationLimits.readersMax) return '_excessive_members';
    }
    const waiting = this.#inbox.count;
    if (members.size + waiting >= placeMembersMax) return '_excessive_members';
    const home = domainOf(person);
    if (home === this.#desk.domain || domains.has(home) || this.#isPlain(person)) return null;
    if (this.#subscribers.count + waiting >= placeDomainsMax) this.#subscribers.makeRoom();
    if (this.#subscribers.count + waiting >= placeDomainsMax) return '_excessive_members';
    return this.#desk.linkTo(home) === null ? '_excessive_peers' : null;
  }

  #refuse(letter: Letter, code: FederationCode | PublicationCode | StoreCode): void {
    const answer = refusalLetter(letter, code, this.#uniform);
    if (answer !== null) this.#desk.post(answer);
  }

  #history(letter: Letter, source: string): void {
    const isMember = this.#roll.members.has(entityOf(source));
    const expelledBy = isMember ? null : this.#standing.expelledBy(entityOf(source));
    const { hidden } = this.#eraser;
    const isTold = isMember || (expelledBy !== null && expelledBy > hidden);
    const { historiesMax } = this.#desk.options.federationLimits;
    // Whoever was put out for what he did keeps no member from reading.
    const isFull = this.#histories >= (isMember ? historiesMax : historiesMax / 2);
    if (!isTold || isFull) {
      this.#refuse(letter, isTold ? '_excessive_requests' : '_necessary_membership');
      return;
    }
    this.#histories++;
    const over = (): void => void this.#histories--;
    if (expelledBy !== null) {
      readExpulsion(this.#uniform, letter, expelledBy, source, this.#desk, over);
      return;
    }
    const code = readHistory(this.#uniform, letter, source, this.#roll.last, hidden, this.#desk, over);
    if (code === null) return;
    over();
    this.#refuse(letter, code);
  }
}
