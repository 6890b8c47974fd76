/** Whose a cell is, as far as its hints tell to somebody who knows keys. docs/spec/listener-bots.md#recognition */
import type { Suite } from '../crypto/suite.ts';
import { fieldsOf, onionOf } from '../onion/cell.ts';
import { KnownKeys } from '../onion/hint.ts';
import type { KeyPair } from '../onion/keys.ts';
import { envelopeOffsets } from '../onion/sizes.ts';

/** A key's owner: another server by its domain, or this one, with the pair. */
export type Owner = { readonly domain: string } | { readonly pair: KeyPair };

/** Keys that are known, each with its owner. */
export interface OwnedKeys {
  /** The newest first. */
  readonly own: readonly KeyPair[];
  readonly others: readonly { readonly domain: string; readonly publicKey: Uint8Array }[];
}

/** What a listener found about a new cell. */
export interface Recognised {
  /** Pairs that its envelope, and that its onion may be for. */
  readonly contexts: readonly KeyPair[];
  readonly servers: readonly KeyPair[];
  /** Other servers that it is for, by either hint. */
  readonly domains: readonly string[];
}

/** Public keys with their owners, in the order in which they are to be tried. */
export const ownersOf = ({
  own,
  others,
}: OwnedKeys): readonly { readonly publicKey: Uint8Array; readonly value: Owner }[] => [
  ...own.map((pair) => ({ publicKey: pair.publicKey, value: { pair } })),
  ...others.map(({ domain, publicKey }) => ({ publicKey, value: { domain } })),
];

/** Who looks whose a cell is. */
export interface Recogniser {
  /** The pairs of this server's context that an onion may be for, by its hint: cover that ends here. */
  recogniseCover(onion: Uint8Array): readonly KeyPair[];
  /** Looks at both hints of a cell. */
  recognise(cell: Uint8Array): Recognised;
}

/** Makes one of the keys of contexts and of servers, anew when keys come or go. */
export type NewRecogniser = (suite: Suite, contexts: OwnedKeys, servers: OwnedKeys) => Recogniser;

/** Holds hints against all keys that are known. */
export class Owners implements Recogniser {
  readonly #suite: Suite;
  readonly #contexts: KnownKeys<Owner>;
  readonly #servers: KnownKeys<Owner>;

  constructor(suite: Suite, contexts: OwnedKeys, servers: OwnedKeys) {
    this.#suite = suite;
    this.#contexts = new KnownKeys(suite, ownersOf(contexts));
    this.#servers = new KnownKeys(suite, ownersOf(servers));
  }

  recogniseCover(onion: Uint8Array): readonly KeyPair[] {
    const { alpha, hint } = fieldsOf(onion);
    return pairsOf(this.#contexts.recognise(this.#suite, alpha, hint));
  }

  recognise(cell: Uint8Array): Recognised {
    const onion = fieldsOf(onionOf(cell));
    const alpha = cell.subarray(envelopeOffsets.alpha, envelopeOffsets.hint);
    const outer = this.#contexts.recognise(
      this.#suite,
      alpha,
      cell.subarray(envelopeOffsets.hint, envelopeOffsets.tag),
    );
    return recognised(outer, this.#servers.recognise(this.#suite, onion.alpha, onion.hint));
  }
}

/** Most cells are for nobody whose key is known. */
const nobody: Recognised = { contexts: [], servers: [], domains: [] };

/** What the owners by the envelope's hint, and those by the onion's, come to. */
export function recognised(outer: readonly Owner[], inner: readonly Owner[]): Recognised {
  if (outer.length + inner.length === 0) return nobody;
  const domains = [...outer, ...inner].flatMap((owner) => ('domain' in owner ? [owner.domain] : []));
  return { contexts: pairsOf(outer), servers: pairsOf(inner), domains: [...new Set(domains)] };
}

/** The pairs among owners. */
export const pairsOf = (owners: readonly Owner[]): KeyPair[] =>
  owners.flatMap((owner) => ('pair' in owner ? [owner.pair] : []));
