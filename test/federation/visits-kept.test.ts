/** Where her devices have spoken, as a home keeps it: the newest visits, whatever there were before. */
import { expect, test } from '@jest/globals';
import { visitsOf } from '../../federation/visit-reports.ts';
import { decodeText, encodeText } from '../../psyc/bytes.ts';
import { renderVisit } from '../../publication/visit.ts';
import { beginUnixMs } from '../../simulator/scenes/circuit-end.ts';
import { NodeFixture } from './node-fixture.ts';

const ada = 'psyc://a.example/~ada';

/** A home that keeps three visits, has these (names and times) and is told of another; what it keeps then. */
function told(before: readonly (readonly [name: string, timeMs: number])[]) {
  const fixture = new NodeFixture({ visitsKeptMax: 3 });
  const context = visitsOf(ada);
  const operations = before.map(([name, timeMs]) => {
    return { op: 'record', context, lease: 1, name, value: encodeText(String(timeMs)) } as const;
  });
  fixture.store.perform({ kind: 'write', request: 0, operations });
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
  expect(fixture.methods(circuit)).toContain('_echo_visit');
  const outcome = fixture.store.perform({ kind: 'records', request: 0, context });
  const records = outcome.kind === 'records' ? outcome.records : [];
  return {
    name: `visit ${digits}@c.example`,
    kept: new Map(records.map(({ name, value }) => [name, decodeText(value)])),
  };
}

const names = [
  'visit 0000000000000002@d.example',
  'visit 0000000000000001@e.example',
  'visit 0000000000000003@f.example',
] as const;

test('visitsKeptMax: the oldest visit makes room for the next, which is answered', () => {
  const { name, kept } = told([
    [names[0], 2],
    [names[1], 1],
    [names[2], 3],
  ]);
  expect(new Set(kept.keys())).toEqual(new Set([names[0], names[2], name]));
});

test('a server that tells late, or again, of an old visit puts out no newer one, and makes none older', () => {
  const future = 2 * beginUnixMs;
  const later = told(names.map((name) => [name, future]));
  expect(new Set(later.kept.keys())).toEqual(new Set(names));
  const again = told([[later.name, future]]);
  expect(again.kept).toEqual(new Map([[later.name, String(future)]]));
});
