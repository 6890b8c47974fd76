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

function ring(suite: Suite, { own, others }: OwnedKeys): KnownKeys<Owner> {
  const known: { publicKey: Uint8Array; value: Owner }[] = own.map((pair) => ({
    publicKey: pair.publicKey,
    value: { pair },
  }));
  for (const { domain, publicKey } of others) known.push({ publicKey, value: { domain } });
  return new KnownKeys(suite, known);
}

/** All keys that are known, made anew when keys come or go. */
export class Owners {
  readonly #suite: Suite;
  readonly #contexts: KnownKeys<Owner>;
  readonly #servers: KnownKeys<Owner>;

  constructor(suite: Suite, contexts: OwnedKeys, servers: OwnedKeys) {
    this.#suite = suite;
    this.#contexts = ring(suite, contexts);
    this.#servers = ring(suite, servers);
  }

  /** The pairs of this server's context that an onion may be for, by its hint: cover that ends here. */
  recogniseCover(onion: Uint8Array): readonly KeyPair[] {
    const { alpha, hint } = fieldsOf(onion);
    return pairsOf(this.#contexts.recognise(this.#suite, alpha, hint));
  }

  /** Looks at both hints of a cell. */
  recognise(cell: Uint8Array): Recognised {
    const onion = fieldsOf(onionOf(cell));
    const alpha = cell.subarray(envelopeOffsets.alpha, envelopeOffsets.hint);
    const outer = this.#contexts.recognise(
      this.#suite,
      alpha,
      cell.subarray(envelopeOffsets.hint, envelopeOffsets.tag),
    );
    const inner = this.#servers.recognise(this.#suite, onion.alpha, onion.hint);
    const domains = [...outer, ...inner].flatMap((owner) => ('domain' in owner ? [owner.domain] : []));
    return { contexts: pairsOf(outer), servers: pairsOf(inner), domains: [...new Set(domains)] };
  }
}

const pairsOf = (owners: readonly Owner[]): KeyPair[] =>
  owners.flatMap((owner) => ('pair' in owner ? [owner.pair] : []));
