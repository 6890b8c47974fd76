/** What of all that is heard is shown: by place and person, by mention; nothing of whom one blocks. */
import { expect, test } from '@jest/globals';
import { Filters } from '../../cli/person/filters.ts';
import { Homecoming, unreadLine } from '../../cli/person/homecoming.ts';
import type { Heard } from '../../client/session/events.ts';

const hall = 'psyc://b.example/@hall';
const zoe = 'psyc://b.example/~zoe';
const heard = (place: string | null, text: string, author = zoe, sequence = 1): Heard => ({
  kind: 'heard',
  place,
  sequence,
  author,
  word: { kind: 'author' },
  method: '_message_public',
  text,
  isAction: false,
  isSealed: false,
  isStranger: false,
  timeMs: 0,
  isOld: false,
  command: null,
});

test('all, mentions, none; a mention is the nick as a word', () => {
  const filters = new Filters('ada', [`${hall} mentions`, `${zoe} none`], []);
  const wants = (...of: Parameters<typeof heard>): boolean => filters.wants(heard(...of));
  expect([wants(hall, 'hello'), wants(hall, 'Ada, hello'), wants(hall, 'canada'), wants(hall, 'ada-2 hello')]).toEqual([
    false,
    true,
    false,
    false,
  ]);
  expect([wants(null, 'ada'), wants(null, 'hello', 'psyc://b.example/~bob')]).toEqual([false, true]);
  expect(wants('psyc://b.example/@bar', 'hello')).toBe(true);
});

test('who is blocked or ignored, himself or with his domain, is not heard in places', () => {
  const filters = new Filters('ada', [], [`block ${zoe}`, 'ignore e.example', 'strangers friends']);
  const isSilenced = (...of: Parameters<typeof heard>): boolean => filters.isSilenced(heard(...of));
  expect([isSilenced(hall, 'x'), isSilenced(hall, 'x', 'psyc://e.example/~eve')]).toEqual([true, true]);
  expect([isSilenced(hall, 'x', 'psyc://b.example/~bob'), isSilenced(null, 'x')]).toEqual([false, false]);
  // Nor is anything told of what the home did not take from him.
  expect([filters.isBarred(zoe), filters.isBarred('psyc://b.example/~bob')]).toEqual([true, false]);
});

test('what was missed ends with the last row of the last log', () => {
  const unread = [
    { place: null, unread: 2, last: 9 },
    { place: hall, unread: 3, last: 5 },
  ];
  expect(unreadLine(unread)).toBe('2 to you, 3 in @hall@b.example');
  const coming = new Homecoming(unread);
  const take = (place: string | null, sequence: number): boolean => coming.take(heard(place, 'x', zoe, sequence));
  expect([take(hall, 4), take(null, 9), take('psyc://b.example/@bar', 99), take(hall, 5), take(hall, 6)]).toEqual([
    false,
    false,
    false,
    true,
    false,
  ]);
});
