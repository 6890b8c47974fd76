/** Room in a full table: those who lose nothing by it are forgotten. docs/spec/federation.md#entities */
import type { Entity } from './desk.ts';

/** Of a table that is full, so many are looked at. */
const SWEPT = 1000;

/** Forgets idle entities, those that were woken first; they are moved to the end when they are not idle. */
export function sweep<E extends Entity>(entities: Map<string, E>, leave: (entity: E) => void = () => {}): void {
  for (const [uniform, entity] of [...entities].slice(0, SWEPT)) {
    entities.delete(uniform);
    if (entity.isIdle) leave(entity);
    else entities.set(uniform, entity);
  }
}
