/** Whose a cell is, looked up once for all servers of a network: all of them hold its hints against nearly the same keys. docs/simulator.md#ideal-suite */
import type { Suite } from '../../crypto/suite.ts';
import {
  type OwnedKeys,
  type Owner,
  ownersOf,
  pairsOf,
  type Recognised,
  recognised,
  type Recogniser,
} from '../../listener-bots/owners.ts';
import { fieldsOf, onionOf } from '../../onion/cell.ts';
import { KnownKeys } from '../../onion/hint.ts';
import { envelopeOffsets } from '../../onion/sizes.ts';
import { keyOfBytes } from '../../psyc/bytes.ts';

/** A public key by a name. */
type Name = string;

/** All keys of a sort that any server knows, and for which of them each cell is. */
class SharedKeys {
  readonly #suite: Suite;
  readonly #hints: (cell: Uint8Array) => { readonly alpha: Uint8Array; readonly hint: Uint8Array };
  readonly #keys = new Map<Name, Uint8Array>();
  readonly #rings = new WeakMap<OwnedKeys, ReadonlyMap<Name, Owner>>();
  #known: KnownKeys<Name> | null = null;
  #found = new WeakMap<Uint8Array, readonly Name[]>();

  constructor(suite: Suite, hints: (cell: Uint8Array) => { readonly alpha: Uint8Array; readonly hint: Uint8Array }) {
    this.#suite = suite;
    this.#hints = hints;
  }

  /** One server's, with what it keeps of each; the keys are the network's from now on. */
  ringOf(known: OwnedKeys): ReadonlyMap<Name, Owner> {
    const before = this.#rings.get(known);
    if (before !== undefined) return before;
    const ring = new Map<Name, Owner>();
    this.#rings.set(known, ring);
    for (const { publicKey, value } of ownersOf(known)) {
      const name = keyOfBytes(publicKey);
      if (!ring.has(name)) ring.set(name, value);
      if (this.#keys.has(name)) continue;
      this.#keys.set(name, publicKey);
      this.#known = null;
      this.#found = new WeakMap();
    }
    return ring;
  }

  /** For which keys a cell is, which nobody changes. */
  namesOf(cell: Uint8Array): readonly Name[] {
    let names = this.#found.get(cell);
    if (names === undefined) {
      const { alpha, hint } = this.#hints(cell);
      names = this.recognise(alpha, hint);
      this.#found.set(cell, names);
    }
    return names;
  }

  recognise(alpha: Uint8Array, hint: Uint8Array): readonly Name[] {
    this.#known ??= new KnownKeys(
      this.#suite,
      [...this.#keys].map(([value, publicKey]) => ({ publicKey, value })),
    );
    return this.#known.recognise(this.#suite, alpha, hint);
  }
}

const none: readonly Owner[] = [];

const ownersIn = (ring: ReadonlyMap<Name, Owner>, names: readonly Name[]): readonly Owner[] =>
  names.length === 0 ? none : names.flatMap((name) => ring.get(name) ?? []);

/** What all recognisers of one network share. */
export class SharedHints {
  readonly #contexts: SharedKeys;
  readonly #servers: SharedKeys;

  constructor(suite: Suite) {
    this.#contexts = new SharedKeys(suite, (cell) => ({
      alpha: cell.subarray(envelopeOffsets.alpha, envelopeOffsets.hint),
      hint: cell.subarray(envelopeOffsets.hint, envelopeOffsets.tag),
    }));
    this.#servers = new SharedKeys(suite, (cell) => fieldsOf(onionOf(cell)));
  }

  /** One server's. */
  recogniser(contexts: OwnedKeys, servers: OwnedKeys): Recogniser {
    const [outer, inner] = [this.#contexts.ringOf(contexts), this.#servers.ringOf(servers)];
    return {
      recognise: (cell): Recognised =>
        recognised(ownersIn(outer, this.#contexts.namesOf(cell)), ownersIn(inner, this.#servers.namesOf(cell))),
      recogniseCover: (onion) => {
        const { alpha, hint } = fieldsOf(onion);
        return pairsOf(ownersIn(outer, this.#contexts.recognise(alpha, hint)));
      },
    };
  }
}
