/** What a node asks of those who read and make OpenPGP packets, as data. docs/spec/people.md */

import type { RingSearch } from '../../pki/hkp.ts';
import type { RotationHeard } from '../../pki/trust-state.ts';

/** Keys and statements are bytes as they came; fingerprints and device ids are raw bytes. */
export type PkiQuestion =
  /** What is this key? Answer: `domain`. */
  | {
      readonly kind: 'domain';
      readonly domain: string;
      readonly key: Uint8Array;
      /** It may be revoked, or have ended: somebody else judges that. */
      readonly isAnyState?: true;
    }
  /** Whose keys are these, now? Answer: `person`. */
  | {
      readonly kind: 'person';
      /** `psyc://domain/~nick`. */
      readonly person: string;
      readonly key: Uint8Array;
      readonly statement: Uint8Array;
      /** The newest statement that was seen before. */
      readonly known: Uint8Array | null;
      /** The key of the person's domain, as it is trusted; null: it is ours, whose certification may have ended. */
      readonly authority: Uint8Array | null;
    }
  /**
   * Whose keys are these, of whom nobody at home answers: looked for on our own ring, where his domain's DNS points, and at the
   * key servers of these domains. Answer: `found`.
   */
  | {
      readonly kind: 'find';
      readonly person: string;
      /** The pinned one; null: none is. */
      readonly fingerprint: Uint8Array | null;
      /** The newest statement that was seen before. */
      readonly known: Uint8Array | null;
      /** Keys of his domain that count. */
      readonly authorities: readonly Uint8Array[];
      /** Where the home is silent: certifications that held at `atMs` count until `untilMs`, Unix milliseconds. */
      readonly honoured: Honoured | null;
      readonly servers: readonly string[];
    }
  /**
   * Whose keys are these, that he has brought himself, with all that our own ring knows of them and others have given, not
   * checked: what anybody has taken back counts, and the newest statement. Answer: `found`.
   */
  | {
      readonly kind: 'visitor';
      readonly person: string;
      readonly key: Uint8Array;
      readonly statement: Uint8Array;
      /** The newest statement that was seen before. */
      readonly known: Uint8Array | null;
      readonly authorities: readonly Uint8Array[];
      readonly honoured: Honoured | null;
      readonly others: { readonly keys: readonly Uint8Array[]; readonly statements: readonly Uint8Array[] };
    }
  /**
   * Is this a statement that `key` follows one of `olds`, all as they came, signed by that or by the recovery key, which may speak
   * for one that is not there? Answer: `rotation`.
   */
  | {
      readonly kind: 'rotation';
      readonly domain: string;
      readonly statement: Uint8Array;
      readonly olds: readonly Uint8Array[];
      readonly key: Uint8Array;
      readonly recovery: Uint8Array | null;
    }
  /**
   * What does a domain's key say of itself, in these copies and on our ring; and, with `servers`, where its DNS points and at the
   * key servers of these domains? Answer: `domain state`.
   */
  | {
      readonly kind: 'domain state';
      readonly domain: string;
      readonly fingerprint: Uint8Array;
      readonly copies: readonly Uint8Array[];
      readonly servers: readonly string[] | null;
    }
  /**
   * Countersign the key of a domain, unless that is done and lasts. `kept`: the same with what this domain said of it before;
   * null: nothing. Answer: `countersigned`.
   */
  | {
      readonly kind: 'countersign';
      readonly domain: string;
      readonly key: Uint8Array;
      readonly kept: Uint8Array | null;
    }
  /** Take back what this domain said of another's key, which is in it. Answer: `countersigned`. */
  | { readonly kind: 'uncountersign'; readonly key: Uint8Array }
  /** What does a domain with this key, `authority`, say of ours, in a copy that it sent? `kept`: an earlier one; null: none. Answer: `countersigned`. */
  | {
      readonly kind: 'read countersignature';
      readonly key: Uint8Array;
      readonly kept: Uint8Array | null;
      readonly authority: Uint8Array;
    }
  /** What has our own ring by this fingerprint or address? Answer: `ring`. */
  | { readonly kind: 'ring'; readonly search: RingSearch }
  /** Certify somebody's key under this domain's. Answer: `certified`. */
  | {
      readonly kind: 'certify';
      readonly person: string;
      readonly key: Uint8Array;
      readonly statement: Uint8Array;
      /** The text of an invitation; null: none came. */
      readonly invite: string | null;
      /** Fingerprint of who lives here under that name already, and needs no invitation; null: nobody does. */
      readonly member: Uint8Array | null;
      /** His key as it is kept, in which it may have been taken back; null with `member`. */
      readonly kept: Uint8Array | null;
    }
  /** Whether this is the identity key of who lives here, in which it has taken his name back, unless it is the admin who closes; if so, take our word back as well. Answer: `closed`. */
  | {
      readonly kind: 'close';
      readonly person: string;
      readonly key: Uint8Array;
      readonly member: Uint8Array;
      readonly isByAdmin: boolean;
    }
  /** From which name, with which key there, somebody is said to have come; neither keys nor signatures are looked at. Answer: `named`. */
  | { readonly kind: 'move name'; readonly move: ToldMove }
  /** Whether this person, with this key, has come from elsewhere, as both keys say, and not before what is `known`; null: nothing. Answer: `moved`. */
  | {
      readonly kind: 'move';
      readonly person: string;
      readonly key: Uint8Array;
      readonly move: ToldMove;
      readonly known: ToldMove | null;
      /** Copies of the old key that other domains have, not checked, beside our own ring, which is always asked; null: it is for those to judge who knew him. */
      readonly others: readonly Uint8Array[] | null;
    };

/** A move statement as it came, and the key that it says has moved. */
export interface ToldMove {
  readonly statement: Uint8Array;
  readonly before: Uint8Array;
}

/** A domain's key, and what it says of itself: whether it has revoked itself, and when it ends, Unix milliseconds; null: never. */
export interface KeyState {
  readonly key: Uint8Array;
  readonly revocation: 'hard' | 'soft' | null;
  readonly endsMs: number | null;
}

/** Certifications that held at `atMs` count until `untilMs`, Unix milliseconds. */
export interface Honoured {
  readonly atMs: number;
  readonly untilMs: number;
}

/** A statement that a domain's key has a successor, as it holds; times are Unix milliseconds. */
type HeardRotation = Omit<RotationHeard, 'seenMs'>;

/** A device that the person's newest statement enrols. */
interface KnownDevice {
  readonly id: Uint8Array;
  /** Ed25519, raw. */
  readonly key: Uint8Array;
}

/** What comes of a question. */
export type PkiAnswer =
  /** A good key of that domain; `circuitKey`: what signs its circuits. */
  | { readonly kind: 'domain'; readonly fingerprint: Uint8Array; readonly circuitKey: Uint8Array | null }
  /** `isNews`: the statement is newer than the known one. `untilMs`: when the certification ends, in milliseconds since 1970; of ours 0 where none holds. */
  | {
      readonly kind: 'person';
      readonly fingerprint: Uint8Array;
      readonly devices: readonly KnownDevice[];
      readonly revoked: readonly Uint8Array[];
      readonly isNews: boolean;
      readonly untilMs: number;
    }
  /** What was found, and which key of his domain vouches for it. `isHonoured`: its certification has ended, and counts since his home is silent. */
  | {
      readonly kind: 'found';
      readonly isHonoured: boolean;
      readonly key: Uint8Array;
      readonly statement: Uint8Array;
      readonly authority: Uint8Array;
      readonly read: PkiAnswer & { readonly kind: 'person' };
    }
  /** `invite`: a name for the invitation that was used, which tells nobody its text; null: none was necessary. */
  | {
      readonly kind: 'certified';
      readonly key: Uint8Array;
      readonly fingerprint: Uint8Array;
      readonly invite: string | null;
    }
  /** The key with what is said of it, its fingerprint, and until when, Unix milliseconds; 0: it is taken back. */
  | {
      readonly kind: 'countersigned';
      readonly key: Uint8Array;
      readonly fingerprint: Uint8Array;
      readonly untilMs: number;
    }
  /** The key, with our certification revoked. */
  | { readonly kind: 'closed'; readonly key: Uint8Array }
  /** As somebody says. */
  | { readonly kind: 'named'; readonly from: string; readonly fingerprint: Uint8Array }
  /** From which name, with which key there; `counter` rises with that key's moves. */
  | {
      readonly kind: 'moved';
      readonly from: string;
      readonly fingerprint: Uint8Array;
      readonly counter: number;
      readonly timeMs: number;
    }
  | { readonly kind: 'rotation'; readonly rotation: HeardRotation }
  | ({ readonly kind: 'domain state' } & KeyState)
  /** The newest first; none is one that nobody has, and the statement is of an address' owner. */
  | { readonly kind: 'ring'; readonly keys: readonly Uint8Array[]; readonly statement: Uint8Array | null }
  /** With a stable code of whatever was wrong. */
  | { readonly kind: 'refused'; readonly code: string };
