/** What others wrote, as it may stand on a terminal: what would move the cursor or turn the text around is escaped. docs/spec/people.md#shown */
import type { DeletedHeard, Heard, Word } from '../../client/session/events.ts';
import { Packet } from '../../psyc/packet.ts';
import { withoutChannel } from '../../psyc/uniform.ts';
import { isFeed } from '../../client/session/words.ts';
import { aliasOf } from './aliases.ts';
import { shortId } from './publication.ts';
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
  const where = place === null ? toYou : isFeed(place) ? 'published' : nameOf(place);
  const said = friendshipText(heard) ?? (text === null ? unopened(place) : safeText(text));
  const old = isOld ? ' (old)' : '';
  const file = attachmentText(heard);
  const time = timeMs === null ? UNKNOWN_TIME : clock(timeMs);
  const who = `${whoOf(author, heard.word)}${publicationText(heard)}`;
  if (heard.about?.kind === 'deletion') return `${time} ${where} ${who}${old}\n`;
  return `${time} ${where} ${heard.isAction ? `* ${who}${old} ${said}` : `${who}${old}: ${said}`}${file}\n`;
}

/** The file that belongs to it: what its author calls it, and says that it is. */
function attachmentText({ attachment }: Heard): string {
  if (attachment === undefined) return '';
  const { name, type, bytes } = attachment;
  return ` [attached: ${safeLine(name)}, ${type}, ${bytes} bytes]`;
}

/** Which publication it is, and what it says of another one. */
export function publicationText({ publication, about }: Heard): string {
  if (publication === undefined) return '';
  const other = about === undefined ? '' : shortId(about.publication);
  switch (about?.kind) {
    case 'reply':
      return ` ${shortId(publication)} to ${nameOf(about.author)} ${other}`;
    case 'edit':
      return ` ${shortId(publication)} instead of ${other}`;
    case 'deletion':
      return ` deletes ${other}`;
    case undefined:
      return ` ${shortId(publication)}`;
  }
}

/** The line of something that stood in somebody's publications. */
export function deletedLine({ author, word, publication }: DeletedHeard): string {
  const which = publication === null ? 'something' : shortId(publication);
  return `${UNKNOWN_TIME} published ${whoOf(author, word)} ${which} is deleted\n`;
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
