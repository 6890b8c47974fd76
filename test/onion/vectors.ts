/** The vectors of test/vectors/onion, and routes as they write them. */
import { readFileSync } from 'node:fs';
import { bytesOfHex, hexOf, joinBytes } from '../../crypto/bytes.ts';
import type { Suite } from '../../crypto/suite.ts';
import { fieldsOf } from '../../onion/cell.ts';
import { KnownKeys } from '../../onion/hint.ts';
import type { Holder } from '../../onion/holder.ts';
import { type KeyPair, pairOf, type Random } from '../../onion/keys.ts';
import { type LayerFor, layerKeys, type LayerKeys, oneTimeTag, secretOfHolder } from '../../onion/layer.ts';
import { type Hop, type Sealed, sealOnion } from '../../onion/seal.ts';

/** The vectors of one file. */
export const readVectors = <T>(name: string): T =>
  JSON.parse(readFileSync(new URL(`../vectors/onion/${name}`, import.meta.url), 'utf8')) as T;

/** The bytes a vector means. */
export function unhex(hex: string): Uint8Array {
  const bytes = bytesOfHex(hex);
  if (bytes === null) throw new Error(`no hexadecimal: ${hex}`);
  return bytes;
}

/** A hop as a vector writes it; all hexadecimal has 32 bytes. */
export interface HopVector {
  readonly kind: 'server' | 'user' | 'one-time';
  /** The key's secret, or the one-time secret. */
  readonly secret: string;
  /** The secret whose public half is α; of a one-time layer it is forgotten. */
  readonly ephemeral: string;
  readonly delayMs: number;
  readonly deposit: boolean;
}

/** What arrives at a hop, and what the hop finds. Digests are BLAKE2b-256. */
export interface CellVector {
  readonly alpha: string;
  readonly hint: string;
  readonly mac: string;
  readonly betaDigest: string;
  readonly seal: string;
  readonly bodyDigest: string;
  readonly onionDigest: string;
  readonly layerSecret: string;
  readonly replayTag: string;
  readonly deposit: string;
  readonly block: string;
  /** The filler of the bare cell: a forgotten key's secret, and 64 bytes of the seed's stream. */
  readonly filler: { readonly forgotten: string; readonly seed: string };
  readonly bareDigest: string;
  readonly envelope: { readonly ephemeral: string; readonly decoy: string; readonly replayTag: string };
  readonly envelopedDigest: string;
}

/** A route, everything its sender chose, and each cell on its way. */
export interface RouteVector {
  readonly name: string;
  readonly nowSeconds: number;
  readonly last: 'exit' | 'discard';
  readonly content: string | { readonly seed: string; readonly bytes: number };
  readonly contentPaddingSeed: string;
  readonly headPaddingSeed: string;
  readonly hops: readonly HopVector[];
  readonly cells: readonly CellVector[];
}

/** The first bytes of a seed's stream: ChaCha20 under the seed, zero nonce, block 0. */
export const streamOf = (suite: Suite, seed: string, length: number): Uint8Array =>
  suite.chacha20(unhex(seed), new Uint8Array(12), new Uint8Array(length));

/** Draws what is listed, in this order: bytes, or as many as are asked for of a seed's stream. */
export function listed(suite: Suite, ...draws: readonly (Uint8Array | string)[]): Random {
  const left = [...draws];
  return (length) => {
    const next = left.shift();
    if (next === undefined) throw new Error('more is drawn than listed');
    const bytes = typeof next === 'string' ? streamOf(suite, next, length) : next;
    if (bytes.length !== length) throw new Error(`drawn are ${length} bytes, listed ${bytes.length}`);
    return bytes;
  };
}

/** BLAKE2b-256 in hexadecimal. */
export const digestOf = (suite: Suite, bytes: Uint8Array): string => hexOf(suite.blake2b(bytes, 32));

/** The content of a route. */
export const contentOf = (suite: Suite, { content }: RouteVector): Uint8Array =>
  typeof content === 'string' ? unhex(content) : streamOf(suite, content.seed, content.bytes);

/** Whom a hop's layer is for. */
function whomOf(suite: Suite, { kind, secret, ephemeral }: HopVector): LayerFor {
  const pair = pairOf(suite, unhex(ephemeral));
  return kind === 'one-time'
    ? { kind, secret: unhex(secret), alpha: pair.publicKey }
    : { kind, key: suite.x25519PublicKey(unhex(secret)), pair };
}

/** The hops of a route. */
const hopsOf = (suite: Suite, { hops }: RouteVector): Hop[] =>
  hops.map((hop) => ({ whom: whomOf(suite, hop), delayMs: hop.delayMs, isDeposit: hop.deposit }));

/** The route, sealed. */
export const sealVector = (suite: Suite, route: RouteVector): Sealed =>
  sealOnion(
    suite,
    hopsOf(suite, route),
    route.last,
    contentOf(suite, route),
    route.nowSeconds,
    listed(suite, unhex(route.contentPaddingSeed), unhex(route.headPaddingSeed)),
  );

/** KnownKeys of pairs, each kept as itself. */
export const ringOf = (suite: Suite, pairs: readonly KeyPair[]): KnownKeys<KeyPair> =>
  new KnownKeys(
    suite,
    pairs.map((pair) => ({ publicKey: pair.publicKey, value: pair })),
  );

/** A holder of what these hops are for. */
export function holderOf(suite: Suite, ...hops: readonly HopVector[]): Holder {
  const pairs = (kind: string): KeyPair[] =>
    hops.filter((hop) => hop.kind === kind).map(({ secret }) => pairOf(suite, unhex(secret)));
  const once = new Map(
    hops
      .filter(({ kind }) => kind === 'one-time')
      .map(({ secret }) => [hexOf(oneTimeTag(suite, unhex(secret))), unhex(secret)]),
  );
  return { oneTime: (tag) => once.get(hexOf(tag)) ?? null, keys: ringOf(suite, pairs('server')), users: pairs('user') };
}

/** The secret of the layer of an onion that is this hop's, and its keys. */
export function keysOf(
  suite: Suite,
  { kind, secret }: HopVector,
  onion: Uint8Array,
): { secret: Uint8Array; keys: LayerKeys } {
  const bytes = unhex(secret);
  const own = kind === 'one-time' ? bytes : secretOfHolder(suite, fieldsOf(onion).alpha, pairOf(suite, bytes))!;
  return { secret: own, keys: layerKeys(suite, own) };
}

/** With one byte of it changed. */
export const changed = (bytes: Uint8Array, at: number, by: number): Uint8Array =>
  joinBytes(bytes.subarray(0, at), new Uint8Array([bytes[at]! ^ by]), bytes.subarray(at + 1));
