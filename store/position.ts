/** A sequence that only the store knows, once it knows it. docs/spec/federation.md#store */
import type { Position } from './store.ts';

/** `row`: the sequence of the row that the same write has appended last to the context, which a checked request has. */
export function sequenceAt(position: Position, row: number | undefined): number {
  if (typeof position === 'number') return position;
  return position === 'row' ? row! : row! - 1;
}
