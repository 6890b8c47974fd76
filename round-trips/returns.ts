/** Tickets that are out, and deposits that come back to whoever made them: known by a tag that only he can make, read by him alone. docs/spec/round-trips.md#watching */
import { hexOf } from '../crypto/bytes.ts';
import type { Suite } from '../crypto/suite.ts';
import { fieldsOf, onionOf } from '../onion/cell.ts';
import { OnionError } from '../onion/error.ts';
import { keptUntil } from '../onion/expiry.ts';
import { forgottenKey } from '../onion/keys.ts';
import { layerKeys, oneTimeTag } from '../onion/layer.ts';
import { openLayer } from '../onion/open.ts';
import { drawDelayMs } from '../onion/route.ts';
import type { Hop } from '../onion/seal.ts';
import { sizes } from '../onion/sizes.ts';
import { makeTicket, type TicketMemory, undoReply } from '../onion/ticket.ts';
import type { StockSecret } from './stock.ts';

/** What has come back. */
export type Returned =
  /** On a ticket with this name: its content, or null where a hop has spoilt it. */
  | { readonly kind: 'answer'; readonly name: string; readonly content: Uint8Array | null }
  /** A deposit with this name has been where it was to go. */
  | { readonly kind: 'deposited'; readonly name: string };

interface Awaited {
  /** Of the last layer, which is ours. */
  readonly secret: Uint8Array;
  /** null: a deposit. */
  readonly memory: TicketMemory | null;
  readonly untilSeconds: number;
}

/** Those of one client; the names are hexadecimal tags. */
export class Returns {
  readonly #suite: Suite;
  readonly #awaited = new Map<string, Awaited>();

  constructor(suite: Suite) {
    this.#suite = suite;
  }

  /** Tags of 16 bytes that the home is to look for. */
  get hints(): readonly string[] {
    return [...this.#awaited.keys()];
  }

  /** A ticket of 692 bytes over the servers of these secrets, and how long an answer is to wait at them together, in milliseconds. */
  ticket(secrets: readonly StockSecret[], nowSeconds: number) {
    const suite = this.#suite;
    const own = suite.random(sizes.oneTime);
    const hops = [
      ...secrets.map(({ secret }) => ({ secret, delayMs: drawDelayMs(suite.random) })),
      { secret: own, delayMs: 0 },
    ];
    const alphas = hops.map((hop) => ({ ...hop, alpha: forgottenKey(suite, suite.random) }));
    const { ticket, memory } = makeTicket(suite, alphas, nowSeconds, suite.random);
    const name = this.#await(own, memory, keptUntil(memory.expiry));
    return { name, ticket, delayMs: hops.reduce((sum, { delayMs }) => sum + delayMs, 0) };
  }

  /** The layer behind a deposit's, by which it comes back. */
  back(nowSeconds: number, seconds: number): { readonly name: string; readonly hop: Hop } {
    const suite = this.#suite;
    const secret = suite.random(sizes.oneTime);
    const whom = { kind: 'one-time', secret, alpha: forgottenKey(suite, suite.random) } as const;
    return { name: this.#await(secret, null, nowSeconds + seconds), hop: { whom, delayMs: 0, isDeposit: false } };
  }

  /** What came in a copy of a cell; null: nothing that is awaited, or not what its maker made. */
  read(cell: Uint8Array, nowSeconds: number): Returned | null {
    const suite = this.#suite;
    if (cell.length !== sizes.cell) return null;
    const onion = onionOf(cell);
    const name = hexOf(fieldsOf(onion).hint);
    const awaited = this.#awaited.get(name);
    if (awaited === undefined) return null;
    const layer = openLayer(suite, onion, layerKeys(suite, awaited.secret), nowSeconds);
    if ('refused' in layer) return null;
    const { memory } = awaited;
    const { outcome } = layer;
    this.#awaited.delete(name);
    if (memory === null) return outcome.kind === 'discard' ? { kind: 'deposited', name } : null;
    if (outcome.kind !== 'reply' || !suite.equal(outcome.id, memory.id)) return { kind: 'answer', name, content: null };
    try {
      return { kind: 'answer', name, content: undoReply(suite, memory, outcome.body) };
    } catch (error) {
      if (!(error instanceof OnionError)) throw error;
      return { kind: 'answer', name, content: null };
    }
  }

  forget(name: string): void {
    this.#awaited.delete(name);
  }

  /** Forgets what cannot come any more. */
  tidy(nowSeconds: number): void {
    for (const [name, { untilSeconds }] of this.#awaited) if (untilSeconds <= nowSeconds) this.#awaited.delete(name);
  }

  #await(secret: Uint8Array, memory: TicketMemory | null, untilSeconds: number): string {
    const name = hexOf(oneTimeTag(this.#suite, secret));
    this.#awaited.set(name, { secret, memory, untilSeconds });
    return name;
  }
}
