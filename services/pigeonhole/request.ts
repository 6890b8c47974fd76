/** What is asked of a pigeonhole: as variables of a packet, and as the bytes that a box's own key signs. docs/spec/pigeonhole.md#requests */
import { hexOf, joinBytes, textBytes, uint32, uint64 } from '../../crypto/bytes.ts';
import { lengths, type Suite } from '../../crypto/suite.ts';
import type { Packet } from '../../psyc/packet.ts';
import type { Value } from '../../psyc/render.ts';
import { boxKeysBytes, type BoxSecrets, signingKeyOf } from './keys.ts';
import { pigeonholeLimits } from './limits.ts';
import { dayOf } from '../coarse-time.ts';
import { bytesIn, wholeIn } from '../variables.ts';
import { workBytes } from '../work.ts';

const LABEL = textBytes('p3do-pigeonhole-v1');
const NOTHING = new Uint8Array(1);
const DIGEST_BYTES = 32;

/** Bytes by which a device that reads is known: random. */
export const readerBytes = 16;

/** What only the owner may ask. */
export type Order =
  /** A box; whoever puts something into it has worked for so many bits. */
  | { readonly kind: 'make'; readonly bits: number }
  /** Deposits behind `after`, at most `limit`; those up to `acknowledged` this reader has. */
  | {
      readonly kind: 'fetch';
      readonly reader: Uint8Array;
      /** 1, 2, 3 … of this reader. */
      readonly number: number;
      readonly acknowledged: number;
      readonly after: number;
      readonly limit: number;
    }
  /** This reader is waited for no more. */
  | { readonly kind: 'leave'; readonly reader: Uint8Array }
  /** The box and all that is in it are to go. */
  | { readonly kind: 'close' };

/** A request whose form is right; nothing of it has been checked. */
export type BoxRequest =
  | { readonly kind: 'terms'; readonly keys: Uint8Array | null }
  | { readonly kind: 'deposit'; readonly keys: Uint8Array; readonly work: Uint8Array; readonly deposit: Uint8Array }
  | OrderRequest;

/** An order with what shows that it is the owner's. */
export interface OrderRequest {
  readonly kind: 'order';
  readonly keys: Uint8Array;
  readonly order: Order;
  /** Unix days. */
  readonly day: number;
  readonly signature: Uint8Array;
  /** For making a box. */
  readonly work: Uint8Array | null;
}

/** Variables of a packet, and its method. */
export interface BoxPacket {
  readonly method: string;
  readonly entity: Readonly<Record<string, Value>>;
}

const PREFIX = '_request_box_';
const methodOf = (kind: Order['kind'] | 'terms' | 'deposit'): string => `${PREFIX}${kind}`;

/** The arguments of an order, each of one length. */
function argumentsOf(order: Order): Uint8Array {
  switch (order.kind) {
    case 'make':
      return uint32(order.bits);
    case 'fetch': {
      const { reader, number, acknowledged, after, limit } = order;
      return joinBytes(reader, uint64(number), uint64(acknowledged), uint64(after), uint32(limit));
    }
    case 'leave':
      return order.reader;
    case 'close':
      return new Uint8Array(0);
  }
}

/** The bytes that are signed. */
function signedBytes(domain: string, keys: Uint8Array, order: Order, day: number): Uint8Array {
  const [where, what] = [textBytes(domain), textBytes(methodOf(order.kind))];
  return joinBytes(LABEL, NOTHING, where, NOTHING, keys, what, NOTHING, uint32(day), argumentsOf(order));
}

/** By which an order that is said again is known: 32 bytes. */
export const orderDigest = (suite: Suite, domain: string, { keys, order, day }: OrderRequest): Uint8Array =>
  suite.blake2b(signedBytes(domain, keys, order, day), DIGEST_BYTES);

/** Whether the box's own key has signed it, for this domain. */
export const isSignedBy = (suite: Suite, domain: string, { keys, order, day, signature }: OrderRequest): boolean =>
  suite.ed25519Verify(signature, signedBytes(domain, keys, order, day), signingKeyOf(keys));

/** An order of the owner's; `work`: for making a box. */
export function renderOrder(
  suite: Suite,
  { domain, keys, seed }: BoxSecrets,
  order: Order,
  unixMs: number,
  work?: Uint8Array,
): BoxPacket {
  const day = dayOf(unixMs);
  const proof = suite.ed25519Sign(signedBytes(domain, keys, order, day), seed);
  const { kind, ...rest } = order;
  const said = Object.entries(rest).map(([name, value]): [string, Value] => [
    `_${name}`,
    typeof value === 'number' ? String(value) : value,
  ]);
  const entity: Record<string, Value> = { _box: keys, _day: String(day), _proof: proof };
  for (const [name, value] of said) entity[name] = value;
  if (work !== undefined) entity['_work'] = work;
  return { method: methodOf(kind), entity };
}

/** Something for a box, of 2048 bytes. */
export const renderDeposit = (keys: Uint8Array, work: Uint8Array, deposit: Uint8Array): BoxPacket => ({
  method: methodOf('deposit'),
  entity: { _box: keys, _work: work, _deposit: deposit },
});

/** How much work is asked: for a new box, or for something to be put into this one. */
export const renderTerms = (keys?: Uint8Array): BoxPacket => ({
  method: methodOf('terms'),
  entity: keys === undefined ? {} : { _box: keys },
});

/** The request in a packet; null where it is none. Its bytes are the packet's. */
export function readRequest(packet: Packet): BoxRequest | null {
  const kind = packet.method?.startsWith(PREFIX) === true ? packet.method.slice(PREFIX.length) : '';
  const keys = packet.value('_box');
  if (kind === 'terms' && keys === undefined) return { kind, keys: null };
  if (keys?.length !== boxKeysBytes) return null;
  const work = packet.value('_work') ?? null;
  if (kind === 'terms') return { kind, keys };
  if (kind === 'deposit') {
    const deposit = bytesIn(packet, '_deposit', pigeonholeLimits.depositBytes);
    return deposit !== null && work?.length === workBytes ? { kind, keys, work, deposit } : null;
  }
  const order = readOrder(packet, kind);
  const [day, signature] = [wholeIn(packet, '_day', 2 ** 32 - 1), bytesIn(packet, '_proof', lengths.signature)];
  if (order === null || day === null || signature === null) return null;
  if (order.kind === 'make' && work?.length !== workBytes) return null;
  return { kind: 'order', keys, order, day, signature, work };
}

function readOrder(packet: Packet, kind: string): Order | null {
  const { depositBitsMax, pageMax } = pigeonholeLimits;
  if (kind === 'close') return { kind };
  if (kind === 'make') {
    const bits = wholeIn(packet, '_bits', depositBitsMax);
    return bits === null ? null : { kind, bits };
  }
  const reader = bytesIn(packet, '_reader', readerBytes);
  if (reader === null) return null;
  if (kind === 'leave') return { kind, reader };
  if (kind !== 'fetch') return null;
  const [count, acknowledged, after, limit] = [
    wholeIn(packet, '_number'),
    wholeIn(packet, '_acknowledged'),
    wholeIn(packet, '_after'),
    wholeIn(packet, '_limit', pageMax),
  ];
  if (count === null || count === 0 || acknowledged === null || after === null || limit === null) return null;
  return { kind, reader, number: count, acknowledged, after, limit };
}

/** The name of a reader in what is kept. */
export const readerName = (reader: Uint8Array): string => hexOf(reader);
