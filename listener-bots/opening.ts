/** Opening a cell that is this server's: what a worker is given, and what it gives back. docs/spec/listener-bots.md#opening */
import type { Suite } from '../crypto/suite.ts';
import { onionOf } from '../onion/cell.ts';
import { unwrapCell } from '../onion/envelope.ts';
import type { OnionCode } from '../onion/error.ts';
import { KnownKeys } from '../onion/hint.ts';
import { openOnion } from '../onion/holder.ts';
import type { KeyPair } from '../onion/keys.ts';
import type { Opened } from '../onion/open.ts';

/** A cell, and everything of this server's that it may be for; plain data, to be handed to another thread. */
export interface OpenJob {
  readonly job: number;
  /** 4096 bytes. */
  readonly cell: Uint8Array;
  readonly contexts: readonly KeyPair[];
  /** The one-time secret whose tag stands in the hint, or null. */
  readonly oneTime: Uint8Array | null;
  readonly servers: readonly KeyPair[];
  readonly nowSeconds: number;
}

/** What became of it. */
export type Found =
  /** It is not for these after all, or was changed on its way. */
  | { readonly kind: 'nothing'; readonly code: OnionCode | null }
  /** An onion of 4000 bytes was in an envelope for the context key `publicKey`. */
  | {
      readonly kind: 'unwrapped';
      readonly onion: Uint8Array;
      readonly replayTag: Uint8Array;
      readonly publicKey: Uint8Array;
    }
  /** A layer, opened with a one-time secret or with a key. */
  | {
      readonly kind: 'layer';
      readonly by: { readonly secret: Uint8Array } | { readonly publicKey: Uint8Array };
      readonly layer: Opened;
    };

/** Does what is to be done in a thread of its own. Envelopes before onions; one that verifies ends the tests. */
export function openCell(suite: Suite, { cell, contexts, oneTime, servers, nowSeconds }: OpenJob): Found {
  const unwrapped = unwrapCell(suite, known(suite, contexts), cell);
  if (unwrapped !== null) {
    const { onion, replayTag, key } = unwrapped;
    return { kind: 'unwrapped', onion, replayTag, publicKey: key.publicKey };
  }
  const holder = { oneTime: () => oneTime, keys: known(suite, servers), users: [] };
  const opening = openOnion(suite, onionOf(cell), holder, nowSeconds);
  if (opening === null) return { kind: 'nothing', code: null };
  const { by, layer } = opening;
  if ('refused' in layer) return { kind: 'nothing', code: layer.refused };
  return { kind: 'layer', by: by.kind === 'one-time' ? { secret: by.secret } : { publicKey: by.key.publicKey }, layer };
}

const known = (suite: Suite, pairs: readonly KeyPair[]): KnownKeys<KeyPair> =>
  new KnownKeys(
    suite,
    pairs.map((pair) => ({ publicKey: pair.publicKey, value: pair })),
  );
