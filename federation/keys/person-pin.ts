/** Which key is pinned for a person of another domain; one that was taken while that domain's key was another's is taken anew. docs/spec/people.md#trust */
import { decodeText, encodeText } from '../../psyc/bytes.ts';
import type { Operation } from '../../store/store.ts';
import type { Desk } from '../desk.ts';
import { readRecords, record, type Records } from '../records.ts';
import { trustIn } from '../trust/trust-record.ts';

/** Its fingerprint, and the newest statement of devices that was seen; null: none. */
export type PersonPin = Readonly<Record<'fingerprint' | 'statement', Uint8Array | null>>;

/** `ofHome`: the records of his domain. null: the store does not answer. A doubtful pin is gone before the answer. */
export function readPin(desk: Desk, person: string, ofHome: Records, found: (pin: PersonPin | null) => void): void {
  readRecords(desk, person, (records) => {
    if (records === null) {
      found(null);
      return;
    }
    const { undone } = trustIn(ofHome, desk.unixMs);
    const [fingerprint, statement] = [records.get('fingerprint') ?? null, records.get('statement') ?? null];
    const taken = records.get('pinned');
    const isWithin = (atMs: number): boolean => undone !== null && undone.sinceMs <= atMs && atMs <= undone.untilMs;
    // Of one that was taken before times were kept nobody knows.
    const isDoubtful = undone !== null && (taken === undefined || isWithin(Number(decodeText(taken))));
    if (fingerprint === null || !isDoubtful) {
      found({ fingerprint, statement });
      return;
    }
    const names = ['fingerprint', 'statement', 'pinned'] as const;
    const operations = names.map((name) => record(person, name, new Uint8Array(0)));
    desk.ask({ kind: 'write', operations }, ({ kind }) => {
      found(kind === 'written' ? { fingerprint: null, statement: null } : null);
    });
  });
}

/** Pins it; of two who come at once the first. */
export const pinning = (desk: Desk, person: string, fingerprint: Uint8Array): Operation[] => [
  record(person, 'fingerprint', fingerprint, true),
  record(person, 'pinned', encodeText(String(desk.unixMs))),
];
