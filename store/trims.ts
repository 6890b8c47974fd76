/** Rows are taken out when everything else of a write is done. docs/spec/federation.md#store */
import type { Operation } from './store.ts';

const isTrim = ({ op }: Operation): boolean => op === 'trim';

/** The operations in the order in which they are done. */
export function trimsLast(operations: readonly Operation[]): readonly Operation[] {
  if (!operations.some(isTrim)) return operations;
  return [...operations.filter((operation) => !isTrim(operation)), ...operations.filter(isTrim)];
}
