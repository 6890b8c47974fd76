/** What every store must do with whole contexts: they share nothing, they are erased, and they are found by their members. docs/spec/federation.md#store */
import { expect, test } from '@jest/globals';
import { type Operation, type Store, storeLimits } from '../../store/store.ts';
import { ask, bar, hall, packets, read, write } from './asking.ts';
import { append, record } from './rows.ts';

const member = (context: string, name: string, sequence = 1): Operation => ({
  op: 'member',
  context,
  lease: 1,
  name,
  sequence,
});

/** Registers the tests. */
export function contextSuite(make: () => Promise<Store> | Store): void {
  test('contexts do not share sequences or ids', async () => {
    const store = await make();
    expect(await write(store, append(hall, 1), append(bar, 1))).toMatchObject({
      appended: [
        { sequence: 1, already: false },
        { sequence: 1, already: false },
      ],
    });
    expect(await packets(store, bar)).toEqual(['packet 1']);
    expect(await read(store, 'psyc://a.example/@nowhere')).toMatchObject({ kind: 'rows', rows: [], last: 0 });
  });

  test('how many rows a log has, and their bytes, are told, without those that are gone', async () => {
    const store = await make();
    const long = append(hall, 3, { packet: new Uint8Array(100_000).fill(7) });
    await write(store, append(hall, 1), append(hall, 2), long, append(bar, 1));
    const size = (context: string): Promise<unknown> => ask(store, { kind: 'size', context });
    expect(await size(hall)).toMatchObject({ kind: 'size', rows: 3, bytes: 2 * 'packet 1'.length + 100_000 });
    await write(store, { op: 'trim', context: hall, lease: 1, sequence: 1 });
    expect(await size(hall)).toMatchObject({ rows: 2, bytes: 'packet 1'.length + 100_000 });
    expect(await size('psyc://a.example/@nowhere')).toMatchObject({ kind: 'size', rows: 0, bytes: 0 });
  });

  test('an erased context is as if it had never been, others are as they were, and it may be erased again', async () => {
    const store = await make();
    const fill = (context: string): Operation[] => [
      append(context, 1),
      append(context, 2),
      { op: 'mark', context, lease: 1, name: 'read', sequence: 1 },
      member(context, 'ada'),
      record(context, 'key', 'x'),
    ];
    await write(store, ...fill(hall), ...fill(bar));
    for (let times = 0; times < 2; times++) {
      expect(await ask(store, { kind: 'erase', contexts: [hall, 'nowhere'], lease: 1 })).toMatchObject({
        kind: 'erased',
      });
      expect(await read(store, hall)).toMatchObject({ rows: [], last: 0 });
      expect(await ask(store, { kind: 'marks', context: hall })).toMatchObject({ marks: [], last: 0 });
      expect(await ask(store, { kind: 'records', context: hall })).toMatchObject({ records: [] });
      expect(await ask(store, { kind: 'members', context: hall, above: '', rowsMax: 9 })).toMatchObject({
        members: [],
      });
    }
    expect(await packets(store, bar)).toEqual(['packet 1', 'packet 2']);
    expect(await ask(store, { kind: 'members', context: bar, above: '', rowsMax: 9 })).toMatchObject({
      members: [{ name: 'ada', sequence: 1 }],
    });
    // It begins anew, with ids that it had.
    expect(await write(store, append(hall, 2), ...fill(hall).slice(2))).toMatchObject({
      appended: [{ sequence: 1, already: false }],
    });
  });

  test('an erasure goes by the lease, of all contexts or of none', async () => {
    const store = await make();
    await write(store, append(hall, 1), append(bar, 1));
    expect(await ask(store, { kind: 'erase', contexts: [hall, bar], lease: 7 })).toMatchObject({
      code: '_store_lease',
    });
    expect(await packets(store, hall)).toEqual(['packet 1']);
    expect(await ask(store, { kind: 'erase', contexts: [hall], lease: 0 })).toMatchObject({ code: '_store_lease' });
    expect(await ask(store, { kind: 'erase', contexts: [], lease: 1 })).toMatchObject({
      code: '_store_excessive_operations',
    });
    const many = Array.from({ length: storeLimits.operationsMax + 1 }, (_, at) => `context ${at}`);
    expect(await ask(store, { kind: 'erase', contexts: many, lease: 1 })).toMatchObject({
      code: '_store_excessive_operations',
    });
    expect(await ask(store, { kind: 'erase', contexts: [''], lease: 1 })).toMatchObject({
      code: '_store_invalid_context',
    });
  });

  test('writes that are under way with an erasure are before it or behind it', async () => {
    const store = await make();
    await write(store, append(hall, 1));
    const [, , after] = await Promise.all([
      ask(store, { kind: 'erase', contexts: [hall], lease: 1 }),
      write(store, append(hall, 2), append(hall, 3)),
      ask(store, { kind: 'erase', contexts: [bar], lease: 1 }),
    ]);
    expect(after).toMatchObject({ kind: 'erased' });
    expect(await write(store, append(hall, 4))).toMatchObject({ kind: 'written' });
    const outcome = await read(store, hall);
    const sequences = outcome.kind === 'rows' ? outcome.rows.map(({ sequence }) => sequence) : [];
    expect(sequences).toEqual(sequences.map((_, at) => at + 1));
    expect(outcome).toMatchObject({ last: sequences.length });
  });

  test('the contexts that somebody is a member of, in the order of their bytes, page by page', async () => {
    const store = await make();
    await write(store, member('ｚ', 'ada'), member('😀', 'ada', 7), member('bar', 'ada'), member('hall', 'bob'));
    const page = async (above: string, rowsMax: number): Promise<unknown> =>
      ask(store, { kind: 'memberships', member: 'ada', above, rowsMax });
    expect(await page('', 2)).toMatchObject({ kind: 'memberships', contexts: ['bar', 'ｚ'] });
    expect(await page('ｚ', 2)).toMatchObject({ contexts: ['😀'] });
    await write(store, member('bar', 'ada', 0));
    await ask(store, { kind: 'erase', contexts: ['ｚ'], lease: 1 });
    expect(await page('', 9)).toMatchObject({ contexts: ['😀'] });
    expect(await page('', 0)).toMatchObject({ code: '_store_invalid_page' });
    expect(await ask(store, { kind: 'memberships', member: '', above: '', rowsMax: 1 })).toMatchObject({
      code: '_store_invalid_member',
    });
  });
}
