/** Where her devices have spoken, as a home keeps it: the newest visits, whatever there were before. */
import { expect, test } from '@jest/globals';
import { visitsOf } from '../../federation/visitors/visit-reports.ts';
import { decodeText, encodeText } from '../../psyc/bytes.ts';
import { renderVisit } from '../../publication/visit.ts';
import { beginUnixMs } from '../../simulator/scenes/circuit-end.ts';
import type { StoreCode } from '../../store/errors.ts';
import { MemoryStore } from '../../store/memory.ts';
import type { StoreOutcome, StoreRequest } from '../../store/store.ts';
import { NodeFixture } from './node-fixture.ts';
import { visitor, zoe } from './visitors-fixture.ts';

const ada = 'psyc://a.example/~ada';

/** A home that keeps three visits, has these (names and times) and is told of another; what it keeps and answers then. */
function told(before: readonly (readonly [name: string, timeMs: number])[], refusal: StoreCode | null = null) {
  const context = visitsOf(ada);
  const memory = new MemoryStore();
  let isReady = false;
  const perform = (request: StoreRequest): StoreOutcome => {
    const isIt = isReady && request.kind === 'write' && request.operations.some((one) => one.context === context);
    return isIt && refusal !== null
      ? { kind: 'refused', request: request.request, code: refusal }
      : memory.perform(request);
  };
  const fixture = new NodeFixture({ visitsKeptMax: 3 }, { store: { perform } });
  const operations = before.map(([name, timeMs]) => {
    return { op: 'record', context, lease: 1, name, value: encodeText(String(timeMs)) } as const;
  });
  fixture.store.perform({ kind: 'write', request: 0, operations });
  isReady = true;
  fixture.connect('client ada phone');
  const circuit = fixture.connect('server c.example');
  const seed = fixture.seedOf('ada', 'phone', 'a.example');
  const device = fixture.keys.idOf(seed);
  const { fingerprint } = fixture.identityOf('ada', 'a.example');
  const timeMs = beginUnixMs + fixture.nowMs;
  const visit = renderVisit(
    fixture.keys.suite,
    { person: ada, fingerprint, device, domain: 'c.example', timeMs },
    seed,
  );
  const digits = Buffer.from(device).toString('hex').slice(0, 16);
  fixture.sayRaw(circuit, {
    routing: { _source: `psyc://c.example/$visits#${digits}-1`, _target: ada, _tag: 'visit', _counter: '1' },
    entity: { _visit: visit },
    method: '_request_visit',
  });
  const isAnswered = fixture.methods(circuit).includes('_echo_visit');
  const outcome = fixture.store.perform({ kind: 'records', request: 0, context });
  const records = outcome.kind === 'records' ? outcome.records : [];
  return {
    name: `visit ${digits}@c.example`,
    kept: new Map(records.map(({ name, value }) => [name, decodeText(value)])),
    isAnswered,
  };
}

test.each<[StoreCode, boolean]>([
  ['_store_lost', false],
  ['_store_full', false],
  ['_store_lease', false],
  ['_store_excessive_records', true],
])('%s: a visit that is not durable is answered only where telling it again is of no use', (code, isAnswered) => {
  expect(told([], code).isAnswered).toBe(isAnswered);
});

const names = [
  'visit 0000000000000002@d.example',
  'visit 0000000000000001@e.example',
  'visit 0000000000000003@f.example',
] as const;

test('visitsKeptMax: the oldest visit makes room for the next, which is answered', () => {
  const { name, kept, isAnswered } = told([
    [names[0], 2],
    [names[1], 1],
    [names[2], 3],
  ]);
  expect(isAnswered).toBe(true);
  expect(new Set(kept.keys())).toEqual(new Set([names[0], names[2], name]));
});

test('a server that tells late, or again, of an old visit puts out no newer one, and makes none older', () => {
  const future = 2 * beginUnixMs;
  const later = told(names.map((name) => [name, future]));
  expect(later.isAnswered).toBe(true);
  expect(new Set(later.kept.keys())).toEqual(new Set(names));
  const again = told([[later.name, future]]);
  expect(again.kept).toEqual(new Map([[later.name, String(future)]]));
});

test('a home is told of a visit once in each life of the server, until it has answered, and then once a day', () => {
  const store = new NodeFixture().store;
  const keys = new NodeFixture().keys;
  const life = (number: number) => {
    const fixture = new NodeFixture({}, { store, keys, life: number });
    const home = fixture.connect('server z.example');
    fixture.pass(1_000 * number);
    fixture.hear(home);
    expect(fixture.isProved(visitor(fixture))).toBe(true);
    const sources = (): string[] => [
      ...new Set(
        fixture
          .hear(home)
          .filter(({ method }) => method === '_request_visit')
          .map(({ routing }) => routing['_source']!),
      ),
    ];
    return { fixture, home, sources };
  };
  expect(life(1).sources()).toHaveLength(1);
  // The report of the life before may be lost: nobody knows.
  const { fixture, home, sources } = life(2);
  const told = sources();
  expect(told.length).toBeGreaterThan(0);
  for (const source of told) {
    fixture.sayRaw(home, {
      routing: { _source: zoe, _target: source, _tag_relay: 'visit', _tag_reply: 'visit' },
      entity: { _counter_relay: '1' },
      method: '_echo_visit',
    });
  }
  expect(life(3).sources()).toEqual([]);
});
