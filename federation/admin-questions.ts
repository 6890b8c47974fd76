/** What the admin of a running server may ask of it, and what he is answered, as data. docs/spec/trust.md#policy */
import type { MorStatus } from './onions/mor-events.ts';
import type { Basis, Standing } from '../pki/trust-state.ts';
import type { FederationCode } from './error.ts';
import type { Page } from './feeds/page-shown.ts';
import type { PolicyChange, Rule } from './trust/policy-lines.ts';

/** A question about people who live here. */
export type AccountQuestion =
  /** A page of all accounts, behind this nick. Answer: `accounts`. */
  | { readonly kind: 'accounts'; readonly after: string | null }
  /** One of them, whole, or what is known of one that was closed. Answer: `accounts`. */
  | { readonly kind: 'account'; readonly nick: string }
  /** Nobody is let in any more, or again. Answer: `done`. */
  | { readonly kind: 'freeze'; readonly nick: string; readonly isFrozen: boolean }
  /** For good. Answer: `done`. */
  | { readonly kind: 'close'; readonly nick: string };

/** A question; it comes as JSON. */
export type AdminQuestion =
  | AccountQuestion
  /** People of other domains who speak through this server now. Answer: `visitors`. */
  | { readonly kind: 'visitors' }
  /** Whose publications are kept here, what they take, and what whoever publishes or passes on may do now. Answer: `feeds`. */
  | { readonly kind: 'feeds' }
  /** Counts of the listener. Answer: `mor`. */
  | { readonly kind: 'mor' }
  /** How many boxes there are, of people of whom nothing is known. Answer: `boxes`. */
  | { readonly kind: 'boxes' }
  /** Everything that is known of one domain; of all that have a rule or a circuit. Answer: `domains`. */
  | { readonly kind: 'show'; readonly domain: string }
  | { readonly kind: 'list' }
  /** Answer: `policy`. */
  | { readonly kind: 'policy' }
  /** Answer: `done`. */
  | { readonly kind: 'change'; readonly unknown: 'open' | 'closed' | null; readonly changes: readonly PolicyChange[] }
  /** Somebody's keys, at home or with others; `psyc://domain/~nick`. Answer: `found`. */
  | { readonly kind: 'find'; readonly person: string }
  /** Its pinned key is lost, as its admin has told over another way; or is not. Answer: `done`. */
  | { readonly kind: 'lost'; readonly domain: string; readonly isLost: boolean }
  /** Of the server itself: the key that is to follow was made, or is not to follow any more. Answer: `done`. */
  | { readonly kind: 'announce' }
  /** For whoever asks without a client: what this person has published, or is said in this place; or the rows before one. Answer: `page`. */
  | { readonly kind: 'page'; readonly of: string; readonly before: number | null; readonly scope: PageScope }
  /** The file of a publication of this person, `id` in hexadecimal. Answer: `file`. */
  | { readonly kind: 'file'; readonly of: string; readonly id: string; readonly scope: PageScope }
  /** Goes there now. Answer: `done`. */
  | { readonly kind: 'meet'; readonly domain: string }
  /** Its rule, its pin and what is remembered of its key go. Answer: `done`. */
  | { readonly kind: 'forget'; readonly domain: string };

/** Whose pages are shown: nobody's, those of people who live here, or of those as well whom somebody here follows; and those of places that are published. */
export type PageScope = {
  readonly people: 'none' | 'own' | 'followed';
  readonly places: 'none' | 'published';
};

/** A domain as it is shown; times are Unix milliseconds. */
export interface DomainShown {
  readonly domain: string;
  readonly rule: Rule | null;
  readonly isLinked: boolean;
  /** It was gone to, and nobody was there. */
  readonly isUnreached: boolean;
  /** The admin has said something of a linked domain that its key is not looked at by yet: what is shown may be over in a moment. */
  readonly isUnsettled: boolean;
  readonly standing: Standing;
  /** The fingerprint that the admin gave, while nobody has proved that key: nothing else is let in. null: none stands in the way. */
  readonly given: string | null;
  /** The admin has said that the pinned key is lost. */
  readonly isLost: boolean;
  readonly fingerprint: string | null;
  readonly basis: Basis | null;
  readonly sinceMs: number | null;
  readonly trialUntilMs: number | null;
  readonly provedMs: number | null;
  /** Nobody is reached there, and others find so too. */
  readonly silentSinceMs: number | null;
  /** Until when this domain and that one countersign each other's present keys; null: they do not. */
  readonly countersigned: { readonly byUsUntilMs: number | null; readonly byThemUntilMs: number | null };
  /** Why it was not let in, or did not stay, when it was met last, since it was let in or the admin changed his mind; `fingerprint`: of the key that was proved. */
  readonly refused: {
    readonly code: string;
    readonly row: string | null;
    readonly fingerprint: string | null;
    readonly atMs: number;
  } | null;
}

/** Our own key, where others refuse it as revoked. */
export interface OwnKeyShown {
  readonly fingerprint: string;
  /** Whether a revocation that it has signed was found; else others only say so. */
  readonly isRevoked: boolean;
  readonly refusedBy: readonly string[];
}

/** An account as it is shown; times are Unix milliseconds, and null where nobody knows. */
export interface AccountShown {
  readonly nick: string;
  /** Whether somebody of this name lives here now. */
  readonly isThere: boolean;
  /** To the day. */
  readonly createdMs: number | null;
  /** The day of the last login. */
  readonly seenMs: number | null;
  /** null: it is not frozen. */
  readonly frozenMs: number | null;
  /** null: it is not closed, or somebody else has the name by now. */
  readonly closedMs: number | null;
  /** Whether a device is connected. */
  readonly isHere: boolean;
  /** By his newest statement. */
  readonly devices: number | null;
  /** Counted where one is asked for. */
  readonly friends: number | null;
  readonly places: number | null;
}

/** Boxes as they are shown. */
export interface BoxesShown {
  readonly count: number;
  readonly most: number;
  /** Bits of work that the next one takes. */
  readonly workBits: number;
}

/** A visitor as he is shown. */
export interface VisitorShown {
  /** `psyc://domain/~nick`. */
  readonly person: string;
  /** Circuits of his. */
  readonly devices: number;
}

/** What somebody has published, as it is kept here. */
export interface FeedShown {
  /** `psyc://domain/~nick`. */
  readonly person: string;
  readonly followers: number;
  /** Whether his home may lack something that is here. */
  readonly isOwed: boolean;
  readonly publications: number;
  readonly bytes: number;
  readonly files: number;
  readonly fileBytes: number;
  readonly fileBytesMax: number;
}

/** What one author, server or domain may do now of what it may do at once. */
export interface BudgetShown {
  readonly of: string;
  readonly name: string;
  readonly left: number;
  readonly most: number;
}

/** Why nothing was done that the admin asked for. `_admin_own_domain`: it is about this domain itself; `_admin_unknown_domain`: nothing is known of that one. */
export type AdminFault = FederationCode | '_keys_unknown' | '_admin_own_domain' | '_admin_unknown_domain';

/** An answer. */
export type AdminAnswer =
  | {
      readonly kind: 'domains';
      readonly domains: readonly DomainShown[];
      /** null: nobody says that our own key is revoked. */
      readonly ownKey: OwnKeyShown | null;
      readonly unixMs: number;
    }
  /** `next`: the nick behind which there is more; null: there is none. */
  | { readonly kind: 'accounts'; readonly accounts: readonly AccountShown[]; readonly next: string | null }
  | { readonly kind: 'visitors'; readonly visitors: readonly VisitorShown[] }
  /** null: this server keeps no boxes. */
  | { readonly kind: 'boxes'; readonly boxes: BoxesShown | null }
  /** Of feeds that have had to do something since the server began; of budgets those that are not full. */
  | { readonly kind: 'feeds'; readonly feeds: readonly FeedShown[]; readonly budgets: readonly BudgetShown[] }
  | { readonly kind: 'policy'; readonly text: string }
  /** null: this server has no part in the flood of cells. */
  | { readonly kind: 'mor'; readonly status: MorStatus | null }
  /** His key in base64, its fingerprint in hexadecimal, and until when his domain vouches for it, Unix milliseconds. */
  | { readonly kind: 'found'; readonly key: string; readonly fingerprint: string; readonly untilMs: number }
  /** null: nothing of his is shown here. */
  | { readonly kind: 'page'; readonly page: Page | null }
  /** null: it is not here, not wholly, or not shown. */
  | { readonly kind: 'file'; readonly file: { readonly name: string; readonly chunks: readonly Uint8Array[] } | null }
  | { readonly kind: 'done' }
  | { readonly kind: 'refused'; readonly code: AdminFault };
