/** What a reader gets of one log: every row once, in order, from where he stopped. docs/spec/federation.md#following */
import { backoffMs } from './backoff.ts';
import { type DeliveryLimits, deliveryLimits } from './limits.ts';

/** A row as it is delivered. */
interface FollowedRow {
  readonly sequence: number;
  readonly packet: Uint8Array;
}

/** What it is told. */
export type FollowingEvent =
  /** The reader is here, and has everything up to `after`. */
  | { readonly kind: 'attached'; readonly after: number }
  /** A row has become durable: a hint, the log is the truth. */
  | { readonly kind: 'appended'; readonly row: FollowedRow }
  /** The log is at least this long, as another answer of the store showed. */
  | { readonly kind: 'grown'; readonly last: number }
  /** The answer to `read`; or no answer. */
  | { readonly kind: 'rows'; readonly rows: readonly FollowedRow[]; readonly last: number }
  | { readonly kind: 'read failed' }
  /** The time asked for by `timer` has come. */
  | { readonly kind: 'timer' };

/** What it does. */
export type FollowingEffect =
  | { readonly kind: 'deliver'; readonly row: FollowedRow }
  | { readonly kind: 'read'; readonly after: number; readonly rowsMax: number }
  | { readonly kind: 'timer'; readonly delayMs: number };

/** The state; only `stepFollowing` changes it. */
export interface Following {
  readonly limits: DeliveryLimits;
  /** Newest sequence delivered; -1 while nobody reads. */
  cursor: number;
  /** Newest sequence known in the log. */
  last: number;
  /** Whether the log must be looked at, because what it holds is not known. */
  behind: boolean;
  phase: 'idle' | 'reading' | 'resting';
  failures: number;
}

/** A state without a reader. */
export function newFollowing(limits: DeliveryLimits = deliveryLimits): Following {
  return { limits, cursor: -1, last: 0, behind: false, phase: 'idle', failures: 0 };
}

/** Changes the state and gives the effects, in order. */
export function stepFollowing(following: Following, event: FollowingEvent): FollowingEffect[] {
  const effects: FollowingEffect[] = [];
  const { retryMsMin, retryMsMax, windowMax } = following.limits;
  switch (event.kind) {
    case 'attached':
      following.cursor = event.after;
      following.behind = true;
      break;
    case 'appended':
      following.last = Math.max(following.last, event.row.sequence);
      if (following.phase === 'idle') deliver(following, event.row, effects);
      break;
    case 'grown':
      following.last = Math.max(following.last, event.last);
      break;
    case 'rows':
      following.phase = 'idle';
      following.failures = 0;
      for (const row of event.rows) deliver(following, row, effects);
      following.last = Math.max(following.last, event.last);
      following.behind = false;
      break;
    case 'read failed':
      following.phase = 'resting';
      effects.push({ kind: 'timer', delayMs: backoffMs(following.failures++, retryMsMin, retryMsMax) });
      break;
    case 'timer':
      following.phase = 'idle';
      break;
  }
  if (
    following.phase === 'idle' &&
    following.cursor !== -1 &&
    (following.behind || following.cursor < following.last)
  ) {
    following.phase = 'reading';
    effects.push({ kind: 'read', after: following.cursor, rowsMax: windowMax });
  }
  return effects;
}

function deliver(following: Following, row: FollowedRow, effects: FollowingEffect[]): void {
  if (following.cursor === -1 || row.sequence !== following.cursor + 1) return;
  following.cursor = row.sequence;
  effects.push({ kind: 'deliver', row });
}
