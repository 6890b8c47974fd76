/** A list of members: who of them lives here is known at every moment, without looking at all of them. */
import { expect, test } from '@jest/globals';
import type { Desk } from '../../federation/desk.ts';
import { Roll } from '../../federation/places/roll.ts';
import type { StoreOutcome } from '../../store/store.ts';
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

test('what becomes durable while it is being read counts more than the page, which may be older', () => {
  const { node } = new NodeFixture();
  const answers: ((outcome: StoreOutcome) => void)[] = [];
  const ask = { value: (_: unknown, told: (outcome: StoreOutcome) => void) => answers.push(told) };
  const desk = Object.create(node, { ask }) as Desk;
  let known = 0;
  const loaded = (): void => void known++;
  const roll = new Roll('psyc://a.example/@hall', desk, loaded, () => {}, { isWhole: true });
  const [ada, bob, zoe] = ['psyc://a.example/~ada', 'psyc://a.example/~bob', 'psyc://b.example/~zoe'] as const;
  const [old, now] = [Uint8Array.of(1), Uint8Array.of(2)];
  const answer = (outcome: object): void => answers.shift()!({ request: 1, ...outcome } as StoreOutcome);
  for (const _ of ['at first', 'again']) {
    roll.load();
    roll.load();
    expect([answers.length, roll.isKnown]).toEqual([1, false]);
    roll.set(ada, 7);
    roll.set(bob, 0);
    roll.setRecord('topic', now);
    answer({ kind: 'members', members: [bob, zoe].map((name) => ({ name, sequence: 3 })), last: 3 });
    answer({ kind: 'marks', marks: [] });
    answer({ kind: 'records', records: [{ name: 'topic', value: old }] });
    expect(Object.fromEntries(roll.members)).toEqual({ [ada]: 7, [zoe]: 3 });
    expect([...roll.records]).toEqual([['topic', now]]);
  }
  expect([known, roll.isKnown]).toEqual([2, true]);
});
