/** What a person keeps at home for all his devices, in drawers with names: settings, and what only he can read. docs/spec/friends.md#drawers */
import { joinBytes, readUint64, uint64 } from '../../crypto/bytes.ts';
import { decodeText, equalBytes } from '../../psyc/bytes.ts';
import type { Operation } from '../../store/store.ts';
import { type Desk, lease } from '../desk.ts';
import type { FederationCode } from '../error.ts';
import { type Records, readRecords } from '../records.ts';
import { parseRules, type Rules } from './rules.ts';

/** What a drawer holds; version 0: nothing, ever. */
export interface Drawer {
  readonly version: number;
  readonly value: Uint8Array;
}

/** The drawer that a home reads; all others are its person's own affair. */
const RULES = 'rules';

/** What is shown of the person: to everybody, and to friends; told to whoever asks. */
export const profileDrawers = ['profile', 'profile_friends'] as const;

const VERSION_BYTES = 8;
const NAME = /^[a-z][a-z0-9_]*$/;
const emptyDrawer: Drawer = { version: 0, value: new Uint8Array(0) };

/** The context of a person's drawers. */
export const cabinetOf = (person: string): string => `cabinet of ${person}`;

/** The drawer of this name among the records of a cabinet. */
export function drawerIn(records: Records, name: string): Drawer {
  const record = records.get(name);
  if (record === undefined) return emptyDrawer;
  return { version: readUint64(record, 0) ?? 0, value: record.subarray(VERSION_BYTES) };
}

/** The rules in a cabinet; null: they cannot be read. */
export const rulesIn = (records: Records, linesMax: number): Rules | null =>
  parseRules(decodeText(drawerIn(records, RULES).value), linesMax);

/** What was put away: the rules where they have changed. */
type Stored = { readonly version: number; readonly rules: Rules | null };

/**
 * Puts a value into a drawer, which must be `version` before it, so that two devices do not undo each other; the same value
 * again counts as put away. Calls `done` with the version it has now, with a code, or null where the store does not answer.
 */
export function storeDrawer(
  desk: Desk,
  person: string,
  name: string,
  version: number,
  value: Uint8Array,
  done: (outcome: Stored | FederationCode | null) => void,
): void {
  const { drawersMax, drawerBytesMax, drawerNameBytesMax, profileBytesMax, rulesMax } = desk.options.federationLimits;
  const rules = name === RULES ? parseRules(decodeText(value), rulesMax) : null;
  const isForm = NAME.test(name) && name.length <= drawerNameBytesMax;
  if (!isForm || !Number.isSafeInteger(version) || version < 0 || (name === RULES && rules === null)) {
    done('_invalid_drawer');
    return;
  }
  // Anybody may ask for it.
  const isProfile = (profileDrawers as readonly string[]).includes(name);
  if (value.length > (isProfile ? profileBytesMax : drawerBytesMax)) {
    done('_oversized_drawer');
    return;
  }
  const context = cabinetOf(person);
  readRecords(desk, context, (records) => {
    if (records === null) {
      done(null);
      return;
    }
    const before = drawerIn(records, name);
    const next = version + 1;
    const isThere = before.version === next && equalBytes(before.value, value);
    if (before.version !== version && !isThere) done('_stale_version');
    else if (!records.has(name) && records.size >= drawersMax) done('_excessive_drawers');
    else if (isThere) done({ version: next, rules });
    else {
      const record = joinBytes(uint64(next), value);
      const operation: Operation = { op: 'record', context, lease, name, value: record };
      desk.ask({ kind: 'write', operations: [operation] }, (outcome) =>
        done(outcome.kind === 'written' ? { version: next, rules } : null),
      );
    }
  });
}
