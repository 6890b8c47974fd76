/** People whose home is gone: taken in by another server, believed by a third where they say so themselves, and by nobody else. */
import { expect, test } from '@jest/globals';
import { channelOf } from '../../circuit/channel.ts';
import { trustBytes, trustIn } from '../../federation/trust/trust-record.ts';
import { publicationLimits } from '../../publication/limits.ts';
import { renderVisit, type Visit } from '../../publication/visit.ts';
import { beginUnixMs, type Party } from '../../simulator/scenes/circuit-end.ts';
import { NodeFixture } from './node-fixture.ts';
import { said } from './said.ts';

const zoe = 'psyc://z.example/~zoe';
const hall = 'psyc://a.example/@hall';

/** Zoe's phone where it visits, on its n-th channel. */
const channelAt = (fixture: NodeFixture, at: string, side = '1'): string =>
  channelOf(zoe, fixture.keys.idOf(fixture.seedOf('zoe', 'phone', 'z.example')), { side, at });

/** Her phone's word that it visits. */
function visitOf(fixture: NodeFixture, domain: string, change: Partial<Visit> = {}, device = 'phone'): Uint8Array {
  const seed = fixture.seedOf('zoe', device, 'z.example');
  const { fingerprint } = fixture.identityOf('zoe', 'z.example');
  const timeMs = beginUnixMs + fixture.nowMs;
  const visit = { person: zoe, fingerprint, device: fixture.keys.idOf(seed), domain, timeMs, ...change };
  return renderVisit(fixture.keys.suite, visit, seed);
}

const keyOf = (fixture: NodeFixture): Uint8Array =>
  fixture.keys.certified(fixture.identityOf('zoe', 'z.example').key, fixture.keys.domain('z.example'));

/** The node of a circuit's domain tells what it is asked of visitors. */
function tellVisit(fixture: NodeFixture, circuit: string, domain: string, visit: Uint8Array | null): number {
  const asked = fixture
    .hear(circuit)
    .filter(({ method, packet }) => method === '_request_keys' && packet.text('_uniform') === zoe);
  for (const { routing } of asked) {
    fixture.sayRaw(circuit, {
      routing: { _source: `psyc://${domain}`, _target: 'psyc://a.example', _tag_relay: routing['_tag'] },
      entity: {
        _uniform: zoe,
        _key: keyOf(fixture),
        _statement: fixture.identityOf('zoe', 'z.example').statement,
        ...(visit === null ? {} : { _visit: visit }),
      },
      method: '_status_keys',
    });
  }
  return asked.length;
}

/** A place whose domain knows that of zoe, which is not there; c.example has a circuit to it. */
function place(): { fixture: NodeFixture; c: string } {
  const fixture = new NodeFixture();
  fixture.tellsKeys = false;
  fixture.meet('z.example');
  fixture.connect('client ada phone');
  fixture.say(
    'client ada phone',
    said(fixture.partyOf('client ada phone').kind === 'client' ? adas(fixture) : '', hall, 1, '_request_context_enter'),
  );
  return { fixture, c: fixture.connect('server c.example') };
}
const adas = (fixture: NodeFixture): string => (fixture.partyOf('client ada phone') as { channel: string }).channel;

/** What stands in the place's log. */
const rowsOf = (fixture: NodeFixture): number => {
  const outcome = fixture.store.perform({ kind: 'read', request: 0, context: hall, after: 0, rowsMax: 100 });
  return outcome.kind === 'rows' ? outcome.rows.length : 0;
};

test('what she says through the server that she visits is hers, once that has shown her word; her home is not needed', () => {
  const { fixture, c } = place();
  const source = channelAt(fixture, 'c.example');
  fixture.sayRaw(c, said(source, hall, 1, '_request_context_enter'));
  expect(rowsOf(fixture)).toBe(1);
  expect(tellVisit(fixture, c, 'c.example', visitOf(fixture, 'c.example'))).toBe(1);
  expect(fixture.methods(c)).toContain('_echo_context_enter');
  fixture.say(c, said(source, hall, 2, '_message_public', 'my home is gone'));
  const answers = fixture.hear(c);
  expect(answers.map(({ method }) => method)).toContain('_echo_message_public');
  // The answer goes to the domain that she visits, under her channel there.
  expect(answers.find(({ method }) => method === '_echo_message_public')?.routing['_target']).toBe(source);
  expect(rowsOf(fixture)).toBe(3);
  expect(fixture.closed).not.toContain(c);
});

test.each<[string, (fixture: NodeFixture) => Uint8Array | null]>([
  ['none', () => null],
  ['for another domain', (fixture) => visitOf(fixture, 'd.example')],
  ['of another device of hers', (fixture) => visitOf(fixture, 'c.example', {}, 'desk')],
  ['that is over', (fixture) => visitOf(fixture, 'c.example', { timeMs: beginUnixMs - publicationLimits.visitMsMax })],
  ['from the future', (fixture) => visitOf(fixture, 'c.example', { timeMs: beginUnixMs + 3_600_000 })],
  [
    'signed by somebody else',
    (fixture) => {
      const visit = visitOf(fixture, 'c.example');
      return visit.map((byte, at) => (at === 200 ? byte ^ 1 : byte));
    },
  ],
  ['no packet', () => Uint8Array.of(1, 2, 3)],
])('a visit %s lets nobody speak for her', (_, visit) => {
  const { fixture, c } = place();
  const source = channelAt(fixture, 'c.example');
  fixture.sayRaw(c, said(source, hall, 1, '_request_context_enter'));
  tellVisit(fixture, c, 'c.example', visit(fixture));
  expect(fixture.methods(c)).toContain('_error_necessary_visit');
  expect(rowsOf(fixture)).toBe(1);
});

test('a visit counts for the domain that it names, on its circuits only', () => {
  const { fixture, c } = place();
  fixture.sayRaw(c, said(channelAt(fixture, 'c.example'), hall, 1, '_request_context_enter'));
  tellVisit(fixture, c, 'c.example', visitOf(fixture, 'c.example'));
  const d = fixture.connect('server d.example');
  fixture.sayRaw(d, said(channelAt(fixture, 'c.example', '2'), hall, 1, '_request_context_leave'));
  expect(fixture.closed).toContain(d);
  // Nor is her channel at home that of a visitor.
  fixture.sayRaw(c, said(channelAt(fixture, 'c.example').replace('@c.example', ''), hall, 1, '_request_context_leave'));
  expect(fixture.closed).toContain(c);
});

test('when the visit is over, it is asked for anew', () => {
  const { fixture, c } = place();
  const source = channelAt(fixture, 'c.example');
  fixture.sayRaw(c, said(source, hall, 1, '_request_context_enter'));
  tellVisit(fixture, c, 'c.example', visitOf(fixture, 'c.example'));
  fixture.hear(c);
  fixture.nowMs += publicationLimits.visitMsMax;
  fixture.sayRaw(c, said(source, hall, 2, '_request_context_leave'));
  expect(rowsOf(fixture)).toBe(2);
  expect(tellVisit(fixture, c, 'c.example', visitOf(fixture, 'c.example'))).toBe(1);
  expect(rowsOf(fixture)).toBe(3);
});

test('what is signed must be hers, whoever carries it', () => {
  const { fixture, c } = place();
  const source = channelAt(fixture, 'c.example');
  fixture.sayRaw(c, said(source, hall, 1, '_request_context_enter'));
  tellVisit(fixture, c, 'c.example', visitOf(fixture, 'c.example'));
  fixture.hear(c);
  fixture.sayRaw(c, said(source, hall, 2, '_message_public', 'not signed'));
  const draft = said(source, hall, 2, '_message_public', 'signed by eve');
  fixture.sayBytes(c, fixture.signed('psyc://c.example/~eve#x', hall, draft));
  expect(rowsOf(fixture)).toBe(2);
});

/** a.example takes visitors in. */
function visitor(fixture: NodeFixture, change: Partial<Party> = {}): string {
  const keys = { ...fixture.identityOf('zoe', 'z.example'), key: keyOf(fixture) };
  const seed = fixture.seedOf('zoe', 'phone', 'z.example');
  const party = {
    kind: 'client',
    person: zoe,
    keys,
    seed,
    channel: channelAt(fixture, 'a.example'),
    visit: visitOf(fixture, 'a.example'),
    invite: undefined,
    ...change,
  } as Party;
  return fixture.connect('client zoe phone', { name: 'visitor', party });
}

function visited(): NodeFixture {
  const fixture = new NodeFixture();
  fixture.tellsKeys = false;
  fixture.meet('z.example');
  return fixture;
}

test('she is let in by the key that her domain has signed; what she says goes out under her own name, and the answer comes to her', () => {
  const fixture = visited();
  const b = fixture.connect('server b.example');
  const circuit = visitor(fixture);
  expect(fixture.isProved(circuit)).toBe(true);
  expect(fixture.notices).toContainEqual({ kind: 'visitor', domain: 'z.example', heard: 1 });
  fixture.tell({ kind: 'asked', request: 1, question: { kind: 'visitors' } });
  expect(fixture.told).toEqual([{ kind: 'visitors', visitors: [{ person: zoe, devices: 1 }] }]);
  const source = channelAt(fixture, 'a.example');
  fixture.say(circuit, said(source, 'psyc://b.example/@hall', 1, '_message_public', 'hello'));
  const [sent] = fixture.hear(b).filter(({ method }) => method === '_message_public');
  expect(sent?.routing).toMatchObject({ _source: source, _target: 'psyc://b.example/@hall', _counter: '1' });
  fixture.sayRaw(b, {
    routing: { _source: 'psyc://b.example/@hall', _target: source, _tag_relay: 't1' },
    entity: { _counter_relay: '1' },
    method: '_echo_message_public',
  });
  expect(fixture.methods(circuit)).toEqual(['_echo_message_public']);
  // Whoever hears of her asks, and is shown her word.
  fixture.sayRaw(b, {
    routing: { _source: 'psyc://b.example', _target: 'psyc://a.example', _tag: 'k' },
    entity: { _uniform: zoe, _device: source.split('#')[1]!.slice(0, 16) },
    method: '_request_keys',
  });
  const [told] = fixture.hear(b).filter(({ method }) => method === '_status_keys');
  expect(told?.packet.value('_visit')).toEqual(Buffer.from(visitOf(fixture, 'a.example')));
  // Friends are made at home.
  fixture.sayBytes(
    circuit,
    fixture.signed(source, 'psyc://b.example/~bob', said(source, 'psyc://b.example/~bob', 1, '_request_friendship')),
  );
  expect(fixture.methods(circuit)).toEqual(['_error_necessary_home']);
});

test('what was revoked elsewhere is revoked', () => {
  const fixture = visited();
  const revoked = [fixture.keys.idOf(fixture.seedOf('zoe', 'phone', 'z.example'))];
  const { statement } = fixture.identityOf('zoe', 'z.example', { counter: 9, devices: ['desk'], revoked });
  fixture.keys.published.set(zoe, { key: keyOf(fixture), statement });
  expect(fixture.methods(visitor(fixture))).toContain('_error_unlisted_device');
});

test.each<[string, (fixture: NodeFixture) => Partial<Party>]>([
  ['_necessary_visit', () => ({ visit: undefined }) as unknown as Partial<Party>],
  ['_publication_invalid_visit', (fixture) => ({ visit: visitOf(fixture, 'b.example') })],
  ['_publication_invalid_visit', (fixture) => ({ visit: visitOf(fixture, 'a.example', {}, 'desk') })],
  ['_uncertified', (fixture) => ({ keys: fixture.identityOf('zoe', 'z.example') })],
  ['_login_invalid_channel', (fixture) => ({ channel: channelAt(fixture, 'b.example') })],
  ['_login_foreign_domain', (fixture) => ({ channel: channelAt(fixture, 'a.example').replace('@a.example', '') })],
])('%s', (code, change) => {
  const fixture = visited();
  expect(fixture.methods(visitor(fixture, change(fixture)))).toContain(`_error${code}`);
});

test('nobody is taken in whose domain is not known here, or not settled', () => {
  const stranger = new NodeFixture();
  expect(stranger.methods(visitor(stranger))).toContain('_error_login_unknown_home');
  const doubtful = visited();
  const state = { ...trustIn(new Map(), 0), standing: 'quarantine' } as const;
  const operation = {
    op: 'record',
    context: 'psyc://z.example',
    lease: 1,
    name: 'trust',
    value: trustBytes(state),
  } as const;
  doubtful.store.perform({ kind: 'write', request: 0, operations: [operation] });
  expect(doubtful.methods(visitor(doubtful))).toContain('_error_login_doubtful_home');
});
