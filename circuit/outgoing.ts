/** What goes out of one log to one peer: sent in order, kept until acknowledged, sent again when it takes too long. docs/spec/federation.md#outgoing */
import { backoffMs } from './backoff.ts';
import { type DeliveryLimits, deliveryLimits } from './limits.ts';

/** A row of the log, with the tag that its acknowledgement will carry. */
export interface OutgoingRow {
  readonly sequence: number;
  readonly tag: string;
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
  /** The peer has what carried this tag, durably. */
  | { readonly kind: 'acknowledged'; readonly tag: string }
  /** The answer to `read`; or no answer. */
  | { readonly kind: 'rows'; readonly rows: readonly OutgoingRow[]; readonly last: number }
  | { readonly kind: 'read failed' }
  /** The answer to `mark`. */
  | { readonly kind: 'mark written' }
  | { readonly kind: 'mark failed' }
  /** The time asked for by `timer` has come. */
  | { readonly kind: 'timer' };

/** What it does. */
export type OutgoingEffect =
  | { readonly kind: 'send'; readonly packet: Uint8Array }
  | { readonly kind: 'marks' }
  | { readonly kind: 'read'; readonly after: number; readonly rowsMax: number }
  /** Note in the store that everything up to here is acknowledged. */
  | { readonly kind: 'mark'; readonly sequence: number }
  | { readonly kind: 'timer'; readonly delayMs: number };

interface Sent extends OutgoingRow {
  acknowledged: boolean;
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
  connected: boolean;
  /** Whether the store has been asked and has not answered. */
  reading: boolean;
  marking: boolean;
  /** The newest mark that the store was told, and the newest that it has durably. */
  marked: number;
  durableMark: number;
  /** Whether the timer is set, and how often the store failed in a row. */
  timing: boolean;
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
    connected: false,
    reading: false,
    marking: false,
    marked: 0,
    durableMark: 0,
    timing: false,
    failures: 0,
  };
}

/** The first effect: how far had we got? */
export function startOutgoing(outgoing: Outgoing): OutgoingEffect[] {
  outgoing.reading = true;
  return [{ kind: 'marks' }];
}

/** Rows in the log that would be sent again after a restart, as far as is known. */
export const backlogCount = (outgoing: Outgoing): number => outgoing.last - outgoing.durableMark;

/** Changes the state and gives the effects, in order. `nowMs` never goes back. */
export function stepOutgoing(outgoing: Outgoing, event: OutgoingEvent, nowMs: number): OutgoingEffect[] {
  const effects: OutgoingEffect[] = [];
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
      for (const sent of outgoing.window) if (!sent.acknowledged) send(sent, nowMs, effects);
      break;
    case 'disconnected':
      outgoing.connected = false;
      break;
    case 'acknowledged':
      acknowledge(outgoing, event.tag);
      break;
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
      outgoing.timing = true;
      effects.push({ kind: 'timer', delayMs: retryMs(outgoing) });
      return effects;
    case 'timer':
      outgoing.timing = false;
      resendOverdue(outgoing, nowMs, effects);
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
  if (outgoing.window.length >= outgoing.limits.windowMax) return;
  outgoing.loaded = row.sequence;
  const sent = { ...row, acknowledged: false, sentAtMs: nowMs, sendings: 0 };
  outgoing.window.push(sent);
  if (outgoing.connected) send(sent, nowMs, effects);
}

function send(sent: Sent, nowMs: number, effects: OutgoingEffect[]): void {
  sent.sentAtMs = nowMs;
  sent.sendings++;
  effects.push({ kind: 'send', packet: sent.packet });
}

function acknowledge(outgoing: Outgoing, tag: string): void {
  const { window } = outgoing;
  for (const sent of window) if (sent.tag === tag) sent.acknowledged = true;
  while (window[0]?.acknowledged) outgoing.acknowledged = window.shift()!.sequence;
}

function resendAtMs(outgoing: Outgoing, sent: Sent): number {
  const { resendMsMin, resendMsMax } = outgoing.limits;
  return sent.sentAtMs + backoffMs(Math.max(0, sent.sendings - 1), resendMsMin, resendMsMax);
}

function resendOverdue(outgoing: Outgoing, nowMs: number, effects: OutgoingEffect[]): void {
  if (!outgoing.connected) return;
  for (const sent of outgoing.window) {
    if (!sent.acknowledged && resendAtMs(outgoing, sent) <= nowMs) send(sent, nowMs, effects);
  }
}

/** One read and one mark at a time. */
function askStore(outgoing: Outgoing, effects: OutgoingEffect[]): void {
  if (outgoing.acknowledged === -1 || (outgoing.timing && outgoing.failures > 0)) return;
  const room = outgoing.limits.windowMax - outgoing.window.length;
  if (!outgoing.reading && room > 0 && outgoing.loaded < outgoing.last) {
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
  if (outgoing.timing || !outgoing.connected) return;
  let nextMs = Number.MAX_SAFE_INTEGER;
  for (const sent of outgoing.window) if (!sent.acknowledged) nextMs = Math.min(nextMs, resendAtMs(outgoing, sent));
  if (nextMs === Number.MAX_SAFE_INTEGER) return;
  outgoing.timing = true;
  effects.push({ kind: 'timer', delayMs: Math.max(0, nextMs - nowMs) });
}
