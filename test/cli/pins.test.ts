/** What a person reads of the keys that are pinned. */
import { expect, test } from '@jest/globals';
import { pinLine, pinsOf } from '../../cli/person/pins.ts';

const [first, second] = ['a'.repeat(40), 'b'.repeat(40)];

test('domains before their people, and what their keys have said: a successor, a move, nothing yet', () => {
  const pins = new Map([
    ['psyc://b.example/~bob', { fingerprint: first, counter: 3, moved: { to: 'psyc://c.example/~bob', counter: 9 } }],
    ['psyc://a.example/~zoe', { fingerprint: first, counter: 0 }],
    ['b.example', { fingerprint: second, counter: 0, follows: first }],
    ['a.example', { fingerprint: first, counter: 0 }],
    ['psyc://a.example/~ada', { fingerprint: second, counter: 1 }],
  ]);
  expect(pinsOf(pins).map(pinLine).join('')).toBe(
    `a.example ${first}
ada@a.example ${second}
zoe@a.example ${first}, typed, and not seen yet
b.example ${second}, named by the key before, ${first}
bob@b.example ${first}, moved: is bob@c.example now
`,
  );
});
