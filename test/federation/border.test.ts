/** The border of a node: what must be signed and sealed, whose signatures hold, and what is done while keys are asked for. */
import { expect, test } from '@jest/globals';
import { federationLimits } from '../../federation/limits.ts';
import { type Draft, render, renderRouted } from '../../psyc/render.ts';
import { channel, NodeFixture } from './node-fixture.ts';
import { said, spoilt } from './said.ts';

const hall = 'psyc://a.example/@hall';
const bar = 'psyc://b.example/@bar';
const person = 'psyc://a.example/~ada';
const ada = channel('ada', 'phone');
const bob = channel('bob', 'desk');
const zoe = channel('zoe', 'desk', 'b.example');
const yan = channel('yan', 'phone', 'b.example');
const sealed = '_message_private_sealed';

const rows = (fixture: NodeFixture, context: string): number => {
  const outcome = fixture.store.perform({ kind: 'read', request: 0, context, after: 0, rowsMax: 100 });
  return outcome.kind === 'rows' ? outcome.rows.length : 0;
};
const routingOf = (draft: Draft): Record<string, string> => draft.routing as Record<string, string>;
const isAsking = (methods: (string | null)[]): boolean => methods.includes('_request_keys');

test('a client signs what it says, with the device that logged in, and seals what it says to somebody', () => {
  const fixture = new NodeFixture();
  const [phone, desk] = [fixture.connect('client ada phone'), fixture.connect('client bob desk')];
  const say = (draft: Draft, content?: Uint8Array): (string | null)[] => {
    if (content === undefined) fixture.sayRaw(phone, draft);
    else fixture.sayBytes(phone, renderRouted(routingOf(draft), content));
    return fixture.methods(phone);
  };
  fixture.say(phone, said(ada, hall, 1, '_request_context_enter'));
  fixture.hear(phone);
  const public2 = said(ada, hall, 2, '_message_public', 'x');
  const private1 = said(ada, 'psyc://a.example/~bob', 1, '_message_private', 'x');
  expect(say(public2)).toEqual(['_error_necessary_signature']);
  expect(say(private1)).toEqual(['_error_necessary_signature']);
  expect(say(private1, fixture.sign(ada, 'psyc://a.example/~bob', private1))).toEqual(['_error_necessary_seal']);
  expect(say(public2, fixture.sign(ada, hall, public2, 'desk'))).toEqual(['_error_publication_foreign_device']);
  expect(say(public2, fixture.sign(bob, hall, public2))).toEqual(['_error_publication_foreign_device']);
  expect(say(public2, fixture.sign(ada, bar, public2))).toEqual(['_error_publication_invalid_signature']);
  expect(say(public2, spoilt(fixture.sign(ada, hall, public2), 40))).toEqual(['_error_publication_foreign_key']);
  expect(say(public2, spoilt(fixture.sign(ada, hall, public2)))).toEqual(['_error_publication_invalid_signature']);
  expect(rows(fixture, hall)).toBe(1);
  expect(say(public2, fixture.sign(ada, hall, public2))).toEqual(['_message_public', '_echo_message_public']);
  expect(fixture.hear(desk)).toEqual([]);
  expect(fixture.closed).toEqual([]);
});

test('an author elsewhere: his domain is asked for his keys once, which are pinned', () => {
  const fixture = new NodeFixture();
  fixture.connect('client ada phone');
  const server = fixture.connect('server b.example');
  fixture.say(server, said(zoe, person, 1, sealed, 'one'));
  fixture.say(server, said(zoe, person, 2, sealed, 'two'));
  expect(fixture.methods(server)).toEqual(['_request_keys', `_echo${sealed}`, `_echo${sealed}`]);
  expect(fixture.methods('client ada phone')).toEqual([sealed, sealed]);
  const pinned = fixture.store.perform({ kind: 'records', request: 0, context: 'psyc://b.example/~zoe' });
  expect(pinned).toMatchObject({ records: [{ name: 'fingerprint' }, { name: 'pinned' }, { name: 'statement' }] });
  fixture.sayBytes(
    server,
    renderRouted(
      routingOf(said(zoe, person, 3, sealed)),
      spoilt(fixture.sign(zoe, person, said(zoe, person, 3, sealed, 'no'))),
    ),
  );
  expect(fixture.methods(server)).toEqual(['_error_publication_invalid_signature']);
  // What he says without signing it is his domain's word.
  fixture.sayRaw(server, said(zoe, person, 3, '_message_private', 'plain'));
  expect(fixture.methods(server)).toEqual(['_echo_message_private']);
});

test('a device that its author does not name, and another identity than the pinned one: _unknown_author', () => {
  const fixture = new NodeFixture();
  fixture.connect('client ada phone');
  const server = fixture.connect('server b.example');
  const draft = said(zoe, person, 1, sealed, 'x');
  const stranger = fixture.sign(zoe, person, draft, 'stranger');
  fixture.sayBytes(server, renderRouted(routingOf(draft), stranger));
  expect(fixture.methods(server)).toEqual(['_request_keys', '_error_unknown_author']);
  // Known a moment ago: he is not asked for at once again, and may have enrolled it since.
  fixture.sayBytes(server, renderRouted(routingOf(draft), stranger));
  expect(fixture.methods(server)).toEqual([]);
  fixture.pass(federationLimits.keysAgainMsMin);
  fixture.sayBytes(server, renderRouted(routingOf(draft), stranger));
  expect(fixture.methods(server)).toEqual(['_request_keys', '_error_unknown_author']);

  fixture.tellsKeys = false;
  fixture.pass(federationLimits.keysAgainMsMin);
  fixture.sayBytes(server, renderRouted(routingOf(draft), stranger));
  const [question] = fixture.hear(server);
  const other = fixture.identityOf('zoe', 'b.example', { identity: 'x', devices: ['stranger'] });
  fixture.sayRaw(server, {
    routing: { _source: 'psyc://b.example/~zoe', _target: 'psyc://a.example', _tag_relay: question!.routing['_tag']! },
    entity: { _key: fixture.keys.certified(other.key, fixture.keys.domain('b.example')), _statement: other.statement },
    method: '_status_keys',
  });
  // And whose key it is that is not believed is told of it, by way of his home.
  expect(fixture.methods(server)).toEqual(['_notice_key_foreign', '_error_unknown_author']);
});

test('a domain that tells no keys is asked again, and again; what came behind waits, in order; then there is silence', () => {
  const fixture = new NodeFixture();
  fixture.connect('client ada phone');
  const server = fixture.connect('server b.example');
  fixture.tellsKeys = false;
  fixture.say(server, said(zoe, person, 1, sealed, 'x'));
  fixture.sayRaw(server, said(yan, 'psyc://a.example/~nobody', 1, '_message_private', 'y'));
  expect(fixture.methods(server)).toEqual(['_request_keys']);
  fixture.pass(federationLimits.keysMsMax - 1);
  const asked = fixture.methods(server);
  expect([asked.length > 2, asked.every((method) => method === '_request_keys')]).toEqual([true, true]);
  fixture.pass(1);
  expect(fixture.methods(server)).toEqual(['_error_unknown_target']);
  expect(rows(fixture, person)).toBe(0);
  fixture.tellsKeys = true;
  fixture.say(server, said(zoe, person, 1, sealed, 'x'));
  expect(fixture.methods(server)).toEqual(['_request_keys', `_echo${sealed}`]);
});

test.each([
  ['_error_unknown_target', ['_error_unknown_author']],
  ['_failure_excessive_entities', []],
])('an author’s domain that answers with %s', (method, heard) => {
  const fixture = new NodeFixture();
  fixture.connect('client ada phone');
  const server = fixture.connect('server b.example');
  fixture.tellsKeys = false;
  fixture.say(server, said(zoe, person, 1, sealed, 'x'));
  const [question] = fixture.hear(server);
  const routing = { _source: 'psyc://b.example/~zoe', _target: 'psyc://a.example' };
  fixture.sayRaw(server, { routing: { ...routing, _tag_relay: question!.routing['_tag']! }, method });
  expect(fixture.methods(server)).toEqual(heard);
});

test('many answers to one question are one question to OpenPGP; what failed here is asked again', () => {
  const fixture = new NodeFixture({ pkiStrangersMax: 2 });
  fixture.connect('client ada phone');
  const server = fixture.connect('server b.example');
  fixture.tellsKeys = false;
  fixture.say(server, said(zoe, person, 1, sealed, 'x'));
  const [question] = fixture.hear(server);
  const { key, statement } = fixture.identityOf('zoe', 'b.example');
  const routing = { _source: 'psyc://b.example/~zoe', _target: 'psyc://a.example' };
  const tell = (): void =>
    fixture.sayRaw(server, {
      routing: { ...routing, _tag_relay: question!.routing['_tag']! },
      entity: { _key: fixture.keys.certified(key, fixture.keys.domain('b.example')), _statement: statement },
      method: '_status_keys',
    });
  fixture.held.pki = [];
  // Other strangers' questions take the room that strangers have.
  const others = ['c', 'd'].map((letter) => fixture.connect(`server ${letter}.example`));
  tell();
  expect(fixture.queue('pki questions')).toBe(2);
  fixture.release();
  expect(others.map((other) => fixture.isProved(other))).toEqual([true, true]);
  fixture.held.pki = [];
  for (let times = 0; times < 300; times++) tell();
  expect(fixture.queue('pki questions')).toBe(1);
  expect(fixture.isProved(fixture.connect('client ada desk'))).toBe(false);
  // Our own people's have room.
  expect(fixture.queue('pki questions')).toBe(2);
  fixture.release();
  expect(fixture.isProved('client ada desk')).toBe(true);
  expect(fixture.methods(server)).toEqual([`_echo${sealed}`]);
});

test('two servers that wait for each other’s keys get them', () => {
  const fixture = new NodeFixture();
  fixture.connect('client ada phone');
  const server = fixture.connect('server b.example');
  fixture.tellsKeys = false;
  fixture.say(server, said(zoe, person, 1, sealed, 'x'));
  fixture.sayRaw(server, {
    routing: { _source: 'psyc://b.example', _target: person, _tag: 'k' },
    method: '_request_keys',
  });
  expect(fixture.methods(server)).toEqual(['_request_keys', '_status_keys']);
});

test('what waits on a circuit that is over is not judged: it comes again on the next', () => {
  const fixture = new NodeFixture();
  fixture.connect('client ada phone');
  const server = fixture.connect('server b.example');
  fixture.tellsKeys = false;
  fixture.say(server, said(zoe, person, 1, sealed, 'x'));
  fixture.tell({ kind: 'failed', circuit: server });
  const next = fixture.connect('server b.example', { name: 'next' });
  fixture.pass(federationLimits.keysMsMax);
  const methods = fixture.methods(next);
  expect([isAsking(methods), methods.includes('_error_unknown_author')]).toEqual([true, false]);
});

test('a place elsewhere: what our own people said there must be theirs, or the circuit is closed', () => {
  const fixture = new NodeFixture();
  fixture.connect('client ada phone');
  const desk = fixture.connect('client bob desk');
  const server = fixture.connect('server b.example');
  fixture.say(desk, said(bob, bar, 1, '_request_context_enter'));
  fixture.sayRaw(server, {
    routing: { _source: bar, _target: bob, _tag_relay: 't1' },
    entity: { _sequence: '1', _amount_members: '1' },
    method: '_echo_context_enter',
  });
  fixture.hear(server);
  const multicast = (counter: number, relay: string, content: Uint8Array): void =>
    fixture.sayBytes(server, renderRouted({ _context: bar, _source_relay: relay, _counter: String(counter) }, content));
  const draft = { method: '_message_public', data: 'here' };
  multicast(2, person, fixture.sign(ada, bar, draft));
  // Somebody else's people are for the readers to check.
  multicast(3, 'psyc://c.example/~eve', spoilt(fixture.sign(channel('eve', 'desk', 'c.example'), bar, draft)));
  expect(fixture.methods(desk)).toEqual(['_echo_context_enter', '_message_public', '_message_public']);
  expect(fixture.methods(server)).toEqual(['_echo_context', '_echo_context']);
  multicast(4, person, spoilt(fixture.sign(ada, bar, draft)));
  expect(fixture.methods(server)).toEqual(['_error_authority_unproved_source_relay']);
  expect(fixture.closed).toEqual([server]);
  expect(fixture.methods(desk)).toEqual([]);
});

test.each(['genuine', 'spoilt', 'malformed'])(
  'what somebody else carries in an author’s name is not taken (%s), and nobody is answered for it',
  (kind) => {
    const fixture = new NodeFixture();
    fixture.connect('client ada phone');
    const [server, evil] = [fixture.connect('server b.example'), fixture.connect('server evil.example')];
    const draft = said(zoe, person, 1, sealed, 'x');
    const content = fixture.sign(zoe, person, draft);
    fixture.say(server, said(zoe, person, 1, sealed, 'first'));
    fixture.hear(server);
    const malformed = new Uint8Array([...content.subarray(0, 28), 9, ...content.subarray(29)]);
    const carried = { genuine: content, spoilt: spoilt(content), malformed }[kind]!;
    fixture.sayBytes(evil, renderRouted({ ...routingOf(draft), _counter: '2', _tag: 't2' }, carried));
    expect(fixture.methods(evil)).toEqual(['_error_authority_unproved_source']);
    expect(fixture.closed).toEqual([evil]);
    expect(fixture.methods(server)).toEqual([]);
    expect(rows(fixture, person)).toBe(1);
  },
);

test('a malformed signature is told to who said it; one in another’s name closes his circuit', () => {
  const fixture = new NodeFixture();
  const [phone, desk] = [fixture.connect('client ada phone'), fixture.connect('client bob desk')];
  const lines = { _signature_author: 'x', _other: 'y' };
  const forged = (source: string): Uint8Array =>
    render({ routing: routingOf(said(source, hall, 1, '')), entity: lines, method: '_message_public' });
  fixture.sayBytes(phone, forged(ada));
  expect(fixture.methods(phone)).toEqual(['_error_publication_invalid_line']);
  fixture.sayBytes(phone, forged(bob));
  expect(fixture.methods(phone)).toEqual(['_error_authority_unproved_source']);
  expect(fixture.methods(desk)).toEqual([]);
});

test('a copy of what somebody said, on another’s own channel: its device is not his', () => {
  const fixture = new NodeFixture();
  const desk = fixture.connect('client bob desk');
  const content = fixture.sign(ada, hall, said(ada, hall, 1, '_message_public', 'x'));
  fixture.sayBytes(desk, renderRouted(routingOf(said(bob, hall, 1, '')), content));
  expect(fixture.methods(desk)).toEqual(['_error_publication_foreign_device']);
  fixture.sayBytes(desk, renderRouted({ ...routingOf(said(bob, hall, 1, '')), _source_relay: person }, content));
  expect(fixture.methods(desk)).toEqual(['_error_authority_unproved_source_relay']);
});

test('a signature of nobody, or of a place, is nobody’s', () => {
  const fixture = new NodeFixture();
  const server = fixture.connect('server b.example');
  const draft = said(zoe, hall, 1, '_message_public', 'x');
  fixture.sayBytes(server, renderRouted({ _target: hall, _tag: 't', _counter: '1' }, fixture.sign(zoe, hall, draft)));
  expect(fixture.methods(server)).toEqual([]);
  fixture.sayBytes(server, renderRouted({ ...routingOf(draft), _source: bar }, fixture.sign(zoe, hall, draft)));
  expect(fixture.methods(server)).toEqual(['_error_unknown_author']);
  expect(fixture.closed).toEqual([]);
});

test.each([
  ['an act', hall, '_request_context_topic'],
  ['friendship', person, '_request_friendship'],
  ['what is said', person, sealed],
])('%s in another’s name than his who has signed it closes the circuit', (_, target, method) => {
  const fixture = new NodeFixture();
  const phone = fixture.connect('client ada phone');
  const server = fixture.connect('server b.example');
  fixture.say(phone, said(ada, hall, 1, '_request_context_enter'));
  fixture.say(server, said(zoe, hall, 1, '_request_context_enter'));
  const before = rows(fixture, target);
  const { _source, ...routing } = routingOf(said(zoe, target, 2, method));
  const forged = { routing: { _source, _source_relay: 'psyc://b.example/~yan', ...routing }, method };
  fixture.sayBytes(server, fixture.signed(yan, target, { ...forged, entity: { _topic: 'forged' } }));
  expect(fixture.closed).toContain(server);
  expect(rows(fixture, target)).toBe(before);
});
