/** Visitors whom somebody abuses, and who abuse: what a server that takes them in, and one that believes it, must not do. */
import { expect, test } from '@jest/globals';
import { publicationLimits } from '../../publication/limits.ts';
import { beginUnixMs } from '../../simulator/scenes/circuit-end.ts';
import { NodeFixture } from './node-fixture.ts';
import { said } from './said.ts';
import {
  hall,
  channelAt,
  keyOf,
  visitOf,
  tellVisit,
  withHall,
  rowsOf,
  visitor,
  stand,
  block,
} from './visitors-fixture.ts';

test('people of a blocked domain do not log in as visitors', () => {
  const fixture = new NodeFixture();
  fixture.tellsKeys = false;
  fixture.meet('z.example');
  block(fixture, 'z.example');
  expect(fixture.isProved(visitor(fixture))).toBe(false);
});

test('people of a blocked domain do not speak here through a third server', () => {
  const fixture = withHall();
  block(fixture, 'z.example');
  const c = fixture.connect('server c.example');
  const source = channelAt(fixture, 'c.example');
  fixture.sayRaw(c, said(source, hall, 1, '_request_context_enter'));
  tellVisit(fixture, c, 'c.example', visitOf(fixture, 'c.example'));
  fixture.say(c, said(source, hall, 2, '_message_public', 'spam'));
  expect(rowsOf(fixture)).toBe(1);
});

test.each(['frozen', 'void'] as const)('nobody of a %s domain speaks here through a third server', (standing) => {
  const fixture = withHall();
  stand(fixture, standing);
  const c = fixture.connect('server c.example');
  const source = channelAt(fixture, 'c.example');
  fixture.sayRaw(c, said(source, hall, 1, '_request_context_enter'));
  tellVisit(fixture, c, 'c.example', visitOf(fixture, 'c.example'));
  fixture.say(c, said(source, hall, 2, '_message_public', 'by a stolen domain key'));
  expect(rowsOf(fixture)).toBe(1);
});

test('a visitor whose visit is over is out', () => {
  const fixture = withHall();
  const circuit = visitor(fixture);
  expect(fixture.isProved(circuit)).toBe(true);
  const source = channelAt(fixture, 'a.example');
  fixture.say(circuit, said(source, hall, 1, '_request_context_enter'));
  fixture.hear(circuit);
  // The visit ends after 7 days; a month later even the certification would have.
  fixture.pass(publicationLimits.visitMsMax);
  fixture.say(circuit, said(source, hall, 2, '_message_public', 'still here'));
  expect([
    fixture.methods(circuit).includes('_echo_message_public'),
    fixture.isProved(circuit) && !fixture.closed.includes(circuit),
  ]).toEqual([false, false]);
});

test('a visitor stays no longer than her domain has certified her', () => {
  const fixture = withHall();
  fixture.keys.untilMs = beginUnixMs + 20_000;
  const circuit = visitor(fixture);
  fixture.pass(19_000);
  expect([fixture.isProved(circuit), fixture.closed.includes(circuit)]).toEqual([true, false]);
  fixture.pass(1_000);
  expect(fixture.closed.includes(circuit)).toBe(true);
});

test('who is in when the admin blocks her domain, or when it is frozen, is out', () => {
  const fixture = withHall();
  const circuit = visitor(fixture);
  const source = channelAt(fixture, 'a.example');
  fixture.say(circuit, said(source, hall, 1, '_request_context_enter'));
  block(fixture, 'z.example');
  fixture.say(circuit, said(source, hall, 2, '_message_public', 'still here'));
  expect([fixture.methods(circuit).includes('_echo_message_public'), fixture.closed.includes(circuit)]).toEqual([
    false,
    true,
  ]);
});

test('the word of a third server lasts no longer than the certification', () => {
  const fixture = withHall();
  fixture.keys.untilMs = beginUnixMs + 3_600_000;
  const c = fixture.connect('server c.example');
  const source = channelAt(fixture, 'c.example');
  fixture.sayRaw(c, said(source, hall, 1, '_request_context_enter'));
  tellVisit(fixture, c, 'c.example', visitOf(fixture, 'c.example'));
  expect(rowsOf(fixture)).toBe(2);
  fixture.nowMs += 2 * 86_400_000;
  fixture.sayRaw(c, said(source, hall, 2, '_request_context_leave'));
  expect(rowsOf(fixture)).toBe(2);
});

test('a channel of a visitor hears only whom it has addressed', () => {
  const fixture = new NodeFixture();
  fixture.tellsKeys = false;
  fixture.meet('z.example');
  const circuit = visitor(fixture);
  const e = fixture.connect('server e.example');
  fixture.hear(circuit);
  const source = channelAt(fixture, 'a.example');
  for (let n = 0; n < 3; n++)
    fixture.sayRaw(e, {
      routing: { _source: 'psyc://e.example/~eve', _target: source },
      method: '_notice_spam',
      data: 'x',
    });
  expect(fixture.methods(circuit)).toEqual([]);
});

test('what was never a uniform is not remembered: 256 of 60 kB', () => {
  const fixture = new NodeFixture();
  const e = fixture.connect('server e.example');
  const before = process.memoryUsage().heapUsed;
  for (let n = 0; n < 256; n++)
    fixture.sayRaw(e, {
      routing: { _source: 'psyc://e.example', _target: 'psyc://a.example', _tag: `x${n}` },
      entity: { _uniform: `${n}`.padEnd(60_000, 'x') },
      method: '_request_keys',
    });
  fixture.hear(e);
  global.gc?.();
  const searched = ((process.memoryUsage().heapUsed - before) / 1e6).toFixed(0);
  expect(Number(searched)).toBeLessThan(10);
});

test('a visit that is over lets nothing pass in a context either', () => {
  const fixture = withHall();
  const c = fixture.connect('server c.example');
  const source = channelAt(fixture, 'c.example');
  fixture.sayRaw(c, said(source, hall, 1, '_request_context_enter'));
  tellVisit(fixture, c, 'c.example', visitOf(fixture, 'c.example'));
  fixture.nowMs += 2 * publicationLimits.visitMsMax;
  fixture.sayRaw(c, { routing: { _context: source }, method: '_notice_presence_absent' });
  expect(fixture.closed).toContain(c);
});

test('of a visitor the server that he visits is asked, and nobody else answers for it', () => {
  const fixture = withHall();
  const [c, b] = [fixture.connect('server c.example'), fixture.connect('server b.example')];
  const source = channelAt(fixture, 'c.example');
  fixture.sayRaw(c, said(source, hall, 1, '_request_context_enter'));
  const [question] = fixture.hear(c).filter(({ method }) => method === '_request_keys');
  const tag = question!.routing['_tag'];
  const routing = { _source: 'psyc://b.example', _target: 'psyc://a.example', _tag_relay: tag };
  // By a no of its own it would keep her out, and by keys it would speak for c.example.
  for (const method of ['_error_unknown_target', '_status_keys']) fixture.sayRaw(b, { routing, method });
  expect(rowsOf(fixture)).toBe(1);
  fixture.sayRaw(c, {
    routing: { ...routing, _source: 'psyc://c.example' },
    entity: {
      _uniform: 'psyc://z.example/~zoe',
      _key: keyOf(fixture),
      _statement: fixture.identityOf('zoe', 'z.example').statement,
      _visit: visitOf(fixture, 'c.example'),
    },
    method: '_status_keys',
  });
  expect(rowsOf(fixture)).toBe(2);
});

test('a node tells of visitors, and not of who lives there: those are asked themselves', () => {
  const fixture = withHall();
  const c = fixture.connect('server c.example');
  const routing = { _source: 'psyc://c.example', _target: 'psyc://a.example', _tag: 'q' };
  for (const _uniform of ['psyc://a.example/~ada', 'psyc://z.example/~nobody'])
    fixture.sayRaw(c, { routing, entity: { _uniform }, method: '_request_keys' });
  expect(fixture.methods(c)).toEqual(['_error_unknown_target', '_error_unknown_target']);
});

test('who comes with another key than the pinned one is not she, whatever her domain has signed', () => {
  const fixture = withHall();
  const other = fixture.identityOf('zoe', 'z.example', { identity: 'x' });
  const { fingerprint } = fixture.identityOf('zoe', 'z.example');
  const pin = {
    op: 'record',
    context: 'psyc://z.example/~zoe',
    lease: 1,
    name: 'fingerprint',
    value: fingerprint,
  } as const;
  fixture.store.perform({ kind: 'write', request: 0, operations: [pin] });
  const certified = fixture.keys.certified(other.key, fixture.keys.domain('z.example'));
  const visit = visitOf(fixture, 'a.example', { fingerprint: other.fingerprint });
  const circuit = visitor(fixture, { keys: { ...other, key: certified }, visit });
  expect([fixture.isProved(circuit), fixture.methods(circuit)]).toEqual([false, ['_error_trust_changed_key']]);
});

test('of whoever logs in three others are asked, her home first; before she has proved her key nobody is', () => {
  const fixture = withHall();
  for (const domain of ['b.example', 'c.example', 'd.example', 'z.example']) fixture.connect(`server ${domain}`);
  const key = new Uint8Array(9);
  const unproved = { ...fixture.identityOf('zoe', 'z.example'), key };
  expect(fixture.isProved(visitor(fixture, { keys: unproved }))).toBe(false);
  expect(fixture.askedKeys).toEqual([]);
  expect(fixture.isProved(visitor(fixture))).toBe(true);
  expect(fixture.askedKeys).toEqual(['z.example', 'b.example', 'c.example']);
});
