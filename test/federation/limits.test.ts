/** Everything that others can make a node hold has a limit: what happens there. */
import { expect, test } from '@jest/globals';
import { deliveryLimits } from '../../circuit/limits.ts';
import { renderRouted } from '../../psyc/render.ts';
import { MemoryStore } from '../../store/memory.ts';
import { channel, NodeFixture } from './node-fixture.ts';
import { said } from './said.ts';

const hall = 'psyc://a.example/@hall';
const ada = channel('ada', 'phone');
const person = 'psyc://a.example/~ada';
const sealed = '_message_private_sealed';
const of = (nick: string, domain = 'b.example'): string => channel(nick, 'phone', domain);
const enter = (nick: string, domain = 'b.example', place = hall) =>
  said(of(nick, domain), place, 1, '_request_context_enter');

/** A node where ada is, and a server of b.example. */
function begin(limits: ConstructorParameters<typeof NodeFixture>[0]): {
  fixture: NodeFixture;
  phone: string;
  server: string;
} {
  const fixture = new NodeFixture(limits);
  return { fixture, phone: fixture.connect('client ada phone'), server: fixture.connect('server b.example') };
}

test('placeMembersMax, placeDomainsMax', () => {
  const { fixture, phone, server } = begin({ placeMembersMax: 3, placeDomainsMax: 1 });
  const other = fixture.connect('server c.example');
  fixture.say(server, enter('zoe'));
  fixture.say(other, enter('eve', 'c.example'));
  expect(fixture.methods(other)).toEqual(['_failure_excessive_members']);
  fixture.say(server, enter('yan'));
  fixture.say(phone, said(ada, hall, 1, '_request_context_enter'));
  expect(fixture.methods(phone)).toContain('_echo_context_enter');
  fixture.hear(server);
  fixture.say(server, enter('xan'));
  expect(fixture.methods(server)).toEqual(['_failure_excessive_members']);
  // Who is a member already may enter again.
  fixture.say(server, said(of('zoe'), hall, 2, '_request_context_enter'));
  expect(fixture.methods(server)).toContain('_echo_context_enter');
});

test('listedMembersMax', () => {
  const { fixture, server } = begin({ listedMembersMax: 2 });
  for (const nick of ['zoe', 'yan', 'xan']) fixture.say(server, enter(nick));
  const echo = fixture.hear(server).findLast(({ method }) => method === '_echo_context_enter');
  expect(echo?.packet.text('_amount_members')).toBe('3');
  expect(echo?.packet.text('_list_members')?.match(/~\w+/g)).toEqual(['~zoe', '~yan']);
});

test('devicesMax, circuitsMax', () => {
  const { fixture } = begin({ devicesMax: 1, circuitsMax: 3 });
  const desk = fixture.connect('client ada desk');
  expect(fixture.methods(desk)).toEqual(['_error_excessive_devices']);
  // The same channel is no further one.
  expect(fixture.isProved(fixture.connect('client ada phone', { name: 'again' }))).toBe(true);
  fixture.open('third');
  fixture.open('fourth');
  expect(fixture.closed).toContain('fourth');
  expect(fixture.closed).not.toContain('third');
});

test('entitiesMax: idle ones are forgotten first', () => {
  const { fixture, server } = begin({ entitiesMax: 3 });
  for (const nick of ['p', 'q', 'r', 's'])
    fixture.say(server, said(of('zoe'), `psyc://a.example/~${nick}`, 1, '_request_dance'));
  expect(fixture.methods(server)).toEqual(Array.from({ length: 4 }, () => '_error_unknown_target'));
  fixture.say(server, enter('zoe'));
  fixture.say(server, enter('zoe', 'b.example', 'psyc://a.example/@pub'));
  fixture.hear(server);
  // Ada is here, and two places have members elsewhere.
  fixture.say(server, enter('zoe', 'b.example', 'psyc://a.example/@bar'));
  expect(fixture.methods(server)).toEqual(['_failure_excessive_entities']);
  expect(fixture.methods(fixture.connect('client bob desk'))).toEqual(['_error_excessive_entities']);
  expect(fixture.queue('entities')).toBe(3);
});

test('peersMax: idle ones are forgotten first', () => {
  const { fixture, phone, server } = begin({ peersMax: 1 });
  expect(fixture.isProved(fixture.connect('server c.example'))).toBe(true);
  expect(fixture.closed).toEqual([server]);
  fixture.say(phone, said(ada, 'psyc://c.example/~eve', 1, sealed, 'x'));
  fixture.hear(phone);
  const third = fixture.connect('server d.example');
  expect(fixture.methods(third)).toEqual(['_error_excessive_peers']);
  fixture.say(phone, said(ada, 'psyc://d.example/~x', 1, sealed, 'x'));
  expect(fixture.methods(phone)).toEqual(['_failure_excessive_peers']);
});

test('lettersMax: what has no room while the store is asked is dropped, and said again', () => {
  const { fixture, server } = begin({ lettersMax: 2 });
  fixture.held.store = [];
  for (const nick of ['zoe', 'yan', 'xan']) fixture.say(server, enter(nick));
  for (const nick of ['zoe', 'yan', 'xan']) {
    fixture.sayRaw(server, said(of(nick), 'psyc://a.example/~nobody', 1, '_message_private'));
  }
  expect(fixture.queue('letters')).toBe(2);
  fixture.release();
  const methods = fixture.methods(server);
  expect(methods.filter((method) => method === '_echo_context_enter')).toHaveLength(2);
  expect(methods.filter((method) => method === '_error_unknown_target')).toHaveLength(2);
});

test('lettersMax: whoever repeats himself to a domain that is not there makes his server ask the store once at a time', () => {
  // What waits to be sent is known without the store: here that is one.
  const options = { deliveryLimits: { ...deliveryLimits, windowMax: 1 } };
  const fixture = new NodeFixture({ lettersMax: 2 }, { options });
  const phone = fixture.connect('client ada phone');
  const targets = ['zoe', 'yan', 'xan', 'wes'].map((nick) => `psyc://b.example/~${nick}`);
  const sayAll = (): void => {
    for (const target of targets) fixture.say(phone, said(ada, target, 1, sealed, 'x'));
  };
  const asked = (): number => fixture.held.store!.filter(({ kind }) => kind === 'latest').length;
  sayAll();
  fixture.held.store = [];
  for (let times = 0; times < 5; times++) sayAll();
  expect(asked()).toBe(2);
  fixture.release();
  fixture.held.store = [];
  sayAll();
  expect(asked()).toBe(2);
});

test('postedMax: what is posted past it in one step is dropped', () => {
  const { fixture, phone, server } = begin({ postedMax: 1 });
  fixture.say(phone, said(ada, hall, 1, '_request_context_enter'));
  fixture.hear(phone);
  const bytes = ['p', 'q', 'r'].map((nick) => said(of('zoe'), `psyc://a.example/$${nick}`, 1, '_request_dance'));
  const step = bytes.map(({ routing, method }) => renderRouted(routing!, new TextEncoder().encode(`${method}\n`)));
  fixture.tell({ kind: 'bytes', circuit: server, bytes: Uint8Array.from(step.flatMap((one) => [...one])) });
  // What is answered before the next packet is looked at needs room for one.
  expect(fixture.methods(server)).toHaveLength(3);
  fixture.sayRaw(phone, {
    routing: { _source: ada, _target: hall, _tag: 'h' },
    entity: { _after: '0' },
    method: '_request_history',
  });
  // Of two rows and the answer behind them.
  expect(fixture.methods(phone)).toEqual(['_notice_context_enter']);
});

test('historiesMax, historyRowsMax, historyBytesMax', () => {
  const { fixture, phone } = begin({ historiesMax: 2, historyRowsMax: 3, historyBytesMax: 1_000 });
  fixture.say(phone, said(ada, hall, 1, '_request_context_enter'));
  for (let counter = 2; counter <= 6; counter++)
    fixture.say(phone, said(ada, hall, counter, '_message_public', 'x'.repeat(counter === 4 ? 900 : 9)));
  fixture.hear(phone);
  const ask = (after: string, limit: string): void =>
    fixture.sayRaw(phone, {
      routing: { _source: ada, _target: hall, _tag: 'h' },
      entity: { _after: after, _limit: limit },
      method: '_request_history',
    });
  ask('0', '9');
  expect(fixture.methods(phone)).toHaveLength(4);
  ask('3', '3');
  const page = fixture.hear(phone);
  expect(page.map(({ method }) => method)).toEqual(['_message_public', '_echo_history']);
  expect([page[1]?.packet.text('_after'), page[1]?.packet.text('_sequence')]).toEqual(['4', '6']);
  fixture.held.store = [];
  for (let times = 0; times < 3; times++) ask('0', '1');
  expect([fixture.methods(phone), fixture.queue('histories')]).toEqual([['_failure_excessive_requests'], 2]);
  fixture.release();
  expect(fixture.methods(phone)).toHaveLength(4);
  expect(fixture.queue('histories')).toBe(0);
});

test('loginsMax: of one person; pkiAskedMax: of the whole node', () => {
  const fixture = new NodeFixture({ loginsMax: 1, pkiAskedMax: 2 });
  fixture.connect('client ada phone');
  fixture.held.pki = [];
  // One is being answered, one waits.
  for (const device of ['desk', 'tablet', 'lost']) fixture.connect(`client ada ${device}`);
  expect(fixture.methods('client ada lost')).toEqual(['_error_trust_unavailable']);
  fixture.connect('server b.example');
  expect(fixture.queue('pki questions')).toBe(2);
  expect(fixture.methods(fixture.connect('server c.example'))).toEqual(['_error_trust_unavailable']);
  fixture.release();
  expect(fixture.isProved('server b.example')).toBe(true);
  // Whoever was sent away comes again.
  expect(fixture.isProved(fixture.connect('client ada lost', { name: 'again' }))).toBe(true);
});

test('loginsMax: who has proved his device is admitted, however many wait', () => {
  const fixture = new NodeFixture({ loginsMax: 1 });
  fixture.connect('client ada phone');
  fixture.held.pki = [];
  fixture.connect('client ada desk');
  fixture.connect('client ada tablet');
  fixture.release();
  expect([fixture.isProved('client ada desk'), fixture.isProved('client ada tablet')]).toEqual([true, true]);
});

test('registrationsMax: strangers who want a name do not stand in its owner’s way', () => {
  const fixture = new NodeFixture({ registrationsMax: 1, loginsMax: 1 });
  fixture.connect('client ada phone');
  fixture.held.pki = [];
  const claim = (name: string): string => fixture.connect('client ada desk', { name, party: { invite: null } });
  // One is being answered, one waits, the third is sent away.
  const [, , third] = [claim('first'), claim('second'), claim('third')];
  expect(fixture.methods(third)).toEqual(['_error_trust_unavailable']);
  const own = fixture.connect('client ada phone', { name: 'own' });
  fixture.release();
  expect(fixture.isProved(own)).toBe(true);
});

test('authorsKnownMax: the one known longest is asked for again', () => {
  const { fixture, server } = begin({ authorsKnownMax: 1 });
  const asked = (nick: string, counter: number): boolean => {
    fixture.say(server, said(of(nick), person, counter, sealed, 'x'));
    return fixture.methods(server).includes('_request_keys');
  };
  expect([asked('zoe', 1), asked('zoe', 2), asked('yan', 1), asked('zoe', 3), asked('yan', 2)]).toEqual([
    ...[true, false, true, true, true],
  ]);
  expect(fixture.queue('authors known')).toBe(1);
});

test('authorsAskedMax, uncheckedMax', () => {
  const { fixture, server } = begin({ authorsAskedMax: 1, uncheckedMax: 2 });
  const other = fixture.connect('server c.example');
  fixture.tellsKeys = false;
  fixture.say(server, said(of('zoe'), person, 1, sealed, 'x'));
  fixture.say(other, said(of('eve', 'c.example'), person, 1, sealed, 'x'));
  // Silence: it is said again.
  expect(fixture.methods(other)).toEqual([]);
  for (let counter = 1; counter <= 3; counter++) {
    fixture.sayRaw(server, said(of('yan'), 'psyc://a.example/~nobody', counter, '_message_private'));
  }
  expect([fixture.queue('authors asked for'), fixture.queue('unchecked')]).toEqual([1, 2]);
  fixture.hear(server);
  fixture.pass(10_000);
  expect(fixture.methods(server).filter((method) => method !== '_request_keys')).toEqual([
    ...['_error_unknown_target', '_error_unknown_target'],
  ]);
});

test('placeMembersMax of an audience: who has no room there is told nothing, and asks again', () => {
  const store = new MemoryStore();
  const fixture = new NodeFixture({ placeMembersMax: 1 }, { store });
  const [phone, desk] = [fixture.connect('client ada phone'), fixture.connect('client bob desk')];
  const server = fixture.connect('server b.example');
  const enters = (circuit: string, who: string): void => {
    fixture.say(circuit, said(who, 'psyc://b.example/@bar', 1, '_request_context_enter'));
    fixture.sayRaw(server, {
      routing: { _source: 'psyc://b.example/@bar', _target: who, _tag_relay: 't1' },
      entity: { _sequence: '1' },
      method: '_echo_context_enter',
    });
  };
  enters(phone, ada);
  enters(desk, channel('bob', 'desk'));
  expect([fixture.methods(phone), fixture.methods(desk)]).toEqual([['_echo_context_enter'], []]);
});

test('foundedMax: of each person here, and of each other domain; nothing is written before somebody has entered', () => {
  const { fixture, phone, server } = begin({ foundedMax: 2 });
  const store = fixture.store as MemoryStore;
  const place = (name: string): string => `psyc://a.example/@${name}`;
  fixture.say(server, said(of('zoe'), place('none'), 1, '_message_public', 'x'));
  for (const method of ['_request_leave', '_request_history', '_request_dance'])
    fixture.sayRaw(server, said(of('zoe'), place('none'), 1, method));
  expect(store.contexts().filter((context) => /none|places/.test(context))).toEqual([]);
  fixture.hear(server);
  // All at once, so that none of them is written when the next is asked.
  fixture.held.store = [];
  for (const name of ['p', 'q', 'r']) {
    fixture.say(server, enter(name, 'b.example', place(name)));
    fixture.say(phone, said(ada, place(`own${name}`), 1, '_request_context_enter'));
    fixture.say(phone, said(ada, place(`own${name}`), 2, '_message_public', 'right behind'));
  }
  fixture.release();
  const answers = (circuit: string): string[] =>
    fixture.methods(circuit).flatMap((method) => (method?.startsWith('_notice') ? [] : [method ?? '']));
  const ofServer = answers(server);
  expect(ofServer.filter((method) => method === '_echo_context_enter')).toHaveLength(2);
  expect(ofServer).toContain('_failure_excessive_places');
  const ofPhone = answers(phone);
  expect(ofPhone.filter((method) => method === '_echo_message_public')).toHaveLength(2);
  expect(ofPhone).toContain('_failure_excessive_places');
  const next = new NodeFixture({ foundedMax: 2 }, { store, keys: fixture.keys, life: 2 });
  const again = next.connect('server b.example');
  next.say(again, enter('zoe', 'b.example', place('s')));
  expect(next.methods(again)).toContain('_failure_excessive_places');
  // What is there everybody may enter.
  next.say(again, enter('zoe', 'b.example', place('ownp')));
  expect(next.methods(again)).toContain('_echo_context_enter');
});

test('foundersKnownMax: the one asked for longest ago is looked up again', () => {
  const { fixture, phone, server } = begin({ foundedMax: 1, foundersKnownMax: 1 });
  fixture.say(server, enter('zoe'));
  fixture.say(phone, said(ada, 'psyc://a.example/@own', 1, '_request_context_enter'));
  fixture.hear(server);
  fixture.say(server, enter('zoe', 'b.example', 'psyc://a.example/@more'));
  expect(fixture.methods(server)).toEqual(['_failure_excessive_places']);
});
