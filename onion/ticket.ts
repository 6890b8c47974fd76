/** Reply tickets: a head made beforehand by whoever wants the answer, used once by whoever answers. docs/spec/onion.md#tickets */
import { joinBytes, uint32 } from '../crypto/bytes.ts';
import type { Suite } from '../crypto/suite.ts';
import { decipherBody, encipherBody, sealOf } from './body.ts';
import { parseContent, renderContent } from './content.ts';
import { type OnionCode, OnionError } from './error.ts';
import { expiryFault, midnightExpiry } from './expiry.ts';
import { buildHead, checkLayers } from './head.ts';
import type { Random } from './keys.ts';
import { layerFor, layerKeys } from './layer.ts';
import { sizes } from './sizes.ts';

const BODY_KEYS = sizes.head;
const SEAL = BODY_KEYS + sizes.bodyKeys;
const EXPIRY = SEAL + sizes.seal;

/** A layer of a ticket: a one-time secret that waits at its hop (32 bytes), under a forgotten key. */
export interface TicketHop {
  readonly secret: Uint8Array;
  readonly alpha: Uint8Array;
  /** How long the answer waits there, in steps of 10 ms; the last one's is 0. */
  readonly delayMs: number;
}

/** What the owner keeps, to read the answer. */
export interface TicketMemory {
  /** 16 bytes, by which the answer names its ticket. */
  readonly id: Uint8Array;
  /** The layers' secrets, the owner's own last. */
  readonly secrets: readonly Uint8Array[];
  /** 128 bytes. */
  readonly bodyKeys: Uint8Array;
  /** Unix seconds. */
  readonly expiry: number;
}

/**
 * A ticket of 692 bytes over 1 to 5 layers, the first hop's first; the last is the owner's own, whose tag nobody else can
 * look up. Draws the id, the body keys, and 32 bytes as a seed for the head's padding. Throws OnionError `_onion_invalid_route`.
 */
export function makeTicket(
  suite: Suite,
  hops: readonly TicketHop[],
  nowSeconds: number,
  random: Random,
): { ticket: Uint8Array; memory: TicketMemory } {
  checkLayers(hops.length);
  const id = random(sizes.ticketId);
  const bodyKeys = random(sizes.bodyKeys);
  const expiry = midnightExpiry(nowSeconds);
  const layers = hops.map(({ secret, alpha }) => layerFor(suite, { kind: 'one-time', secret, alpha }));
  const steps = layers.map((layer, index) => {
    const behind = layers[index + 1];
    const told = { isDeposit: false, delayMs: hops[index]!.delayMs, expiry };
    return behind === undefined
      ? { layer, block: { ...told, command: 'reply' as const, isTicket: false, field: id } }
      : { layer, block: { ...told, command: 'relay' as const, isTicket: true, field: behind.keys.seal } };
  });
  const head = buildHead(suite, steps, random);
  return {
    ticket: joinBytes(head, bodyKeys, layers[0]!.keys.seal, uint32(expiry)),
    memory: { id, secrets: hops.map(({ secret }) => secret), bodyKeys, expiry },
  };
}

/**
 * An answer on its way: the onion (4000 bytes) that a ticket makes of a content. Draws a seed of 32 bytes for the padding. Throws OnionError
 * `_onion_invalid_ticket` for another length, `_onion_expired`, `_onion_invalid_expiry`, `_onion_oversized_content`.
 */
export function useTicket(
  suite: Suite,
  ticket: Uint8Array,
  content: Uint8Array,
  nowSeconds: number,
  random: Random,
): Uint8Array {
  const fault = ticketFault(ticket, nowSeconds);
  if (fault === '_onion_invalid_ticket') {
    throw new OnionError(fault, `a ticket has ${sizes.ticket} bytes and begins with a point`);
  }
  if (fault === '_onion_expired') throw new OnionError(fault, 'the ticket has expired: ask for another');
  if (fault !== null) throw new OnionError(fault, 'no ticket expires when this one says');
  const body = renderContent(suite, content, random);
  encipherBody(suite, ticket.subarray(BODY_KEYS, SEAL), body);
  return joinBytes(ticket.subarray(0, sizes.head), sealOf(suite, ticket.subarray(SEAL, EXPIRY), body), body);
}

/** Why bytes are no ticket that can be used now; null: they are, as far as anybody but its hops can tell. */
export function ticketFault(ticket: Uint8Array, nowSeconds: number): OnionCode | null {
  if (ticket.length !== sizes.ticket || ticket[sizes.alpha - 1]! >= 0x80) return '_onion_invalid_ticket';
  return expiryFault(ticketExpiry(ticket), true, nowSeconds);
}

/** When a ticket of 692 bytes expires, Unix seconds. */
const ticketExpiry = (ticket: Uint8Array): number => new DataView(ticket.buffer, ticket.byteOffset).getUint32(EXPIRY);

/**
 * The content of an answer, from the body that the owner's own layer gave. Throws OnionError `_onion_invalid_content`: it was
 * made with other keys, or a hop changed it.
 */
export function undoReply(suite: Suite, memory: TicketMemory, body: Uint8Array): Uint8Array {
  const answered = new Uint8Array(body);
  for (const secret of memory.secrets.toReversed()) encipherBody(suite, layerKeys(suite, secret).body, answered);
  decipherBody(suite, memory.bodyKeys, answered);
  const content = parseContent(answered);
  if (content === null) throw new OnionError('_onion_invalid_content', 'the answer was not made with this ticket');
  return content;
}
