/** What goes out of one log to one peer: sent in order, kept until acknowledged, sent again when it takes too long. docs/spec/federation.md#outgoing */
import { SparseMap } from '../psyc/sparse.ts';
import { backoffMs } from './backoff.ts';
import { type DeliveryLimits, deliveryLimits } from './limits.ts';
import type { OutgoingEffect, OutgoingEvent, OutgoingRow, OutgoingTimer } from './outgoing-events.ts';
import {
  firstParked,
  nextParked,
  park,
  parkedCount,
  parkedUntilMs,
  type Parking,
  rotate,
  setSilent,
  unpark,
} from './parking.ts';

const never = Number.MAX_SAFE_INTEGER;

/** After so many times without an answer on one circuit, a way is silent. */
const patienceMax = 2;

interface Sent extends OutgoingRow {
  /** How often its time passed on this circuit without an answer. */
  overdue: number;
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
  /** Rows under way, in order; what is answered is not in it. */
  readonly window: Sent[];
  /** Rows read and not answered, of ways that are silent. */
  readonly parking: Parking;
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
  giveUpTimerAtMs: number;
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
    parking: new SparseMap(),
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
    giveUpTimerAtMs: never,
    resting: false,
    failures: 0,
  };
}

/** The first effect: how far had we got? */
export function startOutgoing(outgoing: Outgoing): OutgoingEffect[] {
  outgoing.reading = true;
  return [{ kind: 'marks' }];
}

/** Rows in the log that are not answered; 0 while the store has not told. */
export const backlogCount = (outgoing: Outgoing): number =>
  outgoing.acknowledged === -1
    ? 0
    : outgoing.last - outgoing.loaded + outgoing.window.length + parkedCount(outgoing.parking);

/** Whether the log may grow by one more, `taken` being on their way into it; not before it is known how much is in it. */
export function hasRoom(outgoing: Outgoing, taken: number): boolean {
  const { backlogMax, resentMax } = outgoing.limits;
  if (outgoing.acknowledged === -1 || backlogCount(outgoing) + taken >= backlogMax) return false;
  return outgoing.last - outgoing.durableMark + taken < resentMax;
}

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
      for (const sent of outgoing.window) {
        sent.overdue = 0;
        send(outgoing, sent, nowMs, effects);
      }
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
      for (const sent of outgoing.window) if (sent.due) send(outgoing, sent, nowMs, effects);
      break;
    case 'acknowledged':
      acknowledge(outgoing, event);
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
      if (event.name === 'give up') {
        outgoing.giveUpTimerAtMs = never;
        for (const sent of [...outgoing.window]) {
          if (untilMs(sent) > nowMs) continue;
          leave(outgoing, sent);
          effects.push({ kind: 'give up', row: sent });
        }
        break;
      }
      outgoing.resting = false;
      if (outgoing.acknowledged === -1 && !outgoing.reading) effects.push(...startOutgoing(outgoing));
      break;
  }
  advance(outgoing);
  askStore(outgoing, nowMs, effects);
  setTimers(outgoing, nowMs, effects);
  return effects;
}

/** Takes a row that is read into the window and sends it, if its turn has come and there is room; or parks it. */
function load(outgoing: Outgoing, row: OutgoingRow, nowMs: number, effects: OutgoingEffect[]): void {
  if (outgoing.acknowledged === -1) return;
  const { window, limits, parking } = outgoing;
  const way = wayOf(row);
  const isNext = row.sequence === outgoing.loaded + 1;
  const isOver = untilMs(row) <= nowMs;
  if (isNext && parking.has(way) && !isOver) {
    // Behind those of its way: numbers count by ways.
    outgoing.loaded = row.sequence;
    park(parking, way, { sequence: row.sequence, untilMs: untilMs(row) });
    return;
  }
  const parked = parking.get(way);
  if (!isNext && parked?.rows[0]?.sequence !== row.sequence) return;
  if (!isOver) {
    if (window.length >= limits.windowMax) return;
    if (!isNext && !mayLeave(outgoing, way, parked!.isSilent)) return;
    outgoing.crowded = window.length > 0 && outgoing.windowBytes + row.packet.length > limits.windowBytesMax;
    if (outgoing.crowded) return;
  }
  if (isNext) outgoing.loaded = row.sequence;
  else unpark(parking, way, row.sequence);
  if (isOver) {
    effects.push({ kind: 'give up', row });
    return;
  }
  outgoing.windowBytes += row.packet.length;
  const sent = { ...row, overdue: 0, due: false, sentAtMs: nowMs, sendings: 0 };
  const at = window.findLastIndex(({ sequence }) => sequence < row.sequence);
  window.splice(at + 1, 0, sent);
  if (outgoing.connected) send(outgoing, sent, nowMs, effects);
}

const wayOf = ({ author, target }: OutgoingRow): string => `${author} ${target}`;

const untilMs = (row: OutgoingRow): number => row.untilMs ?? never;

/** Whether a parked row may be sent: of a silent way one at a time, and only so many of all of those. */
function mayLeave(outgoing: Outgoing, way: string, isSilent: boolean): boolean {
  if (!isSilent) return true;
  return silentCount(outgoing) < outgoing.limits.windowSilentMax && !outgoing.window.some((row) => wayOf(row) === way);
}

/** Rows in the window of silent ways. */
const silentCount = ({ window, parking }: Outgoing): number =>
  window.filter((sent) => parking.get(wayOf(sent))?.isSilent === true).length;

/** Sends it, or notes that it is to be sent when there is room. */
function send(outgoing: Outgoing, sent: Sent, nowMs: number, effects: OutgoingEffect[]): void {
  sent.due = outgoing.full;
  if (outgoing.full) return;
  sent.sentAtMs = nowMs;
  sent.sendings++;
  effects.push({ kind: 'send', sequence: sent.sequence, packet: sent.packet });
}

function acknowledge(
  outgoing: Outgoing,
  { author, target, tag, counter }: Extract<OutgoingEvent, { kind: 'acknowledged' }>,
): void {
  for (const sent of [...outgoing.window]) {
    if (sent.author !== author || sent.tag !== tag || (counter ?? sent.counter) !== sent.counter) continue;
    if ((target ?? sent.target) !== sent.target) continue;
    leave(outgoing, sent);
    setSilent(outgoing.parking, wayOf(sent), false);
  }
}

/** Out of the window. */
function leave(outgoing: Outgoing, sent: Sent): void {
  outgoing.window.splice(outgoing.window.indexOf(sent), 1);
  outgoing.windowBytes -= sent.packet.length;
  outgoing.crowded = false;
}

/** Everything before the first that is not answered is. */
function advance(outgoing: Outgoing): void {
  if (outgoing.acknowledged === -1 || outgoing.window[0]?.sequence === outgoing.acknowledged + 1) return;
  const first = Math.min(outgoing.window[0]?.sequence ?? never, firstParked(outgoing.parking) ?? never);
  outgoing.acknowledged = first === never ? outgoing.loaded : first - 1;
}

function resendAtMs(outgoing: Outgoing, sent: Sent): number {
  const { resendMsMin, resendMsMax } = outgoing.limits;
  return sent.sentAtMs + backoffMs(Math.max(0, sent.sendings - 1), resendMsMin, resendMsMax);
}

function resendOverdue(outgoing: Outgoing, nowMs: number, effects: OutgoingEffect[]): void {
  if (!outgoing.connected) return;
  for (const sent of [...outgoing.window]) {
    if (sent.due || resendAtMs(outgoing, sent) > nowMs || !outgoing.window.includes(sent)) continue;
    sent.overdue++;
    if (sent.target !== '' && sent.overdue >= patienceMax && !isPatient(outgoing, sent)) continue;
    send(outgoing, sent, nowMs, effects);
  }
}

/** The way of this row is silent: only its first row stays in the window, if there is room for it. */
function isPatient(outgoing: Outgoing, first: Sent): boolean {
  const { window, parking, limits } = outgoing;
  const way = wayOf(first);
  setSilent(parking, way, true);
  const toPark = window.filter((sent) => wayOf(sent) === way && sent !== first);
  const isCrowded = silentCount(outgoing) - toPark.length > limits.windowSilentMax;
  const others = nextParked(parking, 0, (other, isSilent) => {
    return isSilent && !window.some((sent) => wayOf(sent) === other);
  });
  const isOver = isCrowded || (others !== null && silentCount(outgoing) - toPark.length === limits.windowSilentMax);
  if (isOver) toPark.push(first);
  for (const sent of toPark) {
    leave(outgoing, sent);
    park(parking, way, { sequence: sent.sequence, untilMs: untilMs(sent) });
  }
  rotate(parking, way);
  return !isOver;
}

/** One read and one mark at a time. */
function askStore(outgoing: Outgoing, nowMs: number, effects: OutgoingEffect[]): void {
  if (outgoing.acknowledged === -1 || outgoing.resting) return;
  const room = outgoing.limits.windowMax - outgoing.window.length;
  if (!outgoing.reading && room > 0 && !outgoing.crowded) {
    const parked = nextParked(outgoing.parking, nowMs, (way, isSilent) => mayLeave(outgoing, way, isSilent));
    if (parked !== null || outgoing.loaded < outgoing.last) {
      outgoing.reading = true;
      effects.push({ kind: 'read', after: parked === null ? outgoing.loaded : parked - 1, rowsMax: room });
    }
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

function setTimers(outgoing: Outgoing, nowMs: number, effects: OutgoingEffect[]): void {
  const ring = (name: OutgoingTimer, atMs: number): void => {
    effects.push({ kind: 'timer', name, delayMs: Math.max(0, atMs - nowMs) });
  };
  if (outgoing.giveUpTimerAtMs === never) {
    let nextMs = outgoing.parking.size === 0 ? never : parkedUntilMs(outgoing.parking);
    for (const sent of outgoing.window) nextMs = Math.min(nextMs, untilMs(sent));
    // What is due already waits for room.
    if (nextMs !== never) nextMs = Math.max(nextMs, nowMs + outgoing.limits.resendMsMin);
    outgoing.giveUpTimerAtMs = nextMs;
    if (nextMs !== never) ring('give up', nextMs);
  }
  if (!outgoing.connected) return;
  let nextMs = never;
  for (const sent of outgoing.window) if (!sent.due) nextMs = Math.min(nextMs, resendAtMs(outgoing, sent));
  // One that was set for an older packet must not make a newer one wait for it.
  if (nextMs >= outgoing.resendTimerAtMs) return;
  outgoing.resendTimerAtMs = nextMs;
  ring('resend', nextMs);
}
