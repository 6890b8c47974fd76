/** What is suggested in place of a name that is nobody's. */
import { expect, test } from '@jest/globals';
import { meantOf } from '../../cli/person/meant.ts';

const known = [
  'psyc://a.example/~ada',
  'psyc://a.example/@hall',
  'psyc://b.example/@den',
  'psyc://b.example/~bob',
  'psyc://long-name.example',
];

test.each([
  ['psyc://a.example/@hal', 'psyc://a.example/@hall'],
  ['psyc://a.example/@hall', null],
  // Another kind, another domain, too far.
  ['psyc://a.example/@ada', null],
  ['psyc://b.example/@hall', null],
  ['psyc://a.example/@garden', null],
  ['psyc://a.exmaple/@hall', 'psyc://a.example/@hall'],
  ['psyc://a.exmaple/@hal', 'psyc://a.example/@hall'],
  ['psyc://long-nme.example/~zoe', 'psyc://long-name.example/~zoe'],
  ['psyc://elsewhere.test/~zoe', null],
])('%s: %s', (typed, meant) => {
  expect(meantOf(typed, known, false)).toBe(meant);
});

test('where a domain has answered it is written rightly, however near another is', () => {
  expect(meantOf('psyc://c.example/@hall', known, true)).toBe(null);
  expect(meantOf('psyc://c.example/@hall', known, false)).toBe('psyc://a.example/@hall');
  expect(meantOf('psyc://a.example/@hal', known, true)).toBe('psyc://a.example/@hall');
});
