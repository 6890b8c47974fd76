/** What somebody has published as readers without a client are shown it. docs/spec/pages.md */

/**
 * What a signature is worth now. `good`: by a device that the author has; `unlisted`: by one that he has no more, or whose signature does not hold; `unchecked`: nobody
 * gives his keys at this moment, and it was checked when it came.
 */
export type Signature = 'good' | 'unlisted' | 'unchecked';

/** One publication as it is shown; times are Unix milliseconds, ids hexadecimal. */
export type Shown =
  | {
      readonly kind: 'said';
      readonly id: string;
      readonly timeMs: number;
      readonly text: string;
      readonly isAction: boolean;
      /** Whether it is longer than is shown. */
      readonly isCut: boolean;
      /** When the words were put in the place of others; null: they are the first. */
      readonly editedMs: number | null;
      readonly answers: { readonly author: string; readonly id: string } | null;
      readonly signature: Signature;
    }
  | { readonly kind: 'deleted'; readonly id: string; readonly timeMs: number; readonly deletedMs: number };

/** One page. */
export interface Page {
  /** `psyc://domain/~nick`. */
  readonly person: string;
  /** Of the key that signed the newest, hexadecimal; null: there is none. */
  readonly fingerprint: string | null;
  /** The newest first. */
  readonly shown: readonly Shown[];
  /** Where the page with older ones ends; null: there are none. */
  readonly before: number | null;
}
