/** Short names of cells and onions for those who count them. docs/simulator.md#network-of-listeners */
import type { Frame } from '../../listener-bots/frame.ts';
import { envelopeOffsets, sizes } from '../../onion/sizes.ts';

/** 53 bits of something that looks random. */
export type CellName = number;

const HIGH = 2_097_152;

const nameAt = (bytes: Uint8Array, at: number): CellName =>
  ((bytes[at]! << 13) | (bytes[at + 1]! << 5) | (bytes[at + 2]! >>> 3)) +
  HIGH * ((bytes[at + 3]! | (bytes[at + 4]! << 8) | (bytes[at + 5]! << 16) | (bytes[at + 6]! << 24)) >>> 0);

/** A whole cell, by bytes that its first sender drew. */
export const nameOfCell = (cell: Uint8Array): CellName => nameAt(cell, envelopeOffsets.first);

/** An onion by its α: the same in an envelope and out of it, for whoever sees into it. */
export const nameOfOnion = (onion: Uint8Array): CellName => nameAt(onion, 0);

/** What leaves where nothing is to be said. */
export const idleFrame: Frame = { kind: 'idle', data: new Uint8Array(sizes.cell) };
