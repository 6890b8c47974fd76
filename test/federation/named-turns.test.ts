/** What is under one name is done one after the other, other names meanwhile; nothing is kept of a name that has nothing to do. */
import { expect, test } from '@jest/globals';
import { NamedTurns } from '../../federation/named-turns.ts';

test('one name waits for itself, and not for others', () => {
  const turns = new NamedTurns({ ofName: 3 });
  const begun: string[] = [];
  const over = new Map<string, () => void>();
  const task = (what: string) => (done: () => void) => {
    begun.push(what);
    over.set(what, done);
  };
  for (const what of ['a1', 'a2', 'b1', 'a3']) expect(turns.take(what[0]!, task(what))).toBe(true);
  expect(turns.take('a', task('a4'))).toBe(false);
  expect([begun, turns.size, turns.count, turns.longest]).toEqual([['a1', 'b1'], 2, 4, 3]);
  over.get('a1')!();
  expect(begun).toEqual(['a1', 'b1', 'a2']);
  over.get('b1')!();
  expect([turns.size, turns.count, turns.longest]).toEqual([1, 2, 2]);
  over.get('a2')!();
  over.get('a3')!();
  expect([turns.size, turns.count, turns.longest]).toEqual([0, 0, 0]);
});

test('there is room for so many tasks and names, and what is done at once takes none', () => {
  const never = (): void => {};
  const named = new NamedTurns({ ofName: 2, names: 1 });
  expect(named.take('a', (done) => done())).toBe(true);
  expect([named.size, named.take('b', never), named.take('a', never), named.take('b', never)]).toEqual([
    0,
    true,
    false,
    true,
  ]);
  const all = new NamedTurns({ ofName: 2, all: 2 });
  expect(['a', 'b', 'c'].map((name) => all.take(name, never))).toEqual([true, true, false]);
});

test('whoever is told that it is over may take the next turn at once', () => {
  const turns = new NamedTurns({ ofName: 1 });
  const told: number[] = [];
  const go = (left: number): void => {
    turns.take('a', (done) => {
      done();
      told.push(left);
      if (left > 0) go(left - 1);
    });
  };
  go(3);
  expect([told, turns.size]).toEqual([[3, 2, 1, 0], 0]);
});
