/** The memory twin passes the suite of all stores. */
import { expect, test } from '@jest/globals';
import { recourse } from '../../store/errors.ts';
import { MemoryStore } from '../../store/memory.ts';
import { append, bytes } from './rows.ts';
import { storeSuite } from './suite.ts';

storeSuite((capacityBytes) => new MemoryStore(capacityBytes), { limitsCapacity: true });

test('contexts are listed in the order in which they came to be', () => {
  const store = new MemoryStore();
  store.perform({
    kind: 'write',
    request: 1,
    operations: [append('b', 1), append('a', 1), append('b', 2, { author: bytes('bob') })],
  });
  expect(store.contexts()).toEqual(['b', 'a']);
});

test('only what the world refused may succeed later; whose lease is gone must stop', () => {
  expect(
    (['_store_full', '_store_lost', '_store_lease', '_store_oversized_id', '_store_invalid_mark'] as const).map(
      recourse,
    ),
  ).toEqual(['later', 'later', 'stop', 'never', 'never']);
});
