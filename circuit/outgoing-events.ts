/** What the outgoing side of a log is told, and what it does. docs/spec/federation.md#outgoing */

/** A row of the log, with what its acknowledgement will carry. */
export interface OutgoingRow {
  readonly sequence: number;
  readonly author: string;
  /** Who answers; '' where one reader answers everything, and silence is his alone. */
  readonly target: string;
  readonly tag: string;
  /** The author's number for it. */
  readonly counter: number;
  readonly packet: Uint8Array;
  /** When it is given up; absent: never. */
  readonly untilMs?: number;
}

/** What it is told. */
export type OutgoingEvent =
  /** From the store, at the start: everything up to `mark` is acknowledged, `last` is the log's newest; or no answer. */
  | { readonly kind: 'marked'; readonly mark: number; readonly last: number }
  | { readonly kind: 'marks failed' }
  /** A row has become durable. */
  | { readonly kind: 'appended'; readonly row: OutgoingRow }
  /** The log is at least this long, as another answer of the store showed. */
  | { readonly kind: 'grown'; readonly last: number }
  /** There is a way to the peer; or there is none any more. */
  | { readonly kind: 'connected' }
  | { readonly kind: 'disconnected' }
  /** What `send` gave was not sent: no room; nothing more is sent before there is some again. */
  | { readonly kind: 'refused'; readonly sequence: number }
  | { readonly kind: 'writable' }
  /**
   * The peer, and nobody else, says that it has this of this author durably, or will never take it. Tags are the authors'
   * and come twice; the counter tells, and is null only where the peer says none. `target`: who says so; null: the peer, of
   * whatever target.
   */
  | {
      readonly kind: 'acknowledged';
      readonly author: string;
      readonly target: string | null;
      readonly tag: string;
      readonly counter: number | null;
    }
  /** The answer to `read`; or no answer. */
  | { readonly kind: 'rows'; readonly rows: readonly OutgoingRow[]; readonly last: number }
  | { readonly kind: 'read failed' }
  /** The answer to `mark`. */
  | { readonly kind: 'mark written' }
  | { readonly kind: 'mark failed' }
  /** The log is somebody else's now: nothing more is sent or marked. */
  | { readonly kind: 'stopped' }
  /** The time asked for by `timer` has come. */
  | { readonly kind: 'timer'; readonly name: OutgoingTimer };

/** What is waited for: to ask the store again, to send again, to give up. Each has its own, so that neither delays the other. */
export type OutgoingTimer = 'store' | 'resend' | 'give up';

/** What it does. */
export type OutgoingEffect =
  | { readonly kind: 'send'; readonly sequence: number; readonly packet: Uint8Array }
  | { readonly kind: 'marks' }
  | { readonly kind: 'read'; readonly after: number; readonly rowsMax: number }
  /** Note in the store that everything up to here is acknowledged. */
  | { readonly kind: 'mark'; readonly sequence: number }
  /** It was not answered in time, and counts as answered from here on: tell its author. */
  | { readonly kind: 'give up'; readonly row: OutgoingRow }
  | { readonly kind: 'timer'; readonly name: OutgoingTimer; readonly delayMs: number };
