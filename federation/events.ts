/** A node from outside: what it is told, what it has done for it, and what it is told of itself. docs/spec/federation.md#node */
import type { Exported } from '../circuit/binding.ts';
import type { CircuitLimits, DeliveryLimits } from '../circuit/limits.ts';
import type { ServerIdentity } from '../circuit/server-handshake.ts';
import type { Suite } from '../crypto/suite.ts';
import type { DecodeRange } from '../psyc/bytes.ts';
import type { MailOptions } from '../services/mail/options.ts';
import type { MailboxOptions } from '../services/mailbox/limits.ts';
import type { PigeonholeOptions } from '../services/pigeonhole/limits.ts';
import type { StoreOutcome, StoreRequest } from '../store/store.ts';
import type { AdminAnswer, AdminQuestion } from './admin-questions.ts';
import type { FederationLimits } from './limits.ts';
import type { MailEffect, MailEvent } from './mail/mail-events.ts';
import type { MorEffect, MorEvent, MorOptions } from './onions/mor-events.ts';
import type { DnsStatement } from '../pki/dns-statement.ts';
import type { TrustLimits } from '../pki/trust-limits.ts';
import type { Alarm, TrustRow } from '../pki/trust-state.ts';
import type { PkiAnswer, PkiQuestion } from './keys/pki.ts';

/** What a node is told. It names the circuits it opens, its shell those it accepts. */
export type NodeEvent =
  | { readonly kind: 'started' }
  /** The stream stands; null: it exports nothing. */
  | {
      readonly kind: 'opened';
      readonly circuit: string;
      readonly exported: Exported | null;
      readonly accepted: boolean;
      /** Of the machine at the other end, IPv4 or IPv6; nobody knows where there is none. */
      readonly address?: string;
      /** Without TLS: the named hosts that may be at its other end, by its address. */
      readonly plain?: readonly string[];
    }
  | { readonly kind: 'bytes'; readonly circuit: string; readonly bytes: Uint8Array }
  | { readonly kind: 'drained'; readonly circuit: string; readonly bytes: number }
  | { readonly kind: 'ended'; readonly circuit: string }
  | { readonly kind: 'failed'; readonly circuit: string }
  | { readonly kind: 'timer'; readonly name: string }
  | { readonly kind: 'stored'; readonly outcome: StoreOutcome }
  /** The admin asks something. */
  | { readonly kind: 'asked'; readonly request: number; readonly question: AdminQuestion }
  | { readonly kind: 'looked up'; readonly request: number; readonly found: DnsStatement }
  | { readonly kind: 'answered'; readonly request: number; readonly answer: PkiAnswer }
  /** A key that is to follow this domain's, and the statement that it does. */
  | { readonly kind: 'announced'; readonly announced: RotationTold }
  /** More of a domain's key is on the ring. */
  | { readonly kind: 'domain key'; readonly domain: string }
  /** More of a person's key is on the ring, and in his records. */
  | { readonly kind: 'key'; readonly amended: AmendedKey }
  /** What the listener asked for, or is told of keys. */
  | { readonly kind: 'mor'; readonly event: MorEvent }
  /** What came over SMTP, or became of what was sent there. */
  | { readonly kind: 'mail'; readonly event: MailEvent };

/** A statement that a domain's key follows another, with what it is checked by; nothing is checked yet. */
export interface RotationTold {
  /** As it was signed. */
  readonly statement: Uint8Array;
  /** The key that it names. */
  readonly key: Uint8Array;
  /** The recovery key, where it has signed in place of the one before, or was told with it. */
  readonly recovery: Uint8Array | null;
}

/** A key with what somebody has added to it, of a person who lives here. */
export interface AmendedKey {
  /** `psyc://domain/~nick`. */
  readonly person: string;
  readonly fingerprint: Uint8Array;
  readonly key: Uint8Array;
  /** Why nobody is let in by it any more, for good or for now; null: he is. */
  readonly code: '_revoked_key' | '_revoked_certification' | null;
}

/** What it has done for it. */
export type NodeEffect =
  /** Open a stream to a domain. */
  | { readonly kind: 'connect'; readonly circuit: string; readonly to: string }
  | { readonly kind: 'write'; readonly circuit: string; readonly bytes: Uint8Array }
  /** The same bytes on each of these. */
  | { readonly kind: 'write all'; readonly circuits: readonly string[]; readonly bytes: Uint8Array }
  | { readonly kind: 'close'; readonly circuit: string }
  /** Hand over what was written until now, and let nothing join it. */
  | { readonly kind: 'flush'; readonly circuit: string }
  /** What the listener needs a thread or the disk for; answered by an event of its own. */
  | { readonly kind: 'mor'; readonly effect: MorEffect }
  /** What the mail gateway has done over SMTP; a mail is answered by an event of its own. */
  | { readonly kind: 'mail'; readonly effect: MailEffect }
  /** A packet found no room there: look whether the peer still reads. */
  | { readonly kind: 'full'; readonly circuit: string }
  /** Give the event `timer` of this name after so long; a new one of the same name replaces the old. */
  | { readonly kind: 'timer'; readonly name: string; readonly delayMs: number }
  /** Give it no more. */
  | { readonly kind: 'cancel'; readonly name: string }
  | { readonly kind: 'store'; readonly request: StoreRequest }
  /** Read or make OpenPGP packets, which takes a while. */
  | { readonly kind: 'pki'; readonly request: number; readonly question: PkiQuestion }
  /** Ask the DNS for what it says of a domain's key; `isChange`: over two ways. It answers before long, whatever happens. */
  | { readonly kind: 'look up'; readonly request: number; readonly domain: string; readonly isChange: boolean }
  /** What the admin asked. */
  | { readonly kind: 'told'; readonly request: number; readonly answer: AdminAnswer }
  /** Something that the admin should hear of. */
  | { readonly kind: 'notice'; readonly notice: Notice };

/** For the log. Names domains, never persons. */
export type Notice =
  /** A domain's key was taken without anybody's having vouched for it. */
  | { readonly kind: 'first contact'; readonly domain: string; readonly fingerprint: string }
  /** A domain came with another key than the pinned or configured one. */
  | { readonly kind: 'foreign key'; readonly domain: string; readonly fingerprint: string; readonly expected: string }
  /** That domain finds that the DNS names this key for ours. */
  | { readonly kind: 'named'; readonly domain: string; readonly fingerprint: string }
  /** That domain has heard that this key is to follow ours, or one that we had, signed by that or by our recovery key, and we have not said so. */
  | {
      readonly kind: 'successor';
      readonly domain: string;
      readonly fingerprint: string;
      readonly by: 'our key' | 'former key' | 'recovery key';
    }
  /** That domain refuses our own key as revoked; `isFound`: a revocation that the key has signed was found, there or on our ring. */
  | {
      readonly kind: 'own key revoked';
      readonly domain: string;
      readonly fingerprint: string;
      readonly isFound: boolean;
    }
  /** Something else about its key; `row` of the table of continuity; `by`: where another key was followed, whose word led to it. */
  | {
      readonly kind: 'key';
      readonly domain: string;
      readonly row: TrustRow;
      readonly alarm: Alarm;
      readonly by?: 'old key' | 'recovery key' | 'others';
    }
  /** One of two domains countersigns the key of the other; `untilMs` 0: it takes that back. */
  | {
      readonly kind: 'countersignature';
      readonly domain: string;
      readonly by: 'us' | 'them';
      readonly untilMs: number;
    }
  /** Somebody of that domain has logged in here as a visitor; so many key servers have said whether his keys were taken back. */
  | { readonly kind: 'visitor'; readonly domain: string; readonly heard: number }
  /** Somebody's rules cannot be read: only friends may write to him. */
  | { readonly kind: 'unreadable rules' }
  | { readonly kind: 'connected' | 'disconnected'; readonly domain: string }
  /** A circuit was closed for cause; `domain`: whose server is proved to be there, or was dialled. */
  | { readonly kind: 'refused'; readonly code: string; readonly domain: string | null };

/** What a node is told of itself before it starts. */
export interface NodeOptions {
  /** Its domain and what proves it. */
  readonly identity: ServerIdentity;
  /** The key that is to follow its own. */
  readonly announced?: RotationTold;
  /** Tells names of circuits of different lives apart. */
  readonly life: number;
  readonly suite: Suite;
  /** The platform's way from bytes to text. */
  readonly decode: DecodeRange;
  /** Fingerprints of domain keys that the configuration names, hexadecimal, by domain. */
  readonly pins: ReadonlyMap<string, string>;
  /** Domains of which the configuration says where they are, so that the DNS need not vouch for them. */
  readonly placed: Pick<ReadonlySet<string>, 'has'>;
  readonly trustLimits: TrustLimits;
  /** Hosts that are spoken to without TLS, and for whom nobody proves keys. */
  readonly plain: ReadonlySet<string>;
  /** Pages that browsers may log in from. */
  readonly origins: readonly string[];
  readonly circuitLimits: CircuitLimits;
  readonly deliveryLimits: DeliveryLimits;
  readonly federationLimits: FederationLimits;
  /** Its part in the flood of cells; without, it has none. */
  readonly mor?: MorOptions;
  /** Boxes that it keeps for whoever makes one; without, it keeps none. */
  readonly pigeonhole?: PigeonholeOptions;
  /** Values that it keeps at addresses for whoever puts one there; without, it keeps none. */
  readonly mailbox?: MailboxOptions;
  /** Letters to people who have mail only, for whoever writes one; without, it sends none. */
  readonly mail?: MailOptions;
}
