/** Statements that came along, beside those that are known of a domain: which are new and hold, and which are let go. docs/spec/trust.md#succession */
import type { RotationHeard } from '../../pki/trust-state.ts';
import { isContrary, worthKeeping } from '../../pki/succession.ts';
import { equalBytes } from '../../psyc/bytes.ts';
import type { Desk } from '../desk.ts';
import type { RotationTold } from '../events.ts';
import type { Records } from '../records.ts';
import { type KeptRotation, rotationName, rotationsIn, trustIn } from './trust-record.ts';

/** What is kept from now on, what of it is new, and what is not kept any more. */
export interface RotationsKept {
  readonly all: readonly KeptRotation[];
  readonly fresh: readonly KeptRotation[];
  readonly stale: readonly RotationHeard[];
  /** Not kept: words of a key that the domain has left for another than they name. */
  readonly contrary: readonly KeptRotation[];
}

/** `told`: the oldest first, since each is checked by the key that the one before has named. */
export function hearRotations(
  desk: Desk,
  domain: string,
  records: Records,
  told: readonly RotationTold[],
  found: (kept: RotationsKept) => void,
): void {
  const known = rotationsIn(records);
  const [pinned, before] = [records.get('key'), records.get('key before')];
  const judge = (all: readonly KeptRotation[]): void => {
    const state = trustIn(records, desk.unixMs);
    const heard = all.map((one) => one.heard);
    const kept = new Set(worthKeeping(state, heard, desk.unixMs, desk.options.trustLimits));
    const isKept = (one: KeptRotation): boolean => kept.has(one.heard);
    const news = all.slice(known.length);
    found({
      all: all.filter(isKept),
      fresh: news.filter(isKept),
      stale: known.filter((one) => !isKept(one)).map((one) => one.heard),
      contrary: news.filter((one) => !isKept(one) && isContrary(state, one.heard)),
    });
  };
  const check = (all: readonly KeptRotation[], [one, ...more]: readonly RotationTold[]): void => {
    if (one === undefined || pinned === undefined) judge(all);
    else if (all.some(({ statement }) => equalBytes(statement, one.statement))) check(all, more);
    else {
      const olds = [pinned, ...(before === undefined ? [] : [before]), ...all.map(({ key }) => key)];
      desk.askPki({ kind: 'rotation', domain, olds, ...one }, (read) => {
        const heard = read.kind === 'rotation' ? { ...read.rotation, seenMs: desk.unixMs } : null;
        const isNew = heard !== null && all.every((other) => rotationName(other.heard) !== rotationName(heard));
        check(isNew ? [...all, { heard, ...one }] : all, more);
      });
    }
  };
  check(known, told.slice(-desk.options.trustLimits.stepsMax));
}
