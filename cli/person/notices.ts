/** What people are told beside what was said, each a sentence. docs/spec/people.md#shown */
import { isFeed } from '../../client/session/words.ts';
import type { Output } from '../../client/session/events.ts';
import { expelledLine } from './acts.ts';
import { explained } from './codes.ts';
import { nameOf } from './show.ts';

const NO_FOLLOWER =
  'you do not follow any more: you stopped on another device, or his server says that there is nobody of that name; p3do follow begins again (_necessary_membership)';

/** Of a place that does not say who has put him out: it is too long ago, erased, or it was himself. */
const NO_MEMBER =
  'you are no member any more: you left on another device, or somebody who looks after it put you out while you were away (p3do place show names them); p3do enter comes back, unless you are banned (_necessary_membership)';

/** Notices for people, without the name of the command; null for what is no notice. */
export function noticeLine(output: Output): string | null {
  switch (output.kind) {
    case 'first key':
      return `first key of ${nameOf(output.of)}, taken and pinned: ${output.fingerprint}`;
    case 'followed key':
      return `${nameOf(output.of)} has another key now, as its old one says: ${output.fingerprint}`;
    case 'foreign own key':
      return `SOMEBODY ELSE’S KEY FOR YOU was shown to ${nameOf(output.by)}: ${output.fingerprint}. It is not believed there. Ask your server’s admin: he, or whoever has your server, may have done it.`;
    case 'moved':
      return `${nameOf(output.from)} has moved, as the key says that is pinned: it is ${nameOf(output.to)} now`;
    case 'changed key':
      return `ANOTHER KEY for ${nameOf(output.of)}: ${output.fingerprint}; pinned is ${output.pinned}. It is not believed. If its admin says over another way which one is right: p3do trust ${nameOf(output.of)} FINGERPRINT`;
    case 'gap':
      if (isFeed(output.address))
        return `${nameOf(output.author)} has published ${output.to - output.from + 1} more that did not come: it is not here yet, or is withheld`;
      return `${nameOf(output.author)} said ${output.to - output.from + 1} more in ${nameOf(output.address)} that did not come: given up on the way, ${output.address.includes('/~') ? 'not taken while you blocked or ignored him, ' : ''}or withheld`;
    case 'fork':
      return `${nameOf(output.author)} said two different things as number ${output.counter} in ${nameOf(output.address)}`;
    case 'withdrawn':
      return `${nameOf(output.author)} was told that number ${output.counter} in ${nameOf(output.address)} had not arrived, and takes it back; it was shown here`;
    case 'unseen readers':
      return `${nameOf(output.author)} speaks in ${nameOf(output.place)} to people who are not named as its members: ${output.readers.map(nameOf).join(', ')}`;
    case 'unchecked key':
      return `${nameOf(output.place)} does not say who its members are: whom ${nameOf(output.author)} speaks to there nobody knows`;
    case 'stale seal':
      return `${nameOf(output.place)} LIES about its members: what ${nameOf(output.author)} said as row ${output.sequence} can be read by somebody who had gone before`;
    case 'erased rows':
      return output.from === output.to
        ? `row ${output.from} of ${nameOf(output.place)} is erased`
        : `rows ${output.from} to ${output.to} of ${nameOf(output.place)} are erased`;
    case 'missing rows':
      return `${nameOf(output.place)} does not give its rows ${output.from} to ${output.to}`;
    case 'stored before':
      return `what an earlier command said to ${nameOf(output.target)} is stored at ${output.at} now`;
    case 'expelled':
      return expelledLine(output);
    case 'refused':
      if (output.command !== null) return null;
      if (output.code === '_necessary_membership')
        return `${nameOf(output.target)}: ${isFeed(output.target) ? NO_FOLLOWER : NO_MEMBER}`;
      return `${nameOf(output.target)}: ${explained(output.code, output.by)}`;
    default:
      return null;
  }
}
