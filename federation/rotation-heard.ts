/** A statement that came along, beside those that are known of a domain: whether it is new, and holds. docs/spec/trust.md#succession */
import { equalBytes } from '../psyc/bytes.ts';
import type { Desk } from './desk.ts';
import type { Announced } from './events.ts';
import type { Records } from './records.ts';
import { type KeptRotation, rotationsIn } from './trust-record.ts';

/** A statement, the key that it names, and the recovery key where that came along. */
export type RotationTold = Announced;

/** All of them, with the new one behind them, if it holds and there is room. */
export function hearRotation(
  desk: Desk,
  records: Records,
  told: RotationTold | null,
  found: (all: KeptRotation[], isNew: boolean) => void,
): void {
  const known = rotationsIn(records);
  const old = records.get('key');
  const isKnown = told !== null && known.some(({ statement }) => equalBytes(statement, told.statement));
  const isFull = known.length >= desk.options.federationLimits.rotationsMax;
  if (told === null || old === undefined || isKnown || isFull) {
    found(known, false);
    return;
  }
  desk.askPki({ kind: 'rotation', old, ...told }, (read) => {
    if (read.kind !== 'rotation') found(known, false);
    else found([...known, { heard: { ...read.rotation, seenMs: desk.unixMs }, ...told }], true);
  });
}
