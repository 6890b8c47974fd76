/** What a failed statement means for those who asked: what PostgreSQL's error codes say, sorted. docs/spec/federation.md#store-errors */
import { DatabaseError } from 'pg';
import type { StoreCode } from '../../store/errors.ts';

/**
 * `stale`: another process changed what the group was planned on; plan again. `full`: no room, nothing happened. `refused`:
 * PostgreSQL took no offence at the connection but at this statement; nothing happened. `lost`: nobody knows.
 */
export type Failure = 'stale' | 'full' | 'refused' | 'lost';

const stale = new Set(['40001', '40P01', '23505']);

/** Sorts what a query was rejected with. */
export function failureOf(thrown: unknown): Failure {
  // Anything that PostgreSQL did not say itself comes from the connection.
  if (!(thrown instanceof DatabaseError) || thrown.code === undefined) return 'lost';
  // 57P0x: shutting down or starting; 08: connection. A FATAL error ends the session whatever its code.
  if (thrown.severity !== 'ERROR' || thrown.code.startsWith('57P') || thrown.code.startsWith('08')) return 'lost';
  if (stale.has(thrown.code)) return 'stale';
  return thrown.code.startsWith('53') ? 'full' : 'refused';
}

/** The code for a request that failed alone; `_store_lost` claims least where PostgreSQL gave a reason unknown to us. */
export const codeOf = (failure: Failure): StoreCode => (failure === 'full' ? '_store_full' : '_store_lost');
