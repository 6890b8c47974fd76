/** Presence in words. docs/spec/friends.md#presence */
import type { Presence } from '../../client/session/events.ts';
import { safeLine } from './safe.ts';
import { nameOf } from './show.ts';

/** How people write it, by degree from 1 on. */
export const availabilities = [
  'invisible',
  'vacation',
  'away',
  'dnd',
  'nearby',
  'busy',
  'here',
  'talkative',
  'realtime',
] as const;

/** How it is read. */
const phrases = [
  'is not here',
  'is on vacation',
  'is away',
  'is not to be disturbed',
  'is nearby',
  'is busy',
  'is here',
  'is here, and talkative',
  'is here, and answers at once',
];

/** One line about a friend, without its line feed. What his home says of its own is whether he is here, and nothing more. */
export function presenceLine({ person, availability, mood, description, word }: Presence): string {
  const name = nameOf(person);
  if (word.kind === 'bad') return `NOT ${name} (${safeLine(word.code)})`;
  const phrase = phrases[(availability ?? 0) - 1] ?? 'says nothing of where he is';
  const said = word.kind === 'author' ? description : '';
  const feels = word.kind === 'author' && mood !== null ? `, mood ${mood} of 9` : '';
  return `${name} ${phrase}${feels}${said === '' ? '' : `: ${safeLine(said)}`}`;
}
