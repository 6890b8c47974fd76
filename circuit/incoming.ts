/** What comes in for one log: each packet accepted once, in its author's order, and acknowledged when it is durable. docs/spec/federation.md#incoming */
import { SparseMap } from '../psyc/sparse.ts';
import { backoffMs } from './backoff.ts';
import {
  type Arrival,
  type IncomingEffect,
  type IncomingEvent,
  type StoreRefusal,
  UNDECIDED,
} from './incoming-events.ts';
import { answerTo, tagged, type Tags } from './incoming-tags.ts';
import { type DeliveryLimits, deliveryLimits } from './limits.ts';

/** How often a packet may come before those it follows, until its author is told that they are missing. */
const triesMax = 4;

interface Author<Token> {
  /** Counter of the newest durable packet; -1 until the store has told. */
  durable: number;
  /** Counter of the newest packet that waits or is being written. */
  queued: number;
  /** Where he last began anew; nothing before it is accepted, and nobody knows whether it is there. */
  base: number;
  looking: 'no' | 'asked' | 'resting';
  /** How often looking him up failed in a row. */
  failures: number;
  readonly held: SparseMap<number, Arrival<Token>>;
  heldBytes: number;
  /** How often each of the held came again, where that is counted. */
  readonly tries: SparseMap<number, number>;
  /** By number, the oldest first: tags of what is in the log, or on its way to it. */
  readonly tags: Tags;
}

/** The state; only `stepIncoming` changes it. */
export interface Incoming<Token> {
  readonly limits: DeliveryLimits;
  /** Least recently heard first. */
  readonly authors: SparseMap<string, Author<Token>>;
  waiting: Arrival<Token>[];
  /** Bytes of what waits and of what is being written. */
  waitingBytes: number;
  writing: readonly Arrival<Token>[] | null;
  /** Whether the store did not take what is being written; the timer asks again. */
  writeFailed: boolean;
  /** How many of the first that wait hold one that the store refuses: half of them are tried, until it shows which. */
  suspects: number;
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
    authors: new SparseMap(),
    waiting: [],
    waitingBytes: 0,
    writing: null,
    writeFailed: false,
    suspects: 0,
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
      author.base = event.base ?? 0;
      if (event.tag !== undefined) tagged(author.tags, event.counter, event.tag);
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
    if (hasRoom) hold(incoming, author, arrival, effects);
    if (author.looking !== 'no') return;
    author.looking = 'asked';
    effects.push({ kind: 'look', author: arrival.author });
  } else if (counter < author.base) {
    effects.push({ kind: 'refuse', token, code: '_settled_counter' });
  } else if (counter <= author.durable) {
    effects.push(answerTo(author.tags, arrival));
  } else if (counter > author.queued) {
    const code = arrival.judge?.() ?? null;
    // Silence: it comes again.
    if (code === UNDECIDED) return;
    if (code !== null) effects.push({ kind: 'refuse', token, code });
    else if (!hasRoom) return;
    else if (counter > author.queued + 1 && !mayBegin(author, arrival)) hold(incoming, author, arrival, effects);
    // The next one never needs a place among the held, or a full hold would wait for it for ever.
    else if (canWait(incoming, arrival)) {
      wait(incoming, author, arrival);
      release(incoming, author, effects);
    }
  }
}

/** Whether numbers may be left out before this packet: not while earlier ones of this author are on their way to the log. */
const mayBegin = <Token>(author: Author<Token>, { begins }: Arrival<Token>): boolean =>
  begins === true && author.queued === author.durable;

/** Keeps a packet that cannot be taken yet. When there is no room, whoever holds most gives his last ones up. */
function hold<Token>(
  incoming: Incoming<Token>,
  author: Author<Token>,
  arrival: Arrival<Token>,
  effects: IncomingEffect<Token>[],
): void {
  if (author.held.has(arrival.counter)) {
    holdAgain(incoming, author, arrival, effects);
    return;
  }
  // Held anew is counted anew; what has left the hold is not counted on.
  for (const other of author.tries.keys()) if (!author.held.has(other)) author.tries.delete(other);
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

/** Counts that it came again, and refuses it when what it follows never came. */
function holdAgain<Token>(
  incoming: Incoming<Token>,
  author: Author<Token>,
  { counter, token, missing }: Arrival<Token>,
  effects: IncomingEffect<Token>[],
): void {
  if (missing === undefined || author.durable === -1) return;
  const tries = (author.tries.get(counter) ?? 1) + 1;
  author.tries.set(counter, tries);
  if (tries < triesMax) return;
  letGo(incoming, author, author.held.get(counter)!);
  effects.push({ kind: 'refuse', token, code: missing });
  // What follows it waits for the same that never comes; what begins anew does not.
  for (const later of [...author.held.values()]) {
    if (later.counter < counter || later.begins === true || later.missing === undefined) continue;
    letGo(incoming, author, later);
    effects.push({ kind: 'refuse', token: later.token, code: later.missing });
  }
  author.tries.clear();
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
    author = {
      durable: -1,
      queued: -1,
      base: 0,
      looking: 'no',
      failures: 0,
      held: new SparseMap(),
      heldBytes: 0,
      tries: new SparseMap(),
      tags: new SparseMap(),
    };
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

/** Takes a packet into the queue as its author's next one. */
function wait<Token>(incoming: Incoming<Token>, author: Author<Token>, arrival: Arrival<Token>): void {
  if (arrival.begins === true) author.base = arrival.counter;
  author.queued = arrival.counter;
  if (arrival.tag !== undefined) tagged(author.tags, arrival.counter, arrival.tag);
  incoming.waiting.push(author.base === 0 ? arrival : { ...arrival, base: author.base });
  incoming.waitingBytes += arrival.packet.length;
}

/** Moves held packets whose turn has come into the queue, and answers those that will not enter it. */
function release<Token>(incoming: Incoming<Token>, author: Author<Token>, effects: IncomingEffect<Token>[]): void {
  for (const [counter, arrival] of author.held) {
    const { token } = arrival;
    if (counter < author.base) effects.push({ kind: 'refuse', token, code: '_settled_counter' });
    else if (counter <= author.durable) effects.push(answerTo(author.tags, arrival));
    else if (counter > author.queued) continue;
    letGo(incoming, author, arrival);
  }
  for (const arrival of [...author.held.values()].sort((a, b) => a.counter - b.counter)) {
    const code = arrival.judge?.() ?? null;
    if (code === UNDECIDED) return;
    if (code !== null) {
      letGo(incoming, author, arrival);
      effects.push({ kind: 'refuse', token: arrival.token, code });
      continue;
    }
    if (arrival.counter !== author.queued + 1 && !mayBegin(author, arrival)) return;
    if (!canWait(incoming, arrival)) return;
    letGo(incoming, author, arrival);
    wait(incoming, author, arrival);
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
  incoming.suspects = Math.max(0, incoming.suspects - arrivals.length);
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
  // Back in front, in smaller batches, so that only who is to blame is refused.
  incoming.waiting.unshift(...writing);
  if (again === 'stop') {
    incoming.stopped = true;
    incoming.waiting = [];
    incoming.waitingBytes = incoming.held = incoming.heldBytes = 0;
    incoming.authors.clear();
    effects.push({ kind: 'stopped', code });
  } else if (writing.length > 1) incoming.suspects = writing.length;
  else {
    incoming.suspects = 0;
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
  const most = incoming.suspects > 0 ? Math.ceil(incoming.suspects / 2) : batchMax;
  let count = 0;
  for (let bytes = 0; count < most && count < incoming.waiting.length; count++) {
    bytes += incoming.waiting[count]!.packet.length;
    if (bytes > batchBytesMax && count > 0) break;
  }
  incoming.writing = incoming.waiting.splice(0, count);
  effects.push({ kind: 'write', arrivals: incoming.writing });
}
