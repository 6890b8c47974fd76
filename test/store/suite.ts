/** What every store must do: one suite, run on the memory twin and on each real store. docs/spec/federation.md#store */
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type Operation, type Store, type StoreOutcome, storeLimits } from '../../store/store.ts';
import { ask, type Asked, bar, hall, packets, read, records, write } from './asking.ts';
import { contextSuite } from './contexts.ts';
import { recordSuite } from './records.ts';
import { append, bytes, record } from './rows.ts';
import { trimSuite } from './trims.ts';

/** Makes an empty store; told how many bytes of rows it may hold, where it can be told. */
export type StoreFactory = (capacityBytes?: number) => Promise<Store> | Store;

/** What a store can be asked to do in a test of full disks. */
export interface SuiteOptions {
  readonly limitsCapacity: boolean;
}

/** Registers the suite's tests. */
export function storeSuite(make: StoreFactory, { limitsCapacity }: SuiteOptions): void {
  recordSuite(make);
  contextSuite(make);
  trimSuite(make);

  test('a log numbers its rows from 1, and gives back what was put in, byte for byte', async () => {
    const store = await make();
    const packet = Uint8Array.from({ length: 256 }, (_, index) => index);
    expect(await write(store, append(hall, 1, { packet }), append(hall, 2, { author: bytes('bob') }))).toMatchObject({
      kind: 'written',
      appended: [
        { sequence: 1, already: false },
        { sequence: 2, already: false },
      ],
    });
    expect(await read(store, hall)).toMatchObject({
      kind: 'rows',
      last: 2,
      rows: [
        { sequence: 1, lease: 1, author: bytes('ada'), id: bytes('id 1'), packet },
        { sequence: 2, lease: 1, author: bytes('bob'), id: bytes('id 2'), packet: bytes('packet 2') },
      ],
    });
  });

  test('a buffer that is used again does not change what was stored', async () => {
    const store = await make();
    // Buffers, as sockets give them: slice() of one is a view.
    const row = append(hall, 1, { author: Buffer.from('ada'), id: Buffer.from('id 1'), packet: Buffer.from('packet') });
    const set = record(hall, 'key', '', { value: Buffer.from('value') });
    const written = write(store, row, set);
    for (const part of [row.author, row.id, row.packet, set.value]) part.fill(0x21);
    await written;
    expect(await records(store)).toEqual([['key', 'value']]);
    const outcome = await read(store, hall);
    const stored = outcome.kind === 'rows' ? outcome.rows[0]! : row;
    const texts = [stored.author, stored.id, stored.packet].map((part) => new TextDecoder().decode(part));
    expect(texts).toEqual(['ada', 'id 1', 'packet']);
    expect(await write(store, append(hall, 1))).toMatchObject({ appended: [{ sequence: 1, already: true }] });
    expect(await ask(store, { kind: 'latest', context: hall, author: bytes('ada') })).toMatchObject({
      rows: [{ sequence: 1 }],
    });
  });

  test('an id that is there is not stored again, in a later write or in the same', async () => {
    const store = await make();
    await write(store, append(hall, 1), append(hall, 2));
    const other = bytes('other words');
    expect(
      await write(store, append(hall, 2, { packet: other }), append(hall, 3), append(hall, 3, { packet: other })),
    ).toMatchObject({
      appended: [
        { sequence: 2, already: true },
        { sequence: 3, already: false },
        { sequence: 3, already: true },
      ],
    });
    expect(await packets(store, hall)).toEqual(['packet 1', 'packet 2', 'packet 3']);
  });

  test('a write with one operation that is refused changes nothing', async () => {
    const store = await make();
    await write(store, append(hall, 1));
    const refused = await write(
      store,
      append(hall, 2),
      { op: 'mark', context: hall, lease: 1, name: 'read', sequence: 1 },
      append(bar, 1, { lease: 7 }),
    );
    expect(refused).toMatchObject({ kind: 'refused', code: '_store_lease' });
    expect(await packets(store, hall)).toEqual(['packet 1']);
    expect(await ask(store, { kind: 'marks', context: hall })).toMatchObject({ marks: [] });
  });

  test('only the holder of the lease writes', async () => {
    const store = await make();
    await write(store, append(hall, 1));
    expect(await write(store, append(hall, 2, { lease: 2 }))).toMatchObject({ code: '_store_lease' });
    expect(await write(store, { op: 'mark', context: hall, lease: 2, name: 'read', sequence: 1 })).toMatchObject({
      code: '_store_lease',
    });
    expect(await read(store, hall)).toMatchObject({ rows: [{ lease: 1 }] });
  });

  test('pages follow each other by sequence and by size', async () => {
    const store = await make();
    for (let number = 1; number <= 5; number++) await write(store, append(hall, number));
    expect(await read(store, hall, 0, 2)).toMatchObject({ rows: [{ sequence: 1 }, { sequence: 2 }], last: 5 });
    expect(await read(store, hall, 4, 2)).toMatchObject({ rows: [{ sequence: 5 }], last: 5 });
    expect(await read(store, hall, 9, 2)).toMatchObject({ rows: [], last: 5 });
    const packet = new Uint8Array(storeLimits.packetBytesMax);
    for (let number = 1; number <= 5; number++) await write(store, append(bar, number, { packet }));
    const page = await read(store, bar);
    // The row that passes the page's bytes is its last.
    expect(page.kind === 'rows' && page.rows.length).toBe(storeLimits.pageBytesMax / storeLimits.packetBytesMax + 1);
  });

  test('the newest row of an author is found without reading the log', async () => {
    const store = await make();
    const latest = async (author: string): Promise<StoreOutcome> =>
      ask(store, { kind: 'latest', context: hall, author: bytes(author) });
    await write(store, append(hall, 1), append(hall, 2), append(hall, 3, { author: bytes('bob') }));
    expect(await latest('ada')).toMatchObject({ rows: [{ sequence: 2 }], last: 3 });
    expect(await latest('bob')).toMatchObject({ rows: [{ sequence: 3 }], last: 3 });
    expect(await latest('cyd')).toMatchObject({ rows: [], last: 3 });
  });

  test('marks move forward only, within the log, and are bounded', async () => {
    const store = await make();
    const mark = (name: string, sequence: number): Operation => ({
      op: 'mark',
      context: hall,
      lease: 1,
      name,
      sequence,
    });
    await write(store, append(hall, 1), append(hall, 2), mark('read', 2));
    await write(store, mark('read', 1), mark('sent', 0));
    expect(await ask(store, { kind: 'marks', context: hall })).toMatchObject({
      marks: expect.arrayContaining([
        { name: 'read', sequence: 2 },
        { name: 'sent', sequence: 0 },
      ]),
      last: 2,
    });
    expect(await write(store, mark('read', 3))).toMatchObject({ code: '_store_invalid_sequence' });
    // Twice the same id is one row, so that there is no fourth to be marked; nor is anything of this written.
    expect(await write(store, append(hall, 3), append(hall, 3), mark('read', 4))).toMatchObject({
      code: '_store_invalid_sequence',
    });
    expect(await read(store, hall)).toMatchObject({ last: 2 });
    const many = Array.from({ length: storeLimits.marksMax - 2 }, (_, index) => mark(`mark ${index}`, 1));
    for (let at = 0; at < many.length; at += 500)
      expect(await write(store, ...many.slice(at, at + 500))).toMatchObject({ kind: 'written' });
    expect(await write(store, mark('one too many', 1))).toMatchObject({ code: '_store_excessive_marks' });
    expect(await write(store, mark('read', 2))).toMatchObject({ kind: 'written' });
  });

  test('a mark that is taken out is gone, makes room, and may begin anew, further back', async () => {
    const store = await make();
    const mark = (name: string, sequence: number): Operation => ({
      op: 'mark',
      context: hall,
      lease: 1,
      name,
      sequence,
    });
    const marks = async (): Promise<Record<string, number>> => {
      const outcome = await ask(store, { kind: 'marks', context: hall });
      return outcome.kind === 'marks'
        ? Object.fromEntries(outcome.marks.map(({ name, sequence }) => [name, sequence]))
        : {};
    };
    await write(store, append(hall, 1), append(hall, 2), mark('read', 2), mark('sent', 1));
    await write(store, mark('read', -1), mark('nobody', -1));
    expect(await marks()).toEqual({ sent: 1 });
    expect(await write(store, mark('sent', 2), mark('sent', -1), mark('sent', 0), mark('read', 1))).toMatchObject({
      kind: 'written',
    });
    expect(await marks()).toEqual({ sent: 0, read: 1 });
    // At once, so that they may be written together.
    await Promise.all([
      write(store, mark('sent', 2)),
      write(store, mark('sent', -1)),
      write(store, mark('sent', 1)),
      write(store, mark('born', 2)),
      write(store, mark('born', -1)),
      write(store, mark('read', -1)),
    ]);
    expect(await marks()).toEqual({ sent: 1 });
    const many = Array.from({ length: storeLimits.marksMax - 1 }, (_, index) => mark(`mark ${index}`, 1));
    for (let at = 0; at < many.length; at += 500) await write(store, ...many.slice(at, at + 500));
    expect(await write(store, mark('other', 1))).toMatchObject({ code: '_store_excessive_marks' });
    expect(await write(store, mark('sent', -1), mark('other', 1))).toMatchObject({ kind: 'written' });
    expect(await write(store, mark('sent', 1))).toMatchObject({ code: '_store_excessive_marks' });
  });

  test('the store puts marks and members at the row that is appended with them, or was already', async () => {
    const store = await make();
    await write(store, append(hall, 1), append(hall, 2));
    const at = { context: hall, lease: 1 };
    const operations: Operation[] = [
      append(hall, 3),
      append(hall, 4),
      { op: 'member', ...at, name: 'ada', sequence: 'row' },
      { op: 'mark', ...at, name: 'b.example', sequence: 'before' },
      append(hall, 5),
      { op: 'mark', ...at, name: 'to c.example', sequence: 'row' },
      append(hall, 2),
      { op: 'member', ...at, name: 'bob', sequence: 'row' },
    ];
    // The second time all of it is there.
    for (let times = 0; times < 2; times++) {
      await write(store, ...operations);
      expect(await ask(store, { kind: 'members', context: hall, above: '', rowsMax: 9 })).toMatchObject({
        members: [
          { name: 'ada', sequence: 4 },
          { name: 'bob', sequence: 2 },
        ],
        last: 5,
      });
      expect(await ask(store, { kind: 'marks', context: hall })).toMatchObject({
        marks: expect.arrayContaining([
          { name: 'b.example', sequence: 3 },
          { name: 'to c.example', sequence: 5 },
        ]),
      });
    }
  });

  const member = (name: string, sequence: number, lease = 1): Operation => ({
    op: 'member',
    context: hall,
    lease,
    name,
    sequence,
  });
  const members = async (store: Store, above = '', rowsMax = 512): Promise<StoreOutcome> =>
    ask(store, { kind: 'members', context: hall, above, rowsMax });

  test('members enter, change and go, with rows in the same write or alone; they are read in the order of their bytes', async () => {
    const store = await make();
    expect(await members(store)).toMatchObject({ kind: 'members', members: [], last: 0 });
    await write(store, append(hall, 1), member('bob', 1), member('ada', 1), member('😀', 1), member('ｚ', 1));
    await write(store, member('ada', 3), member('cyd', 4));
    await write(store, member('bob', 0), member('dan', 0));
    const all = [
      { name: 'ada', sequence: 3 },
      { name: 'cyd', sequence: 4 },
      { name: 'ｚ', sequence: 1 },
      { name: '😀', sequence: 1 },
    ];
    expect(await members(store)).toMatchObject({ members: all, last: 1 });
    expect(await members(store, '', 2)).toMatchObject({ members: all.slice(0, 2) });
    expect(await members(store, 'cyd', 2)).toMatchObject({ members: all.slice(2) });
  });

  test('members are not marks, go by the lease, and are written with the rest or not at all', async () => {
    const store = await make();
    await write(store, member('ada', 1));
    expect(await ask(store, { kind: 'marks', context: hall })).toMatchObject({ marks: [] });
    expect(await write(store, member('bob', 1), member('cyd', 1, 7))).toMatchObject({ code: '_store_lease' });
    expect(await write(store, member('bob', 1), append(bar, 1, { lease: 7 }))).toMatchObject({ code: '_store_lease' });
    expect(await members(store)).toMatchObject({ members: [{ name: 'ada', sequence: 1 }] });
  });

  test.each<[string, Operation[], string]>([
    ['no operation', [], '_store_excessive_operations'],
    [
      'too many',
      Array.from({ length: storeLimits.operationsMax + 1 }, (_, i) => append(hall, i)),
      '_store_excessive_operations',
    ],
    ['no context', [append('', 1)], '_store_invalid_context'],
    ['a context with a NUL', [append('a\0b', 1)], '_store_invalid_context'],
    ['a context with half a pair', [append('a\ud800', 1)], '_store_invalid_context'],
    ['a long context', [append('ü'.repeat(storeLimits.contextBytesMax / 2 + 1), 1)], '_store_oversized_context'],
    ['no author', [append(hall, 1, { author: new Uint8Array(0) })], '_store_invalid_author'],
    [
      'a long author',
      [append(hall, 1, { author: new Uint8Array(storeLimits.authorBytesMax + 1) })],
      '_store_oversized_author',
    ],
    ['no id', [append(hall, 1, { id: new Uint8Array(0) })], '_store_invalid_id'],
    ['a long id', [append(hall, 1, { id: new Uint8Array(storeLimits.idBytesMax + 1) })], '_store_oversized_id'],
    [
      'a long packet',
      [append(hall, 1, { packet: new Uint8Array(storeLimits.packetBytesMax + 1) })],
      '_store_oversized_packet',
    ],
    [
      'a long mark',
      [{ op: 'mark', context: hall, lease: 1, name: 'm'.repeat(storeLimits.markBytesMax + 1), sequence: 0 }],
      '_store_oversized_mark',
    ],
    ['no mark', [{ op: 'mark', context: hall, lease: 1, name: '', sequence: 0 }], '_store_invalid_mark'],
    ['a mark with a NUL', [{ op: 'mark', context: hall, lease: 1, name: '\0', sequence: 0 }], '_store_invalid_mark'],
    ['a broken mark', [{ op: 'mark', context: hall, lease: 1, name: 'm', sequence: -2 }], '_store_invalid_sequence'],
    [
      'a mark at the row of another context',
      [append(bar, 1), { op: 'mark', context: hall, lease: 1, name: 'm', sequence: 'row' }],
      '_store_invalid_sequence',
    ],
    [
      'a member since the row that follows',
      [{ op: 'member', context: hall, lease: 1, name: 'ada', sequence: 'row' }, append(hall, 1)],
      '_store_invalid_sequence',
    ],
    ['no member', [member('', 1)], '_store_invalid_member'],
    ['a long member', [member('m'.repeat(storeLimits.memberBytesMax + 1), 1)], '_store_oversized_member'],
    ['a broken member', [member('ada', -1)], '_store_invalid_sequence'],
    ['no record', [record(hall, '', '1')], '_store_invalid_record'],
    ['a record with a NUL', [record(hall, '\0', '1')], '_store_invalid_record'],
    ['a record with half a pair', [record(hall, '\ud800', '1')], '_store_invalid_record'],
    ['a long record', [record(hall, 'r'.repeat(storeLimits.recordNameBytesMax + 1), '1')], '_store_oversized_record'],
    [
      'a long value',
      [record(hall, 'ada', '', { value: new Uint8Array(storeLimits.recordValueBytesMax + 1) })],
      '_store_oversized_value',
    ],
    ['a broken lease', [append(hall, 1, { lease: 0.5 })], '_store_lease'],
    [
      'a large write',
      Array.from({ length: storeLimits.writeBytesMax / storeLimits.packetBytesMax + 1 }, (_, index) =>
        append(hall, index, { packet: new Uint8Array(storeLimits.packetBytesMax) }),
      ),
      '_store_oversized_write',
    ],
  ])('%s is refused, and nothing is changed', async (_, operations, code) => {
    const store = await make();
    expect(await write(store, ...operations)).toMatchObject({ kind: 'refused', code });
    expect(await read(store, hall)).toMatchObject({ rows: [], last: 0 });
  });

  test.each<[string, Asked, string]>([
    ['a page from before the log', { kind: 'read', context: hall, after: -1, rowsMax: 1 }, '_store_invalid_sequence'],
    ['an empty page', { kind: 'read', context: hall, after: 0, rowsMax: 0 }, '_store_invalid_page'],
    [
      'a large page',
      { kind: 'read', context: hall, after: 0, rowsMax: storeLimits.pageRowsMax + 1 },
      '_store_invalid_page',
    ],
    ['an empty page of members', { kind: 'members', context: hall, above: '', rowsMax: 0 }, '_store_invalid_page'],
    [
      'members above half a pair',
      { kind: 'members', context: hall, above: '\ud800', rowsMax: 1 },
      '_store_invalid_member',
    ],
    ['records of no context', { kind: 'records', context: '' }, '_store_invalid_context'],
    ['marks of no context', { kind: 'marks', context: '' }, '_store_invalid_context'],
    ['no author', { kind: 'latest', context: hall, author: new Uint8Array(0) }, '_store_invalid_author'],
    [
      'a long author',
      { kind: 'latest', context: hall, author: new Uint8Array(storeLimits.authorBytesMax + 1) },
      '_store_oversized_author',
    ],
  ])('asking for %s is refused', async (_, asked, code) => {
    expect(await ask(await make(), asked)).toMatchObject({ kind: 'refused', code });
  });

  if (limitsCapacity)
    test('a full store refuses a write as a whole, and still reads and marks', async () => {
      const store = await make(100);
      await write(store, append(hall, 1, { packet: new Uint8Array(50) }));
      expect(await write(store, append(hall, 2), append(hall, 3, { packet: new Uint8Array(50) }))).toMatchObject({
        code: '_store_full',
      });
      expect(await write(store, append(hall, 1))).toMatchObject({ appended: [{ sequence: 1, already: true }] });
      expect(await write(store, { op: 'mark', context: hall, lease: 1, name: 'read', sequence: 1 })).toMatchObject({
        kind: 'written',
      });
      expect(await read(store, hall)).toMatchObject({ last: 1 });
      expect(await write(store, record(hall, 'key', 'x'.repeat(30)))).toMatchObject({ kind: 'written' });
      expect(await write(store, record(hall, 'key', 'x'.repeat(50)))).toMatchObject({ code: '_store_full' });
      expect(await write(store, record(hall, 'key', ''), record(hall, 'pin', 'x'.repeat(30)))).toMatchObject({
        kind: 'written',
      });
    });

  test('writes in any division, with any repetitions, make one log: every id once, in order of its first write', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 5 }), { maxLength: 12 }),
        async (writes) => {
          const store = await make();
          for (const numbers of writes) await write(store, ...numbers.map((number) => append(hall, number)));
          expect(await packets(store, hall)).toEqual([...new Set(writes.flat())].map((number) => `packet ${number}`));
        },
      ),
      { numRuns: 50 },
    );
  });
}
