/** What every store must do with records and replaced packets: the part of the suite that is theirs. docs/spec/federation.md#store */
import { expect, test } from '@jest/globals';
import { type Operation, type SetRecord, type Store, storeLimits } from '../../store/store.ts';
import { ask, bar, hall, packets, read, records, write } from './asking.ts';
import { append, record } from './rows.ts';

/** Registers the tests. */
export function recordSuite(make: () => Promise<Store> | Store): void {
  test('what must be new is refused with its whole write where it is there, or comes twice in it', async () => {
    const store = await make();
    const fresh = (number: number): Operation => append(hall, number, { absent: true });
    const existing = { kind: 'refused', code: '_store_existing_row' };
    expect(await write(store, fresh(1), append(hall, 2))).toMatchObject({ kind: 'written' });
    expect(await write(store, append(hall, 3), fresh(1), record(hall, 'key', 'ada'))).toMatchObject(existing);
    expect(await write(store, fresh(3), fresh(3))).toMatchObject(existing);
    expect(await write(store, append(hall, 3), fresh(3))).toMatchObject(existing);
    expect([await packets(store, hall), await records(store)]).toEqual([['packet 1', 'packet 2'], []]);
    // Another context knows nothing of it, and who may say it again says it without.
    expect(await write(store, append(bar, 1, { absent: true }), append(hall, 1))).toMatchObject({ kind: 'written' });
  });

  test('records are set, changed and taken out, and read in the order of their bytes', async () => {
    const store = await make();
    expect(await ask(store, { kind: 'records', context: hall })).toMatchObject({ records: [], last: 0 });
    await write(store, record(hall, 'bob', '1'), record(hall, '😀', '2'), record(hall, 'ｚ', '3'), append(hall, 1));
    await write(store, record(hall, 'bob', ''), record(hall, 'ada', '4'), record(hall, 'nobody', ''));
    await write(store, record(hall, '😀', '5'), record(hall, 'ada', ''), record(hall, 'ada', '6'));
    expect(await records(store)).toEqual([
      ['ada', '6'],
      ['ｚ', '3'],
      ['😀', '5'],
    ]);
    const value = Uint8Array.from({ length: 256 }, (_, index) => index);
    await write(store, record(bar, 'all', '', { value }));
    expect(await ask(store, { kind: 'records', context: bar })).toMatchObject({
      kind: 'records',
      records: [{ name: 'all', value }],
      last: 0,
    });
    expect(await ask(store, { kind: 'records', context: hall })).toMatchObject({ last: 1 });
  });

  test('a packet that is replaced is gone, and what was said with it is still known', async () => {
    const store = await make();
    await write(store, append(hall, 1), append(hall, 2), append(hall, 3));
    const replace = (sequence: number, text: string): Operation => {
      return { op: 'replace', context: hall, lease: 1, sequence, packet: new TextEncoder().encode(text) };
    };
    expect(await write(store, replace(1, 'gone'), replace(2, 'gone too'))).toMatchObject({ kind: 'written' });
    // Of rows of the same write too; the last word counts.
    await write(store, append(hall, 4), replace(4, 'soon'), replace(2, ''), append(hall, 5));
    expect(await packets(store, hall)).toEqual(['gone', '', 'packet 3', 'soon', 'packet 5']);
    expect(await write(store, append(hall, 2))).toMatchObject({ appended: [{ sequence: 2, already: true }] });
    expect(await ask(store, { kind: 'latest', context: hall, author: append(hall, 1).author })).toMatchObject({
      rows: [{ sequence: 5 }],
    });
    for (const sequence of [0, 7, 1.5]) {
      const code = '_store_invalid_sequence';
      expect(await write(store, append(hall, 6), replace(sequence, 'x'))).toMatchObject({ code });
    }
    expect(await write(store, replace(1, 'x'.repeat(storeLimits.packetBytesMax + 1)))).toMatchObject({
      code: '_store_oversized_packet',
    });
    expect(await write(store, { ...replace(1, 'x'), lease: 7 })).toMatchObject({ code: '_store_lease' });
    expect(await packets(store, hall)).toHaveLength(5);
  });

  test('a record goes by the lease, and is written with the rest or not at all', async () => {
    const store = await make();
    await write(store, record(hall, 'ada', '1'));
    expect(await write(store, record(hall, 'ada', '2'), append(bar, 1, { lease: 7 }))).toMatchObject({
      code: '_store_lease',
    });
    expect(await write(store, record(hall, 'ada', '2', { lease: 7 }))).toMatchObject({ code: '_store_lease' });
    expect(await records(store)).toEqual([['ada', '1']]);
  });

  test('the first to set a record keeps it, who asks again with the same value has it, and who gave it up has not', async () => {
    const store = await make();
    const first = (name: string, value: string): SetRecord => record(hall, name, value, { absent: true });
    const existing = { kind: 'refused', code: '_store_existing_record' };
    expect(await write(store, first('key', 'ada'))).toMatchObject({ kind: 'written' });
    expect(await write(store, first('key', 'ada'), append(hall, 1))).toMatchObject({ kind: 'written' });
    expect(await write(store, append(hall, 2), first('key', 'bob'))).toMatchObject(existing);
    expect(await write(store, first('key', ''))).toMatchObject(existing);
    expect(await write(store, first('pin', 'ada'), first('pin', 'bob'))).toMatchObject(existing);
    expect(await write(store, record(hall, 'key', ''), first('key', 'bob'), first('pin', ''))).toMatchObject({
      kind: 'written',
    });
    expect(await records(store)).toEqual([['key', 'bob']]);
    expect(await read(store, hall)).toMatchObject({ last: 1 });
  });

  test('of those who ask for a record at once one has it', async () => {
    const store = await make();
    const values = Array.from({ length: 20 }, (_, index) => `${index}`);
    const outcomes = await Promise.all(
      values.map(async (value) =>
        store.perform({ kind: 'write', request: 0, operations: [record(hall, 'key', value, { absent: true })] }),
      ),
    );
    const winners = values.filter((_, index) => outcomes[index]!.kind === 'written');
    expect(winners).toHaveLength(1);
    expect(await records(store)).toEqual([['key', winners[0]]]);
  });

  test('records are bounded in number, name and value, and what is at a limit is taken', async () => {
    const store = await make();
    const { recordsMax, recordNameBytesMax, recordValueBytesMax, writeBytesMax } = storeLimits;
    const value = new Uint8Array(recordValueBytesMax).fill(7);
    const all = Array.from({ length: recordsMax }, (_, index) =>
      record(hall, `${index}`.padStart(recordNameBytesMax, '0'), '', { value }),
    );
    expect(recordsMax * recordValueBytesMax).toBe(writeBytesMax);
    expect(await write(store, ...all, append(hall, 1))).toMatchObject({ code: '_store_oversized_write' });
    expect(await write(store, ...all)).toMatchObject({ kind: 'written' });
    expect(await ask(store, { kind: 'records', context: hall })).toMatchObject({
      records: all.map(({ name }) => ({ name, value })),
    });
    expect(await write(store, append(hall, 1), record(hall, 'more', '1'))).toMatchObject({
      code: '_store_excessive_records',
    });
    expect(await write(store, record(hall, all[0]!.name, '1'))).toMatchObject({ kind: 'written' });
    expect(await write(store, record(hall, all[0]!.name, ''), record(hall, 'more', '1'))).toMatchObject({
      kind: 'written',
    });
    expect(await records(store)).toHaveLength(recordsMax);
    expect(await read(store, hall)).toMatchObject({ last: 0 });
  });
}
