/** What a session is told, what it does, and what it tells people. docs/spec/people.md#session */
import type { Exported } from '../../circuit/binding.ts';
import type { HandshakeAnswer, HandshakeQuestion } from '../../circuit/client-handshake.ts';
import type { Succession } from '../../circuit/proof-steps.ts';
import type { Act } from '../../publication/act.ts';
import type { Attachment } from '../../publication/attachment.ts';
import type { Packet } from '../../psyc/packet.ts';
import type { Value } from '../../psyc/render.ts';
import type { Reference, Wanted } from '../../publication/reference.ts';
import type { Keeping } from './kept.ts';

export type { Act } from '../../publication/act.ts';

/** Our clocks. */
export interface Moment {
  /** Milliseconds from any beginning; never goes back. */
  readonly monotoneMs: number;
  /** Milliseconds since 1970. */
  readonly wallMs: number;
}

/** Something that a person states, signed: under a channel of his own, sealed to himself where only he is to read it. */
export interface Statement {
  readonly channel: string;
  readonly method: string;
  readonly entity: Readonly<Record<string, string>>;
  readonly text: string;
  readonly isSealed: boolean;
}

/** What a person wants. `command` numbers it, and comes back with what becomes of it. */
export type Command =
  | { readonly kind: 'enter' | 'leave'; readonly command: number; readonly place: string }
  /** To a place or a person, without a channel; in the one form of uniforms. */
  | {
      readonly kind: 'say';
      readonly command: number;
      readonly target: string;
      readonly text: string;
      readonly isAction?: boolean;
      /** What it says of another publication. */
      readonly about?: Wanted;
      /** The file that belongs to it, which is given to the server when it is stored there. */
      readonly attachment?: Attachment;
    }
  /** Asked of a place by who looks after it. */
  | { readonly kind: 'act'; readonly command: number; readonly place: string; readonly act: Act }
  /** What a place is, and who is there. */
  | { readonly kind: 'status'; readonly command: number; readonly place: string }
  /** To a person: that one wants to be friends, or does not, or no more. */
  | { readonly kind: 'befriend' | 'unfriend'; readonly command: number; readonly target: string }
  /** Of our own home, or of somebody: what is not numbered. `statement` is signed, and goes along under its name. */
  | {
      readonly kind: 'ask';
      readonly command: number;
      readonly target: string;
      readonly method: string;
      readonly entity: Readonly<Record<string, Value>>;
      readonly statement?: Statement & { readonly name: string };
    }
  /** One page: rows behind `after`, or the newest. */
  | {
      readonly kind: 'history';
      readonly command: number;
      readonly place: string;
      readonly after: number | null;
      readonly limit: number;
    };

/** What OpenPGP is asked. */
export type Question =
  | HandshakeQuestion
  /** Whose keys these are, that came as those of `person`; `known` is the statement of his devices that was read last. */
  | {
      readonly kind: 'check person';
      readonly person: string;
      readonly key: Uint8Array;
      readonly statement: Uint8Array;
      readonly domainKey: Uint8Array;
      readonly succession: Succession | null;
      readonly known: Uint8Array | null;
      /** The statement that he came from elsewhere, and the key that he had there; null: none came. */
      readonly move: { readonly statement: Uint8Array; readonly before: Uint8Array } | null;
    };

/** A person's keys, as his identity and his domain vouch for them; fingerprints and ids in hexadecimal. */
export interface PersonKeys {
  readonly fingerprint: string;
  readonly domainFingerprint: string;
  /** Of the keys that lead to the domain's by their own words alone. */
  readonly domainFollows: readonly string[];
  /** Raw Ed25519 keys by device id. */
  readonly devices: ReadonlyMap<string, Uint8Array>;
  readonly revoked: ReadonlySet<string>;
  /** The X25519 key that began last; null where there is none. */
  readonly encryptionKey: Uint8Array | null;
  /** When the certification ends, Unix seconds. */
  readonly until: number;
  /** Of the statement of devices. */
  readonly counter: number;
  readonly statement: Uint8Array;
  /** Whom he says to have been, with which key, as both keys say; `counter`: of that statement. null: nobody else. */
  readonly moved: { readonly from: string; readonly fingerprint: string; readonly counter: number } | null;
}

/** What it answers. */
export type Answer = HandshakeAnswer | { readonly kind: 'person'; readonly keys: PersonKeys };

/** The timers, each set anew by the next of its name. */
export type TimerName = 'circuit' | 'proof' | 'renew' | 'dial' | 'tick';

/** What a session is told. Bytes are looked at during the step only. */
export type SessionEvent =
  | { readonly kind: 'started' }
  /** The stream stands; `exported` is null where it exports nothing. */
  | { readonly kind: 'opened'; readonly circuit: number; readonly exported: Exported | null }
  | { readonly kind: 'bytes'; readonly circuit: number; readonly bytes: Uint8Array }
  | { readonly kind: 'drained'; readonly circuit: number; readonly bytes: number }
  | { readonly kind: 'ended' | 'failed'; readonly circuit: number }
  | { readonly kind: 'timer'; readonly name: TimerName }
  | { readonly kind: 'answered'; readonly question: number; readonly answer: Answer }
  /** What `keep` asked for is durable. */
  | { readonly kind: 'kept'; readonly keeping: number }
  | { readonly kind: 'command'; readonly command: Command }
  /** Nothing more is wanted: what is known is kept, and the circuit closed in order. */
  | { readonly kind: 'stopped' };

/** What it does. What stands behind a `keep` comes only after `kept`. */
export type SessionEffect =
  | { readonly kind: 'connect'; readonly circuit: number }
  | { readonly kind: 'write'; readonly circuit: number; readonly bytes: Uint8Array }
  /** Closes the stream, once what was written is through; or stops looking for one. */
  | { readonly kind: 'close'; readonly circuit: number }
  | { readonly kind: 'timer'; readonly name: TimerName; readonly delayMs: number }
  | { readonly kind: 'ask'; readonly question: number; readonly of: Question }
  | { readonly kind: 'keep'; readonly keeping: number; readonly change: Keeping }
  | { readonly kind: 'output'; readonly output: Output };

/** Whose word it is that somebody said something. */
export type Word =
  /** His own: signed, and checked. */
  | { readonly kind: 'author' }
  /** The server's of this domain; `code` says why a signature could not be checked. */
  | { readonly kind: 'hearsay'; readonly host: string; readonly code: string | null }
  /** Nobody's: signature, seal or key are wrong. It must not be shown as the person's. */
  | { readonly kind: 'bad'; readonly code: string };

/** A packet of somebody's that came inside another, judged. */
export interface Said {
  readonly author: string;
  readonly word: Word;
  readonly method: string;
  readonly text: string | null;
  /** Whether the text says what its author does (`/me waves`), behind his name. */
  readonly isAction: boolean;
  readonly isSealed: boolean;
  readonly timeMs: number | null;
  /** What its author has addressed it to. */
  readonly address: string;
  /** null: it is none. */
  readonly packet: Packet | null;
}

/** What a publication says of another one; ids are hexadecimal. */
interface About {
  readonly kind: Reference['kind'];
  readonly publication: string;
  /** Whose that is. */
  readonly author: string;
}

/** Something that was said. */
export interface Heard {
  readonly kind: 'heard';
  /** The place; null: to the person alone. */
  readonly place: string | null;
  /** Its row in the place's log, or in the person's. */
  readonly sequence: number;
  /** `psyc://domain/~nick`, or '' where it names nobody; who said it only if `word` is the author's. */
  readonly author: string;
  readonly word: Word;
  readonly method: string;
  /** null: it was sealed, and does not open. */
  readonly text: string | null;
  /** Whether the text says what its author does (`/me waves`), behind his name. */
  readonly isAction: boolean;
  readonly isSealed: boolean;
  /** Its id in hexadecimal, where it was published and its author has signed it. */
  readonly publication?: string;
  /** What it says of another publication; absent: nothing. */
  readonly about?: About;
  /** What is signed of a file that belongs to it; absent: none does. */
  readonly attachment?: Omit<Attachment, 'digests'>;
  /** Whether its author is no friend, by the word of the home. */
  readonly isStranger: boolean;
  /** By the author's clock, milliseconds since 1970; null where he has not signed. */
  readonly timeMs: number | null;
  /** Whether it is older than what was remembered of its author: perhaps it was shown before, and is said again by somebody. */
  readonly isOld: boolean;
  /** The page of history that it belongs to; null: it came by itself. */
  readonly command: number | null;
  /** As it came, where it belongs to a page. */
  readonly packet?: Packet;
}

/** Something stood here that its author has deleted. */
export interface DeletedHeard {
  readonly kind: 'deleted';
  readonly place: string;
  readonly sequence: number;
  readonly author: string;
  /** By whose word it was. */
  readonly word: Word;
  /** Its id in hexadecimal; null where the word is not the author's. */
  readonly publication: string | null;
  readonly command: number | null;
}

/** What a place was asked by one of those who look after it, and did. */
export interface ActHeard {
  readonly kind: 'act';
  readonly place: string;
  readonly sequence: number;
  readonly author: string;
  readonly word: Word;
  readonly act: Act;
  readonly timeMs: number | null;
  readonly isOld: boolean;
  readonly command: number | null;
}

/** What a place says of itself; what it does not tell everybody is absent. */
export interface Status {
  readonly kind: 'status';
  readonly command: number;
  readonly place: string;
  readonly topic: string | null;
  readonly mode: string;
  readonly owners: readonly string[];
  readonly aides: readonly string[];
  /** How many there are, of whom `members` are some. */
  readonly amount: number | null;
  readonly members: readonly string[] | null;
  readonly bans: readonly string[] | null;
  readonly silenced: readonly string[] | null;
  readonly invited: readonly string[] | null;
  /** The log's last row, and up to which they are erased (0: none). */
  readonly last: number | null;
  readonly erased: number;
  /** How many rows, and days, are kept; null: no limit. */
  readonly rows: number | null;
  readonly days: number | null;
  /** The row of the last change of the membership, in a members-only place. */
  readonly epoch: number | null;
}

/** How it is with a friend. */
export interface Presence {
  readonly kind: 'presence';
  readonly person: string;
  readonly word: Word;
  /** 1, not here, to 9; null: it says nothing of it. */
  readonly availability: number | null;
  /** 1, the worst, to 9. */
  readonly mood: number | null;
  readonly description: string;
}

/** What people are to know. */
export type Output =
  | Heard
  | DeletedHeard
  | Presence
  | ActHeard
  | Status
  /** Somebody came or went, by the word of the server of `host`. */
  | {
      readonly kind: 'member';
      readonly place: string;
      readonly sequence: number;
      readonly member: string;
      readonly isHere: boolean;
      readonly host: string;
      readonly command: number | null;
    }
  /** What is being done; only for people who wait. */
  | { readonly kind: 'progress'; readonly state: Progress; readonly of: string }
  /** Both ends are proved, `wasRegistered`: and the person was registered on the way. */
  | { readonly kind: 'ready'; readonly wasRegistered: boolean }
  /** It left this machine for the first time. */
  | { readonly kind: 'sent'; readonly command: number; readonly target: string }
  /** It is durable at the target's domain. `publication`: its id in hex, where it is signed. */
  | {
      readonly kind: 'stored';
      readonly command: number;
      readonly target: string;
      readonly at: string;
      readonly publication: string | null;
    }
  /** Said by an earlier session, and stored now. */
  | {
      readonly kind: 'stored before';
      readonly target: string;
      readonly at: string;
      readonly publication: string | null;
    }
  /** One of the things that were asked for, with the packets in it; the last one says no more. */
  | {
      readonly kind: 'told';
      readonly command: number;
      readonly packet: Packet;
      readonly words: ReadonlyMap<string, Said>;
      readonly isLast: boolean;
    }
  | {
      readonly kind: 'entered';
      readonly command: number;
      readonly place: string;
      readonly members: number | null;
      readonly topic: string | null;
      readonly mode: string | null;
      /** Whether it came into being by this, so that the person is its owner. */
      readonly isMade: boolean;
      /** The domain that has not said yet whether there is anybody to be followed; null: none is waited for. */
      readonly awaited: string | null;
    }
  | { readonly kind: 'left'; readonly command: number; readonly place: string }
  /** The place has done it. */
  | { readonly kind: 'done'; readonly command: number; readonly place: string; readonly act: Act | null }
  /** `reached` is the last row of the page, `last` the log's last. */
  | {
      readonly kind: 'page';
      readonly command: number;
      readonly place: string;
      readonly reached: number;
      readonly last: number;
      /** Up to here the place has erased its rows; 0: nothing. */
      readonly erased: number;
    }
  /** It will not be done; `by` is the domain that said so, null: we. `command` null: said by an earlier session. */
  | {
      readonly kind: 'refused';
      readonly command: number | null;
      readonly target: string;
      readonly code: string;
      readonly by: string | null;
    }
  /** By whom the person was put out of a place while he was not there, or is kept out. */
  | (Pick<ActHeard, 'place' | 'author' | 'word' | 'act' | 'timeMs' | 'command'> & { readonly kind: 'expelled' })
  | Notice
  /** The session is over; nothing follows. `detail`: the domain whose server was there instead of ours. */
  | { readonly kind: 'over'; readonly code: string; readonly by: string | null; readonly detail?: string };

/** What people are told loudly. */
export type Notice =
  /** A key was taken because none was known: of a domain, or of a person. */
  | { readonly kind: 'first key'; readonly of: string; readonly fingerprint: string }
  /** A domain has another key, by the word of the pinned one. */
  | { readonly kind: 'followed key'; readonly of: string; readonly pinned: string; readonly fingerprint: string }
  /** Somebody lives elsewhere now, by the word of the key that is pinned for him. */
  | { readonly kind: 'moved'; readonly from: string; readonly to: string }
  /** Another key than the pinned one came; it is not believed. */
  | { readonly kind: 'changed key'; readonly of: string; readonly pinned: string; readonly fingerprint: string }
  /** Another domain was shown this key for us, which is not ours. */
  | { readonly kind: 'foreign own key'; readonly by: string; readonly fingerprint: string }
  /** Publications `from` up to `to` of this author here have not come. */
  | {
      readonly kind: 'gap';
      readonly author: string;
      readonly address: string;
      readonly from: number;
      readonly to: number;
    }
  /** The author's device has said two things with one number, or names another one before than we know. */
  | { readonly kind: 'fork'; readonly author: string; readonly address: string; readonly counter: number }
  /** It was shown, and its author takes it back: he was told that it had not arrived. */
  | { readonly kind: 'withdrawn'; readonly author: string; readonly address: string; readonly counter: number }
  /** In a members-only place somebody's key was sealed to people whom the place does not name to us as members. */
  | {
      readonly kind: 'unseen readers';
      readonly place: string;
      readonly author: string;
      readonly readers: readonly string[];
    }
  /** The place answers nothing by which somebody's key there can be looked at. */
  | { readonly kind: 'unchecked key'; readonly place: string; readonly author: string }
  /** The place has taken something sealed for who was a member before somebody had left or was put out: he can read it. */
  | { readonly kind: 'stale seal'; readonly place: string; readonly author: string; readonly sequence: number }
  /** Rows that the place has erased, as it says. */
  | { readonly kind: 'erased rows'; readonly place: string; readonly from: number; readonly to: number }
  /** Rows of a place's log that it does not give. */
  | { readonly kind: 'missing rows'; readonly place: string; readonly from: number; readonly to: number }
  /** The circuit was lost, or was given up. */
  | { readonly kind: 'lost'; readonly code: string; readonly byPeer: boolean };

/** What a session may be waiting for. */
export type Progress = 'connecting' | 'proving' | 'asking for keys' | 'waiting for the answer';
