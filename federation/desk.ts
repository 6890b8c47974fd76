/** What an entity has of its node: a clock, a store, a way to post packets; and nothing of other entities. docs/spec/federation.md#entities */
import type { DnsStatement } from '../pki/dns-statement.ts';
import type { StoreOutcome, StoreRequest } from '../store/store.ts';
import type { NodeOptions, Notice } from './events.ts';
import type { Hearers } from './places/hearers.ts';
import type { Letter } from './letter.ts';
import type { PkiAnswer, PkiQuestion } from './keys/pki.ts';

/** A request without its number, which the node gives. */
export type Asked = StoreRequest extends infer R ? (R extends StoreRequest ? Omit<R, 'request'> : never) : never;

/** Constant until there is a cluster. */
export const lease = 1;

/** Who has OpenPGP asked: somebody who lives here, whom strangers must not keep waiting; or a stranger, of whom one has a share and no more. */
export type Whose = 'ours' | { readonly stranger: string };

/** For whose sake a domain is gone to: its own, since it came and nobody knows it; this node's, which has it pinned; or the admin's. */
export type MetFor = 'stranger' | 'known' | 'admin';

/** What becomes of the way to another domain: it is there, it is gone, it has room again. */
export type LinkChange = 'connected' | 'disconnected' | 'writable';

/** The way to another domain. */
export interface Link {
  readonly isUp: boolean;
  /** Sends, if there is a circuit with room, or gives false; whoever must be sure sends again. */
  send(letter: Letter): boolean;
  /** Wants the circuit kept up, and to be told when it comes and goes and has room again. */
  watch(changed: (change: LinkChange) => void): void;
  unwatch(changed: (change: LinkChange) => void): void;
}

/** What every entity is given. */
export interface Desk {
  readonly options: NodeOptions;
  readonly domain: string;
  /** Never goes back. */
  readonly nowMs: number;
  /** Milliseconds since 1970. */
  readonly unixMs: number;
  ask(asked: Asked, answer: (outcome: StoreOutcome) => void): void;
  /** Asks those who read and make OpenPGP packets; without `whose` for the domain that it is about. */
  askPki(question: PkiQuestion, answer: (answer: PkiAnswer) => void, whose?: Whose): void;
  /** Asks the DNS what it says of a domain's key, over two ways where another than the pinned one is at stake; too many questions are as good as no answer. */
  lookUp(domain: string, isChange: boolean, found: (statement: DnsStatement) => void): void;
  /** Tells the admin. */
  notify(notice: Notice): void;
  /** A timer of this name; a new one replaces the old. */
  timer(name: string, delayMs: number, happen: () => void): void;
  /** Sends a packet on its way to whoever it names; it may be lost. */
  post(letter: Letter): void;
  /** Goes to see whether a domain is who it says. False: there is no room for that now. */
  meet(domain: string, whose: MetFor): boolean;
  /** The link to another domain; null when there are too many. */
  linkTo(domain: string): Link | null;
  /** A person follows these from now on, and nobody else. */
  follow(person: string, others: readonly string[]): void;
  /** Tells those here who follow the person in whose context it is; with `friends`, only these. */
  tellFollowers(letter: Letter, friends?: ReadonlySet<string>): void;
  /** The same multicast to each of these. */
  postToAll(letter: Letter, hearers: Hearers): void;
}

/** An entity: packets in, and packets out over its desk. */
export interface Entity {
  /** Takes a packet addressed to it. */
  take(letter: Letter): void;
  /** Whether nothing is lost when it is forgotten: it is woken again when something is for it. */
  readonly isIdle: boolean;
  /** Lengths of what it holds, by name. */
  queues(): readonly (readonly [name: string, length: number])[];
}
