/** What somebody has published as readers without a client are shown it. docs/spec/pages.md */

/**
 * What a signature is worth now. `good`: by a device that the author has; `unlisted`: by one that he has no more, or whose signature does not hold; `unchecked`: nobody
 * gives his keys at this moment, and it was checked when it came; `none`: it is not signed, and the server's word.
 */
export type Signature = 'good' | 'unlisted' | 'unchecked' | 'none';

/** One publication as it is shown; times are Unix milliseconds, ids hexadecimal. */
export type Shown =
  | {
      readonly kind: 'said';
      /** null: it is not signed. */
      readonly id: string | null;
      /** Its row here. */
      readonly row: number;
      /** `psyc://domain/~nick`. */
      readonly author: string;
      readonly timeMs: number;
      readonly text: string;
      readonly isAction: boolean;
      /** Whether it is longer than is shown. */
      readonly isCut: boolean;
      /** When the words were put in the place of others; null: they are the first. */
      readonly editedMs: number | null;
      /** The file that belongs to it; null: none does. `id` names it: that of the publication whose words are shown. */
      readonly file: {
        readonly id: string;
        readonly name: string;
        readonly type: string;
        readonly bytes: number;
      } | null;
      readonly answers: { readonly author: string; readonly id: string } | null;
      readonly signature: Signature;
    }
  | {
      readonly kind: 'deleted';
      readonly id: string;
      readonly row: number;
      readonly timeMs: number;
      readonly deletedMs: number;
    };

/** One page. */
export interface Page {
  /** Whose it is: `psyc://domain/~nick`, or the place in which it was said, `psyc://domain/@name`. */
  readonly of: string;
  /** Of the key that signed the newest of a person's, hexadecimal; null: there is none. */
  readonly fingerprint: string | null;
  /** Of a place; null: a person has none. */
  readonly topic: string | null;
  /** The newest first. */
  readonly shown: readonly Shown[];
  /** Where the page with older ones ends; null: there are none. */
  readonly before: number | null;
}
