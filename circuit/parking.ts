/** Rows of a log that are not answered and not in memory: those of ways whose target is silent wait here, and hold nobody else up. docs/spec/federation.md#outgoing */
import type { SparseMap } from '../psyc/sparse.ts';

interface Parked {
  readonly sequence: number;
  /** When it is given up. */
  readonly untilMs: number;
}

interface Way {
  /** Whether what was sent last was not answered in time. */
  isSilent: boolean;
  /** In the order of the log. */
  readonly rows: Parked[];
}

/** By way, the one looked at longest ago first. A way is one author's to one target. */
export type Parking = SparseMap<string, Way>;

/** Rows parked. */
export function parkedCount(parking: Parking): number {
  let count = 0;
  for (const { rows } of parking.values()) count += rows.length;
  return count;
}

/** The first parked row's sequence, or null. */
export function firstParked(parking: Parking): number | null {
  let first: number | null = null;
  for (const { rows } of parking.values()) {
    if (rows[0] !== undefined && (first === null || rows[0].sequence < first)) first = rows[0].sequence;
  }
  return first;
}

/** When the first of them is to be given up. */
export function parkedUntilMs(parking: Parking): number {
  let untilMs = Number.MAX_SAFE_INTEGER;
  for (const { rows } of parking.values()) for (const row of rows) untilMs = Math.min(untilMs, row.untilMs);
  return untilMs;
}

/** Parks a row; rows of one way come in any order. */
export function park(parking: Parking, way: string, row: Parked): void {
  const parked = wayOf(parking, way);
  const at = parked.rows.findLastIndex(({ sequence }) => sequence < row.sequence);
  parked.rows.splice(at + 1, 0, row);
}

/** Notes that a way is silent, or that it is not. */
export function setSilent(parking: Parking, way: string, isSilent: boolean): void {
  if (!isSilent && !parking.has(way)) return;
  wayOf(parking, way).isSilent = isSilent;
  tidy(parking, way);
}

/** Puts a way behind the others. */
export function rotate(parking: Parking, way: string): void {
  const parked = parking.get(way);
  if (parked === undefined) return;
  parking.delete(way);
  parking.set(way, parked);
}

/** The first row of the first way from which one may leave: which way is for `mayLeave` to say. */
export function nextParked(
  parking: Parking,
  nowMs: number,
  mayLeave: (way: string, isSilent: boolean) => boolean,
): number | null {
  for (const [way, { isSilent, rows }] of parking) {
    const [row] = rows;
    if (row !== undefined && (row.untilMs <= nowMs || mayLeave(way, isSilent))) return row.sequence;
  }
  return null;
}

/** Takes a row out, if it is the first of its way. */
export function unpark(parking: Parking, way: string, sequence: number): boolean {
  const rows = parking.get(way)?.rows;
  if (rows?.[0]?.sequence !== sequence) return false;
  rows.shift();
  tidy(parking, way);
  return true;
}

function wayOf(parking: Parking, way: string): Way {
  let parked = parking.get(way);
  if (parked === undefined) parking.set(way, (parked = { isSilent: false, rows: [] }));
  return parked;
}

function tidy(parking: Parking, way: string): void {
  const parked = parking.get(way);
  if (parked !== undefined && !parked.isSilent && parked.rows.length === 0) parking.delete(way);
}
