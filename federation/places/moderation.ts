/** Who may do what to a place and its members. docs/spec/places.md#offices */
import { covers } from '../../publication/act.ts';
import { publicationLimits } from '../../publication/limits.ts';
import type { FederationCode } from '../error.ts';
import type { FederationLimits } from '../limits.ts';
import { afterAct, isNamed, isOpen, type ListName, officeOf, type PlaceState, type SignedAct } from './place-state.ts';

/** What is for owners alone. */
const ofOwners: ReadonlySet<string> = new Set(['owner', 'aide', 'dismiss', 'mode', 'limit', 'clear']);

/** The list that an act makes longer, and how long it may be. */
const growing: Readonly<Record<string, readonly [ListName, keyof FederationLimits]>> = {
  owner: ['owners', 'ownersMax'],
  aide: ['aides', 'aidesMax'],
  ban: ['bans', 'bansMax'],
  silence: ['silenced', 'silencedMax'],
  invite: ['invited', 'invitedMax'],
};

/** What is known of a place beside its state. */
export interface Surroundings {
  readonly limits: FederationLimits;
  /** The log's last row. */
  readonly last: number;
  /** Acts that were signed before this moment are not taken any more. */
  readonly sinceMs: number;
  isMember(person: string): boolean;
  readonly memberCount: number;
  /** Whether somebody may be a member to whom nothing can be sealed. */
  readonly hasPlain: boolean;
}

/** Why somebody may not enter whom nothing else keeps out, or null. */
export function faultOfComing(state: PlaceState, person: string, isMember: boolean): FederationCode | null {
  if (isNamed(state.bans, person)) return '_banned_member';
  if (isMember || isOpen(state) || officeOf(state, person) !== null) return null;
  return state.invited.includes(person) ? null : '_necessary_invitation';
}

/** Why an act is not done, or null. */
export function faultOfAct(state: PlaceState, signed: SignedAct, around: Surroundings): FederationCode | null {
  const { act, by, device, counter, timeMs } = signed;
  const known = state.taken.get(device);
  const isStale = timeMs < around.sinceMs || counter <= (known?.counter ?? 0);
  // It is his own affair, whoever he is.
  if (act.kind === 'move') return isStale ? '_stale_act' : faultOfMove(state, act.whom, signed, around);
  const office = officeOf(state, by);
  const isResignation = act.kind === 'dismiss' && act.whom === by;
  if (office !== 'owner' && ofOwners.has(act.kind) && !isResignation) return '_necessary_owner';
  if (office === null) return '_necessary_aide';
  if (isStale) return '_stale_act';
  if (known === undefined && !hasRoomFor(state, by, around)) return '_excessive_entries';
  return faultOfChange(state, signed, around) ?? faultOfGrowth(state, signed, around.limits);
}

/** That the name was his has been found: what he had under it is his, but where either is kept out. */
function faultOfMove(
  state: PlaceState,
  before: string,
  signed: SignedAct,
  around: Surroundings,
): FederationCode | null {
  const { by, device } = signed;
  if (isNamed(state.bans, before) || isNamed(state.bans, by)) return '_banned_member';
  const hasSomething = officeOf(state, before) !== null || state.invited.includes(before) || around.isMember(before);
  if (!hasSomething) return '_unknown_member';
  const { limits, sinceMs } = around;
  const after = afterAct(state, signed, sinceMs, around.last);
  const isFull = lists.some(({ list, limit }) => {
    const [was, now] = [state[list], after[list]];
    return (
      now.length > Math.max(was.length, limits[limit]) || bytesOf(now) > Math.max(bytesOf(was), limits.listBytesMax)
    );
  });
  if (isFull) return '_excessive_entries';
  const isRemembered = officeOf(after, by) === null || state.taken.has(device);
  return isRemembered || hasRoomFor({ ...after, taken: state.taken }, by, around) ? null : '_excessive_entries';
}

const lists = [
  { list: 'owners', limit: 'ownersMax' },
  { list: 'aides', limit: 'aidesMax' },
  { list: 'silenced', limit: 'silencedMax' },
  { list: 'invited', limit: 'invitedMax' },
] as const satisfies readonly { readonly list: ListName; readonly limit: keyof FederationLimits }[];

const bytesOf = (list: readonly string[]): number => list.reduce((sum, one) => sum + one.length + 1, 0);

/** Whether one more device of his is remembered. Half of all room is the owners’: no aide keeps them from dismissing him. */
function hasRoomFor(state: PlaceState, by: string, { limits, sinceMs }: Surroundings): boolean {
  const { actsMax, actsOfOneMax } = limits;
  const recent = [...state.taken.values()].filter((one) => one.timeMs >= sinceMs);
  if (recent.length >= actsMax || recent.filter((one) => one.by === by).length >= actsOfOneMax) return false;
  const others = recent.filter((one) => officeOf(state, one.by) !== 'owner');
  return officeOf(state, by) === 'owner' || 2 * others.length < actsMax;
}

function faultOfChange(state: PlaceState, { act, by }: SignedAct, around: Surroundings): FederationCode | null {
  const { owners, aides, bans } = state;
  switch (act.kind) {
    case 'owner':
      return isNamed(bans, act.whom) ? '_banned_member' : null;
    case 'aide':
      // Who names an owner an aide means to take something from him: that is said otherwise.
      if (owners.includes(act.whom)) return '_protected_member';
      return isNamed(bans, act.whom) ? '_banned_member' : null;
    case 'dismiss':
      if (officeOf(state, act.whom) === null) return '_unknown_member';
      return owners.length === 1 && owners[0] === act.whom ? '_last_owner' : null;
    case 'kick':
      if (officeOf(state, act.whom) !== null) return '_protected_member';
      return around.isMember(act.whom) ? null : '_unknown_member';
    case 'ban':
    case 'silence':
      return [...owners, ...aides, by].some((person) => covers(act.whom, person)) ? '_protected_member' : null;
    case 'unban':
      return bans.includes(act.whom) ? null : '_unknown_member';
    case 'unsilence':
      return state.silenced.includes(act.whom) ? null : '_unknown_member';
    case 'invite':
      return isNamed(bans, act.whom) ? '_banned_member' : null;
    case 'uninvite':
      return state.invited.includes(act.whom) ? null : '_unknown_member';
    case 'clear':
      return act.through > around.last ? '_invalid_act_missing_row' : null;
    case 'mode':
      // What was sealed once would be asked for in the clear by whoever says that it is not any more.
      if (state.mode === 'members') return act.mode === 'members' ? null : '_invalid_act_members_only';
      if (act.mode !== 'members') return null;
      if (around.memberCount > publicationLimits.readersMax) return '_excessive_members';
      return around.hasPlain ? '_necessary_seal' : null;
    case 'topic':
    case 'limit':
    case 'move':
      return null;
  }
}

function faultOfGrowth(state: PlaceState, { act }: SignedAct, limits: FederationLimits): FederationCode | null {
  const [name, limit] = growing[act.kind] ?? [];
  if (name === undefined || limit === undefined || !('whom' in act)) return null;
  const list = state[name];
  if (list.includes(act.whom)) return null;
  const bytes = bytesOf(list) + act.whom.length;
  return list.length >= limits[limit] || bytes > limits.listBytesMax ? '_excessive_entries' : null;
}
