/** What is left of an account that was closed: its name, for a while, so that nobody else gets it. docs/spec/leaving.md#closing */
import { hexOf, joinBytes } from '../../crypto/bytes.ts';
import { decodeText, encodeText, equalBytes } from '../../psyc/bytes.ts';
import { skeleton } from '../../psyc/names.ts';
import { parseEntity } from '../../psyc/uniform.ts';
import type { Operation } from '../../store/store.ts';
import { listing } from './account.ts';
import { type Desk, lease } from '../desk.ts';
import type { FederationCode } from '../error.ts';
import { insistOnRecords, type RecordName, readRecords, record, type Records } from '../records.ts';
import { certifiedOperations } from '../keys/ring-records.ts';
import { vacate } from './vacated.ts';
import { nodeUniform } from '../waking.ts';

/** The channel in whose name a closed account leaves: that of a device that nobody has. */
export const LEAVING = '#0000000000000000-leaving';

/** A closed account. */
export interface Tombstone {
  /** Milliseconds since 1970. */
  readonly closedMs: number;
  /** Whether memberships have still to be ended. */
  readonly isLeaving: boolean;
}

/** The context of whatever looks like this name: whose it is, or was. */
export const looksOf = (person: string): string => `nick ${skeleton(parseEntity(person).name)}`;

/** Takes what a name looks like: who registers one that can be taken for it is refused. */
export const takingOf = (person: string): Operation => record(looksOf(person), 'used', encodeText(person), true);

/** Who has, or had, a name that looks so; null: nobody. */
const holderIn = (looks: Records): string | null => {
  const used = looks.get('used');
  return used === undefined ? null : decodeText(used);
};

/** When whatever looks so was closed, and what is left to do; null: it was not. */
function closedIn(looks: Records): Tombstone | null {
  const closed = looks.get('closed');
  return closed === undefined ? null : { closedMs: Number(decodeText(closed)), isLeaving: looks.has('leaving') };
}

/** The tombstone of this very person among these records. */
export const tombstoneOf = (person: string, looks: Records): Tombstone | null =>
  holderIn(looks) === person ? closedIn(looks) : null;

/** The same, until the store answers. */
export function insistOnTombstone(desk: Desk, person: string, found: (tombstone: Tombstone | null) => void): void {
  // Others may look the same, and insist as well.
  insistOnRecords(desk, looksOf(person), (looks) => found(tombstoneOf(person, looks)), ` of ${person}`);
}

const set = (person: string, name: RecordName, value: Uint8Array): Operation => record(looksOf(person), name, value);
const nothing = new Uint8Array(0);

/** Has the node wake a person when it starts, or no more: he has places to leave. */
const waking = (person: string, { domain }: Desk, isNeeded: boolean): Operation => ({
  op: 'member',
  context: nodeUniform(domain),
  lease,
  name: person,
  sequence: isNeeded ? 1 : 0,
});

/** The one write that closes: whoever comes later finds nobody. `key`: what revokes it, for those who ask one day, here and on the ring. */
export const closingOf = (person: string, fingerprint: Uint8Array, key: Uint8Array, desk: Desk): Operation[] => [
  ...certifiedOperations(person, hexOf(fingerprint), key),
  // The name is his: whoever reads the tombstone must see whose it is.
  set(person, 'used', encodeText(person)),
  set(person, 'closed', encodeText(String(desk.unixMs))),
  set(person, 'revoked', key),
  set(person, 'leaving', encodeText('1')),
  ...(['fingerprint', 'key', 'statement'] as const).map((name) => record(person, name, nothing)),
  listing(person, desk, false),
  waking(person, desk, true),
];

/** What is written when everything is left. */
export const leftOf = (person: string, desk: Desk): Operation[] => [
  set(person, 'leaving', nothing),
  waking(person, desk, false),
];

/** Whether a name may be registered, as far as tombstones go. */
export type Free = 'free' | 'reserved' | 'unknown';

/**
 * Whether a name is free of tombstones, now or later; a tombstone whose time is over goes, when nobody here has its holder among his others any more. Whoever looks alike may be
 * faster meanwhile: then it stays as he has made it. `unknown`: the store does not answer.
 */
export function askFree(desk: Desk, person: string, found: (free: Free) => void): void {
  readRecords(desk, looksOf(person), (looks) => {
    const closed = looks === null ? null : closedIn(looks);
    const holder = looks === null ? null : holderIn(looks);
    if (looks === null) found('unknown');
    else if (closed === null || holder === null) found('free');
    else if (desk.unixMs - closed.closedMs < desk.options.federationLimits.reservedMs || closed.isLeaving)
      found('reserved');
    else {
      vacate(desk, holder, (isVacated) => {
        if (!isVacated) {
          found('unknown');
          return;
        }
        const guard = record(looksOf(person), 'used', encodeText(holder), true);
        const gone = (['used', 'closed', 'revoked'] as const).map((name) => set(person, name, nothing));
        desk.ask({ kind: 'write', operations: [guard, ...gone] }, (outcome) => {
          const isSettled = outcome.kind === 'written' || (outcome.kind === 'refused' && outcome.code === FIRST);
          found(isSettled ? 'free' : 'unknown');
        });
      });
    }
  });
}

const FIRST = '_store_existing_record';

/** Whether the record says that somebody else was first with what a name looks like. */
export function isOthers(person: string, looks: Records): boolean {
  const used = looks.get('used');
  return used !== undefined && !equalBytes(used, encodeText(person));
}

/** Uses an invitation up, in a context of its own: one key may use it for one name, and again for that. */
export const useOf = (invite: string, fingerprint: Uint8Array, person: string): Operation =>
  record(`invite ${invite}`, 'used', joinBytes(fingerprint, encodeText(person)), true);

/** Why nobody is to be spoken to where nobody lives. */
export function absenceBy(tombstone: Tombstone | null, { unixMs, options }: Desk): FederationCode {
  const { reservedMs } = options.federationLimits;
  return tombstone !== null && unixMs - tombstone.closedMs < reservedMs ? '_closed_target' : '_unknown_target';
}
