/** A home that says of somebody that he is not there ends no friendship. */
import { expect, test } from '@jest/globals';
import { isTakenBack } from '../../cli/friend.ts';

test.each([
  ['befriend', 'parted', true],
  ['befriend', 'offered', true],
  ['befriend', 'asked', true],
  ['befriend', 'friend', false],
  ['unfriend', 'friend', false],
] as const)('%s where it was %s', (kind, standing, isSo) => {
  expect(isTakenBack(kind, standing)).toBe(isSo);
});
