/** Words are found in whatever case and form they were written. */
import { expect, test } from '@jest/globals';
import { searchFor } from '../../cli/person/search.ts';

test.each([
  ['tea', 'Tea at five', true],
  ['FIVE tea', 'Tea at five', true],
  ['tea six', 'Tea at five', false],
  ['strasse', 'Straße', true],
  ['STRASSE', 'Straße', true],
  ['straße', 'STRASSE', true],
  ['οδυσσευς', 'ΟΔΥΣΣΕΥΣ', true],
  ['Cafe\u0301', 'im café', true],
  ['ﬁne', 'FINE', true],
  ['привет', 'ПРИВЕТ всем', true],
  ['cafe', 'café', false],
  ['five', 'fi ve', false],
])('%s in %s: %s', (words, text, isFound) => {
  expect(searchFor(words)(text)).toBe(isFound);
});
