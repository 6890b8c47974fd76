/** A list of members: who of them lives here is known at every moment, without looking at all of them. */
import { expect, test } from '@jest/globals';
import { Roll } from '../../federation/roll.ts';
import { NodeFixture } from './node-fixture.ts';

test('who comes and goes changes the lists by one, and nothing is made anew', () => {
  const { node } = new NodeFixture();
  const roll = new Roll(
    'psyc://a.example/@hall',
    node,
    () => {},
    () => {},
  );
  const { local, domains } = roll;
  const names = ['psyc://a.example/~ada', 'psyc://b.example/~zoe', 'psyc://b.example/~yan', 'psyc://a.example/~bob'];
  for (const [index, name] of names.entries()) roll.set(name, index + 1);
  roll.set(names[0]!, 9);
  expect([...local]).toEqual([names[0], names[3]]);
  expect([...domains]).toEqual([
    ['a.example', 2],
    ['b.example', 2],
  ]);
  for (const name of [names[0]!, names[1]!, names[2]!, 'psyc://c.example/~nobody']) roll.set(name, 0);
  expect([...local]).toEqual([names[3]]);
  expect([...domains]).toEqual([['a.example', 1]]);
  expect([roll.local, roll.domains]).toEqual([local, domains]);
  expect(roll.local).toBe(local);
});
