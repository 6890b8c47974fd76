/** Whoever was put out of a place hears of it once, and nothing behind it that says otherwise. */
import { expect, test } from '@jest/globals';
import { PutOut } from '../../cli/person/put-out.ts';
import type { Output } from '../../client/session/events.ts';

const hall = 'psyc://b.example/@hall';
const refused = { target: hall, code: '_necessary_membership', by: 'b.example' };
const out = (kind: 'ban' | 'kick', timeMs: number, command: number | null): Extract<Output, { kind: 'expelled' }> => ({
  kind: 'expelled',
  place: hall,
  author: 'psyc://b.example/~bob',
  word: { kind: 'author' },
  act: { kind, whom: 'psyc://a.example' },
  timeMs,
  command,
});

test('whoever is banned is not told to enter, in that place; whoever was kicked is', () => {
  const told = new PutOut();
  const first = 'only members may: p3do enter comes first (_necessary_membership, by b.example)';
  expect(told.explained(refused)).toBe(first);
  expect(told.lineOf(out('ban', 1, 5))).toContain('you are kept out, until an owner or aide lifts the ban');
  expect(told.explained(refused)).toBe('only members may (_necessary_membership, by b.example)');
  expect(told.explained({ ...refused, target: 'psyc://b.example/@den' })).toBe(first);
  expect(told.explained({ ...refused, code: '_banned_member' })).toContain('lift the ban first');
  told.lineOf(out('kick', 2, 6));
  expect(told.explained(refused)).toBe(first);
});

test('one ban is told once, whichever command asks; another one, and one behind which he was let in, again', () => {
  const told = new PutOut();
  expect([1, 1, 2].map((timeMs, index) => told.lineOf(out('ban', timeMs, index || null)) !== null)).toEqual([
    true,
    false,
    true,
  ]);
  told.entered(hall);
  expect(told.explained(refused)).toContain('p3do enter comes first');
  expect(told.lineOf(out('ban', 2, 4))).not.toBeNull();
});
