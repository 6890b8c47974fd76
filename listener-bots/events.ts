/** What a listener is told, and what it has its shell do. docs/spec/listener-bots.md#machine */
import type { OnionCode } from '../onion/error.ts';
import type { KeyPair } from '../onion/keys.ts';
import type { Station } from '../onion/route.ts';
import type { Exit } from './anonymous.ts';
import type { ListenerCode } from './error.ts';
import type { Frame } from './frame.ts';
import type { Batch, KeptTag } from './ledger.ts';
import type { Membership } from './link.ts';
import type { Found, OpenJob } from './opening.ts';
import type { Slot, SpentMark } from './slots.ts';

/** A key of this server for one epoch; at its end it is destroyed. Unix milliseconds. */
export interface EpochKey {
  readonly pair: KeyPair;
  readonly beginsMs: number;
  readonly endsMs: number;
}

/** What a listener is told. */
export type ListenerEvent =
  /** What was durable; comes first, and until then everything else is ignored. */
  | {
      readonly kind: 'loaded';
      readonly tags: readonly KeptTag[];
      readonly marks: readonly SpentMark[];
      readonly slots: readonly Slot[];
    }
  /** This server's keys of all epochs that are not over, the newest first; those that are missing now are destroyed. */
  | { readonly kind: 'keys'; readonly keys: readonly EpochKey[] }
  /** All other servers whose keys are accepted. */
  | { readonly kind: 'stations'; readonly stations: readonly Station[] }
  /** A circuit to a server stands, or who hears whom over it has changed. */
  | { readonly kind: 'linked'; readonly peer: string; readonly membership: Membership }
  | { readonly kind: 'unlinked'; readonly peer: string }
  /** A frame came from a linked server; its data are looked at during the step only. */
  | { readonly kind: 'frame'; readonly peer: string; readonly frame: Frame }
  /** A client hands in a cell of 4096 bytes; `request` is its name for it. */
  | { readonly kind: 'handed'; readonly client: string; readonly request: number; readonly cell: Uint8Array }
  /** A client wants copies of cells with this hint (16 bytes), or no more; or of all cells. */
  | {
      readonly kind: 'watch';
      readonly client: string;
      readonly request: number;
      readonly tag: Uint8Array | null;
      readonly isOn: boolean;
    }
  | { readonly kind: 'gone'; readonly client: string }
  /** An entity of this server answers over a ticket: an onion of 4000 bytes that nobody has seen. */
  | { readonly kind: 'answer'; readonly onion: Uint8Array }
  /** What `open` asked for. */
  | { readonly kind: 'opened'; readonly job: number; readonly found: Found }
  /** What `remember` asked for is durable; or nobody knows. */
  | { readonly kind: 'remembered'; readonly batch: number; readonly isDurable: boolean }
  /** The time asked for by `wake` has come. */
  | { readonly kind: 'wake' };

/** What its shell does. */
export type ListenerEffect =
  /** Write a frame now, alone in its record. */
  | { readonly kind: 'send'; readonly peer: string; readonly frame: Frame }
  /** Open a cell elsewhere, by `openCell`; answered by `opened`. */
  | { readonly kind: 'open'; readonly job: OpenJob }
  /** Write this durably, and answer `remembered`. */
  | { readonly kind: 'remember'; readonly batch: Batch }
  /** Overwrite these secrets (32 bytes each) in the slot file: they are over. Nothing waits for it. */
  | { readonly kind: 'forget'; readonly secrets: readonly Uint8Array[] }
  /** Tags of the key with this name need not be kept any more: it is destroyed. */
  | { readonly kind: 'forget key'; readonly key: string }
  /** A key's replay memory is nearly used up: begin an epoch with a new one. */
  | { readonly kind: 'renew'; readonly key: string }
  /** A packet came out of a cell. */
  | { readonly kind: 'exit'; readonly exit: Exit }
  /** The answer to a ticket of this server's own: the ticket's id (16 bytes) and a body for `undoReply`. */
  | { readonly kind: 'reply'; readonly id: Uint8Array; readonly body: Uint8Array }
  /** A client's cell waits for its turn, or his tag is watched; not durable, and no promise that it arrives. */
  | { readonly kind: 'taken'; readonly client: string; readonly request: number }
  | {
      readonly kind: 'refused';
      readonly client: string;
      readonly request: number;
      readonly code: ListenerCode | OnionCode;
    }
  /** A cell that a client asked for. */
  | { readonly kind: 'copy'; readonly client: string; readonly cell: Uint8Array }
  /** Give the event `wake` at this time; a new one replaces the old. */
  | { readonly kind: 'wake'; readonly atMs: number };
