/** Where her devices have spoken, as a home keeps it: the newest visits, whatever there were before. */
import { expect, test } from '@jest/globals';
import { visitsOf } from '../../federation/visit-reports.ts';
import { encodeText } from '../../psyc/bytes.ts';
import { renderVisit } from '../../publication/visit.ts';
import { beginUnixMs } from '../../simulator/scenes/circuit-end.ts';
import { NodeFixture } from './node-fixture.ts';

const ada = 'psyc://a.example/~ada';

test('visitsKeptMax: the oldest visit makes room for the next, which is answered', () => {
  const fixture = new NodeFixture({ visitsKeptMax: 3 });
  const context = visitsOf(ada);
  const names = [
    'visit 0000000000000002@d.example',
    'visit 0000000000000001@e.example',
    'visit 0000000000000003@f.example',
  ];
  const operations = names.map((name) => {
    return { op: 'record', context, lease: 1, name, value: encodeText(name.slice(21, 22)) } as const;
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
  const kept = outcome.kind === 'records' ? outcome.records.map(({ name }) => name) : [];
  expect(new Set(kept)).toEqual(new Set([names[0], names[2], `visit ${digits}@c.example`]));
});
