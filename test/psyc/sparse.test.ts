/** Maps and sets that are made when something is in them: the same to their users as those of the language. */
import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import { SparseMap, SparseSet } from '../../psyc/sparse.ts';

const acts = fc.array(
  fc.record({ kind: fc.constantFrom('set', 'delete', 'clear'), key: fc.nat(4), value: fc.nat(3) }),
  { maxLength: 40 },
);

it('A sparse map and set are as Map and Set are', () => {
  fc.assert(
    fc.property(acts, (all) => {
      const [map, sparse] = [new Map<number, number>(), new SparseMap<number, number>()];
      const [set, sparseSet] = [new Set<number>(), new SparseSet<number>()];
      for (const { kind, key, value } of all) {
        if (kind === 'set') {
          map.set(key, value);
          sparse.set(key, value);
          set.add(key);
          sparseSet.add(key);
        } else if (kind === 'delete') {
          expect(sparse.delete(key)).toBe(map.delete(key));
          expect(sparseSet.delete(key)).toBe(set.delete(key));
        } else for (const each of [map, sparse, set, sparseSet]) each.clear();
        expect([...sparse]).toEqual([...map]);
        expect([...sparse.entries()]).toEqual([...map]);
        expect([...sparse.keys()]).toEqual([...map.keys()]);
        expect([...sparse.values()]).toEqual([...map.values()]);
        expect([...sparseSet]).toEqual([...set]);
        expect([sparse.size, sparse.get(key), sparse.has(key)]).toEqual([map.size, map.get(key), map.has(key)]);
        expect([sparseSet.size, sparseSet.has(key)]).toEqual([set.size, set.has(key)]);
        const seen: [number, number][] = [];
        sparse.forEach((of, at) => seen.push([at, of]));
        expect(seen).toEqual([...map]);
      }
    }),
  );
});

it('Two sparse maps share nothing', () => {
  const [one, other] = [new SparseMap<string, number>(), new SparseMap<string, number>()];
  one.set('a', 1);
  expect([...other]).toEqual([]);
});
