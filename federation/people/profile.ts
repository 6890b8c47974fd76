/** What a person shows of himself, told to whoever asks: some of it to everybody, some to friends. docs/spec/friends.md#profile */
import { visitedIn } from '../../circuit/channel.ts';
import { cabinetOf, drawerIn, profileDrawers } from './cabinet.ts';
import type { Circle } from './circle.ts';
import type { Desk } from '../desk.ts';
import { entityOf, type Letter, newLetter } from '../letter.ts';
import { readRecords } from '../records.ts';

/** Answers the question, now or later; not at all where the store does not answer: it is asked again. */
export function tellProfile(desk: Desk, person: string, circle: Circle, { routing }: Letter): void {
  const [source, tag] = [routing.get('_source'), routing.get('_tag')];
  if (source === undefined || tag === undefined) return;
  const asker = entityOf(source);
  // What another domain carries for a friend, it would read.
  const isFriend = visitedIn(source) === null && (asker === person || circle.isFriend(asker));
  readRecords(desk, cabinetOf(person), (records) => {
    if (records === null) return;
    const [forAll, forFriends] = profileDrawers.map((name) => drawerIn(records, name).value);
    const heading = { _source: person, _target: source, _tag_relay: tag, _tag_reply: tag };
    const entity = { _packet: forAll!, ...(isFriend ? { _packet_friends: forFriends! } : {}) };
    desk.post(newLetter({ routing: heading, entity, method: '_echo_description' }));
  });
}
