/** One reconciliation of a person's publications with another server: what each lacks it is given. docs/spec/feeds.md#reconciling */
import { hexOf, joinBytes } from '../../crypto/bytes.ts';
import type { Packet } from '../../psyc/packet.ts';
import { ReconciliationError } from '../../publication/reconcile/error.ts';
import { ID_BYTES } from '../../publication/reconcile/item.ts';
import { Reconciliation } from '../../publication/reconcile/reconcile.ts';
import type { Desk } from '../desk.ts';
import type { FeedLog } from './feed-log.ts';
import { type Letter, newLetter } from '../letter.ts';
import { nodeUniform } from '../waking.ts';

/** Asks for a frame in answer to one, and for publications by their ids. */
export const RECONCILE = '_request_publications';
export const MISSING = '_request_publications_missing';
export const RECONCILED = '_status_publications';
export const GIVEN = '_status_publications_missing';
export const UNKNOWN = '_status_publications_unknown';

/** How often something is asked before it is given up. */
const TRIES_MAX = 4;

/** How it ended: nobody lacks anything; there may be more, or some of it did not come; it was given up; the other server does not keep this feed. */
export type Ending = 'equal' | 'partly' | 'failed' | 'unknown';

/** What an exchange needs of its feed. */
export interface ExchangeOwner {
  readonly desk: Desk;
  readonly log: FeedLog;
  /** Whose publications they are. */
  readonly author: string;
  readonly peer: string;
  /** No two questions of one feed have the same: an answer that comes late is none to the next exchange. */
  readonly nextTag: () => string;
  /** Whether it is to send us what comes from now on. */
  readonly follows: boolean;
  readonly send: (letter: Letter) => boolean;
  /** Hands these to the peer, in their order, as far as there is room. */
  give(peer: string, ids: readonly Uint8Array[]): void;
  over(ending: Ending): void;
}

/** Who began it. One question is under way at a time, and said again until it is answered. */
export class Exchange {
  readonly #owner: ExchangeOwner;
  #reconciliation: Reconciliation | null = null;
  #isOver = false;
  /** What was asked last, and how often. */
  #asked: Letter | null = null;
  #tag = '';
  #tries = 0;
  /** The frame to be sent once everything that is known to be missing has come; null: there is none. */
  #next: Uint8Array | null = null;
  /** Ids that are missing here, in the order of their times, and those that the peer was asked for. */
  #needed = new Map<string, Uint8Array>();
  readonly #wanted = new Set<string>();
  /** What did not come though it was asked for. */
  #isPartial = false;

  constructor(owner: ExchangeOwner) {
    this.#owner = owner;
  }

  /** Domain of the other server. */
  get peer(): string {
    return this.#owner.peer;
  }

  begin(): void {
    const { log, desk } = this.#owner;
    log.hold(({ ids }) => {
      if (this.#isOver) return;
      this.#reconciliation = new Reconciliation(
        desk.options.suite,
        ids,
        desk.options.federationLimits.feedFrameBytesMax,
      );
      this.#ask(RECONCILE, { _frame: this.#reconciliation.begin(), ...(this.#owner.follows && { _follow: '1' }) });
    });
  }

  /** It leads nowhere any more. */
  stop(): void {
    this.#isOver = true;
  }

  /** An answer of the peer; false: it answers nothing that was asked here. */
  answered({ routing, packet }: Letter): boolean {
    if (this.#isOver || (routing.get('_tag_relay') ?? '') !== this.#tag) return false;
    if (packet.method === RECONCILED) this.#read(packet);
    else if (packet.method === GIVEN) this.#goOn();
    else this.#end(packet.method === UNKNOWN ? 'unknown' : 'failed');
    return true;
  }

  #read(packet: Packet): void {
    const frame = new Uint8Array(packet.value('_frame') ?? []);
    // What came meanwhile is part of the set by now.
    this.#owner.log.hold(({ rows }) => {
      if (this.#isOver || this.#reconciliation === null) return;
      try {
        const { have, need, next } = this.#reconciliation.read(frame);
        const { feedWantedMax } = this.#owner.desk.options.federationLimits;
        for (const id of need) {
          const name = hexOf(id);
          if (rows.has(name) || this.#wanted.has(name)) continue;
          if (this.#needed.size + this.#wanted.size < feedWantedMax) this.#needed.set(name, id);
          else this.#isPartial = true;
        }
        this.#next = next;
        if (have.length > 0) this.#owner.give(this.peer, have);
        this.#goOn();
      } catch (error) {
        if (!(error instanceof ReconciliationError)) throw error;
        this.#end('failed');
      }
    });
  }

  #goOn(): void {
    const { feedGivenMax } = this.#owner.desk.options.federationLimits;
    const ids = [...this.#needed.values()].slice(0, feedGivenMax);
    if (ids.length > 0) {
      for (const id of ids) {
        this.#needed.delete(hexOf(id));
        this.#wanted.add(hexOf(id));
      }
      this.#ask(MISSING, {}, joinBytes(...ids));
    } else if (this.#next !== null) {
      const frame = this.#next;
      this.#next = null;
      this.#ask(RECONCILE, { _frame: frame });
    } else this.#check();
  }

  /** Whether everything came that was asked for. */
  #check(): void {
    if (this.#wanted.size === 0) {
      this.#end(this.#isPartial ? 'partly' : 'equal');
      return;
    }
    this.#owner.log.hold(({ rows }) => {
      if (this.#isOver) return;
      const isWhole = [...this.#wanted].every((name) => rows.has(name));
      this.#end(isWhole && !this.#isPartial ? 'equal' : 'partly');
    });
  }

  #ask(method: string, entity: Readonly<Record<string, string | Uint8Array>>, data?: Uint8Array): void {
    const { desk, author, peer } = this.#owner;
    this.#tag = this.#owner.nextTag();
    this.#tries = 0;
    this.#asked = newLetter({
      routing: { _source: nodeUniform(desk.domain), _target: nodeUniform(peer), _tag: this.#tag },
      entity: { _uniform: author, ...entity },
      method,
      data,
    });
    this.#send();
  }

  #send(): void {
    const { desk, author, send } = this.#owner;
    if (this.#asked === null || this.#isOver) return;
    if (this.#tries++ >= TRIES_MAX) {
      this.#end('failed');
      return;
    }
    send(this.#asked);
    const tag = this.#tag;
    desk.timer(`exchange ${author}`, desk.options.deliveryLimits.resendMsMin, () => {
      if (this.#tag === tag) this.#send();
    });
  }

  #end(ending: Ending): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#owner.over(ending);
  }
}

/** The ids in a question for some, or null where it has none. */
export function idsIn({ packet }: Letter, idsMax: number): Uint8Array[] | null {
  const { data } = packet;
  if (data === null || data.length === 0 || data.length % ID_BYTES !== 0 || data.length > idsMax * ID_BYTES)
    return null;
  const bytes = new Uint8Array(data);
  return Array.from({ length: bytes.length / ID_BYTES }, (_, at) => bytes.slice(at * ID_BYTES, (at + 1) * ID_BYTES));
}
