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

/** What it is told. */
export type IncomingEvent<Token> =
  | { readonly kind: 'arrived'; readonly arrival: Arrival<Token> }
  /** The answer to `look`: the author's last counter in the log, 0 when there is none; or no answer. */
  | { readonly kind: 'found'; readonly author: string; readonly counter: number }
  | { readonly kind: 'look failed'; readonly author: string }
  /** The answer to `write`: the sequence of each row in its order; or nobody knows whether it happened. */
  | { readonly kind: 'written'; readonly sequences: readonly number[] }
  | { readonly kind: 'write failed' }
  /** The time asked for by `timer` has come. */
  | { readonly kind: 'timer' };

/** What it does. */
export type IncomingEffect<Token> =
  /** Find the author's newest row. */
  | { readonly kind: 'look'; readonly author: string }
  /** Append these, all or none; ids that are there already count as appended. One write at a time. */
  | { readonly kind: 'write'; readonly arrivals: readonly Arrival<Token>[] }
  /** Durable: tell whoever sent it. */
  | { readonly kind: 'acknowledge'; readonly token: Token }
  /** Not accepted now; it may come again later. */
  | { readonly kind: 'refuse'; readonly token: Token; readonly code: '_queue_full' | '_counter_gap' }
  /** The row is in the log, new or not. */
  | { readonly kind: 'recorded'; readonly sequence: number; readonly arrival: Arrival<Token> }
  | { readonly kind: 'timer'; readonly delayMs: number };

interface Author<Token> {
  /** Counter of the newest durable packet; -1 until the store has told. */
  durable: number;
  /** Counter of the newest packet that waits or is being written. */
  queued: number;
  looking: 'no' | 'asked' | 'failed';
  readonly held: Map<number, Arrival<Token>>;
}

/** The state; only `stepIncoming` changes it. */
export interface Incoming<Token> {
  readonly limits: DeliveryLimits;
  /** Least recently heard first. */
  readonly authors: Map<string, Author<Token>>;
  waiting: Arrival<Token>[];
  writing: readonly Arrival<Token>[] | null;
  /** Whether the store did not answer for what is being written; the timer asks again. */
  writeFailed: boolean;
  /** Packets held for all authors together. */
  held: number;
  /** Whether the timer is what we wait for, and how often the store failed in a row. */
  resting: boolean;
  failures: number;
}

/** An empty state: what the log holds is found out author by author. */
export function newIncoming<Token>(limits: DeliveryLimits = deliveryLimits): Incoming<Token> {
  return {
    limits,
    authors: new Map(),
    waiting: [],
    writing: null,
    writeFailed: false,
    held: 0,
    resting: false,
    failures: 0,
  };
}

/** Packets that are accepted but not durable. */
export const waitingCount = <Token>(incoming: Incoming<Token>): number =>
  incoming.waiting.length + (incoming.writing?.length ?? 0);

/** Changes the state and gives the effects, in order. */
export function stepIncoming<Token>(incoming: Incoming<Token>, event: IncomingEvent<Token>): IncomingEffect<Token>[] {
  const effects: IncomingEffect<Token>[] = [];
  switch (event.kind) {
    case 'arrived':
      arrive(incoming, event.arrival, effects);
      break;
    case 'found': {
      incoming.failures = 0;
      const author = incoming.authors.get(event.author);
      if (author === undefined || author.looking === 'no') break;
      author.looking = 'no';
      author.durable = author.queued = event.counter;
      release(incoming, author, effects);
      break;
    }
    case 'look failed': {
      const author = incoming.authors.get(event.author);
      if (author !== undefined) author.looking = 'failed';
      rest(incoming, effects);
      break;
    }
    case 'written':
      written(incoming, event.sequences, effects);
      break;
    case 'write failed':
      incoming.writeFailed = true;
      rest(incoming, effects);
      break;
    case 'timer':
      incoming.resting = false;
      for (const [name, author] of incoming.authors) {
        if (author.looking !== 'failed') continue;
        author.looking = 'asked';
        effects.push({ kind: 'look', author: name });
      }
      if (!incoming.writeFailed || incoming.writing === null) break;
      // The same rows again, before anything newer: if they were written after all, their ids tell.
      incoming.writeFailed = false;
      effects.push({ kind: 'write', arrivals: incoming.writing });
      break;
  }
  flush(incoming, effects);
  return effects;
}

function arrive<Token>(incoming: Incoming<Token>, arrival: Arrival<Token>, effects: IncomingEffect<Token>[]): void {
  const { token, counter } = arrival;
  const author = authorOf(incoming, arrival.author);
  if (author === null) {
    effects.push({ kind: 'refuse', token, code: '_queue_full' });
    return;
  }
  if (author.durable === -1) {
    hold(incoming, author, arrival, effects);
    if (author.looking !== 'no') return;
    author.looking = 'asked';
    effects.push({ kind: 'look', author: arrival.author });
  } else if (counter <= author.durable) {
    // Its acknowledgement was lost on the way: the packet is here.
    effects.push({ kind: 'acknowledge', token });
  } else if (counter > author.queued + 1) hold(incoming, author, arrival, effects);
  else if (counter === author.queued + 1) {
    // The next one never needs a place among the held, or a full hold would wait for it for ever.
    if (waitingCount(incoming) >= incoming.limits.waitingMax) {
      effects.push({ kind: 'refuse', token, code: '_queue_full' });
      return;
    }
    author.queued++;
    incoming.waiting.push(arrival);
    release(incoming, author, effects);
  }
}

/** Keeps a packet that cannot be taken yet. When there is no room, whoever holds most gives his last one up. */
function hold<Token>(
  incoming: Incoming<Token>,
  author: Author<Token>,
  arrival: Arrival<Token>,
  effects: IncomingEffect<Token>[],
): void {
  if (author.held.has(arrival.counter)) return;
  if (incoming.held >= incoming.limits.heldMax) {
    let most = author;
    for (const other of incoming.authors.values()) if (other.held.size > most.held.size) most = other;
    const counters = most === author ? [...most.held.keys(), arrival.counter] : [...most.held.keys()];
    const last = Math.max(...counters);
    const given = most.held.get(last) ?? arrival;
    effects.push({ kind: 'refuse', token: given.token, code: '_counter_gap' });
    if (given === arrival) return;
    most.held.delete(last);
    incoming.held--;
  }
  author.held.set(arrival.counter, arrival);
  incoming.held++;
}

/** The author's entry, new if need be; null when there is no room, all of them having something under way. */
function authorOf<Token>(incoming: Incoming<Token>, name: string): Author<Token> | null {
  let author = incoming.authors.get(name);
  if (author !== undefined) incoming.authors.delete(name);
  else {
    if (incoming.authors.size >= incoming.limits.authorsMax && !forgetOne(incoming)) return null;
    author = { durable: -1, queued: -1, looking: 'no', held: new Map() };
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

/** Moves held packets whose turn has come into the queue, and acknowledges those that are in the log. */
function release<Token>(incoming: Incoming<Token>, author: Author<Token>, effects: IncomingEffect<Token>[]): void {
  for (const [counter, arrival] of author.held) {
    if (counter > author.queued) continue;
    author.held.delete(counter);
    incoming.held--;
    if (counter <= author.durable) effects.push({ kind: 'acknowledge', token: arrival.token });
  }
  while (waitingCount(incoming) < incoming.limits.waitingMax) {
    const next = author.held.get(author.queued + 1);
    if (next === undefined) return;
    author.held.delete(++author.queued);
    incoming.held--;
    incoming.waiting.push(next);
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
    const author = incoming.authors.get(arrival.author);
    if (author !== undefined) author.durable = Math.max(author.durable, arrival.counter);
    effects.push({ kind: 'acknowledge', token: arrival.token });
    effects.push({ kind: 'recorded', sequence: sequences[index]!, arrival });
  });
  // There is room again for those that were held while the queue was full.
  if (incoming.held === 0) return;
  for (const author of incoming.authors.values()) if (author.durable !== -1) release(incoming, author, effects);
}

function flush<Token>(incoming: Incoming<Token>, effects: IncomingEffect<Token>[]): void {
  if (incoming.writing !== null || incoming.resting || incoming.waiting.length === 0) return;
  incoming.writing = incoming.waiting.splice(0, incoming.limits.batchMax);
  effects.push({ kind: 'write', arrivals: incoming.writing });
}

function rest<Token>(incoming: Incoming<Token>, effects: IncomingEffect<Token>[]): void {
  if (incoming.resting) return;
  incoming.resting = true;
  const { retryMsMin, retryMsMax } = incoming.limits;
  effects.push({ kind: 'timer', delayMs: backoffMs(incoming.failures++, retryMsMin, retryMsMax) });
}
