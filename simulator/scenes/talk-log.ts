/** One log of a talking node: what comes in, and either its reader or the way to the peer who owns it. docs/simulator.md#talk */
import { type Incoming, type IncomingEvent, newIncoming, stepIncoming, waitingCount } from '../../circuit/incoming.ts';
import { type Following, type FollowingEvent, newFollowing, stepFollowing } from '../../circuit/following.ts';
import type { DeliveryLimits } from '../../circuit/limits.ts';
import { parseOne } from '../../circuit/one-packet.ts';
import {
  backlogCount,
  newOutgoing,
  type Outgoing,
  type OutgoingEffect,
  type OutgoingEvent,
  type OutgoingRow,
  startOutgoing,
  stepOutgoing,
} from '../../circuit/outgoing.ts';
import { encodeText } from '../../psyc/bytes.ts';
import type { Packet } from '../../psyc/packet.ts';
import { renderRouted } from '../../psyc/render.ts';
import type { Row, StoreOutcome, StoreRequest } from '../../store/store.ts';
import type { NodeEffect } from '../machine.ts';

/** Who is to hear that a packet is durable. */
export interface Token {
  readonly author: string;
  readonly target: string;
  readonly tag: string;
  readonly method: string;
  readonly fromPeer: boolean;
}

/** Without the request's number, which the node gives. */
export type Asked = StoreRequest extends infer R ? (R extends StoreRequest ? Omit<R, 'request'> : never) : never;

/** What a log needs of its node. */
export interface TalkSurroundings {
  ask(asked: Asked, answer: (outcome: StoreOutcome) => void): void;
  /** Sends to the peer, if there is a way; whoever needs to be sure sends again. */
  send(packet: Uint8Array): void;
  acknowledge(token: Token): void;
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
  readonly #limits: DeliveryLimits;
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
    this.#limits = limits;
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

  takeEcho(tag: string): void {
    if (this.remote) this.#tellOutgoing({ kind: 'acknowledged', tag });
  }

  takeMessage(packet: Packet, route: (variable: string) => string | undefined, fromPeer: boolean): void {
    const author = route('_source');
    const tag = route('_tag');
    const counter = counterOf(route('_counter'));
    const { method } = packet;
    if (author === undefined || tag === undefined || counter === null || method === null) return;
    // Whoever says it keeps it until it is acknowledged: silence means later.
    if (this.remote && !this.#hasRoom()) return;
    const target = this.#target;
    const text = String(counter);
    this.#tellIncoming({
      kind: 'arrived',
      arrival: {
        author,
        counter,
        // The packet id of PSYC: context, source, target, counter, fragment.
        id: this.#hash(encodeText(`||${author}|${target}|${text}|`)),
        packet: renderRouted({ _source: author, _target: target, _tag: tag, _counter: text }, packet.content),
        token: { author, target, tag, method, fromPeer },
      },
    });
  }

  /** Whether one more packet may be taken on its way to the peer; not before it is known how many are. */
  #hasRoom(): boolean {
    const taken = backlogCount(this.#outgoing) + waitingCount(this.#incoming) + this.#incoming.held;
    return this.#outgoing.acknowledged !== -1 && taken < this.#limits.backlogMax;
  }

  takeTimer(name: string): void {
    if (name === `in ${this.#target}`) this.#tellIncoming({ kind: 'timer' });
    else if (name === `out ${this.#target}`) this.#tellOutgoing({ kind: 'timer' });
    else if (name === `follow ${this.#target}`) this.#tellFollowing({ kind: 'timer' });
  }

  queues(): [string, number][] {
    return [
      ['waiting', waitingCount(this.#incoming)],
      ['held', this.#incoming.held],
      ['authors', this.#incoming.authors.size],
      ['window', this.#outgoing.window.length],
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
            if (outcome.kind !== 'rows') return this.#tellIncoming({ kind: 'look failed', author });
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
            if (outcome.kind !== 'written') this.#tellIncoming({ kind: 'write failed' });
            else this.#tellIncoming({ kind: 'written', sequences: outcome.appended.map(({ sequence }) => sequence) });
          });
          break;
        }
        case 'acknowledge':
          this.#node.acknowledge(effect.token);
          break;
        case 'refuse':
          // Silence: it comes again.
          break;
        case 'recorded': {
          const { sequence, arrival } = effect;
          const row = { sequence, tag: arrival.token.tag, packet: arrival.packet };
          if (this.remote) this.#tellOutgoing({ kind: 'appended', row });
          else this.#tellFollowing({ kind: 'appended', row });
          break;
        }
        case 'timer':
          this.#node.effect({ kind: 'timer', name: `in ${context}`, delayMs: effect.delayMs });
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
          this.#node.send(effect.packet);
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
          this.#node.ask({ kind: 'write', operations: [mark] }, (outcome) =>
            this.#tellOutgoing({ kind: outcome.kind === 'written' ? 'mark written' : 'mark failed' }),
          );
          break;
        }
        case 'timer':
          this.#node.effect({ kind: 'timer', name: `out ${context}`, delayMs: effect.delayMs });
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

/** A counter in canonical decimal, or null. */
function counterOf(text: string | undefined): number | null {
  return text !== undefined && /^[1-9][0-9]{0,14}$/.test(text) ? Number(text) : null;
}

const counterIn = (row: Row | undefined): number =>
  row === undefined ? 0 : Number(parseOne(row.packet).ownRoute('_counter'));

const tagged = ({ sequence, packet }: Row): OutgoingRow => ({
  sequence,
  packet,
  tag: parseOne(packet).ownRoute('_tag') ?? '',
});
