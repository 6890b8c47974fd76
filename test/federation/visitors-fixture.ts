/** Zoe, whose home z.example is gone: what she and those who speak for her say to a.example. */
import { channelOf } from '../../circuit/channel.ts';
import { trustBytes, trustIn } from '../../federation/trust/trust-record.ts';
import { renderVisit, type Visit } from '../../publication/visit.ts';
import { beginUnixMs, type Party } from '../../simulator/scenes/circuit-end.ts';
import { channel, NodeFixture } from './node-fixture.ts';
import { said } from './said.ts';

export const zoe = 'psyc://z.example/~zoe';
export const hall = 'psyc://a.example/@hall';
export const adas = channel('ada', 'phone');

export const channelAt = (fixture: NodeFixture, at: string, side = '1'): string =>
  channelOf(zoe, fixture.keys.idOf(fixture.seedOf('zoe', 'phone', 'z.example')), { side, at });

export function visitOf(fixture: NodeFixture, domain: string, change: Partial<Visit> = {}): Uint8Array {
  const seed = fixture.seedOf('zoe', 'phone', 'z.example');
  const { fingerprint } = fixture.identityOf('zoe', 'z.example');
  const timeMs = beginUnixMs + fixture.nowMs;
  return renderVisit(
    fixture.keys.suite,
    { person: zoe, fingerprint, device: fixture.keys.idOf(seed), domain, timeMs, ...change },
    seed,
  );
}
export const keyOf = (fixture: NodeFixture): Uint8Array =>
  fixture.keys.certified(fixture.identityOf('zoe', 'z.example').key, fixture.keys.domain('z.example'));

export function tellVisit(
  fixture: NodeFixture,
  circuit: string,
  domain: string,
  visit: Uint8Array | null,
  key = keyOf(fixture),
): number {
  const asked = fixture
    .hear(circuit)
    .filter(({ method, packet }) => method === '_request_keys' && packet.text('_uniform') === zoe);
  for (const { routing } of asked) {
    fixture.sayRaw(circuit, {
      routing: { _source: `psyc://${domain}`, _target: 'psyc://a.example', _tag_relay: routing['_tag'] },
      entity: {
        _uniform: zoe,
        _key: key,
        _statement: fixture.identityOf('zoe', 'z.example').statement,
        ...(visit === null ? {} : { _visit: visit }),
      },
      method: '_status_keys',
    });
  }
  return asked.length;
}
export function withHall(): NodeFixture {
  const fixture = new NodeFixture();
  fixture.tellsKeys = false;
  fixture.meet('z.example');
  fixture.connect('client ada phone');
  fixture.say('client ada phone', said(adas, hall, 1, '_request_context_enter'));
  return fixture;
}
export const rowsOf = (fixture: NodeFixture, context = hall): number => {
  const outcome = fixture.store.perform({ kind: 'read', request: 0, context, after: 0, rowsMax: 100 });
  return outcome.kind === 'rows' ? outcome.rows.length : 0;
};
export function visitor(fixture: NodeFixture, change: Partial<Party> = {}): string {
  const party = {
    kind: 'client',
    person: zoe,
    keys: { ...fixture.identityOf('zoe', 'z.example'), key: keyOf(fixture) },
    seed: fixture.seedOf('zoe', 'phone', 'z.example'),
    channel: channelAt(fixture, 'a.example'),
    visit: visitOf(fixture, 'a.example'),
    invite: undefined,
    ...change,
  } as Party;
  return fixture.connect('client zoe phone', { name: 'visitor', party });
}
export function stand(fixture: NodeFixture, standing: 'frozen' | 'quarantine' | 'void'): void {
  const outcome = fixture.store.perform({ kind: 'records', request: 0, context: 'psyc://z.example' });
  const records =
    outcome.kind === 'records' ? new Map(outcome.records.map(({ name, value }) => [name, value])) : new Map();
  const value = trustBytes({ ...trustIn(records, beginUnixMs), standing });
  fixture.store.perform({
    kind: 'write',
    request: 0,
    operations: [{ op: 'record', context: 'psyc://z.example', lease: 1, name: 'trust', value }],
  });
}
export const block = (fixture: NodeFixture, domain: string): void =>
  fixture.tell({
    kind: 'asked',
    request: 1,
    question: { kind: 'change', unknown: null, changes: [{ domain, rule: 'block', fingerprint: null }] },
  });
