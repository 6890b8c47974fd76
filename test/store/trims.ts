/** What every store must do with rows that are taken out: the part of the suite that is theirs. docs/spec/federation.md#store */
import { expect, test } from '@jest/globals';
import type { Operation, Store } from '../../store/store.ts';
import { ask, bar, hall, packets, read, write } from './asking.ts';
import { append } from './rows.ts';

const trim = (sequence: number, context = hall, lease = 1): Operation => ({ op: 'trim', context, lease, sequence });

/** Registers the tests. */
export function trimSuite(make: () => Promise<Store> | Store): void {
  test('rows that are taken out are gone with their ids, and the log goes on behind its last', async () => {
    const store = await make();
    await write(
      store,
      append(hall, 1),
      append(hall, 2, { author: new Uint8Array([1]) }),
      append(hall, 3),
      append(bar, 1),
    );
    expect(await write(store, trim(2))).toMatchObject({ kind: 'written', appended: [] });
    expect(await read(store, hall)).toMatchObject({ rows: [{ sequence: 3 }], last: 3 });
    expect(await read(store, hall, 1, 1)).toMatchObject({ rows: [{ sequence: 3 }], last: 3 });
    expect(await packets(store, bar)).toEqual(['packet 1']);
    const latest = { kind: 'latest', context: hall } as const;
    expect(await ask(store, { ...latest, author: new Uint8Array([1]) })).toMatchObject({ rows: [], last: 3 });
    expect(await ask(store, { ...latest, author: append(hall, 1).author })).toMatchObject({ rows: [{ sequence: 3 }] });
    // Again, and less: nothing happens.
    await write(store, trim(2), trim(1), trim(0));
    expect(await write(store, append(hall, 1), append(hall, 3))).toMatchObject({
      appended: [
        { sequence: 4, already: false },
        { sequence: 3, already: true },
      ],
    });
    expect(await packets(store, hall)).toEqual(['packet 3', 'packet 1']);
    await write(store, trim(4));
    expect(await read(store, hall)).toMatchObject({ rows: [], last: 4 });
    expect(await write(store, append(hall, 9))).toMatchObject({ appended: [{ sequence: 5, already: false }] });
  });

  test('they go when the rest of the write is done, wherever it says so', async () => {
    const store = await make();
    await write(store, append(hall, 1));
    expect(await write(store, trim(2), append(hall, 1), append(hall, 2), append(hall, 3))).toMatchObject({
      appended: [
        { sequence: 1, already: true },
        { sequence: 2, already: false },
        { sequence: 3, already: false },
      ],
    });
    expect(await packets(store, hall)).toEqual(['packet 3']);
    // What is gone is not replaced.
    const replace: Operation = { op: 'replace', context: hall, lease: 1, sequence: 1, packet: new Uint8Array([1]) };
    expect(await write(store, replace, { ...replace, sequence: 3 }, trim(3))).toMatchObject({ kind: 'written' });
    expect(await read(store, hall)).toMatchObject({ rows: [], last: 3 });
  });

  test('taken out and put in at once by two writes, one comes after the other', async () => {
    const store = await make();
    await write(store, append(hall, 1), append(hall, 2));
    const outcomes = await Promise.all([write(store, trim(2)), write(store, append(hall, 1)), write(store, trim(3))]);
    expect(outcomes).toMatchObject([
      { kind: 'written' },
      { appended: [{ sequence: 3, already: false }] },
      { kind: 'written' },
    ]);
    expect(await read(store, hall)).toMatchObject({ rows: [], last: 3 });
  });

  test('none is taken out behind the last, nor by who has not the lease', async () => {
    const store = await make();
    await write(store, append(hall, 1));
    for (const sequence of [2, -1, 0.5]) {
      expect(await write(store, trim(sequence))).toMatchObject({ code: '_store_invalid_sequence' });
    }
    expect(await write(store, trim(1, hall, 7))).toMatchObject({ code: '_store_lease' });
    expect(await packets(store, hall)).toEqual(['packet 1']);
  });
}
