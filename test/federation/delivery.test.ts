/** What goes to other domains: nobody holds it up, it ends one day, and its author is told; and whoever lost his numbers begins anew. */
import { expect, test } from '@jest/globals';
import { circuitLimits, deliveryLimits } from '../../circuit/limits.ts';
import { channel, type Heard, NodeFixture } from './node-fixture.ts';
import { said } from './said.ts';

const [ada, bob] = [channel('ada', 'phone'), channel('bob', 'desk')];
const zoe = channel('zoe', 'desk', 'b.example');
const sealed = '_message_private_sealed';
const person = (nick: string, domain = 'b.example'): string => `psyc://${domain}/~${nick}`;

/** A node where ada is, and the server of b.example. */
function begin(...options: ConstructorParameters<typeof NodeFixture>): [NodeFixture, string, string] {
  const fixture = new NodeFixture(...options);
  return [fixture, fixture.connect('client ada phone'), fixture.connect('server b.example')];
}

/** The target, or who is named, answers what was heard. */
function answer(fixture: NodeFixture, circuit: string, { routing }: Heard, method = `_echo${sealed}`, source?: string) {
  const { _source: author, _target: target, _tag: tag, _counter: counter } = routing;
  fixture.sayRaw(circuit, {
    routing: { _source: source ?? target, _target: author, _tag_relay: tag },
    entity: { _counter_relay: counter },
    method,
  });
}

const duties = (fixture: NodeFixture): string[] => {
  const asked = { kind: 'members', request: 0, context: 'psyc://a.example', above: '', rowsMax: 9 } as const;
  const outcome = fixture.store.perform(asked);
  return outcome.kind === 'members' ? outcome.members.map(({ name }) => name) : [];
};

test.each([
  ['psyc://b.example:4404/~zoe', '_request_dance', '_error_invalid_target'],
  ['psyc://b.example:c/~zoe', '_request_dance', '_error_invalid_target'],
  ['psyc://b.example/~zoe#main', '_request_dance', '_error_invalid_target'],
  ['psyc://b.example/zoe', '_request_dance', '_error_invalid_target'],
  ['psyc://b.example', '_request_dance', '_error_invalid_target'],
  [person('zoe'), '_notice_hello', '_error_unsupported_method'],
  [person('zoe'), '_request_keys', '_error_unsupported_method'],
])('numbered to %s, %s could never be answered: %s at once', (target, method, code) => {
  const [fixture, phone, server] = begin();
  fixture.hear(server);
  fixture.say(phone, said(ada, target, 1, method));
  expect(fixture.hear(phone)).toMatchObject([
    { routing: { _source: 'psyc://a.example', _tag_relay: 't1' }, method: code },
  ]);
  expect([fixture.hear(server), fixture.queue('backlog')]).toEqual([[], 0]);
});

test.each([
  [person('ada', 'a.example'), '_notice_hello', '_error_unsupported_method'],
  [ada, '_message_private', '_error_invalid_target'],
  ['psyc://a.example', '_request_dance', '_error_unsupported_method'],
  ['psyc://a.example/@hall', '_notice_hello', '_error_unsupported_method'],
])('numbered to %s, %s is answered: %s', (target, method, code) => {
  const [fixture, , server] = begin();
  fixture.sayRaw(server, said(zoe, target, 1, method));
  expect(fixture.methods(server)).toEqual([code]);
});

test('a target that does not answer holds up nobody but itself', () => {
  const [fixture, phone, server] = begin();
  const desk = fixture.connect('client bob desk');
  for (let counter = 1; counter <= 40; counter++) fixture.say(phone, said(ada, person('dead'), counter, sealed, 'x'));
  fixture.say(desk, said(bob, person('zoe'), 1, sealed, 'hello'));
  expect(fixture.hear(server).map(({ routing }) => routing['_target'])).not.toContain(person('zoe'));
  fixture.pass(7_000);
  const heard = fixture.hear(server).filter(({ routing }) => routing['_target'] === person('zoe'));
  expect(heard).toHaveLength(1);
  answer(fixture, server, heard[0]!);
  expect(fixture.methods(desk)).toEqual([`_echo${sealed}`]);
  expect([fixture.queue('window'), fixture.queue('parked')]).toEqual([1, 39]);
  // He is back: everything goes, in order.
  const asked = new Set<string>();
  for (let rounds = 0; rounds < 60; rounds++) {
    fixture.pass(1_000);
    for (const letter of fixture.hear(server)) {
      if (letter.method !== sealed) continue;
      asked.add(letter.routing['_counter']!);
      answer(fixture, server, letter);
    }
  }
  expect([...asked].map(Number)).toEqual(Array.from({ length: 40 }, (_, index) => index + 1));
  expect([fixture.queue('backlog'), fixture.queue('parked')]).toEqual([0, 0]);
});

test("a refusal of the peer's node under tag and counter ends the delivery, an echo of it does not", () => {
  const [fixture, phone, server] = begin();
  fixture.say(phone, said(ada, person('zoe'), 1, sealed, 'x'));
  const letter = fixture.hear(server).find(({ method }) => method === sealed)!;
  answer(fixture, server, letter, `_echo${sealed}`, 'psyc://b.example');
  expect(fixture.queue('backlog')).toBe(1);
  answer(fixture, server, letter, '_error_unknown_target', 'psyc://b.example');
  expect(fixture.queue('backlog')).toBe(0);
  expect(fixture.methods(phone)).toContain('_error_unknown_target');
});

test('giveUpMsMax: what nobody answers is given up, after a restart too, and its author is told', () => {
  const giveUpMsMax = 300_000;
  const options = { deliveryLimits: { ...deliveryLimits, giveUpMsMax } };
  const first = new NodeFixture({}, { options });
  first.say(first.connect('client ada phone'), said(ada, person('zoe'), 1, sealed, 'x'));
  first.pass(200_000);
  expect(duties(first)).toEqual(['psyc://b.example']);
  const fixture = new NodeFixture({}, { store: first.store, keys: first.keys, life: 2, options });
  fixture.nowMs = 200_000;
  const phone = fixture.connect('client ada phone');
  fixture.pass(99_000);
  expect([fixture.methods(phone), fixture.queue('backlog')]).toEqual([[], 1]);
  fixture.pass(30_000);
  expect(fixture.hear(phone)).toMatchObject([
    { routing: { _source: 'psyc://a.example', _tag_relay: 't1' }, method: '_failure_delivery_timeout' },
  ]);
  // Nothing is left to be done there: the peer may be forgotten, now and after a restart.
  expect([fixture.queue('backlog'), duties(fixture)]).toEqual([0, []]);
  // Who was away is told when he says it again.
  fixture.say(phone, said(ada, person('zoe'), 1, sealed, 'x'));
  expect(fixture.methods(phone)).toEqual(['_failure_delivery_timeout']);
});

test('what is answered is no duty any more', () => {
  const [fixture, phone, server] = begin();
  fixture.say(phone, said(ada, person('zoe'), 1, sealed, 'x'));
  expect(duties(fixture)).toEqual(['psyc://b.example']);
  answer(fixture, server, fixture.hear(server).at(-1)!);
  expect(duties(fixture)).toEqual([]);
  fixture.say(phone, said(ada, person('zoe'), 2, sealed, 'x'));
  expect(duties(fixture)).toEqual(['psyc://b.example']);
});

test('a domain that lost its numbers is refused, with what follows, and heard under another channel', () => {
  const [fixture, phone, server] = begin();
  for (let times = 0; times < 4; times++) {
    fixture.say(server, said(zoe, person('ada', 'a.example'), 57, sealed, 'x'));
    if (times === 0) fixture.say(server, said(zoe, person('ada', 'a.example'), 58, sealed, 'x'));
  }
  const refused = fixture.hear(server).filter(({ method }) => method === '_error_missing_counter');
  expect(refused.map(({ packet }) => packet.text('_counter_relay'))).toEqual(['57', '58']);
  fixture.say(server, said(channel('zoe', 'desk-2', 'b.example'), person('ada', 'a.example'), 1, sealed, 'again'));
  expect(fixture.methods(server)).toContain(`_echo${sealed}`);
  expect(fixture.hear(phone)).toMatchObject([{ method: sealed, data: 'again' }]);
});

test('a node that lost its log refuses what its people number on', () => {
  const [fixture, phone] = begin();
  for (let times = 0; times < 4; times++) fixture.say(phone, said(ada, person('zoe'), 57, sealed, 'x'));
  expect(fixture.hear(phone)).toMatchObject([
    { routing: { _source: 'psyc://a.example' }, method: '_error_missing_counter' },
  ]);
});

/** A node with a circuit of its own to b.example. */
function dialled(): [NodeFixture, string] {
  const fixture = new NodeFixture();
  const phone = fixture.connect('client ada phone');
  fixture.say(phone, said(ada, person('zoe'), 1, sealed, 'x'));
  fixture.accept('out 1.1', 'server b.example');
  expect(fixture.hear('out 1.1').at(-1)?.method).toBe(sealed);
  return [fixture, 'out 1.1'];
}

test('an older circuit yields to a newly proved one', () => {
  const [fixture, old] = dialled();
  fixture.pass(6_000);
  fixture.hear(old);
  const server = fixture.connect('server b.example');
  expect(fixture.closed).toEqual([old]);
  expect(fixture.methods(server)).toEqual([sealed]);
});

test('where both dialled, the first domain waits for the other to close its own; if it does not, it has lost the older', () => {
  const [fixture, old] = dialled();
  const server = fixture.connect('server b.example');
  expect([fixture.closed, fixture.methods(server)]).toEqual([[], []]);
  fixture.pass(5_000);
  expect(fixture.closed).toEqual([old]);
  expect(fixture.methods(server)).toEqual([sealed]);
});

test('who proves and closes at once is dialled later and later', () => {
  const [fixture] = dialled();
  const delays: number[] = [];
  for (let life = 1; life < 8; life++) {
    const beganMs = fixture.nowMs;
    fixture.tell({ kind: 'ended', circuit: `out 1.${life}` });
    while (fixture.dialled.length === life) fixture.pass(1);
    delays.push(fixture.nowMs - beganMs);
    fixture.accept(`out 1.${life + 1}`, 'server b.example');
  }
  expect(delays[0]).toBeLessThanOrEqual(250);
  expect(delays[6]).toBeGreaterThanOrEqual(8_000);
});

test('who speaks, and stays for as long as was waited for him, is dialled soon again; who only stays is not', () => {
  const redials = (speaks: boolean): [last: number, next: number] => {
    const [fixture] = dialled();
    const lost = (circuit: string, how: 'ended' | 'failed'): number => {
      const [beganMs, before] = [fixture.nowMs, fixture.dialled.length];
      fixture.tell({ kind: how, circuit });
      while (fixture.dialled.length === before) fixture.pass(1);
      return fixture.nowMs - beganMs;
    };
    let last = lost('out 1.1', 'ended');
    for (let life = 2; life < 8; life++) last = lost(`out 1.${life}`, 'failed');
    if (speaks) fixture.accept('out 1.8', 'server b.example');
    else fixture.listen('out 1.8', () => {});
    fixture.pass(last);
    return [last, lost('out 1.8', 'ended')];
  };
  const [last, next] = redials(true);
  expect(last).toBeGreaterThanOrEqual(8_000);
  expect(next).toBeLessThanOrEqual(deliveryLimits.retryMsMin);
  expect(redials(false)[1]).toBeGreaterThanOrEqual(8_000);
});

test('unreachedOfPersonMax, peersUnreachedMax: nobody fills the table of peers with what cannot be reached', () => {
  const fixture = new NodeFixture({ peersMax: 3, peersUnreachedMax: 2, unreachedOfPersonMax: 1 });
  const [phone, desk, tablet] = ['ada phone', 'bob desk', 'cyd tablet'].map((who) => fixture.connect(`client ${who}`));
  fixture.say(phone!, said(ada, person('x', 'c.example'), 1, sealed, 'x'));
  fixture.say(phone!, said(ada, person('x', 'd.example'), 1, sealed, 'x'));
  expect(fixture.methods(phone!)).toEqual(['_failure_excessive_domains']);
  fixture.say(desk!, said(bob, person('x', 'd.example'), 1, sealed, 'x'));
  fixture.say(tablet!, said(channel('cyd', 'tablet'), person('x', 'e.example'), 1, sealed, 'x'));
  expect([fixture.methods(desk!), fixture.methods(tablet!)]).toEqual([[], ['_failure_excessive_peers']]);
  // Who comes by himself has room, after a restart too.
  expect(fixture.isProved(fixture.connect('server f.example'))).toBe(true);
  const next = new NodeFixture(
    { peersMax: 3, peersUnreachedMax: 1 },
    { store: fixture.store, keys: fixture.keys, life: 2 },
  );
  expect(next.dialled).toHaveLength(1);
  expect(next.isProved(next.connect('server f.example'))).toBe(true);
  expect(next.methods('server f.example')).toEqual([]);
  // What found no room is woken when there is some.
  next.accept('out 2.1', 'server c.example');
  next.pass(30_000);
  expect(next.dialled.map((line) => line.split(' ').at(-1))).toContain('d.example');
});

test('what was asked of a domain that is not there, and is not numbered, leaves no peer behind', () => {
  const fixture = new NodeFixture({ unreachedOfPersonMax: 1 });
  const phone = fixture.connect('client ada phone');
  const ask = (domain: string): void =>
    fixture.say(phone, { routing: { _source: ada, _target: person('x', domain), _tag: 'k' }, method: '_request_keys' });
  ask('c.example');
  // It is tried once more, as first contact needs.
  for (const circuit of ['out 1.1', 'out 1.2']) {
    expect(fixture.dialled.at(-1)).toBe(`${circuit} c.example`);
    fixture.tell({ kind: 'failed', circuit });
    fixture.pass(1_000);
  }
  ask('d.example');
  expect([fixture.dialled.length, fixture.methods(phone)]).toEqual([3, []]);
});

test('where a packet finds no room the shell is asked to look whether the peer still reads', () => {
  const options = { circuitLimits: { ...circuitLimits, unsentBytesMax: 20_000 } };
  const [fixture, phone, server] = begin({}, { options });
  fixture.drains = false;
  const text = 'x'.repeat(9_000);
  for (let counter = 1; counter <= 2; counter++) fixture.say(phone, said(ada, person('zoe'), counter, sealed, text));
  expect(fixture.full).toEqual([]);
  fixture.say(phone, said(ada, person('zoe'), 3, sealed, text));
  expect(fixture.full).toEqual([server]);
});
