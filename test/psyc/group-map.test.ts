/** Names looked up together lead where each of them leads. */
import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import { GroupMap } from '../../psyc/group-map.ts';

const acts = fc.array(
  fc.record({ kind: fc.constantFrom('set', 'delete', 'clear'), key: fc.constantFrom('a', 'b', 'c', 'd') }),
  { maxLength: 40 },
);

it('A list leads at every moment to what its names lead to', () => {
  fc.assert(
    fc.property(acts, (all) => {
      const [map, group] = [new Map<string, number>(), new GroupMap<number>()];
      const lists = [[], ['a'], ['d', 'b', 'a', 'b']];
      for (const [at, { kind, key }] of all.entries()) {
        if (kind === 'set') {
          map.set(key, at);
          group.set(key, at);
        } else if (kind === 'delete') expect(group.delete(key)).toBe(map.delete(key));
        else for (const each of [map, group]) each.clear();
        expect([group.size, group.get(key), [...group.values()]]).toEqual([map.size, map.get(key), [...map.values()]]);
        for (const list of lists) expect(group.group(list)).toEqual(list.map((name) => map.get(name)));
      }
    }),
  );
});

it('A list that leads where it led is not looked up again', () => {
  const group = new GroupMap<number>();
  group.set('a', 1);
  const list = ['a', 'b'];
  const found = group.group(list);
  expect(group.group(list)).toBe(found);
  group.set('b', 2);
  expect(group.group(list)).toEqual([1, 2]);
  expect(found).toEqual([1, undefined]);
});
