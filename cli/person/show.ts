/** What others wrote, as it may stand on a terminal: what would move the cursor or turn the text around is escaped. docs/spec/people.md#shown */
import type { Heard, Output, Word } from '../../client/session/events.ts';
import { Packet } from '../../psyc/packet.ts';
import { withoutChannel } from '../../psyc/uniform.ts';
import { aliasOf } from './aliases.ts';
import { explained } from './codes.ts';
import { safeLine, unsafe } from './safe.ts';

/** Text on any number of lines; each but the first is indented, so that none passes for another message. */
export const safeText = (text: string): string =>
  text
    .replace(/\r\n/g, '\n')
    .split('\n')
    .map((line) => safeLine(line.replace(/\t/g, ' ')))
    .join('\n    ');

/** One object as a line of JSON that is safe on a terminal too. */
export function jsonLine(value: object): string {
  const json = JSON.stringify(value, (_, one: unknown) =>
    one === undefined ? null : one instanceof Packet ? undefined : one,
  );
  return `${json.replace(unsafe, (character) =>
    Array.from(
      { length: character.length },
      (_, at) => `\\u${character.charCodeAt(at).toString(16).padStart(4, '0')}`,
    ).join(''),
  )}\n`;
}

/** `psyc://b.test/@hall` as people write it: `@hall@b.test`; a person `bob@b.test`; anything else as it is. */
export function nameOf(uniform: string): string {
  const [, domain = '', kind, name = ''] = /^psyc:\/\/([^/]+)(?:\/([~@])([^#]+))?$/.exec(withoutChannel(uniform)) ?? [];
  if (kind === undefined) return safeLine(domain === '' ? uniform : domain);
  return safeLine(kind === '@' ? `@${name}@${domain}` : `${name}@${domain}`);
}

/** A moment as people read it, in the local time of this machine. */
export function clock(timeMs: number): string {
  const date = new Date(timeMs);
  const two = (number: number): string => String(number).padStart(2, '0');
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}`;
}

/** Where nobody has signed when it was: when we heard of it says nothing. */
export const UNKNOWN_TIME = '-';

/** What was heard, for people: time, place or person, who, text. */
export function heardLine(heard: Heard): string {
  const { place, author, text, timeMs, isOld, isStranger } = heard;
  const toYou = isStranger ? 'request' : 'to you';
  const where = place === null ? toYou : nameOf(place);
  const said = friendshipText(heard) ?? (text === null ? unopened(place) : safeText(text));
  const old = isOld ? ' (old)' : '';
  const time = timeMs === null ? UNKNOWN_TIME : clock(timeMs);
  return `${time} ${where} ${whoOf(author, heard.word)}${old}: ${said}\n`;
}

/** What is said of a text that we have no key for. */
export const unopened = (place: string | null): string =>
  place === null
    ? '(sealed to a key that this device does not have: ask for it again)'
    : '(said before you came, or sealed to others)';

/** What somebody says of friendship, in words; null: it is something else. */
export function friendshipText({ method, author, word, isStranger }: Heard): string | null {
  // Who is no stranger, and says it, was asked by us: so it is agreed, as the home says.
  const isAgreed = word.kind === 'author' && !isStranger;
  if (method === '_request_friendship')
    return isAgreed
      ? 'is your friend now (p3do friend list checks both signatures)'
      : `wants to be friends (p3do friend accept ${nameOf(author)}, or refuse)`;
  return method === '_request_unfriend' ? 'does not want to be friends, or no more' : null;
}

/** Who said it, and by whose word. */
export function whoOf(author: string, word: Word): string {
  const alias = aliasOf(author);
  const known = alias === null ? '' : `"${alias}" `;
  const name = author === '' ? 'somebody' : `${known}${nameOf(author)}`;
  // What comes out of an onion has no author; that it came out of one is the home's word.
  if (word.kind === 'hearsay' && author === `psyc://${word.host}/$mor`) return 'nobody (out of an onion)';
  switch (word.kind) {
    case 'author':
      return name;
    case 'hearsay':
      return `${name} (according to ${word.host})`;
    case 'bad':
      // Nobody answers for the keys of a closed account any more: that makes nobody a liar.
      if (word.code === '_closed_target') return `${name} (whose account is closed: not to be checked any more)`;
      return `NOT ${name} (${safeLine(word.code)})`;
  }
}

/** A place tells nobody but members who has put whom out: whoever was away only hears that it is so. */
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
      return `ANOTHER KEY for ${nameOf(output.of)}: ${output.fingerprint}; pinned is ${output.pinned}. It is not believed; see p3do help trust.`;
    case 'gap':
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
    case 'refused':
      if (output.command !== null) return null;
      if (output.code === '_necessary_membership') return `${nameOf(output.target)}: ${NO_MEMBER}`;
      return `${nameOf(output.target)}: ${explained(output.code, output.by)}`;
    default:
      return null;
  }
}
