/** One plain peer: its circuits, its people in our places, and what our places tell it, once. docs/spec/plain.md */
import { backoffMs } from '../../circuit/backoff.ts';
import { PsycError } from '../../psyc/error.ts';
import { isNick } from '../../psyc/names.ts';
import type { Generation } from '../../psyc/list.ts';
import { parseUniform, type Uniform } from '../../psyc/uniform.ts';
import { SIGNATURE_NAME } from '../../publication/fields.ts';
import type { Desk, Link } from '../desk.ts';
import type { FederationCode } from '../error.ts';
import { domainOf, entityOf, isEcho, isRefusal, keepLetter, type Letter, newLetter, refusalLetter } from '../letter.ts';
import { placeRequestOf } from '../methods.ts';
import { Mirror } from './mirror.ts';
import { nodeUniform } from '../waking.ts';
import { PlainGuests } from './plain-guests.ts';
import { plainLimits } from './plain-limits.ts';
import {
  membersListed,
  plainAnswer,
  type PlainAsker,
  plainMulticast,
  plainRequest,
  withFrozenMembers,
} from './plain-wire.ts';
import { sweep } from '../sweep.ts';

/** What a plain peer has its node do with circuits. */
export interface PlainWays {
  dial(host: string): string;
  close(circuit: string): void;
  excessive(circuit: string): void;
  send(circuit: string, bytes: Uint8Array): boolean;
  generationOf(circuit: string): Generation;
}

/** What is for the peer: a place's multicast, or its answer to somebody there. */
type Outgoing = (generation: Generation) => Uint8Array | null;

/** One named host. */
export class PlainPeer implements Link {
  readonly #host: string;
  readonly #desk: Desk;
  readonly #ways: PlainWays;
  readonly #guests: PlainGuests;
  /** Authorised circuits, the newest last. */
  readonly #ready: string[] = [];
  #dialling: string | null = null;
  #isResting = false;
  #failures = 0;
  /** Places there that our people are in. */
  readonly #mirrors = new Map<string, Mirror>();
  /** What waits for a circuit, and is dropped when none comes to stand. */
  #unsent: Outgoing[] = [];

  constructor(host: string, desk: Desk, ways: PlainWays) {
    this.#host = host;
    this.#desk = desk;
    this.#ways = ways;
    this.#guests = new PlainGuests(host, desk, {
      answered: (letter, asker) => this.#answer(letter, asker),
      refused: (asker, method, code) => {
        const { person, place, tag } = asker;
        const asked = newLetter({ routing: { _source: person, _target: place, _tag: tag ?? undefined }, method });
        this.#refuse(asked, code);
      },
    });
  }

  get isUp(): boolean {
    return this.#ready.length > 0;
  }

  queues(): [string, number][] {
    const mirrors = [...this.#mirrors.values()].flatMap((mirror) => mirror.queues());
    return [
      ...mirrors,
      ['plain mirrors', this.#mirrors.size],
      ...this.#guests.queues(),
      ['plain unsent', this.#unsent.length],
      ['plain circuits', this.#ready.length],
    ];
  }

  /** Nobody waits for its circuits: what they do not take is lost. */
  watch(): void {}

  unwatch(): void {}

  /** A multicast of a place of ours. */
  send(letter: Letter): boolean {
    const kept = this.isUp ? letter : keepLetter(letter);
    this.#write(() => plainMulticast(kept));
    return true;
  }

  /** A circuit is authorised. */
  ready(circuit: string): void {
    if (this.#dialling === circuit) this.#dialling = null;
    this.#failures = 0;
    this.#ready.push(circuit);
    if (this.#ready.length > plainLimits.plainCircuitsMax) this.#ways.excessive(this.#ready[0]!);
    const unsent = this.#unsent;
    this.#unsent = [];
    for (const outgoing of unsent) this.#write(outgoing);
  }

  /** A circuit is over. */
  closed(circuit: string): void {
    const at = this.#ready.indexOf(circuit);
    if (at !== -1) this.#ready.splice(at, 1);
    if (this.#dialling !== circuit) return;
    this.#dialling = null;
    this.#unsent = [];
    this.#rest();
  }

  /** A packet of somebody there, on this circuit. */
  heard(letter: Letter, circuit: string): void {
    const { routing, packet } = letter;
    const target = routing.get('_target');
    const source = routing.get('_source');
    const place = routing.get('_context') ?? (source !== undefined && isAnswer(packet.method) ? source : null);
    if (place !== null) {
      if (entityAt(place, this.#host)?.kind === 'place')
        this.#mirror(place)?.take(withFrozenMembers(letter, this.#ways.generationOf(circuit)));
      return;
    }
    if (target === undefined || source === undefined || packet.method === null) return;
    const uniform = entityAt(target, this.#desk.domain);
    const person = entityOf(source);
    const tag = routing.get('_tag') ?? null;
    const request = placeRequestOf(packet.method);
    if (uniform === null) this.#refuse(letter, '_invalid_target');
    else if (!isGuest(person, this.#host)) this.#refuse(letter, '_invalid_entity');
    else if (packet.value(SIGNATURE_NAME) !== undefined) this.#refuse(letter, '_unknown_author');
    else if (uniform.kind === 'person' && request === 'speech') this.#refuse(letter, '_plain_person');
    else if (uniform.kind !== 'place' || request === null || request === 'history') {
      this.#refuse(letter, '_unsupported_method');
    } else this.#guests.say(letter, { person, place: entityOf(target), tag });
  }

  /** A packet of ours for somebody there. */
  take(letter: Letter): void {
    if (this.#guests.take(letter)) return;
    const target = letter.routing.get('_target') ?? '';
    const kind = entityAt(target, this.#host)?.kind;
    const mirror = kind === 'place' ? this.#mirror(target) : null;
    if (mirror !== null) {
      mirror.take(letter);
      return;
    }
    const code = kind === 'person' ? '_plain_person' : kind === 'place' ? '_excessive_entities' : '_unsupported_method';
    const refusal = refusalLetter(letter, code, nodeUniform(this.#host));
    if (refusal !== null) this.#desk.post(refusal);
  }

  /** A place there that is still to be looked after, by the word of the last life; false: too many are awake. */
  wake(place: string): boolean {
    return this.#mirror(place) !== null;
  }

  /** The place there as our people have it; null: too many are awake. */
  #mirror(place: string): Mirror | null {
    let mirror = this.#mirrors.get(place);
    if (mirror !== undefined) return mirror;
    if (this.#mirrors.size >= plainLimits.plainMirrorsMax) sweep(this.#mirrors, (idle) => idle.leave());
    if (this.#mirrors.size >= plainLimits.plainMirrorsMax) return null;
    mirror = new Mirror(place, this.#desk, {
      say: (letter, tag) => {
        const kept = this.isUp ? letter : keepLetter(letter);
        this.#write(() => plainRequest(kept, tag));
      },
      membersIn: ({ packet }) => membersListed(packet, 'frozen'),
    });
    this.#mirrors.set(place, mirror);
    return mirror;
  }

  #answer(letter: Letter, asker: PlainAsker): void {
    const kept = this.isUp ? letter : keepLetter(letter);
    this.#write((generation) => plainAnswer(kept, asker, generation));
  }

  /** Answers somebody there; what is itself an answer is not answered. */
  #refuse(letter: Letter, code: FederationCode): void {
    const { routing } = letter;
    const answer = refusalLetter(letter, code, nodeUniform(this.#desk.domain));
    const [person, place] = [answer?.routing.get('_target'), answer?.routing.get('_source')];
    if (answer === null || person === undefined || place === undefined) return;
    this.#answer(answer, { person, place, tag: routing.get('_tag') ?? null });
  }

  #write(outgoing: Outgoing): void {
    const circuit = this.#ready.at(-1);
    if (circuit !== undefined) {
      const bytes = outgoing(this.#ways.generationOf(circuit));
      // What finds no room is lost: psyced asks for nothing again.
      if (bytes !== null) this.#ways.send(circuit, bytes);
      return;
    }
    if (this.#unsent.length < plainLimits.plainUnsentMax) this.#unsent.push(outgoing);
    this.#dial();
  }

  #dial(): void {
    if (this.isUp || this.#dialling !== null || this.#isResting || this.#unsent.length === 0) return;
    this.#dialling = this.#ways.dial(this.#host);
  }

  #rest(): void {
    if (this.#isResting) return;
    this.#isResting = true;
    const { retryMsMin, retryMsMax } = this.#desk.options.deliveryLimits;
    this.#desk.timer(`plain dial ${this.#host}`, backoffMs(this.#failures++, retryMsMin, retryMsMax), () => {
      this.#isResting = false;
      this.#dial();
    });
  }
}

/** The parts of a uniform of this domain's; null: it is none. */
function entityAt(text: string, domain: string): Uniform | null {
  try {
    const uniform = parseUniform(text);
    return uniform.host === domain && uniform.port === undefined ? uniform : null;
  } catch (error) {
    if (!(error instanceof PsycError)) throw error;
    return null;
  }
}

/** Whether it answers something; what it notices or states beside that is nobody's. */
const isAnswer = (method: string | null): boolean => isEcho(method) || isRefusal(method);

/** Whether a person of this host's could be a member here. */
const isGuest = (person: string, host: string): boolean =>
  domainOf(person) === host && person.startsWith(`psyc://${host}/~`) && isNick(person.slice(`psyc://${host}/~`.length));
