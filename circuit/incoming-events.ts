/** What the incoming side of a log is told, and what it does. docs/spec/federation.md#incoming */

/** It cannot be said yet whether it may enter: nothing is answered, and it comes again. */
export const UNDECIDED = 'undecided';

/** A packet for the log. `token` is the owner's own, given back with the acknowledgement. */
export interface Arrival<Token> {
  readonly author: string;
  /** The author's number for it in this log: 1, 2, 3 … without gaps. */
  readonly counter: number;
  /** What makes it the same packet when it comes again. */
  readonly id: Uint8Array;
  /** By which its author tells it from another to which he gave the same number; absent: he never does. */
  readonly tag?: string;
  /** The packet's own bytes, not a view of the network's buffer. */
  readonly packet: Uint8Array;
  readonly token: Token;
  /**
   * Asked when its turn comes, behind everything that waits: why it may not enter the log, or null. Unless it is there
   * already; the number of what is refused is not used up by that, and its author begins anew behind it.
   */
  readonly judge?: () => string | null;
  /** The author begins anew with this number: everything before it has been answered, numbers before it may be missing. */
  readonly begins?: boolean;
  /** What to answer when it was said `triesMax` times and what it follows never came; with what follows it; absent: it is held for ever. */
  readonly missing?: string;
  /** Given back with `write`: the author's last such number, for the row to keep; absent: he never began anew. */
  readonly base?: number;
}

/**
 * Why the store did not do it. `later`: the world failed, the same may succeed; `never`: it will always refuse this;
 * `stop`: the log is somebody else's now. `code` is the store's.
 */
export interface StoreRefusal {
  readonly again: 'later' | 'never' | 'stop';
  readonly code: string;
}

/** What it is told. */
export type IncomingEvent<Token> =
  /** `hasRoom`: whether its owner lets the log grow; what is in it already is acknowledged even if not. */
  | { readonly kind: 'arrived'; readonly arrival: Arrival<Token>; readonly hasRoom: boolean }
  /** The answer to `look`: the author's last counter in the log, 0 when there is none; or no answer. */
  | {
      readonly kind: 'found';
      readonly author: string;
      readonly counter: number;
      readonly base?: number;
      readonly tag?: string;
    }
  | ({ readonly kind: 'look failed'; readonly author: string } & StoreRefusal)
  /** The answer to `write`: the sequence of each row in its order; or it did not happen, as far as anybody knows. */
  | { readonly kind: 'written'; readonly sequences: readonly number[] }
  | ({ readonly kind: 'write failed' } & StoreRefusal)
  /** The time asked for by `timer` has come: for writes, or for looking up this author. */
  | { readonly kind: 'timer'; readonly author: string | null };

/** What it does. */
export type IncomingEffect<Token> =
  /** Find the author's newest row. */
  | { readonly kind: 'look'; readonly author: string }
  /** Append these, all or none; ids that are there already count as appended. One write at a time. */
  | { readonly kind: 'write'; readonly arrivals: readonly Arrival<Token>[] }
  /** Durable: tell whoever sent it. */
  | { readonly kind: 'acknowledge'; readonly token: Token }
  /**
   * It is never taken as it is, by the store or by its owner: tell whoever sent it. What merely finds no room is left
   * unanswered, and comes again.
   */
  | { readonly kind: 'refuse'; readonly token: Token; readonly code: string }
  /** The row is in the log, new or not. */
  | { readonly kind: 'recorded'; readonly sequence: number; readonly arrival: Arrival<Token> }
  /** A new one for the same author, or for writes (null), replaces the old. */
  | { readonly kind: 'timer'; readonly author: string | null; readonly delayMs: number }
  /** The log is somebody else's: nothing is taken or acknowledged any more. */
  | { readonly kind: 'stopped'; readonly code: string };
