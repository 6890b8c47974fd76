/** Domains that hear a place: from their first member's coming to their last one's leaving, over crashes, and no row more. */
import { expect, test } from '@jest/globals';
import { isDomain } from '../../psyc/names.ts';
import { storeLimits } from '../../store/store.ts';
import { channel, type Heard, NodeFixture } from './node-fixture.ts';
import { said } from './said.ts';

const hall = 'psyc://a.example/@hall';
const ada = channel('ada', 'phone');
const bob = channel('bob', 'desk');
const of = (nick: string, domain = 'b.example'): string => channel(nick, 'phone', domain);
const enter = (who: string, counter = 1) => said(who, hall, counter, '_request_context_enter');
const leave = (who: string, counter: number) => said(who, hall, counter, '_request_context_leave');
const speak = (who: string, counter: number) => said(who, hall, counter, '_message_public', `${counter}`);

const acknowledge = (fixture: NodeFixture, server: string, sequence: number): void => {
  const [, domain] = server.split(' ');
  const routing = { _source: `psyc://${domain}`, _target: hall };
  fixture.sayRaw(server, { routing, entity: { _sequence: String(sequence) }, method: '_echo_context' });
};
/** Sequences of the rows that came. */
const rowsIn = (heard: Heard[]): string[] =>
  heard.flatMap(({ routing }) => (routing['_context'] === undefined ? [] : [routing['_counter']!]));
const marksOf = (fixture: NodeFixture): Record<string, number> => {
  const outcome = fixture.store.perform({ kind: 'marks', request: 0, context: hall });
  return Object.fromEntries(outcome.kind === 'marks' ? outcome.marks.map((mark) => [mark.name, mark.sequence]) : []);
};
const membersOf = (fixture: NodeFixture, context: string): Record<string, number> => {
  const outcome = fixture.store.perform({ kind: 'members', request: 0, context, above: '', rowsMax: 99 });
  return Object.fromEntries(outcome.kind === 'members' ? outcome.members.map((one) => [one.name, one.sequence]) : []);
};
const reborn = (fixture: NodeFixture): NodeFixture =>
  new NodeFixture({}, { store: fixture.store, keys: fixture.keys, life: 2 });

test('what a domain has not acknowledged when its last member leaves goes out after a crash, and nothing behind it', () => {
  const fixture = new NodeFixture();
  const [phone, server] = [fixture.connect('client ada phone'), fixture.connect('server b.example')];
  fixture.say(phone, enter(ada));
  fixture.say(server, enter(of('zoe')));
  acknowledge(fixture, server, 2);
  fixture.say(phone, speak(ada, 2));
  fixture.say(server, leave(of('zoe'), 2));
  fixture.say(phone, speak(ada, 3));
  expect(rowsIn(fixture.hear(server))).toEqual(['2', '3', '4']);
  const next = reborn(fixture);
  const again = next.connect('server b.example');
  expect(rowsIn(next.hear(again))).toEqual(['3', '4']);
  next.pass(60_000);
  expect(new Set(rowsIn(next.hear(again)))).toEqual(new Set(['3', '4']));
  for (const sequence of [3, 4]) acknowledge(next, again, sequence);
  expect(marksOf(next)).toEqual({});
  // Nothing is left to wake for.
  expect(Object.keys(membersOf(next, 'psyc://a.example'))).not.toContain(hall);
  expect(next.queue('subscribers')).toBe(0);
});

test('a domain that comes again hears nothing that was said while it was away, with its tail or without', () => {
  for (const isAcknowledged of [true, false]) {
    const fixture = new NodeFixture();
    const [phone, server] = [fixture.connect('client ada phone'), fixture.connect('server b.example')];
    fixture.say(phone, enter(ada));
    fixture.say(server, enter(of('zoe')));
    fixture.say(server, leave(of('zoe'), 2));
    if (isAcknowledged) for (const sequence of [2, 3]) acknowledge(fixture, server, sequence);
    fixture.say(phone, speak(ada, 2));
    fixture.hear(server);
    fixture.say(server, enter(of('zoe'), 3));
    fixture.say(phone, speak(ada, 3));
    expect(rowsIn(fixture.hear(server))).toEqual(['5', '6']);
    expect(rowsIn(reborn(fixture).hear(fixture.connect('server b.example')))).toEqual([]);
    const next = reborn(fixture);
    expect(rowsIn(next.hear(next.connect('server b.example')))).toEqual(['5', '6']);
  }
});

test('the first of a domain and the next, in one write with others: each since his own row, the domain since the first', () => {
  const fixture = new NodeFixture();
  const [phone, desk] = [fixture.connect('client ada phone'), fixture.connect('client bob desk')];
  const server = fixture.connect('server b.example');
  fixture.say(phone, enter(ada));
  fixture.held.store = [];
  fixture.say(phone, speak(ada, 2));
  fixture.say(desk, enter(bob));
  fixture.say(server, enter(of('zoe')));
  fixture.say(server, enter(of('yan')));
  fixture.say(phone, speak(ada, 3));
  // Who is looked up is found before the first write is answered: the rest waits for it, and goes together.
  fixture.held.store.reverse();
  fixture.release();
  const since = membersOf(fixture, hall);
  const heard = [...fixture.hear(desk), ...fixture.hear(server)];
  const echoed = heard.flatMap(({ method, routing, packet }) =>
    method === '_echo_context_enter'
      ? [[routing['_target']?.replace(/#.*/, ''), Number(packet.text('_sequence'))]]
      : [],
  );
  expect(since).toEqual({ 'psyc://a.example/~ada': 1, ...Object.fromEntries(echoed) });
  expect(echoed).toHaveLength(3);
  const first = Math.min(since['psyc://b.example/~zoe']!, since['psyc://b.example/~yan']!);
  expect(marksOf(fixture)).toEqual({ 'b.example': first - 1 });
  const next = reborn(fixture);
  expect(rowsIn(next.hear(next.connect('server b.example')))[0]).toBe(String(first));
});

test('speech is judged by what is queued before it: behind an enter it is taken, behind a leave it is not', () => {
  const fixture = new NodeFixture();
  const [phone, desk] = [fixture.connect('client ada phone'), fixture.connect('client bob desk')];
  fixture.say(desk, enter(bob));
  fixture.say(phone, enter(ada));
  fixture.hear(phone);
  fixture.held.store = [];
  fixture.say(phone, leave(ada, 2));
  fixture.say(phone, speak(ada, 3));
  fixture.release();
  expect(new Set(fixture.methods(phone))).toEqual(new Set(['_echo_context_leave', '_error_necessary_membership']));
  fixture.held.store = [];
  fixture.say(phone, enter(ada, 4));
  fixture.say(phone, speak(ada, 5));
  fixture.release();
  expect(fixture.methods(phone)).toContain('_echo_message_public');
  // Another device of hers, while the write with her leave is being told.
  const tablet = fixture.connect('client ada tablet');
  fixture.say(tablet, enter(channel('ada', 'tablet')));
  fixture.hear(tablet);
  fixture.held.store = [];
  fixture.say(phone, leave(ada, 6));
  fixture.say(tablet, speak(channel('ada', 'tablet'), 2));
  fixture.release();
  expect(fixture.methods(tablet)).toContain('_error_necessary_membership');
});

test('domains that come and go leave nothing, whether they acknowledge or never answer again', () => {
  const fixture = new NodeFixture({ placeDomainsMax: 3 });
  for (let number = 0; number < 8; number++) {
    const domain = `d${number}.example`;
    const server = fixture.connect(`server ${domain}`);
    fixture.say(server, enter(of('zoe', domain)));
    fixture.say(server, leave(of('zoe', domain), 2));
    expect(fixture.methods(server)).toContain('_echo_context_leave');
    if (number % 2 === 0) for (const sequence of [1, 2]) acknowledge(fixture, server, 2 * number + sequence);
  }
  const left = Object.keys(marksOf(fixture));
  expect(left.length).toBeLessThanOrEqual(6);
  expect(left).not.toContain('d0.example');
  expect(left).not.toContain('d1.example');
});

test('a domain of any length may come: its marks have room', () => {
  const longest = `${'a'.repeat(61)}.${'b'.repeat(63)}.${'c'.repeat(63)}.${'d'.repeat(63)}`;
  expect([isDomain(longest), isDomain(`a${longest}`)]).toEqual([true, false]);
  expect(`to ${longest}`.length).toBeLessThanOrEqual(storeLimits.markBytesMax);
  const fixture = new NodeFixture();
  const server = fixture.connect(`server ${longest}`);
  fixture.say(server, enter(of('zoe', longest)));
  fixture.say(server, leave(of('zoe', longest), 2));
  expect(fixture.methods(server)).toEqual(
    expect.arrayContaining(['_echo_context_enter', '_notice_context_enter', '_echo_context_leave']),
  );
  expect(marksOf(fixture)).toEqual({ [longest]: 0, [`to ${longest}`]: 2 });
});

test('a domain with members for which there is no link after a start gets one when there is room', () => {
  const fixture = new NodeFixture();
  for (const domain of ['b.example', 'c.example'])
    fixture.say(fixture.connect(`server ${domain}`), enter(of('zoe', domain)));
  const next = new NodeFixture({ peersMax: 1 }, { store: fixture.store, keys: fixture.keys, life: 2 });
  const server = next.connect('server b.example');
  expect(rowsIn(next.hear(server))).toEqual(['1', '2']);
  expect(next.dialled.join()).not.toContain('c.example');
  next.say(server, leave(of('zoe'), 2));
  for (const sequence of [1, 2, 3]) acknowledge(next, server, sequence);
  next.pass(60_000);
  expect(next.dialled.join()).toContain('c.example');
});

test('whoever has no link any more when his turn comes does not enter: he would hear nothing', () => {
  const fixture = new NodeFixture({ peersMax: 1 });
  const [phone, server] = [fixture.connect('client ada phone'), fixture.connect('server b.example')];
  fixture.held.store = [];
  fixture.say(server, enter(of('zoe')));
  fixture.say(phone, said(ada, 'psyc://c.example/~eve', 1, '_message_private_sealed', 'x'));
  expect(fixture.closed).toEqual([server]);
  fixture.release();
  expect([membersOf(fixture, hall), marksOf(fixture)]).toEqual([{}, {}]);
});
