/** Whose a cell is: one-time secrets first, then keys by their hints, then keys of users. docs/spec/onion.md#opening */
import type { Suite } from '../crypto/suite.ts';
import { fieldsOf } from './cell.ts';
import type { KnownKeys } from './hint.ts';
import type { KeyPair } from './keys.ts';
import { layerKeys, secretOfHolder, userHint } from './layer.ts';
import { type Opened, openLayer, type Refusal } from './open.ts';

/** What one node opens layers with. */
export interface Holder {
  /** The one-time secret with this tag (16 bytes), unless it is burnt, or null. */
  readonly oneTime: (tag: Uint8Array) => Uint8Array | null;
  /** Its server's and contexts' keys, the newest first. */
  readonly keys: KnownKeys<KeyPair>;
  /** Keys of users, only where a client listens: each costs an X25519 a cell. */
  readonly users: readonly KeyPair[];
}

/** What a layer was opened with: a one-time secret is burnt, with the others the replay tag decides. */
type OpenedBy =
  | { readonly kind: 'one-time'; readonly secret: Uint8Array }
  | { readonly kind: 'server' | 'user'; readonly key: KeyPair };

/** A layer of the holder's: opened, or what refused it (where several did, the last). */
export type Opening = { readonly by: OpenedBy; readonly layer: Opened | Refusal };

/** Opens an onion (4000 bytes) with whatever it is for; null: it is not this holder's. */
export function openOnion(suite: Suite, onion: Uint8Array, holder: Holder, nowSeconds: number): Opening | null {
  const { alpha, hint } = fieldsOf(onion);
  let refused: Opening | null = null;
  for (const [by, secret] of candidates(suite, alpha, hint, holder)) {
    const layer = openLayer(suite, onion, layerKeys(suite, secret), nowSeconds);
    if (!('refused' in layer)) return { by, layer };
    refused = { by, layer };
  }
  return refused;
}

function* candidates(
  suite: Suite,
  alpha: Uint8Array,
  hint: Uint8Array,
  { oneTime, keys, users }: Holder,
): Generator<[OpenedBy, Uint8Array]> {
  const once = oneTime(hint);
  if (once !== null) yield [{ kind: 'one-time', secret: once }, once];
  for (const key of keys.recognise(suite, alpha, hint)) {
    const secret = secretOfHolder(suite, alpha, key);
    if (secret !== null) yield [{ kind: 'server', key }, secret];
  }
  for (const key of users) {
    const secret = secretOfHolder(suite, alpha, key);
    if (secret !== null && suite.equal(userHint(suite, secret), hint)) yield [{ kind: 'user', key }, secret];
  }
}
