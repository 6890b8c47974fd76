/** What a place says of itself to whoever asks: more to members, most to those who look after it. docs/spec/places.md#status */
import { renderList, textList } from '../../psyc/list.ts';
import type { Value } from '../../psyc/render.ts';
import type { FederationLimits } from '../limits.ts';
import { type Letter, newLetter } from '../letter.ts';
import { isOpen, officeOf, type PlaceState } from './place-state.ts';

/** As many names, from the first, as a variable has room for. */
export function listed(names: Iterable<string>, countMax: number, bytesMax: number): Uint8Array {
  const some: string[] = [];
  let bytes = 0;
  for (const name of names) {
    bytes += name.length + 1;
    if (some.length >= countMax || bytes > bytesMax) break;
    some.push(name);
  }
  return renderList(textList(some), 'frozen');
}

/** What whoever enters is told with the echo. */
export function greeting(
  { topic, mode }: PlaceState,
  epoch: number,
  members: ReadonlyMap<string, number>,
  { listedMembersMax, listBytesMax }: FederationLimits,
): Record<string, Value | undefined> {
  return {
    _topic: topic,
    _mode: mode,
    _epoch: epoch === 0 ? undefined : String(epoch),
    _amount_members: String(members.size),
    _list_members: listed(members.keys(), listedMembersMax, listBytesMax),
  };
}

/** The answer to a request for the status. `last`: the log's last row. */
export function statusLetter(
  place: string,
  { routing }: Letter,
  state: PlaceState,
  epoch: number,
  members: ReadonlyMap<string, number>,
  person: string,
  last: number,
  hidden: number,
  limits: FederationLimits,
): Letter {
  const { topic, mode, owners, aides, bans, silenced, invited, rows, days } = state;
  const office = officeOf(state, person);
  const isMember = members.has(person);
  const list = (names: readonly string[]): Uint8Array => listed(names, limits.bansMax, limits.listBytesMax);
  const own = isMember ? greeting(state, epoch, members, limits) : {};
  const lists = { _list_bans: list(bans), _list_silenced: list(silenced), _list_invited: list(invited) };
  const number = (value: number | null): string | undefined => (value === null ? undefined : String(value));
  return newLetter({
    routing: {
      _source: place,
      _target: routing.get('_source'),
      _tag_relay: routing.get('_tag'),
      _tag_reply: routing.get('_tag'),
    },
    entity: {
      _mode: mode,
      ...(isOpen(state) || isMember ? { _topic: topic } : {}),
      _list_owners: list(owners),
      _list_aides: list(aides),
      ...own,
      ...(isMember || office !== null
        ? {
            _sequence: String(last),
            _sequence_erased: hidden === 0 ? undefined : String(hidden),
            _amount_rows: number(rows),
            _amount_days: number(days),
          }
        : {}),
      ...(office === null ? {} : lists),
    },
    method: '_status_context',
  });
}
