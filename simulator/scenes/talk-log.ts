/** One log of a talking node: what comes in, and either its reader or the way to the peer who owns it. docs/simulator.md#talk */
import { type Incoming, newIncoming, stepIncoming, waitingCount } from '../../circuit/incoming.ts';
import type { IncomingEvent, StoreRefusal } from '../../circuit/incoming-events.ts';
import { type Following, type FollowingEvent, newFollowing, stepFollowing } from '../../circuit/following.ts';
import type { DeliveryLimits } from '../../circuit/limits.ts';
import {
  type Acknowledgement,
  type Message,
  messageId,
  messageInRow,
  messageOf,
  rowOf,
} from '../../circuit/message.ts';
import { parseOne } from '../../circuit/one-packet.ts';
import {
  backlogCount,
  hasRoom,
  newOutgoing,
  type Outgoing,
  startOutgoing,
  stepOutgoing,
} from '../../circuit/outgoing.ts';
import type { OutgoingEffect, OutgoingEvent, OutgoingRow } from '../../circuit/outgoing-events.ts';
import { copyBytes, encodeText } from '../../psyc/bytes.ts';
import type { Packet } from '../../psyc/packet.ts';
import type { Route } from '../../psyc/reply.ts';
import { recourse } from '../../store/errors.ts';
import type { Row, StoreOutcome, StoreRequest } from '../../store/store.ts';
import type { NodeEffect } from '../machine.ts';

/** Who is to hear that a packet is durable. */
export interface Token {
  readonly message: Message;
  readonly fromPeer: boolean;
}

/** Without the request's number, which the node gives. */
export type Asked = StoreRequest extends infer R ? (R extends StoreRequest ? Omit<R, 'request'> : never) : never;

/** What a log needs of its node. */
export interface TalkSurroundings {
  ask(asked: Asked, answer: (outcome: StoreOutcome) => void): void;
  /** Sends to the peer; false when there is no way or no room. */
  send(packet: Uint8Array): boolean;
  acknowledge(token: Token): void;
  refuse(token: Token, code: string): void;
  effect(effect: NodeEffect): void;
  readonly nowMs: number;
}

const acknowledgedMark = 'acknowledged';
/** Constant until there is a cluster. */
const lease = 1;

/** A log and its machines; their effects become requests to the store and packets. */
export class TalkLog {
  readonly remote: boolean;
  readonly #target: string;
  readonly #hash: (bytes: Uint8Array) => Uint8Array;
  readonly #node: TalkSurroundings;
  readonly #incoming: Incoming<Token>;
  readonly #outgoing: Outgoing;
  readonly #following: Following;

  /** `remote`: the target is the peer's, and this log holds what is on its way there. */
  constructor(
    target: string,
    remote: boolean,
    limits: DeliveryLimits,
    hash: (bytes: Uint8Array) => Uint8Array,
    node: TalkSurroundings,
  ) {
    this.remote = remote;
    this.#target = target;
    this.#hash = hash;
    this.#node = node;
    this.#incoming = newIncoming(limits);
    this.#outgoing = newOutgoing(limits);
    this.#following = newFollowing(limits);
  }

  /** Finds out how far the last life got. */
  start(): void {
    if (this.remote) this.#performOutgoing(startOutgoing(this.#outgoing));
  }

  setConnected(connected: boolean): void {
    if (this.remote) this.#tellOutgoing({ kind: connected ? 'connected' : 'disconnected' });
  }

  attach(after: number): void {
    if (!this.remote) this.#tellFollowing({ kind: 'attached', after });
  }

  setWritable(): void {
    if (this.remote) this.#tellOutgoing({ kind: 'writable' });
  }

  /** What the peer says of something in this log. */
  takeAcknowledgement({ author, tag, counter }: Acknowledgement): void {
    if (this.remote) this.#tellOutgoing({ kind: 'acknowledged', author, target: null, tag, counter });
  }

  takeMessage(packet: Packet, route: Route, fromPeer: boolean): void {
    const message = messageOf(packet, route);
    if (message === null) return;
    const { author, counter } = message;
    this.#tellIncoming({
      kind: 'arrived',
      // Whoever says it keeps it until it is acknowledged: silence means later.
      hasRoom: !this.remote || this.#hasRoom(),
      arrival: {
        author,
        counter,
        id: this.#hash(messageId(message)),
        packet: copyBytes(rowOf(message, packet)),
        token: { message, fromPeer },
      },
    });
  }

  /** Whether one more packet may be taken on its way to the peer; not before it is known how many are. */
  #hasRoom(): boolean {
    return hasRoom(this.#outgoing, waitingCount(this.#incoming) + this.#incoming.held);
  }

  takeTimer(name: string): void {
    const target = this.#target;
    if (name === `in ${target}`) this.#tellIncoming({ kind: 'timer', author: null });
    else if (name.startsWith(`look ${target} `))
      this.#tellIncoming({ kind: 'timer', author: name.slice(`look ${target} `.length) });
    else if (name === `store ${target}`) this.#tellOutgoing({ kind: 'timer', name: 'store' });
    else if (name === `resend ${target}`) this.#tellOutgoing({ kind: 'timer', name: 'resend' });
    else if (name === `follow ${target}`) this.#tellFollowing({ kind: 'timer' });
  }

  queues(): [string, number][] {
    return [
      ['waiting', waitingCount(this.#incoming)],
      ['waiting bytes', this.#incoming.waitingBytes],
      ['held', this.#incoming.held],
      ['held bytes', this.#incoming.heldBytes],
      ['authors', this.#incoming.authors.size],
      ['window', this.#outgoing.window.length],
      ['window bytes', this.#outgoing.windowBytes],
      ['backlog', backlogCount(this.#outgoing)],
    ];
  }

  #tellIncoming(event: IncomingEvent<Token>): void {
    const context = this.#target;
    for (const effect of stepIncoming(this.#incoming, event)) {
      switch (effect.kind) {
        case 'look': {
          const { author } = effect;
          this.#node.ask({ kind: 'latest', context, author: encodeText(author) }, (outcome) => {
            if (outcome.kind !== 'rows')
              return this.#tellIncoming({ kind: 'look failed', author, ...refusalIn(outcome) });
            // A write of the last life may have been committed after this one had looked: it is found out here, if at all.
            this.#tellLast(outcome.last);
            return this.#tellIncoming({ kind: 'found', author, counter: counterIn(outcome.rows[0]) });
          });
          break;
        }
        case 'write': {
          const operations = effect.arrivals.map(
            ({ author, id, packet }) =>
              ({ op: 'append', context, lease, author: encodeText(author), id, packet }) as const,
          );
          this.#node.ask({ kind: 'write', operations }, (outcome) => {
            if (outcome.kind !== 'written') this.#tellIncoming({ kind: 'write failed', ...refusalIn(outcome) });
            else this.#tellIncoming({ kind: 'written', sequences: outcome.appended.map(({ sequence }) => sequence) });
          });
          break;
        }
        case 'acknowledge':
          this.#node.acknowledge(effect.token);
          break;
        case 'refuse':
          this.#node.refuse(effect.token, effect.code);
          break;
        case 'stopped':
          this.#tellOutgoing({ kind: 'stopped' });
          break;
        case 'recorded': {
          const { sequence, arrival } = effect;
          const { author, tag, counter } = arrival.token.message;
          const row = { sequence, author, target: '', tag, counter, packet: arrival.packet };
          if (this.remote) this.#tellOutgoing({ kind: 'appended', row });
          else this.#tellFollowing({ kind: 'appended', row });
          break;
        }
        case 'timer':
          this.#node.effect({
            kind: 'timer',
            name: effect.author === null ? `in ${context}` : `look ${context} ${effect.author}`,
            delayMs: effect.delayMs,
          });
          break;
      }
    }
  }

  #tellLast(last: number): void {
    if (this.remote) this.#tellOutgoing({ kind: 'grown', last });
    else this.#tellFollowing({ kind: 'grown', last });
  }

  #tellOutgoing(event: OutgoingEvent): void {
    this.#performOutgoing(stepOutgoing(this.#outgoing, event, this.#node.nowMs));
  }

  #performOutgoing(effects: readonly OutgoingEffect[]): void {
    const context = this.#target;
    for (const effect of effects) {
      switch (effect.kind) {
        case 'send':
          if (!this.#node.send(effect.packet)) this.#tellOutgoing({ kind: 'refused', sequence: effect.sequence });
          break;
        case 'marks':
          this.#node.ask({ kind: 'marks', context }, (outcome) => {
            if (outcome.kind !== 'marks') return this.#tellOutgoing({ kind: 'marks failed' });
            const mark = outcome.marks.find(({ name }) => name === acknowledgedMark)?.sequence ?? 0;
            return this.#tellOutgoing({ kind: 'marked', mark, last: outcome.last });
          });
          break;
        case 'read':
          this.#node.ask({ kind: 'read', context, after: effect.after, rowsMax: effect.rowsMax }, (outcome) => {
            if (outcome.kind !== 'rows') this.#tellOutgoing({ kind: 'read failed' });
            else this.#tellOutgoing({ kind: 'rows', rows: outcome.rows.map(tagged), last: outcome.last });
          });
          break;
        case 'mark': {
          const mark = { op: 'mark', context, lease, name: acknowledgedMark, sequence: effect.sequence } as const;
          this.#node.ask({ kind: 'write', operations: [mark] }, (outcome) => {
            if (outcome.kind === 'written') this.#tellOutgoing({ kind: 'mark written' });
            else this.#tellOutgoing({ kind: refusalIn(outcome).again === 'stop' ? 'stopped' : 'mark failed' });
          });
          break;
        }
        case 'give up':
          throw new Error('nothing is given up here: no row says when');
        case 'timer':
          this.#node.effect({ kind: 'timer', name: `${effect.name} ${context}`, delayMs: effect.delayMs });
          break;
      }
    }
  }

  #tellFollowing(event: FollowingEvent): void {
    const context = this.#target;
    for (const effect of stepFollowing(this.#following, event)) {
      switch (effect.kind) {
        case 'deliver':
          this.#node.effect({ kind: 'deliver', context, sequence: effect.row.sequence, packet: effect.row.packet });
          break;
        case 'read':
          this.#node.ask({ kind: 'read', context, after: effect.after, rowsMax: effect.rowsMax }, (outcome) => {
            if (outcome.kind !== 'rows') this.#tellFollowing({ kind: 'read failed' });
            else this.#tellFollowing({ kind: 'rows', rows: outcome.rows, last: outcome.last });
          });
          break;
        case 'timer':
          this.#node.effect({ kind: 'timer', name: `follow ${context}`, delayMs: effect.delayMs });
          break;
      }
    }
  }
}

/** What an answer that is not the one asked for means. */
function refusalIn(outcome: StoreOutcome): StoreRefusal {
  if (outcome.kind !== 'refused') throw new Error(`the store answered ${outcome.kind} to something else`);
  return { again: recourse(outcome.code), code: outcome.code };
}

const counterIn = (row: Row | undefined): number =>
  row === undefined ? 0 : messageInRow(parseOne(row.packet)).counter;

function tagged({ sequence, packet }: Row): OutgoingRow {
  const { author, tag, counter } = messageInRow(parseOne(packet));
  return { sequence, author, target: '', tag, counter, packet };
}
