/** What comes into one log: the incoming delivery machine with its store. docs/spec/federation.md#incoming */
import { type Incoming, newIncoming, stepIncoming, waitingCount } from '../circuit/incoming.ts';
import type { Arrival, IncomingEvent, StoreRefusal, UNDECIDED } from '../circuit/incoming-events.ts';
import { type Message, messageId, messageInRow, messageOf, rowOf } from '../circuit/message.ts';
import { parseOne } from '../circuit/one-packet.ts';
import { copyBytes, encodeText } from '../psyc/bytes.ts';
import { recourse, type StoreCode } from '../store/errors.ts';
import { publicationId } from '../publication/fields.ts';
import { isSigned, readPublication } from '../publication/packet.ts';
import type { Append, Appended, Operation, Row, StoreOutcome } from '../store/store.ts';
import { type Desk, lease } from './desk.ts';
import type { FederationCode } from './error.ts';
import { type Letter, letterBytes, parseLetter, readdress } from './letter.ts';
import type { SignedAct } from './places/place-state.ts';

/** docs/spec/federation.md#delivery */
const ID_BYTES = 32;

const EXISTING = '_store_existing_row';

/** What was said, and how its author will know the answer. */
export interface Token {
  readonly message: Message;
  readonly method: string;
  /** The packet as the log has it. */
  readonly packet: Uint8Array;
  /** Whom it makes a member, or makes none. */
  readonly move?: Move;
  /** What its owner knows of it beside that. */
  readonly note?: unknown;
  /** What else it changes in a place. */
  readonly act?: SignedAct;
  /** Whether it is one thing by its author's word, whoever brings it. */
  readonly isSigned: boolean;
}

/** Somebody comes or goes. */
interface Move {
  readonly person: string;
  readonly isHere: boolean;
}

/** What may be known of a message beside what is in it. */
interface Change {
  readonly judge?: () => FederationCode | typeof UNDECIDED | null;
  readonly begins?: boolean;
  readonly missing?: FederationCode;
  readonly move?: Move;
  readonly note?: unknown;
  readonly act?: SignedAct;
}

/** What its owner does with what happens. */
export interface InboxOwner {
  /** Operations beside the append; `before`: what the same write appends before it. */
  beside?(arrival: Arrival<Token>, before: readonly Arrival<Token>[]): Operation[];
  /** All of a write is durable; each of its rows is told of next. */
  written?(arrivals: readonly Arrival<Token>[]): void;
  /** Durable; `sequence` is its row's, or null when it came before and is only said again. */
  acknowledged(token: Token, sequence: number | null): void;
  /** It will never be taken as it is. */
  rejected(token: Token, code: FederationCode | StoreCode): void;
  /** A row has been added; in the order of the log, and before it is acknowledged. */
  recorded(sequence: number, arrival: Arrival<Token>): void;
  /** The log is at least this long. */
  grown(last: number): void;
  /** The log is somebody else's: nothing of it is sent on any more. */
  stopped(): void;
}

/** The incoming side of one log. */
export class Inbox {
  readonly #context: string;
  readonly #desk: Desk;
  readonly #owner: InboxOwner;
  readonly #incoming: Incoming<Token>;
  readonly #isLast: boolean;
  /** The log's end, as far as is known. */
  #last = 0;
  /** What is written again, since nobody knows whether it was, and the log's end before that. */
  #unsure: { readonly arrivals: readonly Arrival<Token>[]; readonly last: number } | null = null;
  /** Of what is just being told: what the log had before. */
  readonly #repeated = new Set<Token>();

  /** `isLast`: what comes stays here; else it goes on to whoever answers it, and he judges whether it is another packet under an old number. */
  constructor(context: string, desk: Desk, owner: InboxOwner, isLast = true) {
    this.#isLast = isLast;
    this.#context = context;
    this.#desk = desk;
    this.#owner = owner;
    this.#incoming = newIncoming(desk.options.deliveryLimits);
  }

  /** Packets taken and not durable. */
  get count(): number {
    return waitingCount(this.#incoming) + this.#incoming.held;
  }

  queues(): [string, number][] {
    const { held, heldBytes, waitingBytes, authors } = this.#incoming;
    return [
      ['waiting', waitingCount(this.#incoming)],
      ['waiting bytes', waitingBytes],
      ['held', held],
      ['held bytes', heldBytes],
      ['authors', authors.size],
    ];
  }

  /** What is queued, in order. */
  get queued(): readonly Arrival<Token>[] {
    const { waiting, writing } = this.#incoming;
    return [...(writing ?? []), ...waiting];
  }

  /**
   * Takes a message; false when the packet is none. `author` keeps numbers apart, `change` is the delivery machine's;
   * `hasRoom`: whether the log may grow; `heading`: further routing variables of the row.
   */
  take(
    { routing, packet }: Letter,
    author: string,
    { move, act, note, ...change }: Change = {},
    hasRoom = true,
    heading: Readonly<Record<string, string>> = {},
  ): boolean {
    const { method } = packet;
    const message = messageOf(packet, (name) => routing.get(name));
    if (message === null || method === null) return false;
    const bytes = copyBytes(rowOf(message, packet, heading));
    const arrival: Arrival<Token> = {
      author,
      counter: message.counter,
      ...(this.#isLast && { tag: message.tag }),
      id: this.#idOf(message, packet, routing),
      packet: bytes,
      token: {
        message,
        method,
        packet: bytes,
        isSigned: this.#isLast && isSigned(packet),
        ...(move && { move }),
        ...(act && { act }),
        note,
      },
      ...change,
    };
    this.#tell({ kind: 'arrived', arrival, hasRoom });
    return true;
  }

  /** Of what is signed its own, whatever numbers it comes under; what another hop answers for keeps those of its way. */
  #idOf(message: Message, packet: Letter['packet'], routing: Letter['routing']): Uint8Array {
    const { suite } = this.#desk.options;
    const publication = this.#isLast && isSigned(packet) ? readPublication(packet, (name) => routing.get(name)) : null;
    return publication === null ? suite.blake2b(messageId(message), ID_BYTES) : publicationId(suite, publication);
  }

  #tell(event: IncomingEvent<Token>): void {
    const context = this.#context;
    const effects = stepIncoming(this.#incoming, event);
    for (const [index, effect] of effects.entries()) {
      switch (effect.kind) {
        case 'look':
          this.#look(effect.author);
          break;
        case 'write':
          this.#write(effect.arrivals);
          break;
        case 'acknowledge': {
          const next = effects[index + 1];
          const isNew = next?.kind === 'recorded' && next.arrival.token === effect.token;
          const recorded = isNew && !this.#repeated.has(effect.token) ? next : null;
          if (recorded !== null) this.#owner.recorded(recorded.sequence, recorded.arrival);
          this.#owner.acknowledged(effect.token, recorded?.sequence ?? null);
          break;
        }
        case 'refuse':
          this.#owner.rejected(effect.token, effect.code as FederationCode | StoreCode);
          break;
        case 'stopped':
          this.#owner.stopped();
          break;
        case 'recorded':
          // Told with its acknowledgement, which comes right before.
          break;
        case 'timer': {
          const { author, delayMs } = effect;
          const name = author === null ? `in ${context}` : `look ${context} ${author}`;
          this.#desk.timer(name, delayMs, () => this.#tell({ kind: 'timer', author }));
          break;
        }
      }
    }
  }

  #look(author: string): void {
    this.#desk.ask({ kind: 'latest', context: this.#context, author: encodeText(author) }, (outcome) => {
      if (outcome.kind !== 'rows') {
        this.#tell({ kind: 'look failed', author, ...refusalIn(outcome) });
        return;
      }
      // A write of the last life may have been committed after this one had looked: it shows here.
      this.#owner.grown(outcome.last);
      this.#last = Math.max(this.#last, outcome.last);
      this.#tell({ kind: 'found', author, ...positionIn(outcome.rows[0]) });
    });
  }

  #write(arrivals: readonly Arrival<Token>[]): void {
    // What may have been written is to be told, and not to be taken for what somebody says again.
    const again = this.#unsure?.arrivals === arrivals ? this.#unsure : null;
    const last = again?.last ?? this.#last;
    this.#unsure = null;
    const operations = arrivals.flatMap((arrival, index): Operation[] => {
      const row = this.#append(arrival);
      const isSaid = again === null && arrival.token.isSigned;
      return [
        isSaid ? { ...row, absent: true } : row,
        ...(this.#owner.beside?.(arrival, arrivals.slice(0, index)) ?? []),
      ];
    });
    this.#desk.ask({ kind: 'write', operations }, (outcome) => {
      if (outcome.kind === 'written') this.#done(arrivals, outcome.appended, last);
      else if (outcome.kind === 'refused' && outcome.code === EXISTING && arrivals.length === 1) {
        this.#again(arrivals);
      } else {
        const refusal = refusalIn(outcome);
        if (refusal.again === 'later') this.#unsure = { arrivals, last };
        this.#tell({ kind: 'write failed', ...refusal });
      }
    });
  }

  /** The log has it, under these numbers or others: nothing else comes of it. */
  #again(arrivals: readonly Arrival<Token>[]): void {
    this.#desk.ask({ kind: 'write', operations: arrivals.map((one) => this.#append(one)) }, (outcome) => {
      if (outcome.kind !== 'written') {
        this.#tell({ kind: 'write failed', ...refusalIn(outcome) });
        return;
      }
      const { sequence } = outcome.appended[0]!;
      // A write of the last life may have been committed after this one had looked.
      this.#owner.grown(sequence);
      this.#done(arrivals, outcome.appended, sequence);
    });
  }

  /** `last`: the log's end before it was written first. */
  #done(arrivals: readonly Arrival<Token>[], appended: readonly Appended[], last: number): void {
    const isOld = ({ already, sequence }: Appended): boolean => already && sequence <= last;
    const repeated = arrivals.filter((_, index) => isOld(appended[index]!));
    for (const { token } of repeated) this.#repeated.add(token);
    const sequences = appended.map(({ sequence }) => sequence);
    const added = arrivals.filter((arrival) => !repeated.includes(arrival));
    if (added.length > 0) this.#owner.written?.(added);
    this.#last = Math.max(this.#last, ...sequences);
    this.#tell({ kind: 'written', sequences });
    this.#repeated.clear();
  }

  #append({ author, id, packet, base }: Arrival<Token>): Append {
    // The base stands in the row, under a name that no one else's packet reaches a log with.
    const bytes = base === undefined ? packet : withBase(packet, base);
    return { op: 'append', context: this.#context, lease, author: encodeText(author), id, packet: bytes };
  }
}

function withBase(packet: Uint8Array, base: number): Uint8Array {
  const letter = parseLetter(packet);
  return letterBytes(readdress({ ...Object.fromEntries(letter.routing), _count: String(base) }, letter.packet));
}

function positionIn(row: Row | undefined): { counter: number; base: number; tag?: string } {
  if (row === undefined) return { counter: 0, base: 0 };
  const packet = parseOne(row.packet);
  const { counter, tag } = messageInRow(packet);
  return { counter, base: Number(packet.ownRoute('_count') ?? 0), tag };
}

/** What an answer that is not the one asked for means. */
export function refusalIn(outcome: StoreOutcome): StoreRefusal {
  if (outcome.kind !== 'refused') throw new Error(`the store answered ${outcome.kind} to something else`);
  return { again: recourse(outcome.code), code: outcome.code };
}
