/** What a place is by the will of its owners, as records of its context. docs/spec/places.md#state */
import { type Act, covers, type Mode } from '../../publication/act.ts';
import { decodeText, encodeText } from '../../psyc/bytes.ts';
import type { Operation } from '../../store/store.ts';
import { lease } from '../desk.ts';
import { domainOf } from '../letter.ts';

/** The newest act of a device that was taken: an older one is said again by somebody. */
interface Taken {
  readonly counter: number;
  readonly timeMs: number;
  /** Whose device it is: `psyc://domain/~nick`. */
  readonly by: string;
}

/** An act, and who has signed it as what. */
export interface SignedAct extends Taken {
  readonly act: Act;
  /** In hexadecimal. */
  readonly device: string;
}

/** Lists are of uniforms, in the order in which they were named. */
export interface PlaceState {
  readonly topic: string;
  readonly mode: Mode;
  readonly owners: readonly string[];
  readonly aides: readonly string[];
  /** Persons and domains. */
  readonly bans: readonly string[];
  readonly silenced: readonly string[];
  readonly invited: readonly string[];
  /** How many rows, and how many days, are kept; null: no limit. */
  readonly rows: number | null;
  readonly days: number | null;
  /** Up to here everything is erased, or is to be. */
  readonly cleared: number;
  /** By device. */
  readonly taken: ReadonlyMap<string, Taken>;
}

const lists = ['owners', 'aides', 'bans', 'silenced', 'invited'] as const;

/** The lists of people that a place keeps. */
export type ListName = (typeof lists)[number];

const names = ['topic', 'mode', ...lists, 'limits', 'taken'] as const;
type Records = Readonly<Record<(typeof names)[number], string>>;

const without = (list: readonly string[], whom: string): readonly string[] => list.filter((one) => one !== whom);
const withOne = (list: readonly string[], whom: string): readonly string[] =>
  list.includes(whom) ? list : [...list, whom];

/** The text of each record; '' where there is none. */
function recordsOf(state: PlaceState): Records {
  const { topic, mode, rows, days, cleared, taken } = state;
  const of = (name: ListName): string => state[name].join('\n');
  const isLimited = rows !== null || days !== null || cleared > 0;
  return {
    topic,
    mode: mode === 'public' ? '' : mode,
    owners: of('owners'),
    aides: of('aides'),
    bans: of('bans'),
    silenced: of('silenced'),
    invited: of('invited'),
    limits: isLimited ? `${rows ?? '-'} ${days ?? '-'} ${cleared}` : '',
    taken: [...taken].map(([device, { counter, timeMs, by }]) => `${device} ${counter} ${timeMs} ${by}`).join('\n'),
  };
}

/** The state in the records of a place's context, by name. */
export function stateOf(records: ReadonlyMap<string, Uint8Array>): PlaceState {
  const text = (name: keyof Records): string => decodeText(records.get(name) ?? new Uint8Array(0));
  const linesOf = (name: keyof Records): string[] =>
    text(name)
      .split('\n')
      .filter((line) => line !== '');
  const [rows = '-', days = '-', cleared = '0'] = text('limits').split(' ');
  const limit = (word: string): number | null => (/^[0-9]+$/.test(word) ? Number(word) : null);
  return {
    topic: text('topic'),
    mode: (text('mode') || 'public') as Mode,
    owners: linesOf('owners'),
    aides: linesOf('aides'),
    bans: linesOf('bans'),
    silenced: linesOf('silenced'),
    invited: linesOf('invited'),
    rows: limit(rows),
    days: limit(days),
    cleared: limit(cleared) ?? 0,
    taken: new Map(
      linesOf('taken').map((line) => {
        const [device = '', counter, timeMs, by = ''] = line.split(' ');
        return [device, { counter: Number(counter), timeMs: Number(timeMs), by }];
      }),
    ),
  };
}

/** The operations that make records of `before` those of `after`. */
export function changes(context: string, before: PlaceState, after: PlaceState): (Operation & { op: 'record' })[] {
  if (before === after) return [];
  const [old, next] = [recordsOf(before), recordsOf(after)];
  return names
    .filter((name) => old[name] !== next[name])
    .map((name) => ({ op: 'record', context, lease, name, value: encodeText(next[name]) }));
}

/** Whether everybody may enter. */
export const isOpen = ({ mode }: PlaceState): boolean => mode === 'public' || mode === 'published';

/** The mark of the row since which what is said is shown to everybody. */
export const PUBLISHED = 'published rows';

/** Whether a list names this person, or his domain. */
export const isNamed = (list: readonly string[], person: string): boolean => list.some((one) => covers(one, person));

/** Owner before aide; null: neither. */
export function officeOf({ owners, aides }: PlaceState, person: string): 'owner' | 'aide' | null {
  if (owners.includes(person)) return 'owner';
  return aides.includes(person) ? 'aide' : null;
}

/** The state once somebody has come: the first of all is the owner, and an invitation is used up. */
export function afterEntering(state: PlaceState, person: string, isFirst: boolean): PlaceState {
  const isOwner = isFirst && state.owners.length === 0;
  const owners = isOwner ? [person] : state.owners;
  if (!isOwner && !state.invited.includes(person)) return state;
  return { ...state, owners, invited: without(state.invited, person) };
}

/** The state once somebody's account is closed: whoever gets his name one day has no office by it. */
export const afterClosing = (state: PlaceState, person: string): PlaceState => ({
  ...state,
  owners: without(state.owners, person),
  aides: without(state.aides, person),
  invited: without(state.invited, person),
});

/** The state once somebody has another name: what he had is that one's. Who may not speak may not under either; who has no office comes by an invitation. */
function afterMove(state: PlaceState, before: string, now: string): PlaceState {
  const renamed = (list: readonly string[]): readonly string[] =>
    list.includes(before) ? withOne(without(list, before), now) : list;
  const owners = renamed(state.owners);
  const aides = owners.includes(now) ? without(without(state.aides, before), now) : renamed(state.aides);
  const silenced = state.silenced.includes(before) ? withOne(state.silenced, now) : state.silenced;
  const next = { ...state, owners, aides, silenced, invited: without(state.invited, before) };
  return officeOf(next, now) === null ? { ...next, invited: withOne(next.invited, now) } : next;
}

/** The context whose members are the places that have, or had, a person in office or invited. */
export const officesOf = (person: string): string => `offices of ${person}`;

/** What keeps for people of this domain where they are given an office or invited: that they lose it stays unsaid. */
export function officesGiven(context: string, domain: string, before: PlaceState, after: PlaceState): Operation[] {
  const all = ({ owners, aides, invited }: PlaceState): string[] => [...owners, ...aides, ...invited];
  if (before === after) return [];
  const had = new Set(all(before));
  const given = all(after).filter((person) => !had.has(person) && domainOf(person) === domain);
  return given.map((person) => ({ op: 'member', context: officesOf(person), lease, name: context, sequence: 1 }));
}

/** The state once an act is done that may be. Devices whose acts are older than `sinceMs` are forgotten; `last` is the log's last row. */
export function afterAct(
  state: PlaceState,
  { act, by, device, counter, timeMs }: SignedAct,
  sinceMs: number,
  last: number,
): PlaceState {
  const recent = [...state.taken].filter(([, one]) => one.timeMs >= sinceMs);
  // What the limit before has hidden stays hidden.
  const hidden = act.kind !== 'limit' || state.rows === null ? 0 : last - state.rows;
  const was = { ...state, cleared: Math.max(state.cleared, hidden) };
  const after = done(was, act, by);
  // Anybody may come to have another name: who looks after nothing takes no room from those who do.
  if (act.kind === 'move' && officeOf(after, by) === null) return after;
  return { ...after, taken: new Map(recent).set(device, { counter, timeMs, by }) };
}

function done(state: PlaceState, act: Act, by: string): PlaceState {
  const { owners, aides, bans, silenced, invited } = state;
  switch (act.kind) {
    case 'topic':
      return { ...state, topic: act.text };
    case 'mode':
      return { ...state, mode: act.mode };
    case 'limit':
      return { ...state, rows: act.rows, days: act.days };
    case 'clear':
      return { ...state, cleared: Math.max(state.cleared, act.through) };
    case 'owner':
      return { ...state, owners: withOne(owners, act.whom), aides: without(aides, act.whom) };
    case 'aide':
      return { ...state, aides: withOne(aides, act.whom) };
    case 'dismiss':
      return { ...state, owners: without(owners, act.whom), aides: without(aides, act.whom) };
    case 'kick':
      return { ...state, invited: without(invited, act.whom) };
    case 'move':
      return afterMove(state, act.whom, by);
    case 'ban':
      return {
        ...state,
        bans: withOne(bans, act.whom),
        invited: invited.filter((person) => !covers(act.whom, person)),
      };
    case 'unban':
      return { ...state, bans: without(bans, act.whom) };
    case 'silence':
      return { ...state, silenced: withOne(silenced, act.whom) };
    case 'unsilence':
      return { ...state, silenced: without(silenced, act.whom) };
    case 'invite':
      return { ...state, invited: withOne(invited, act.whom) };
    case 'uninvite':
      return { ...state, invited: without(invited, act.whom) };
  }
}
