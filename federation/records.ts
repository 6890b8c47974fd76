/** What the store keeps of keys, by the uniform that they are of. docs/spec/people.md#trust */
import { backoffMs } from '../circuit/backoff.ts';
import type { Operation } from '../store/store.ts';
import { type Desk, lease } from './desk.ts';

/**
 * Names of records: of a domain or person, an OpenPGP key's fingerprint (the pin), and when a person's was taken; the key, the newest statement of devices; of a
 * domain, what the table of continuity remembers, the key before, and statements that a key has a successor, by hash; our own key
 * with that domain's countersignature, and until when the two countersign each other; of a person who has come from elsewhere, the
 * statement, and the key before; of people anywhere, where they have gone from a name, and come from to it.
 */
export type RecordName =
  | 'fingerprint'
  | 'key'
  | 'statement'
  | 'used'
  | 'pinned'
  | 'closed'
  | 'revoked'
  | 'leaving'
  | 'created'
  | 'seen'
  | 'frozen'
  | 'policy'
  | 'trust'
  | 'key before'
  | 'move'
  | 'moved to'
  | 'came from'
  | 'revocation'
  | 'lost'
  | 'owed'
  | 'countersigned'
  | 'countersignatures'
  | `rotation ${string}`
  | `visit ${string}`
  | `told ${string}`;

/** The records of one uniform. */
export type Records = ReadonlyMap<string, Uint8Array>;

/** Sets a record. `isFirst`: only where none is, or the same. */
export const record = (context: string, name: RecordName, value: Uint8Array, isFirst = false): Operation => ({
  op: 'record',
  context,
  lease,
  name,
  value,
  ...(isFirst ? { absent: true } : {}),
});

/** Reads the records of a uniform; null when the store does not answer. */
export function readRecords(desk: Desk, context: string, found: (records: Records | null) => void): void {
  desk.ask({ kind: 'records', context }, (outcome) => {
    found(outcome.kind === 'records' ? new Map(outcome.records.map(({ name, value }) => [name, value])) : null);
  });
}

/** The same, until the store answers. `by` tells apart who insists on the same context. */
export function insistOnRecords(
  desk: Desk,
  context: string,
  found: (records: Records) => void,
  by = '',
  failures = 0,
): void {
  readRecords(desk, context, (records) => {
    if (records !== null) {
      found(records);
      return;
    }
    const { retryMsMin, retryMsMax } = desk.options.deliveryLimits;
    const delayMs = backoffMs(failures, retryMsMin, retryMsMax);
    desk.timer(`records ${context}${by}`, delayMs, () => insistOnRecords(desk, context, found, by, failures + 1));
  });
}
