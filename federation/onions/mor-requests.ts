/** What nobody asks of the entities of a node: done once, and answered over the tickets that came with it. docs/spec/round-trips.md#answering */
import { bytesOfHex, joinBytes } from '../../crypto/bytes.ts';
import type { Exit } from '../../listener-bots/anonymous.ts';
import type { Counts } from '../../listener-bots/counts.ts';
import { OnionError } from '../../onion/error.ts';
import { onionLimits } from '../../onion/limits.ts';
import { sizes } from '../../onion/sizes.ts';
import { cutMessage } from '../../onion/split.ts';
import { ticketFault, useTicket } from '../../onion/ticket.ts';
import { inherits } from '../../psyc/keyword.ts';
import { copyBytes } from '../../psyc/bytes.ts';
import { Parser } from '../../psyc/parse.ts';
import type { Desk } from '../desk.ts';
import { deviceOf, letterBytes, type Letter, newLetter, readdress } from '../letter.ts';
import { MorAnswers, type RequestName, requestName, shardStream } from './mor-answers.ts';
import { requestLimits } from './mor-request-limits.ts';

/** What it needs of its node. */
export interface RequestsOwner {
  readonly desk: Desk;
  readonly counts: Counts;
}

/** Puts out an onion of 4000 bytes, in the context in which a request came. */
export type Release = (onion: Uint8Array) => void;

/** Over which tickets something is answered, and by which of its shards, where it has several. */
interface Returns {
  readonly tickets: readonly Uint8Array[];
  readonly shards: readonly number[];
  readonly release: Release;
}

interface Running {
  readonly name: RequestName;
  readonly target: string;
  readonly tag: string;
  /** Those of all that have asked it meanwhile. */
  readonly returns: Returns[];
  /** What has been answered so far. */
  readonly said: Uint8Array[];
  /** When the entity got it; null: it has not yet, so nothing can be an answer, and nobody is late. */
  givenMs: number | null;
  /** The store has the answer, or will. */
  isOver: boolean;
}

/** Why something was not done, told over the ticket. */
type Failure = '_mor_full' | '_mor_interrupted' | '_mor_unanswered' | '_mor_oversized_answer';

/** Whether bytes are one packet, and nothing behind it. */
const isOnePacket = (bytes: Uint8Array): boolean => {
  const parser = new Parser();
  parser.feed(bytes);
  return parser.next()?.length === bytes.length;
};

/** What says how it is to be answered. */
const OURS = ['_tickets', '_shards'];
const TAG = /^[0-9a-f]{32}$/;
const { ticketsMax, runningMax, waitingMax, answerMs, answerBytesMax } = requestLimits;

/** One node's. */
export class MorRequests {
  readonly #owner: RequestsOwner;
  readonly #answers: MorAnswers;
  /** By name, hexadecimal: those that an entity has, or the store. */
  readonly #running = new Map<string, Running>();

  constructor(owner: RequestsOwner) {
    this.#owner = owner;
    this.#answers = new MorAnswers(owner.desk);
  }

  /** The life begins. */
  start(): void {
    this.#answers.load();
  }

  queues(): (readonly [string, number])[] {
    return [
      ['requests of nobody', this.#running.size],
      ['requests of nobody kept', this.#answers.size],
    ];
  }

  /** A packet from nobody that wants an answer; false: it has no tickets. */
  take({ packet, target }: Exit, release: Release): boolean {
    const tickets = packet.value('_tickets');
    if (tickets === undefined) return false;
    const tag = packet.ownRoute('_tag') ?? '';
    const returns = this.#returnsIn(copyBytes(tickets), packet.text('_shards') ?? null, release);
    if (returns === null || !TAG.test(tag) || !inherits(packet.method ?? '', '_request')) {
      this.#owner.counts.add('dropped _mor_invalid_request');
      return true;
    }
    const name = requestName(this.#owner.desk.options.suite, bytesOfHex(tag)!, target);
    const running = this.#running.get(name.hex);
    if (running !== undefined) {
      this.#owner.counts.add('requests said again');
      running.returns.push(returns);
      while (running.returns.length > waitingMax) running.returns.shift();
      return true;
    }
    // Where so many wait nothing is begun, and whoever asks says it again.
    if (this.#running.size >= runningMax) this.#owner.counts.add('too many requests');
    else this.#begin({ name, target, tag, returns: [returns], said: [], givenMs: null, isOver: false }, packet.copy());
    return true;
  }

  /** Whether a letter of an entity of ours is for nobody who has asked it. */
  answered(letter: Letter): boolean {
    const hex = deviceOf(letter.routing.get('_target') ?? '');
    const running = hex === null ? undefined : this.#running.get(hex);
    if (running === undefined) return false;
    // Only whom it was for answers, and what comes behind his last word is no part of it.
    const isAwaited = running.givenMs !== null && !running.isOver;
    if (!isAwaited || letter.routing.get('_source') !== running.target) return true;
    running.said.push(letterBytes(readdress({ _source: running.target, _tag_relay: running.tag }, letter.packet)));
    const bytes = running.said.reduce((sum, { length }) => sum + length, 0);
    const method = letter.packet.method ?? '';
    if (bytes > answerBytesMax) this.#fail(running, '_mor_oversized_answer');
    // All but the last are parts of a list.
    else if (!inherits(method, '_status') || method === '_status_keys') this.#end(running, joinBytes(...running.said));
    return true;
  }

  /** What an entity has not answered is over; what is kept long enough is forgotten. */
  look(): void {
    for (const running of this.#running.values()) {
      const isLate = running.givenMs !== null && running.givenMs + answerMs <= this.#owner.desk.nowMs;
      if (isLate && !running.isOver) this.#fail(running, '_mor_unanswered');
    }
    this.#answers.tidy();
  }

  /** null: there is none that can be used, or what is wished of it cannot be. */
  #returnsIn(bytes: Uint8Array, wished: string | null, release: Release): Returns | null {
    const count = bytes.length / sizes.ticket;
    if (!Number.isInteger(count) || count < 1 || count > ticketsMax) return null;
    const nowSeconds = Math.floor(this.#owner.desk.unixMs / 1000);
    const all = Array.from({ length: count }, (_, at) => bytes.subarray(at * sizes.ticket, (at + 1) * sizes.ticket));
    const shards = wished === null ? all.map((_, at) => at) : wished.split(' ').map(Number);
    if (shards.length !== count || (wished !== null && !/^[0-9]{1,3}(?: [0-9]{1,3})*$/.test(wished))) return null;
    return all.every((ticket) => ticketFault(ticket, nowSeconds) === null) ? { tickets: all, shards, release } : null;
  }

  #begin(running: Running, packet: Exit['packet']): void {
    const { name } = running;
    this.#running.set(name.hex, running);
    this.#answers.find(name, (kept) => {
      switch (kept.kind) {
        case 'unavailable':
          this.#lose(running);
          break;
        case 'answered':
          this.#owner.counts.add('requests said again');
          this.#tell(running, kept.answer);
          break;
        case 'begun':
          this.#owner.counts.add('requests said again');
          this.#tell(running, this.#failure(running, '_mor_interrupted'));
          break;
        case 'unknown':
          if (this.#answers.hasRoom) this.#give(running, packet);
          else this.#tell(running, this.#failure(running, '_mor_full'));
          break;
      }
    });
  }

  /** To the entity, once it is durable that it was given. */
  #give(running: Running, packet: Exit['packet']): void {
    const { desk, counts } = this.#owner;
    const { name, target, tag } = running;
    this.#answers.begin(name, (isDurable) => {
      if (!isDurable) {
        this.#lose(running);
        return;
      }
      counts.add('requests done');
      running.givenMs = desk.nowMs;
      const routing = { _source: `psyc://${desk.domain}/$mor#${name.hex}`, _target: target, _tag: tag };
      // How it is answered is not the entity's to see: what it keeps or logs has no tickets in it.
      const entity = packet.entity.filter(({ name }) => !OURS.includes(name));
      desk.post(newLetter({ routing, entity, method: packet.method!, data: packet.data ?? undefined }));
    });
  }

  #fail(running: Running, code: Failure): void {
    this.#end(running, this.#failure(running, code));
  }

  #failure({ target, tag }: Running, code: Failure): Uint8Array {
    const routing = { _source: target, _tag_relay: tag };
    return letterBytes(newLetter({ routing, entity: { _code: code }, method: `_failure${code}` }));
  }

  /** Nothing is told before it is durable: what was not might be another answer the next time. */
  #end(running: Running, answer: Uint8Array): void {
    running.isOver = true;
    this.#answers.end(running.name, answer, (isDurable) => {
      if (isDurable) this.#tell(running, answer);
      else this.#lose(running);
    });
  }

  #lose({ name }: Running): void {
    this.#running.delete(name.hex);
    this.#owner.counts.add('requests without a store');
  }

  /** Over every ticket that has come meanwhile. */
  #tell({ name, returns }: Running, answer: Uint8Array): void {
    const { desk, counts } = this.#owner;
    const { suite } = desk.options;
    this.#running.delete(name.hex);
    const contents = this.#contentsOf(name, answer);
    const nowSeconds = Math.floor(desk.unixMs / 1000);
    for (const { tickets, shards, release } of returns) {
      for (const [at, ticket] of tickets.entries()) {
        const content = contents.length === 1 ? contents[0] : contents[shards[at]!];
        if (content === undefined) counts.add('shards that there are not');
        else {
          try {
            release(useTicket(suite, ticket, content, nowSeconds, suite.random));
            counts.add('answers over tickets');
          } catch (error) {
            if (!(error instanceof OnionError)) throw error;
            counts.add('tickets that were over');
          }
        }
      }
    }
  }

  /** One packet that fits goes as it is; anything else is cut, each time into the same shards, so that those that lack can be asked for. */
  #contentsOf({ key }: RequestName, answer: Uint8Array): readonly Uint8Array[] {
    if (answer.length <= onionLimits.contentBytesMax && isOnePacket(answer)) return [answer];
    const { suite } = this.#owner.desk.options;
    const cut = cutMessage(suite, answer, shardStream(suite, key));
    return cut.blocks.flatMap(({ contents }) => contents);
  }
}
