/** The store's interface, as data: what is asked of it and what it answers. docs/spec/federation.md#store */
import type { StoreCode } from './errors.ts';

/** Bytes and counts; the same for every store, whatever is underneath. docs/spec/federation.md#store-limits */
export const storeLimits = {
  /** UTF-8 bytes of a context's name. */
  contextBytesMax: 1024,
  /** Bytes of an author's key: a fingerprint, or a uniform where nobody signed. */
  authorBytesMax: 2048,
  /** Bytes of a row's unique id. */
  idBytesMax: 64,
  /** Bytes of one packet. */
  packetBytesMax: 1_048_576,
  /** Bytes of a mark's name: a domain's, and three more. */
  markBytesMax: 256,
  /** Marks of one context. */
  marksMax: 3072,
  /** Bytes of a member's name. */
  memberBytesMax: 1024,
  /** Members of one context. */
  membersMax: 100_000,
  /** UTF-8 bytes of a record's name. */
  recordNameBytesMax: 128,
  /** Bytes of a record's value. */
  recordValueBytesMax: 131_072,
  /** Records of one context. */
  recordsMax: 64,
  /** Operations of one write. */
  operationsMax: 1024,
  /** Bytes of all packets and values of one write. */
  writeBytesMax: 8_388_608,
  /** Rows of one page. */
  pageRowsMax: 512,
  /** Bytes of one page's packets; the row that passes it is the page's last. */
  pageBytesMax: 4_194_304,
} as const;

/**
 * Adds a packet to the end of a context's log. A row with the same id in the same context is left as it is and counts as
 * success: that is what makes it safe to ask again after `_store_lost`.
 */
export type Append = {
  readonly op: 'append';
  readonly context: string;
  /** The writer's lease number; the write is refused unless it is the context's, which is 1 until there is a cluster. */
  readonly lease: number;
  /** Whose words they are: a key's fingerprint, or the bytes of a uniform. */
  readonly author: Uint8Array;
  /** What makes the packet the same packet: unique within the context. */
  readonly id: Uint8Array;
  /** The raw packet, exactly as it is to be read again. */
  readonly packet: Uint8Array;
  /** It must be new: the whole write is refused with `_store_existing_row` if the context has a row with this id. */
  readonly absent?: true;
};

/**
 * A sequence, or what only the store knows: that of the `row` which the same write has appended last to the same context,
 * be it there already, or of the one `before` it.
 */
export type Position = number | 'row' | 'before';

/** Moves a named mark in a context's log forward (how far a reader has got, a peer has acknowledged); backward does nothing. */
type Mark = {
  readonly op: 'mark';
  readonly context: string;
  readonly lease: number;
  readonly name: string;
  /** A sequence number of this log, 0 for before the first; -1 takes the mark out. */
  readonly sequence: Position;
};

/** Enters a name in a context's list of members, changes since when, or takes it out. */
type Member = {
  readonly op: 'member';
  readonly context: string;
  readonly lease: number;
  /** Whose membership: a uniform. */
  readonly name: string;
  /** The owner's word for when it began, from 1 (as a rule a sequence of the log); 0 takes the name out. */
  readonly sequence: number | 'row';
};

/** Sets a named value of a context, or takes it out: what somebody is, has, or holds for true, as it is now. */
export type SetRecord = {
  readonly op: 'record';
  readonly context: string;
  readonly lease: number;
  readonly name: string;
  /** Empty takes the record out; no record has an empty value. */
  readonly value: Uint8Array;
  /**
   * The first to come keeps it: the whole write is refused with `_store_existing_record` if the record has another value.
   * The same value counts as success, which makes it safe to ask again after `_store_lost`.
   */
  readonly absent?: true;
};

/** Puts another packet into a row that is there: what stood in it is gone. Number, author and id stay. */
type Replace = {
  readonly op: 'replace';
  readonly context: string;
  readonly lease: number;
  readonly sequence: number;
  readonly packet: Uint8Array;
};

/**
 * Takes all rows of a log up to a sequence out, with their ids, when the rest of the write is done; the log goes on behind its
 * last. Rows that are gone already are no matter, nor to `replace`.
 */
type Trim = {
  readonly op: 'trim';
  readonly context: string;
  readonly lease: number;
  /** Not behind the log's last row as this write leaves it. */
  readonly sequence: number;
};

/** One change. People, devices, keys and pins are records of contexts. */
export type Operation = Append | Mark | Member | SetRecord | Replace | Trim;

/** What is asked. `request` is the asker's number for it, and comes back in the outcome. */
export type StoreRequest =
  /** All of the operations or none of them. */
  | { readonly kind: 'write'; readonly request: number; readonly operations: readonly Operation[] }
  /** Takes everything of these contexts out, rows, marks, members and records: of all or of none. Asking again changes nothing. */
  | {
      readonly kind: 'erase';
      readonly request: number;
      readonly contexts: readonly string[];
      readonly lease: number;
    }
  /** A page of a log: rows with a sequence above `after`, in order, at most `rowsMax`. */
  | {
      readonly kind: 'read';
      readonly request: number;
      readonly context: string;
      readonly after: number;
      readonly rowsMax: number;
    }
  /** The newest row of one author in a log, if there is one. */
  | { readonly kind: 'latest'; readonly request: number; readonly context: string; readonly author: Uint8Array }
  /** How many rows a log has, and the bytes of their packets. */
  | { readonly kind: 'size'; readonly request: number; readonly context: string }
  /** All marks of a log. */
  | { readonly kind: 'marks'; readonly request: number; readonly context: string }
  /** All records of a context. */
  | { readonly kind: 'records'; readonly request: number; readonly context: string }
  /** A page of a context's members: names above `above` (at first ''), in the order of their UTF-8 bytes. */
  | {
      readonly kind: 'members';
      readonly request: number;
      readonly context: string;
      readonly above: string;
      readonly rowsMax: number;
    }
  /** A page of the contexts that have a member of this name: those above `above` (at first ''), in the order of their UTF-8 bytes. */
  | {
      readonly kind: 'memberships';
      readonly request: number;
      readonly member: string;
      readonly above: string;
      readonly rowsMax: number;
    };

/** A row of a log, as it is read. */
export type Row = {
  /** 1, 2, 3 … within the context, in the order of the appends, without gaps behind what was taken out. */
  readonly sequence: number;
  /** The lease number it was written under. */
  readonly lease: number;
  readonly author: Uint8Array;
  readonly id: Uint8Array;
  readonly packet: Uint8Array;
};

/** What became of an append: its place in the log, and whether it had been there before. */
export type Appended = {
  readonly sequence: number;
  readonly already: boolean;
};

/** What is answered. A write is answered `written` only once it would survive the loss of power. */
export type StoreOutcome =
  /** One entry for each append among the operations, in their order. */
  | { readonly kind: 'written'; readonly request: number; readonly appended: readonly Appended[] }
  /** As durable as what is written. */
  | { readonly kind: 'erased'; readonly request: number }
  /** A page with fewer than were asked for is the last one. */
  | { readonly kind: 'memberships'; readonly request: number; readonly contexts: readonly string[] }
  /** `last` is the log's newest sequence, 0 when it is empty. */
  | { readonly kind: 'rows'; readonly request: number; readonly rows: readonly Row[]; readonly last: number }
  | { readonly kind: 'size'; readonly request: number; readonly rows: number; readonly bytes: number }
  | { readonly kind: 'marks'; readonly request: number; readonly marks: readonly NamedMark[]; readonly last: number }
  /** `last` is the log's newest sequence. A page with fewer than were asked for is the last one. */
  | {
      readonly kind: 'members';
      readonly request: number;
      readonly members: readonly NamedMark[];
      readonly last: number;
    }
  /** In the order of the UTF-8 bytes of their names; `last` is the log's newest sequence. */
  | {
      readonly kind: 'records';
      readonly request: number;
      readonly records: readonly NamedRecord[];
      readonly last: number;
    }
  | { readonly kind: 'refused'; readonly request: number; readonly code: StoreCode };

/** A mark, or a membership, as it is read. */
type NamedMark = {
  readonly name: string;
  readonly sequence: number;
};

/** A record, as it is read. */
type NamedRecord = {
  readonly name: string;
  readonly value: Uint8Array;
};

/** A store that answers at once or later: what the shared suite, and a shell, needs of any store. */
export interface Store {
  perform(request: StoreRequest): StoreOutcome | Promise<StoreOutcome>;
}
