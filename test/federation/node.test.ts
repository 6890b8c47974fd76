/** A node: places, persons, other domains, and everybody who speaks for somebody else. */
import { expect, test } from '@jest/globals';
import { channel, NodeFixture } from './node-fixture.ts';
import { said } from './said.ts';

const hall = 'psyc://a.example/@hall';
const ada = channel('ada', 'phone');
const bob = channel('bob', 'desk');
const zoe = channel('zoe', 'desk', 'b.example');
const sealed = '_message_private_sealed';

test('enter, speak, hear, leave: echoes with sequences, notices, the author named by his place', () => {
  const fixture = new NodeFixture();
  const [phone, desk] = [fixture.connect('client ada phone'), fixture.connect('client bob desk')];
  fixture.say(phone, said(ada, hall, 1, '_request_context_enter'));
  fixture.say(desk, said(bob, hall, 1, '_request_enter'));
  expect(fixture.hear(desk).map(({ method }) => method)).toEqual(['_notice_context_enter', '_echo_place_enter']);
  fixture.hear(phone);
  fixture.say(desk, said(bob, hall, 2, '_message_public', 'hello'));
  expect(fixture.hear(phone)).toMatchObject([
    {
      routing: { _context: hall, _source_relay: 'psyc://a.example/~bob', _tag: 't2', _counter: '3' },
      method: '_message_public',
      data: 'hello',
    },
  ]);
  const [own, echo] = fixture.hear(desk);
  expect(own).toMatchObject({ method: '_message_public', data: 'hello' });
  expect(echo).toMatchObject({ routing: { _tag_relay: 't2', _tag_reply: 't2' }, method: '_echo_message_public' });
  expect(echo?.packet.text('_sequence')).toBe('3');
  fixture.say(desk, said(bob, hall, 3, '_request_leave'));
  expect(fixture.methods(desk)).toEqual(['_echo_place_leave']);
  expect(fixture.methods(phone)).toEqual(['_notice_context_leave']);
  fixture.say(desk, said(bob, hall, 4, '_message_public', 'still here?'));
  expect(fixture.methods(desk)).toEqual(['_error_necessary_membership']);
  // He entered anew: the refused number is not missing.
  fixture.say(desk, said(bob, hall, 5, '_request_context_enter'));
  fixture.say(desk, said(bob, hall, 6, '_message_public', 'again'));
  expect(fixture.methods(desk)).toContain('_echo_message_public');
});

test('what is said again is acknowledged again and not said twice; members outlive the node', () => {
  const fixture = new NodeFixture();
  const phone = fixture.connect('client ada phone');
  fixture.say(phone, said(ada, hall, 1, '_request_context_enter'));
  fixture.say(phone, said(ada, hall, 2, '_message_public', 'once'));
  fixture.hear(phone);
  fixture.say(phone, said(ada, hall, 2, '_message_public', 'once'));
  expect(fixture.methods(phone)).toEqual(['_echo_message_public']);
  const next = new NodeFixture({}, { store: fixture.store, keys: fixture.keys, life: 2 });
  const again = next.connect('client ada phone');
  next.say(again, said(ada, hall, 2, '_message_public', 'once'));
  expect(next.methods(again)).toEqual(['_echo_message_public']);
  next.say(again, said(ada, hall, 3, '_message_public', 'more'));
  expect(next.methods(again)).toEqual(['_message_public', '_echo_message_public']);
  next.say(again, {
    routing: { _source: ada, _target: hall, _tag: 'h' },
    entity: { _after: '1', _limit: '1' },
    method: '_request_history',
  });
  const [row, end] = next.hear(again);
  expect(row).toMatchObject({ routing: { _context: hall, _target: ada, _counter: '2' }, data: 'once' });
  expect([end?.method, end?.packet.text('_after'), end?.packet.text('_sequence')]).toEqual(['_echo_history', '2', '3']);
});

test('a private message reaches every device, and waits for those that are away', () => {
  const fixture = new NodeFixture();
  const [phone, desk] = [fixture.connect('client ada phone'), fixture.connect('client bob desk')];
  fixture.say(phone, said(ada, 'psyc://a.example/~bob', 1, sealed, 'psst'));
  expect(fixture.methods(phone)).toEqual([`_echo${sealed}`]);
  expect(fixture.hear(desk)).toMatchObject([{ routing: { _source: ada, _counter: '1' }, data: 'psst' }]);
  fixture.say(desk, {
    routing: { _source: bob, _target: 'psyc://a.example/~bob', _tag_relay: 't1' },
    entity: { _sequence: '1' },
    method: `_echo${sealed}`,
  });
  fixture.tell({ kind: 'failed', circuit: desk });
  expect(fixture.methods(fixture.connect('client bob desk', { name: 'desk again' }))).toEqual([]);
  expect(fixture.methods(fixture.connect('client bob phone'))).toEqual([sealed]);
});

test('a domain gets one copy of a multicast, and what is for it waits until it is there', () => {
  const fixture = new NodeFixture();
  const [phone, server] = [fixture.connect('client ada phone'), fixture.connect('server b.example')];
  fixture.say(phone, said(ada, hall, 1, '_request_context_enter'));
  fixture.say(server, said(zoe, hall, 1, '_request_context_enter'));
  fixture.say(server, said('psyc://b.example/~yan', hall, 1, '_request_context_enter'));
  fixture.hear(server);
  fixture.hear(phone);
  fixture.say(phone, said(ada, hall, 2, '_message_public', 'all'));
  expect(fixture.hear(server)).toMatchObject([{ routing: { _context: hall, _counter: '4' }, data: 'all' }]);
  fixture.say(phone, said(ada, 'psyc://c.example/~eve', 1, sealed, 'later'));
  expect(fixture.dialled).toEqual(['out 1.1 c.example']);
  expect(fixture.methods(phone)).toEqual(['_message_public', '_echo_message_public']);
  fixture.accept('out 1.1', 'server c.example');
  expect(fixture.hear('out 1.1')).toMatchObject([{ routing: { _source: ada, _counter: '1' }, data: 'later' }]);
  fixture.say('out 1.1', {
    routing: { _source: 'psyc://c.example/~eve', _target: ada, _tag_relay: 't1' },
    entity: { _counter_relay: '1' },
    method: '_error_unknown_target',
  });
  expect(fixture.methods(phone)).toEqual(['_error_unknown_target']);
});

test('what is said again after its answer was lost waits for the link, and goes again', () => {
  const yard = 'psyc://b.example/@yard';
  const enter = said(ada, yard, 1, '_request_context_enter');
  const before = new NodeFixture();
  before.say(before.connect('client ada phone'), enter);
  const link = before.accept('out 1.1', 'server b.example');
  before.hear(link);
  const routing = { _source: yard, _target: ada, _tag_relay: 't1', _tag_reply: 't1' };
  before.say(link, { routing, entity: { _counter_relay: '1', _sequence: '1' }, method: '_echo_context_enter' });
  // This life ends between the mark and the device: nothing is on its way any more, and ada has heard nothing.
  const after = new NodeFixture({}, { store: before.store, keys: before.keys, life: 2 });
  after.say(after.connect('client ada phone'), enter);
  expect(after.methods(after.accept('out 2.1', 'server b.example'))).toContain('_request_context_enter');
});

test.each([
  ['client ada phone', { _source: bob, _target: hall }, '_error_authority_unproved_source'],
  ['client ada phone', { _source: channel('ada', 'desk'), _target: hall }, '_error_authority_unproved_source'],
  ['client ada phone', { _source: channel('ada', 'phone-bot'), _target: hall }, '_error_authority_unproved_source'],
  ['client ada phone', { _target: hall }, '_error_authority_unproved_source'],
  ['client ada phone', { _context: hall }, '_error_authority_unproved_context'],
  ['client ada phone', { _source: ada, _target: hall, _source_relay: bob }, '_error_authority_unproved_source_relay'],
  ['client ada phone', { _source: ada, _context: hall }, '_error_invalid_usage'],
  ['server b.example', { _source: ada, _target: hall }, '_error_authority_unproved_source'],
  ['server b.example', { _context: 'psyc://c.example/@bar', _source_relay: zoe }, '_error_authority_unproved_context'],
  [
    'server b.example',
    { _context: 'psyc://b.example/@bar', _source_relay: ada },
    '_error_authority_unproved_source_relay',
  ],
  ['server b.example', { _source: zoe, _target: 'nowhere' }, '_error_invalid_entity'],
])('%s may not say %j: %s, and the circuit is closed', (peer, routing, method) => {
  const fixture = new NodeFixture();
  const circuit = fixture.connect(peer);
  fixture.sayRaw(circuit, { routing: { ...routing, _tag: 't', _counter: '1' }, method: '_message_public', data: 'x' });
  expect(fixture.methods(circuit)).toEqual([method]);
  expect(fixture.closed).toEqual([circuit]);
  expect(fixture.store.perform({ kind: 'read', request: 0, context: hall, after: 0, rowsMax: 9 })).toMatchObject({
    rows: [],
  });
});

test.each([
  ['psyc://a.example/~nobody', '_message_private', '_error_unknown_target'],
  ['psyc://a.example/@UPPER*', '_message_public', '_error_unknown_target'],
  ['psyc://a.example/$pool', '_request_pool', '_error_unknown_target'],
  [hall, '_message_public', '_error_necessary_membership'],
  [hall, '_request_dance', '_error_unsupported_method'],
  ['psyc://a.example/~ada', '_request_dance', '_error_unsupported_method'],
])('to %s %s: %s, with both tags, and the circuit stays', (target, method, answer) => {
  const fixture = new NodeFixture();
  fixture.connect('client ada phone');
  const circuit = fixture.connect('server b.example');
  fixture.sayRaw(circuit, said(zoe, target, 1, method));
  expect(fixture.hear(circuit)).toMatchObject([
    { routing: { _target: zoe, _tag_relay: 't1', _tag_reply: 't1' }, method: answer },
  ]);
  expect(fixture.closed).toEqual([]);
});

test('nothing is relayed between two other domains', () => {
  const fixture = new NodeFixture();
  const server = fixture.connect('server b.example');
  fixture.sayRaw(server, said(zoe, 'psyc://c.example/~eve', 1, '_message_private', 'hi'));
  expect(fixture.methods(server)).toEqual(['_error_invalid_target']);
  expect(fixture.dialled).toEqual([]);
});
