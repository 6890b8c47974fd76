/** PostgreSQL, the oldest and the newest, passes the suite of all stores, and answers as the memory twin does. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Client, ClientConfig } from 'pg';
import type { PostgresStore } from '../../../server/postgres/store.ts';
import { MemoryStore } from '../../../store/memory.ts';
import type { Operation, StoreRequest } from '../../../store/store.ts';
import { append, bytes, record } from '../../store/rows.ts';
import { storeSuite } from '../../store/suite.ts';
import { connected, debian, emptied, needsDebian, needsNpm, npm, opened, supervised } from './clusters.ts';
import { Undoing } from '../../undoing.ts';

/** Operations on few contexts, ids, names and leases, so that they meet. */
const operation: fc.Arbitrary<Operation> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ context: context(), number: fc.nat(8), lease: lease() }).map(toAppend) },
  {
    weight: 2,
    arbitrary: fc
      .record({ context: context(), lease: lease(), name: fc.constantFrom('read', 'sent'), sequence: position() })
      .map((mark): Operation => ({ op: 'mark', ...mark })),
  },
  {
    weight: 2,
    arbitrary: fc
      .record({
        context: context(),
        lease: lease(),
        name: fc.constantFrom('x', 'ä', '\u{1f600}', '\uff00'),
        sequence: fc.nat(2),
      })
      .map((member): Operation => ({ op: 'member', ...member })),
  },
  {
    weight: 2,
    arbitrary: fc
      .record({ context: context(), lease: lease(), sequence: fc.nat(6) })
      .map((trim): Operation => ({ op: 'trim', ...trim })),
  },
  {
    weight: 2,
    arbitrary: fc
      .record({
        context: context(),
        lease: lease(),
        sequence: fc.integer({ min: 1, max: 6 }),
        text: fc.constantFrom('x', 'y'),
      })
      .map(({ text, ...replace }): Operation => ({ op: 'replace', ...replace, packet: bytes(text) })),
  },
  {
    weight: 3,
    arbitrary: fc
      .record({
        context: context(),
        lease: lease(),
        name: fc.constantFrom('x', 'ä', '\u{1f600}', '\uff00'),
        value: fc.constantFrom('', '1', '2'),
        isFirst: fc.boolean(),
      })
      .map((it) => record(it.context, it.name, it.value, { lease: it.lease, ...(it.isFirst ? { absent: true } : {}) })),
  },
);
function context(): fc.Arbitrary<string> {
  return fc.constantFrom('a', 'b', 'ü');
}
function position(): fc.Arbitrary<number | 'row' | 'before'> {
  return fc.oneof(fc.integer({ min: -1, max: 6 }), fc.constantFrom('row' as const, 'before' as const));
}
function lease(): fc.Arbitrary<number> {
  return fc.constantFrom(1, 1, 1, 2, 3);
}
function toAppend(it: { context: string; number: number; lease: number }): Operation {
  return append(it.context, it.number, { lease: it.lease, author: bytes(`author ${it.number % 3}`) });
}
const questions = (name: string): StoreRequest[] => [
  { kind: 'read', request: 1, context: name, after: 0, rowsMax: 512 },
  { kind: 'latest', request: 2, context: name, author: bytes('author 1') },
  { kind: 'marks', request: 3, context: name },
  { kind: 'members', request: 4, context: name, above: '', rowsMax: 3 },
  { kind: 'members', request: 5, context: name, above: 'ä', rowsMax: 3 },
  { kind: 'records', request: 6, context: name },
];

function suite(programs: string): void {
  const cluster = new Undoing();
  let connection: ClientConfig;
  let client: Client;
  let store: PostgresStore;
  beforeAll(async () => {
    ({ connection } = await supervised(cluster, { programs }));
    store = await opened(cluster, connection);
    client = await connected(cluster, connection);
  });
  afterAll(async () => cluster.run());
  const make = async (): Promise<PostgresStore> => {
    // What the store remembers is then wrong, and it has to find out by itself.
    await emptied(client);
    return store;
  };

  storeSuite(make, { limitsCapacity: false });

  test('writes asked for at once are answered as the twin answers them one by one', async () => {
    await make();
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(fc.array(operation, { minLength: 1, maxLength: 4 }), { maxLength: 8 }), {
          maxLength: 4,
        }),
        async (groups) => {
          await emptied(client);
          const twin = new MemoryStore();
          for (const group of groups) {
            const writes = group.map((operations, request) => ({ kind: 'write' as const, request, operations }));
            const outcomes = await Promise.all(writes.map(async (write) => store.perform(write)));
            expect(outcomes).toEqual(writes.map((write) => twin.perform(write)));
          }
          for (const question of ['a', 'b', '\0 ü'].flatMap(questions)) {
            const ours = await store.perform(question);
            const theirs = twin.perform(question);
            expect(sorted(ours)).toEqual(sorted(theirs));
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  test('a context in half a character is refused: it could not be told from another', async () => {
    await make();
    expect(await store.perform({ kind: 'write', request: 1, operations: [append('\ud800', 1)] })).toMatchObject({
      code: '_store_invalid_context',
    });
    const mark: Operation = { op: 'mark', context: 'a', lease: 1, name: '\udfff', sequence: 0 };
    expect(await store.perform({ kind: 'write', request: 1, operations: [mark] })).toMatchObject({
      code: '_store_invalid_mark',
    });
  });
}

/** Marks come in any order. */
function sorted<T extends object>(outcome: T): T {
  if (!('marks' in outcome)) return outcome;
  return { ...outcome, marks: [...(outcome.marks as { name: string }[])].sort((a, b) => (a.name < b.name ? -1 : 1)) };
}

needsDebian('PostgreSQL 15', () => suite(debian));
needsNpm('PostgreSQL 18', () => suite(npm));
