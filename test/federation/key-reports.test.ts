/** A person hears that another key was shown for him: who tells it, how often, and who may. */
import { expect, test } from '@jest/globals';
import { hexOf } from '../../crypto/bytes.ts';
import { trustBytes } from '../../federation/trust/trust-record.ts';
import { unmetDomain } from '../../pki/trust-state.ts';
import { decodeText, encodeText } from '../../psyc/bytes.ts';
import { beginUnixMs } from '../../simulator/scenes/circuit-end.ts';
import { federationLimits } from '../../federation/limits.ts';
import { channel, NodeFixture } from './node-fixture.ts';
import { said } from './said.ts';
import { visitor, zoe as visiting } from './visitors-fixture.ts';

const server = 'server b.example';
const zoe = 'psyc://b.example/~zoe';
const REPORT = '_notice_key_foreign';

/** What is pinned of somebody, with the statement that came with it. */
function pinAnother(fixture: NodeFixture, person: string): void {
  const { fingerprint, statement } = fixture.keys.person(person, [fixture.keys.device('before')], {
    identity: 'before',
  });
  const operations = Object.entries({ fingerprint, statement }).map(
    ([name, value]) => ({ op: 'record', context: person, lease: 1, name, value }) as const,
  );
  fixture.store.perform({ kind: 'write', request: 0, operations });
}

/** zoe’s home shows a key for her, and another one is pinned, with its statement. */
function changed(): NodeFixture {
  const fixture = new NodeFixture();
  pinAnother(fixture, zoe);
  fixture.connect(server);
  return fixture;
}

const say = (fixture: NodeFixture, counter: number): void =>
  fixture.say(
    server,
    said(channel('zoe', 'phone', 'b.example'), 'psyc://a.example/~ada', counter, '_message_private_sealed', 'x'),
  );

test('whoever is shown another key than the pinned one does not believe it, and tells the person; again after an hour', () => {
  const fixture = changed();
  const phone = fixture.connect('client ada phone');
  const reports = (circuit = server): unknown[] => fixture.hear(circuit).filter(({ method }) => method === REPORT);
  say(fixture, 1);
  say(fixture, 1);
  const [report, ...more] = reports() as ReturnType<typeof fixture.hear>;
  expect(more).toEqual([]);
  expect(report!.routing).toEqual({ _source: 'psyc://a.example', _target: zoe });
  expect(report!.packet.text('_fingerprint')).toBe(hexOf(fixture.identityOf('zoe', 'b.example').fingerprint));
  expect(fixture.methods(phone)).not.toContain('_message_private_sealed');
  fixture.pass(federationLimits.keyReportMsMin);
  fixture.connect(server, { name: 'later' });
  fixture.say(
    'later',
    said(channel('zoe', 'phone', 'b.example'), 'psyc://a.example/~ada', 1, '_message_private_sealed', 'x'),
  );
  expect(reports('later')).toHaveLength(1);
});

/** Another's key was taken for that domain's in this time. */
function undo(fixture: NodeFixture, sinceMs: number, untilMs: number): void {
  const { fingerprint } = fixture.keys.domain('b.example');
  const pin = { fingerprint: hexOf(fingerprint), sinceMs: 0, basis: 'rotated', recovery: null } as const;
  const trust = { ...unmetDomain, pin, standing: 'normal', undone: { sinceMs, untilMs } } as const;
  const value = trustBytes(trust);
  const operation = { op: 'record', context: 'psyc://b.example', lease: 1, name: 'trust', value } as const;
  fixture.store.perform({ kind: 'write', request: 0, operations: [operation] });
}

test.each([
  ['in that time', 0, true],
  ['before it', -1, false],
  ['after it', 2, false],
])('who was pinned while another’s key was taken for his domain’s is looked at again: %s', (_, atMs, isTaken) => {
  const fixture = changed();
  undo(fixture, beginUnixMs, beginUnixMs + 1);
  const value = encodeText(String(beginUnixMs + atMs));
  const operation = { op: 'record', context: zoe, lease: 1, name: 'pinned', value } as const;
  fixture.store.perform({ kind: 'write', request: 0, operations: [operation] });
  const phone = fixture.connect('client ada phone');
  fixture.nowMs += 60_000;
  say(fixture, 1);
  expect(fixture.methods(phone).includes('_message_private_sealed')).toBe(isTaken);
  const records = fixture.store.perform({ kind: 'records', request: 0, context: zoe });
  const kept = records.kind === 'records' ? new Map(records.records.map((one) => [one.name, one.value])) : new Map();
  const real = fixture.identityOf('zoe', 'b.example').fingerprint;
  expect(hexOf(kept.get('fingerprint') as Uint8Array) === hexOf(real)).toBe(isTaken);
  // Once: now it is pinned for good.
  if (isTaken) expect(decodeText(kept.get('pinned') as Uint8Array)).toBe(String(beginUnixMs + 60_000));
});

test('his devices hear it of another domain’s node, and of nobody else', () => {
  const fixture = new NodeFixture();
  fixture.connect(server);
  const phone = fixture.connect('client ada phone');
  fixture.hear(phone);
  const report = (source: string): void =>
    fixture.sayRaw(server, {
      routing: { _source: source, _target: 'psyc://a.example/~ada' },
      entity: { _fingerprint: 'ab'.repeat(20) },
      method: REPORT,
    });
  report(zoe);
  expect(fixture.methods(phone)).toEqual([]);
  report('psyc://b.example');
  expect(fixture.methods(phone)).toEqual([REPORT]);
});

test('so does who comes as a visitor with another key: he is sent away', () => {
  const fixture = new NodeFixture();
  const home = fixture.connect('server z.example');
  pinAnother(fixture, visiting);
  fixture.hear(home);
  expect(fixture.methods(visitor(fixture))).toContain('_error_trust_changed_key');
  const [report, ...more] = fixture.hear(home).filter(({ method }) => method === REPORT);
  expect(more).toEqual([]);
  expect(report!.routing).toEqual({ _source: 'psyc://a.example', _target: visiting });
  expect(report!.packet.text('_fingerprint')).toBe(hexOf(fixture.identityOf('zoe', 'z.example').fingerprint));
});
