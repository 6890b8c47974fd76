/** What goes out of one log to one peer: sent in order, kept until acknowledged, sent again when it takes too long. docs/spec/federation.md#outgoing */
import { backoffMs } from './backoff.ts';
import { type DeliveryLimits, deliveryLimits } from './limits.ts';

/** A row of the log, with what its acknowledgement will carry. */
export interface OutgoingRow {
  readonly sequence: number;
  readonly author: string;
  readonly tag: string;
  /** The author's number for it. */
  readonly counter: number;
  readonly packet: Uint8Array;
}

/** What it is told. */
export type OutgoingEvent =
  /** From the store, at the start: everything up to `mark` is acknowledged, `last` is the log's newest; or no answer. */
  | { readonly kind: 'marked'; readonly mark: number; readonly last: number }
  | { readonly kind: 'marks failed' }
  /** A row has become durable. */
  | { readonly kind: 'appended'; readonly row: OutgoingRow }
  /** The log is at least this long, as another answer of the store showed. */
  | { readonly kind: 'grown'; readonly last: number }
  /** There is a way to the peer; or there is none any more. */
  | { readonly kind: 'connected' }
  | { readonly kind: 'disconnected' }
  /** What `send` gave was not sent: no room; nothing more is sent before there is some again. */
  | { readonly kind: 'refused'; readonly sequence: number }
  | { readonly kind: 'writable' }
  /**
   * The peer, and nobody else, says that it has this of this author durably, or will never take it. Tags are the authors'
   * and come twice; the counter tells, and is null only where the peer says none.
   */
  | { readonly kind: 'acknowledged'; readonly author: string; readonly tag: string; readonly counter: number | null }
  /** The answer to `read`; or no answer. */
  | { readonly kind: 'rows'; readonly rows: readonly OutgoingRow[]; readonly last: number }
  | { readonly kind: 'read failed' }
  /** The answer to `mark`. */
  | { readonly kind: 'mark written' }
  | { readonly kind: 'mark failed' }
  /** The log is somebody else's now: nothing more is sent or marked. */
  | { readonly kind: 'stopped' }
  /** The time asked for by `timer` has come. */
  | { readonly kind: 'timer'; readonly name: OutgoingTimer };

/** What is waited for: to ask the store again, to send again. Each has its own, so that neither delays the other. */
type OutgoingTimer = 'store' | 'resend';

/** What it does. */
export type OutgoingEffect =
  | { readonly kind: 'send'; readonly sequence: number; readonly packet: Uint8Array }
  | { readonly kind: 'marks' }
  | { readonly kind: 'read'; readonly after: number; readonly rowsMax: number }
  /** Note in the store that everything up to here is acknowledged. */
  | { readonly kind: 'mark'; readonly sequence: number }
  | { readonly kind: 'timer'; readonly name: OutgoingTimer; readonly delayMs: number };

const never = Number.MAX_SAFE_INTEGER;

interface Sent extends OutgoingRow {
  acknowledged: boolean;
  /** Whether it is to be sent as soon as there is room. */
  due: boolean;
  sentAtMs: number;
  /** How often it was sent. */
  sendings: number;
}

/** The state; only `stepOutgoing` changes it. */
export interface Outgoing {
  readonly limits: DeliveryLimits;
  /** Everything up to here is acknowledged; -1 until the store has told. */
  acknowledged: number;
  /** Newest sequence in the window, and newest known in the log. */
  loaded: number;
  last: number;
  /** Rows after `acknowledged`, in order, without gaps. */
  readonly window: Sent[];
  windowBytes: number;
  /** Whether the next row was there and did not fit: it is not read again before the window is smaller. */
  crowded: boolean;
  connected: boolean;
  /** Whether the way to the peer is full. */
  full: boolean;
  stopped: boolean;
  /** Whether the store has been asked and has not answered. */
  reading: boolean;
  marking: boolean;
  /** The newest mark that the store was told, and the newest that it has durably. */
  marked: number;
  durableMark: number;
  /** When the timer for sending again rings, `never` without one; whether the store's is set, and how often it failed in a row. */
  resendTimerAtMs: number;
  resting: boolean;
  failures: number;
}

/** A state that knows nothing yet; `startOutgoing` asks the store. */
export function newOutgoing(limits: DeliveryLimits = deliveryLimits): Outgoing {
  return {
    limits,
    acknowledged: -1,
    loaded: -1,
    last: 0,
    window: [],
    windowBytes: 0,
    crowded: false,
    connected: false,
    full: false,
    stopped: false,
    reading: false,
    marking: false,
    marked: 0,
    durableMark: 0,
    resendTimerAtMs: never,
    resting: false,
    failures: 0,
  };
}

/** The first effect: how far had we got? */
export function startOutgoing(outgoing: Outgoing): OutgoingEffect[] {
  outgoing.reading = true;
  return [{ kind: 'marks' }];
}

/** Rows in the log that would be sent again after a restart; 0 while the store has not told. */
export const backlogCount = (outgoing: Outgoing): number =>
  outgoing.acknowledged === -1 ? 0 : outgoing.last - outgoing.durableMark;

/** Changes the state and gives the effects, in order. `nowMs` never goes back. */
export function stepOutgoing(outgoing: Outgoing, event: OutgoingEvent, nowMs: number): OutgoingEffect[] {
  const effects: OutgoingEffect[] = [];
  if (outgoing.stopped) return effects;
  switch (event.kind) {
    case 'marked':
      outgoing.reading = false;
      outgoing.failures = 0;
      outgoing.acknowledged = outgoing.loaded = outgoing.marked = outgoing.durableMark = event.mark;
      outgoing.last = Math.max(outgoing.last, event.last);
      break;
    case 'appended':
      outgoing.last = Math.max(outgoing.last, event.row.sequence);
      if (!outgoing.reading) load(outgoing, event.row, nowMs, effects);
      break;
    case 'grown':
      outgoing.last = Math.max(outgoing.last, event.last);
      break;
    case 'connected':
      // Whatever the peer had of these may have died with the last circuit; what it kept it will acknowledge again.
      outgoing.connected = true;
      outgoing.full = false;
      for (const sent of outgoing.window) if (!sent.acknowledged) send(outgoing, sent, nowMs, effects);
      break;
    case 'disconnected':
      outgoing.connected = false;
      break;
    case 'refused':
      outgoing.full = true;
      for (const sent of outgoing.window) {
        if (sent.sequence !== event.sequence) continue;
        // It counts as never tried, so that the time to its next sending does not double.
        sent.sendings--;
        sent.due = true;
      }
      break;
    case 'writable':
      outgoing.full = false;
      for (const sent of outgoing.window) if (sent.due && !sent.acknowledged) send(outgoing, sent, nowMs, effects);
      break;
    case 'acknowledged':
      acknowledge(outgoing, event.author, event.tag, event.counter);
      break;
    case 'stopped':
      outgoing.stopped = true;
      return effects;
    case 'rows':
      outgoing.reading = false;
      outgoing.failures = 0;
      outgoing.last = Math.max(outgoing.last, event.last);
      for (const row of event.rows) load(outgoing, row, nowMs, effects);
      break;
    case 'mark written':
      outgoing.marking = false;
      outgoing.durableMark = outgoing.marked;
      outgoing.failures = 0;
      break;
    case 'marks failed':
    case 'read failed':
    case 'mark failed':
      // The timer asks again.
      if (event.kind === 'mark failed') {
        outgoing.marking = false;
        outgoing.marked = outgoing.durableMark;
      } else outgoing.reading = false;
      if (outgoing.resting) break;
      outgoing.resting = true;
      effects.push({ kind: 'timer', name: 'store', delayMs: retryMs(outgoing) });
      break;
    case 'timer':
      if (event.name === 'resend') {
        outgoing.resendTimerAtMs = never;
        resendOverdue(outgoing, nowMs, effects);
        break;
      }
      outgoing.resting = false;
      if (outgoing.acknowledged === -1 && !outgoing.reading) effects.push(...startOutgoing(outgoing));
      break;
  }
  askStore(outgoing, effects);
  setTimer(outgoing, nowMs, effects);
  return effects;
}

/** Takes a row into the window and sends it, if it is the next one and there is room. */
function load(outgoing: Outgoing, row: OutgoingRow, nowMs: number, effects: OutgoingEffect[]): void {
  if (outgoing.acknowledged === -1 || row.sequence !== outgoing.loaded + 1) return;
  const { window, limits } = outgoing;
  if (window.length >= limits.windowMax) return;
  outgoing.crowded = window.length > 0 && outgoing.windowBytes + row.packet.length > limits.windowBytesMax;
  if (outgoing.crowded) return;
  outgoing.loaded = row.sequence;
  outgoing.windowBytes += row.packet.length;
  const sent = { ...row, acknowledged: false, due: false, sentAtMs: nowMs, sendings: 0 };
  window.push(sent);
  if (outgoing.connected) send(outgoing, sent, nowMs, effects);
}

/** Sends it, or notes that it is to be sent when there is room. */
function send(outgoing: Outgoing, sent: Sent, nowMs: number, effects: OutgoingEffect[]): void {
  sent.due = outgoing.full;
  if (outgoing.full) return;
  sent.sentAtMs = nowMs;
  sent.sendings++;
  effects.push({ kind: 'send', sequence: sent.sequence, packet: sent.packet });
}

function acknowledge(outgoing: Outgoing, author: string, tag: string, counter: number | null): void {
  const { window } = outgoing;
  for (const sent of window) {
    if (sent.author !== author || sent.tag !== tag || (counter ?? sent.counter) !== sent.counter) continue;
    sent.acknowledged = true;
  }
  while (window[0]?.acknowledged) {
    const { sequence, packet } = window.shift()!;
    outgoing.acknowledged = sequence;
    outgoing.windowBytes -= packet.length;
    outgoing.crowded = false;
  }
}

const isUnderWay = (sent: Sent): boolean => !sent.acknowledged && !sent.due;

function resendAtMs(outgoing: Outgoing, sent: Sent): number {
  const { resendMsMin, resendMsMax } = outgoing.limits;
  return sent.sentAtMs + backoffMs(Math.max(0, sent.sendings - 1), resendMsMin, resendMsMax);
}

function resendOverdue(outgoing: Outgoing, nowMs: number, effects: OutgoingEffect[]): void {
  if (!outgoing.connected) return;
  for (const sent of outgoing.window) {
    if (isUnderWay(sent) && resendAtMs(outgoing, sent) <= nowMs) send(outgoing, sent, nowMs, effects);
  }
}

/** One read and one mark at a time. */
function askStore(outgoing: Outgoing, effects: OutgoingEffect[]): void {
  if (outgoing.acknowledged === -1 || outgoing.resting) return;
  const room = outgoing.limits.windowMax - outgoing.window.length;
  if (!outgoing.reading && room > 0 && !outgoing.crowded && outgoing.loaded < outgoing.last) {
    outgoing.reading = true;
    effects.push({ kind: 'read', after: outgoing.loaded, rowsMax: room });
  }
  if (!outgoing.marking && outgoing.marked < outgoing.acknowledged) {
    outgoing.marking = true;
    outgoing.marked = outgoing.acknowledged;
    effects.push({ kind: 'mark', sequence: outgoing.marked });
  }
}

function retryMs(outgoing: Outgoing): number {
  const { retryMsMin, retryMsMax } = outgoing.limits;
  return backoffMs(outgoing.failures++, retryMsMin, retryMsMax);
}

function setTimer(outgoing: Outgoing, nowMs: number, effects: OutgoingEffect[]): void {
  if (!outgoing.connected) return;
  let nextMs = never;
  for (const sent of outgoing.window) if (isUnderWay(sent)) nextMs = Math.min(nextMs, resendAtMs(outgoing, sent));
  // One that was set for an older packet must not make a newer one wait for it.
  if (nextMs >= outgoing.resendTimerAtMs) return;
  outgoing.resendTimerAtMs = nextMs;
  effects.push({ kind: 'timer', name: 'resend', delayMs: Math.max(0, nextMs - nowMs) });
}
