/** What comes in for one log: each packet accepted once, in its author's order, and acknowledged when it is durable. docs/spec/federation.md#incoming */
import { backoffMs } from './backoff.ts';
import { type DeliveryLimits, deliveryLimits } from './limits.ts';

/** A packet for the log. `token` is the owner's own, given back with the acknowledgement. */
export interface Arrival<Token> {
  readonly author: string;
  /** The author's number for it in this log: 1, 2, 3 … without gaps. */
  readonly counter: number;
  /** What makes it the same packet when it comes again. */
  readonly id: Uint8Array;
  /** The packet's own bytes, not a view of the network's buffer. */
  readonly packet: Uint8Array;
  readonly token: Token;
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
  | { readonly kind: 'found'; readonly author: string; readonly counter: number }
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
  /** The store will never take it: tell whoever sent it. What merely finds no room is left unanswered, and comes again. */
  | { readonly kind: 'refuse'; readonly token: Token; readonly code: string }
  /** The row is in the log, new or not. */
  | { readonly kind: 'recorded'; readonly sequence: number; readonly arrival: Arrival<Token> }
  /** A new one for the same author, or for writes (null), replaces the old. */
  | { readonly kind: 'timer'; readonly author: string | null; readonly delayMs: number }
  /** The log is somebody else's: nothing is taken or acknowledged any more. */
  | { readonly kind: 'stopped'; readonly code: string };

interface Author<Token> {
  /** Counter of the newest durable packet; -1 until the store has told. */
  durable: number;
  /** Counter of the newest packet that waits or is being written. */
  queued: number;
  looking: 'no' | 'asked' | 'resting';
  /** How often looking him up failed in a row. */
  failures: number;
  readonly held: Map<number, Arrival<Token>>;
  heldBytes: number;
}

/** The state; only `stepIncoming` changes it. */
export interface Incoming<Token> {
  readonly limits: DeliveryLimits;
  /** Least recently heard first. */
  readonly authors: Map<string, Author<Token>>;
  waiting: Arrival<Token>[];
  /** Bytes of what waits and of what is being written. */
  waitingBytes: number;
  writing: readonly Arrival<Token>[] | null;
  /** Whether the store did not take what is being written; the timer asks again. */
  writeFailed: boolean;
  /** How many packets go alone, so that it shows which of them the store refuses. */
  alone: number;
  /** Packets held for all authors together, and their bytes. */
  held: number;
  heldBytes: number;
  /** How often writing failed in a row. */
  failures: number;
  stopped: boolean;
}

/** An empty state: what the log holds is found out author by author. */
export function newIncoming<Token>(limits: DeliveryLimits = deliveryLimits): Incoming<Token> {
  return {
    limits,
    authors: new Map(),
    waiting: [],
    waitingBytes: 0,
    writing: null,
    writeFailed: false,
    alone: 0,
    held: 0,
    heldBytes: 0,
    failures: 0,
    stopped: false,
  };
}

/** Packets that are accepted but not durable. */
export const waitingCount = <Token>(incoming: Incoming<Token>): number =>
  incoming.waiting.length + (incoming.writing?.length ?? 0);

/** Changes the state and gives the effects, in order. */
export function stepIncoming<Token>(incoming: Incoming<Token>, event: IncomingEvent<Token>): IncomingEffect<Token>[] {
  const effects: IncomingEffect<Token>[] = [];
  if (incoming.stopped) return effects;
  switch (event.kind) {
    case 'arrived':
      arrive(incoming, event.arrival, event.hasRoom, effects);
      break;
    case 'found': {
      const author = incoming.authors.get(event.author);
      if (author === undefined || author.looking === 'no') break;
      author.looking = 'no';
      author.failures = 0;
      author.durable = author.queued = event.counter;
      release(incoming, author, effects);
      break;
    }
    case 'look failed':
      lookFailed(incoming, event.author, event, effects);
      break;
    case 'written':
      written(incoming, event.sequences, effects);
      break;
    case 'write failed':
      writeFailed(incoming, event, effects);
      break;
    case 'timer':
      if (event.author === null) writeAgain(incoming, effects);
      else lookAgain(incoming, event.author, effects);
      break;
  }
  flush(incoming, effects);
  return effects;
}

function arrive<Token>(
  incoming: Incoming<Token>,
  arrival: Arrival<Token>,
  hasRoom: boolean,
  effects: IncomingEffect<Token>[],
): void {
  const { token, counter } = arrival;
  const author = authorOf(incoming, arrival.author);
  if (author === null) return;
  if (author.durable === -1) {
    if (hasRoom) hold(incoming, author, arrival);
    if (author.looking !== 'no') return;
    author.looking = 'asked';
    effects.push({ kind: 'look', author: arrival.author });
  } else if (counter <= author.durable) {
    // Its acknowledgement was lost on the way: the packet is here.
    effects.push({ kind: 'acknowledge', token });
  } else if (!hasRoom) return;
  else if (counter > author.queued + 1) hold(incoming, author, arrival);
  else if (counter === author.queued + 1) {
    // The next one never needs a place among the held, or a full hold would wait for it for ever.
    if (!canWait(incoming, arrival)) return;
    author.queued++;
    wait(incoming, arrival);
    release(incoming, author, effects);
  }
}

/** Keeps a packet that cannot be taken yet. When there is no room, whoever holds most gives his last ones up. */
function hold<Token>(incoming: Incoming<Token>, author: Author<Token>, arrival: Arrival<Token>): void {
  if (author.held.has(arrival.counter)) return;
  const { heldMax, heldBytesMax } = incoming.limits;
  for (;;) {
    const isCrowded = incoming.held >= heldMax;
    if (!isCrowded && incoming.heldBytes + arrival.packet.length <= heldBytesMax) break;
    const share = (one: Author<Token>): number => (isCrowded ? one.held.size : one.heldBytes);
    let most = author;
    for (const other of incoming.authors.values()) if (share(other) > share(most)) most = other;
    const last = Math.max(...most.held.keys());
    if (most.held.size === 0 || (most === author && arrival.counter > last)) return;
    letGo(incoming, most, most.held.get(last)!);
  }
  author.held.set(arrival.counter, arrival);
  author.heldBytes += arrival.packet.length;
  incoming.held++;
  incoming.heldBytes += arrival.packet.length;
}

function letGo<Token>(incoming: Incoming<Token>, author: Author<Token>, arrival: Arrival<Token>): void {
  author.held.delete(arrival.counter);
  author.heldBytes -= arrival.packet.length;
  incoming.held--;
  incoming.heldBytes -= arrival.packet.length;
}

/** The author's entry, new if need be; null when there is no room, all of them having something under way. */
function authorOf<Token>(incoming: Incoming<Token>, name: string): Author<Token> | null {
  let author = incoming.authors.get(name);
  if (author !== undefined) incoming.authors.delete(name);
  else {
    if (incoming.authors.size >= incoming.limits.authorsMax && !forgetOne(incoming)) return null;
    author = { durable: -1, queued: -1, looking: 'no', failures: 0, held: new Map(), heldBytes: 0 };
  }
  incoming.authors.set(name, author);
  return author;
}

/** Forgets the author who has been silent longest; the store will be asked again when he speaks. */
function forgetOne<Token>(incoming: Incoming<Token>): boolean {
  for (const [name, author] of incoming.authors) {
    if (author.looking !== 'no' || author.held.size > 0 || author.queued !== author.durable) continue;
    incoming.authors.delete(name);
    return true;
  }
  return false;
}

/** Refuses everything of an author that is not durable: after one that is never taken there is nothing to follow. */
function refuseAuthor<Token>(
  incoming: Incoming<Token>,
  name: string,
  code: string,
  effects: IncomingEffect<Token>[],
): void {
  const refused = incoming.waiting.filter((arrival) => arrival.author === name);
  incoming.waiting = incoming.waiting.filter((arrival) => arrival.author !== name);
  for (const { packet } of refused) incoming.waitingBytes -= packet.length;
  const author = incoming.authors.get(name);
  for (const arrival of [...(author?.held.values() ?? [])]) {
    letGo(incoming, author!, arrival);
    refused.push(arrival);
  }
  incoming.authors.delete(name);
  for (const { token } of refused) effects.push({ kind: 'refuse', token, code });
}

function canWait<Token>(incoming: Incoming<Token>, { packet }: Arrival<Token>): boolean {
  const count = waitingCount(incoming);
  const { waitingMax, waitingBytesMax } = incoming.limits;
  return count < waitingMax && (count === 0 || incoming.waitingBytes + packet.length <= waitingBytesMax);
}

function wait<Token>(incoming: Incoming<Token>, arrival: Arrival<Token>): void {
  incoming.waiting.push(arrival);
  incoming.waitingBytes += arrival.packet.length;
}

/** Moves held packets whose turn has come into the queue, and acknowledges those that are in the log. */
function release<Token>(incoming: Incoming<Token>, author: Author<Token>, effects: IncomingEffect<Token>[]): void {
  for (const [counter, arrival] of author.held) {
    if (counter > author.queued) continue;
    letGo(incoming, author, arrival);
    if (counter <= author.durable) effects.push({ kind: 'acknowledge', token: arrival.token });
  }
  for (;;) {
    const next = author.held.get(author.queued + 1);
    if (next === undefined || !canWait(incoming, next)) return;
    author.queued++;
    letGo(incoming, author, next);
    wait(incoming, next);
  }
}

function written<Token>(
  incoming: Incoming<Token>,
  sequences: readonly number[],
  effects: IncomingEffect<Token>[],
): void {
  const arrivals = incoming.writing ?? [];
  incoming.writing = null;
  incoming.failures = 0;
  arrivals.forEach((arrival, index) => {
    incoming.waitingBytes -= arrival.packet.length;
    const author = incoming.authors.get(arrival.author);
    if (author !== undefined) author.durable = Math.max(author.durable, arrival.counter);
    effects.push({ kind: 'acknowledge', token: arrival.token });
    effects.push({ kind: 'recorded', sequence: sequences[index]!, arrival });
  });
  releaseAll(incoming, effects);
}

/** There is room again for those that were held while the queue was full. */
function releaseAll<Token>(incoming: Incoming<Token>, effects: IncomingEffect<Token>[]): void {
  if (incoming.held === 0) return;
  for (const author of incoming.authors.values()) if (author.durable !== -1) release(incoming, author, effects);
}

function writeFailed<Token>(
  incoming: Incoming<Token>,
  { again, code }: StoreRefusal,
  effects: IncomingEffect<Token>[],
): void {
  const { writing } = incoming;
  if (writing === null) return;
  if (again === 'later') {
    incoming.writeFailed = true;
    const { retryMsMin, retryMsMax } = incoming.limits;
    effects.push({ kind: 'timer', author: null, delayMs: backoffMs(incoming.failures++, retryMsMin, retryMsMax) });
    return;
  }
  incoming.writing = null;
  incoming.failures = 0;
  // Back in front: alone, so that only who is to blame is refused.
  incoming.waiting.unshift(...writing);
  if (again === 'stop') {
    incoming.stopped = true;
    incoming.waiting = [];
    incoming.waitingBytes = incoming.held = incoming.heldBytes = 0;
    incoming.authors.clear();
    effects.push({ kind: 'stopped', code });
  } else if (writing.length > 1) incoming.alone = writing.length;
  else {
    refuseAuthor(incoming, writing[0]!.author, code, effects);
    releaseAll(incoming, effects);
  }
}

function writeAgain<Token>(incoming: Incoming<Token>, effects: IncomingEffect<Token>[]): void {
  if (!incoming.writeFailed || incoming.writing === null) return;
  // The same rows again, before anything newer: if they were written after all, their ids tell.
  incoming.writeFailed = false;
  effects.push({ kind: 'write', arrivals: incoming.writing });
}

function lookFailed<Token>(
  incoming: Incoming<Token>,
  name: string,
  { again, code }: StoreRefusal,
  effects: IncomingEffect<Token>[],
): void {
  const author = incoming.authors.get(name);
  if (author?.looking !== 'asked') return;
  if (again !== 'later') {
    refuseAuthor(incoming, name, code, effects);
    return;
  }
  author.looking = 'resting';
  const { retryMsMin, retryMsMax } = incoming.limits;
  effects.push({ kind: 'timer', author: name, delayMs: backoffMs(author.failures++, retryMsMin, retryMsMax) });
}

function lookAgain<Token>(incoming: Incoming<Token>, name: string, effects: IncomingEffect<Token>[]): void {
  const author = incoming.authors.get(name);
  if (author?.looking !== 'resting') return;
  author.looking = 'asked';
  effects.push({ kind: 'look', author: name });
}

function flush<Token>(incoming: Incoming<Token>, effects: IncomingEffect<Token>[]): void {
  if (incoming.writing !== null || incoming.waiting.length === 0) return;
  const { batchMax, batchBytesMax } = incoming.limits;
  const most = incoming.alone > 0 ? 1 : batchMax;
  let count = 0;
  for (let bytes = 0; count < most && count < incoming.waiting.length; count++) {
    bytes += incoming.waiting[count]!.packet.length;
    if (bytes > batchBytesMax && count > 0) break;
  }
  incoming.alone = Math.max(0, incoming.alone - 1);
  incoming.writing = incoming.waiting.splice(0, count);
  effects.push({ kind: 'write', arrivals: incoming.writing });
}
