/** Who may say that somebody is a member, or that a domain has a row: nobody is made one who did not ask. */
import { describe, expect, test } from '@jest/globals';
import { deliveryLimits } from '../../circuit/limits.ts';
import { MemoryStore } from '../../store/memory.ts';
import { channel, NodeFixture } from './node-fixture.ts';
import { said } from './said.ts';

const hall = 'psyc://a.example/@hall';
const bar = 'psyc://b.example/@bar';
const ada = channel('ada', 'phone');
const zoe = channel('zoe', 'desk', 'b.example');

/** The bar tells a channel of ada that she is a member, or is none. */
const echo = (fixture: NodeFixture, server: string, tag: string, sequence: number, did = 'enter', by = bar): void =>
  fixture.sayRaw(server, {
    routing: { _source: by, _target: ada, _tag_relay: tag },
    entity: { _sequence: String(sequence) },
    method: `_echo_context_${did}`,
  });
const multicast = (fixture: NodeFixture, server: string, counter: number, context = bar): void =>
  fixture.sayRaw(server, { routing: { _context: context, _counter: String(counter) }, method: '_notice_x' });
const membersOf = (fixture: NodeFixture, context: string): string[] => {
  const outcome = fixture.store.perform({ kind: 'members', request: 0, context, above: '', rowsMax: 9 });
  return outcome.kind === 'members' ? outcome.members.map(({ name }) => name) : [];
};

test('a place elsewhere makes nobody a member who did not ask', () => {
  const fixture = new NodeFixture();
  const [phone, server] = [fixture.connect('client ada phone'), fixture.connect('server b.example')];
  echo(fixture, server, 't1', 1);
  multicast(fixture, server, 2);
  expect([fixture.methods(phone), membersOf(fixture, bar)]).toEqual([[], []]);
  fixture.say(phone, said(ada, bar, 1, '_request_context_enter'));
  // Not another place, not under another tag, and not the contrary.
  echo(fixture, server, 't1', 1, 'enter', 'psyc://b.example/@pub');
  echo(fixture, server, 't2', 1);
  expect([fixture.methods(phone), membersOf(fixture, bar)]).toEqual([[], []]);
  echo(fixture, server, 't1', 1);
  multicast(fixture, server, 3);
  expect(fixture.methods(phone)).toEqual(['_echo_context_enter', '_notice_x']);
  fixture.say(phone, said(ada, bar, 2, '_request_context_leave'));
  echo(fixture, server, 't2', 4, 'leave');
  expect(membersOf(fixture, bar)).toEqual([]);
  // She has gone: her old request counts no more.
  echo(fixture, server, 't1', 5);
  multicast(fixture, server, 6);
  expect(fixture.methods(phone)).toEqual(['_echo_context_leave']);
  expect(membersOf(fixture, bar)).toEqual([]);
});

test('what was asked is known after a crash: the request goes out again', () => {
  const fixture = new NodeFixture();
  const [phone] = [fixture.connect('client ada phone'), fixture.connect('server b.example')];
  fixture.say(phone, said(ada, bar, 1, '_request_context_enter'));
  const next = new NodeFixture({}, { store: fixture.store, keys: fixture.keys, life: 2 });
  const again = next.connect('client ada phone');
  const server = next.connect('server b.example');
  expect(next.methods(server)).toEqual(['_request_context_enter']);
  echo(next, server, 't1', 1);
  expect([next.methods(again), membersOf(next, bar)]).toEqual([['_echo_context_enter'], ['psyc://a.example/~ada']]);
});

test('an answer that was lost with the crash is given again to whoever asks again', () => {
  const store = new MemoryStore();
  const isMembership = (context: string): boolean => context === bar;
  const failing = {
    perform: (request: Parameters<MemoryStore['perform']>[0]) =>
      request.kind === 'write' && request.operations.some(({ context }) => isMembership(context))
        ? ({ kind: 'refused', request: request.request, code: '_store_lost' } as const)
        : store.perform(request),
  };
  const fixture = new NodeFixture({}, { store: failing });
  const [phone, server] = [fixture.connect('client ada phone'), fixture.connect('server b.example')];
  fixture.say(phone, said(ada, bar, 1, '_request_context_enter'));
  echo(fixture, server, 't1', 1);
  expect(fixture.methods(phone)).toEqual([]);
  const next = new NodeFixture({}, { store, keys: fixture.keys, life: 2 });
  const [again, other] = [next.connect('client ada phone'), next.connect('server b.example')];
  next.say(again, said(ada, bar, 1, '_request_context_enter'));
  expect(next.methods(other)).toEqual(['_request_context_enter']);
  echo(next, other, 't1', 1);
  expect(next.methods(again)).toEqual(['_echo_context_enter']);
});

test('requestsMax: the oldest is forgotten, and said again', () => {
  const fixture = new NodeFixture({ requestsMax: 1 });
  const [phone, server] = [fixture.connect('client ada phone'), fixture.connect('server b.example')];
  fixture.say(phone, said(ada, bar, 1, '_request_context_enter'));
  fixture.say(phone, said(ada, 'psyc://b.example/@pub', 1, '_request_context_enter'));
  expect(fixture.queue('requests')).toBe(1);
  echo(fixture, server, 't1', 1);
  expect(fixture.methods(phone)).toEqual([]);
  fixture.hear(server);
  fixture.say(phone, said(ada, bar, 1, '_request_context_enter'));
  expect(fixture.methods(server)).toEqual(['_request_context_enter']);
  echo(fixture, server, 't1', 1);
  expect(fixture.methods(phone)).toEqual(['_echo_context_enter']);
});

test('for a domain its node acknowledges rows, and none of its people', () => {
  const fixture = new NodeFixture();
  const [phone, server] = [fixture.connect('client ada phone'), fixture.connect('server b.example')];
  fixture.say(server, said(zoe, hall, 1, '_request_context_enter'));
  fixture.hear(server);
  const acknowledge = (by: string, method: string): void => {
    fixture.sayRaw(server, { routing: { _source: by, _target: hall }, entity: { _sequence: '1' }, method });
  };
  const window = (): number | undefined => fixture.queue('window');
  acknowledge(zoe, '_echo_context');
  acknowledge('psyc://b.example/@bar', '_echo_context');
  acknowledge('psyc://b.example', '_echo_context_enter');
  expect(window()).toBe(1);
  acknowledge('psyc://b.example', '_echo_context');
  expect(window()).toBe(0);
  // At home a client says no such thing to anybody.
  const heard = fixture.connect('client bob desk');
  for (const method of ['_echo_context', '_echo_context_enter', '_echo_place_enter'])
    fixture.sayRaw(phone, { routing: { _source: ada, _target: 'psyc://a.example/~bob', _tag_relay: 't' }, method });
  expect([fixture.methods(heard), fixture.closed]).toEqual([[], []]);
});

test('a client wakes no audience, and a domain none of which nobody here is a member', () => {
  const fixture = new NodeFixture();
  const [phone, server] = [fixture.connect('client ada phone'), fixture.connect('server b.example')];
  const before = fixture.queue('entities');
  for (const name of ['x', 'y']) fixture.sayRaw(phone, { routing: { _context: ada, _tag: name }, method: '_notice' });
  fixture.held.store = [];
  for (const name of ['x', 'y']) multicast(fixture, server, 1, `psyc://b.example/@${name}`);
  fixture.release();
  expect([fixture.queue('entities'), fixture.closed]).toEqual([before, []]);
  fixture.say(phone, said(ada, bar, 1, '_request_context_enter'));
  echo(fixture, server, 't1', 1);
  multicast(fixture, server, 1);
  expect(fixture.queue('entities')).toBe(before! + 1);
  fixture.say(phone, said(ada, bar, 2, '_request_context_leave'));
  echo(fixture, server, 't2', 2, 'leave');
  expect(fixture.queue('entities')).toBe(before);
});

test('who comes back before it is heard here that he was put out stays a member when that is heard', () => {
  const fixture = new NodeFixture();
  const [phone, server] = [fixture.connect('client ada phone'), fixture.connect('server b.example')];
  const kick = (to: NodeFixture, circuit: string, counter: number): void =>
    to.sayRaw(circuit, {
      routing: { _context: bar, _counter: String(counter) },
      entity: { _uniform_member: 'psyc://a.example/~ada' },
      method: '_request_context_kick',
    });
  fixture.say(phone, said(ada, bar, 1, '_request_context_enter'));
  echo(fixture, server, 't1', 1);
  // The bar has put her out with row 3 and let her in with row 5; its rows come later than its answer.
  fixture.say(phone, said(ada, bar, 2, '_request_context_enter'));
  echo(fixture, server, 't2', 5);
  kick(fixture, server, 3);
  multicast(fixture, server, 4);
  expect(membersOf(fixture, bar)).toEqual(['psyc://a.example/~ada']);
  expect(fixture.methods(phone).at(-1)).toBe('_notice_x');
  // The next life knows it as well, if the row comes once more.
  const next = new NodeFixture({}, { store: fixture.store, keys: fixture.keys, life: 2 });
  const [again, other] = [next.connect('client ada phone'), next.connect('server b.example')];
  kick(next, other, 3);
  multicast(next, other, 4);
  expect(next.methods(again).at(-1)).toBe('_notice_x');
  multicast(next, other, 5);
  kick(next, other, 6);
  expect(membersOf(next, bar)).toEqual([]);
});

describe('rows that were lost for want of room', () => {
  const acknowledged = (fixture: NodeFixture, server: string): (string | undefined)[] =>
    fixture
      .hear(server)
      .filter(({ method }) => method === '_echo_context')
      .map(({ packet }) => packet.text('_sequence'));

  /** Ada is in the bar and has heard row 2; then these rows come while the node can only wait for somebody's keys. */
  function lost(rows: readonly number[], limits: ConstructorParameters<typeof NodeFixture>[0] = {}) {
    const fixture = new NodeFixture({ uncheckedMax: 1, ...limits });
    const [phone, server] = [fixture.connect('client ada phone'), fixture.connect('server b.example')];
    fixture.say(phone, said(ada, bar, 1, '_request_context_enter'));
    echo(fixture, server, 't1', 1);
    multicast(fixture, server, 2);
    expect([fixture.methods(phone), acknowledged(fixture, server)]).toEqual([
      ['_echo_context_enter', '_notice_x'],
      ['2'],
    ]);
    fixture.tellsKeys = false;
    fixture.say(server, said(zoe, 'psyc://a.example/~ada', 1, '_message_private_sealed', 'x'));
    fixture.sayRaw(server, said(zoe, 'psyc://a.example/~nobody', 1, '_message_private'));
    for (const row of rows) multicast(fixture, server, row);
    fixture.pass(10_000);
    fixture.hear(phone);
    fixture.hear(server);
    return { fixture, phone, server };
  }

  test('hold back those behind them, since they may put the hearer out', () => {
    const { fixture, phone, server } = lost([3, 4]);
    for (const row of [6, 5]) multicast(fixture, server, row);
    expect([fixture.methods(phone), acknowledged(fixture, server)]).toEqual([[], []]);
    expect([fixture.queue('lost'), fixture.queue('ahead')]).toEqual([2, 2]);
    multicast(fixture, server, 3);
    expect([fixture.methods(phone).length, acknowledged(fixture, server)]).toEqual([1, ['3']]);
    multicast(fixture, server, 4);
    expect([fixture.methods(phone).length, acknowledged(fixture, server)]).toEqual([3, ['4', '5', '6']]);
    // A number that is left out is no lost row.
    multicast(fixture, server, 9);
    expect([fixture.methods(phone), acknowledged(fixture, server)]).toEqual([['_notice_x'], ['9']]);
  });

  test('are given up where they do not come', () => {
    const { fixture, phone, server } = lost([3]);
    for (const row of [5, 6]) multicast(fixture, server, row);
    expect([fixture.methods(phone), acknowledged(fixture, server)]).toEqual([[], []]);
    fixture.pass(2 * deliveryLimits.resendMsMax);
    fixture.hear(server);
    multicast(fixture, server, 5);
    expect([fixture.methods(phone).length, acknowledged(fixture, server)]).toEqual([2, ['5', '6']]);
  });

  test('lettersMax: are remembered, and waited for by others, so many', () => {
    const { fixture, phone, server } = lost([3, 4, 5], { lettersMax: 2 });
    expect(fixture.queue('lost')).toBe(2);
    for (const row of [8, 7, 6]) multicast(fixture, server, row);
    expect(fixture.queue('ahead')).toBe(2);
    for (const row of [3, 4]) multicast(fixture, server, row);
    expect(fixture.methods(phone)).toHaveLength(4);
  });

  test('are none of a place in another domain', () => {
    const { fixture, phone, server } = lost([]);
    const other = fixture.connect('server c.example');
    fixture.say(
      other,
      said(channel('eve', 'phone', 'c.example'), 'psyc://a.example/~ada', 1, '_message_private_sealed'),
    );
    fixture.sayRaw(
      other,
      said(channel('eve', 'phone', 'c.example'), 'psyc://a.example/~nobody', 1, '_message_private'),
    );
    multicast(fixture, other, 3);
    fixture.pass(10_000);
    fixture.hear(phone);
    multicast(fixture, server, 4);
    expect(fixture.methods(phone)).toEqual(['_notice_x']);
  });

  test('while the members are read count as well', () => {
    const first = lost([]).fixture;
    const fixture = new NodeFixture({ lettersMax: 2 }, { store: first.store, keys: first.keys, life: 2 });
    const [phone, server] = [fixture.connect('client ada phone'), fixture.connect('server b.example')];
    fixture.hear(phone);
    fixture.held.store = [];
    for (const row of [3, 4, 5]) multicast(fixture, server, row);
    fixture.release();
    expect(fixture.methods(phone)).toHaveLength(2);
    multicast(fixture, server, 6);
    expect(fixture.methods(phone)).toEqual([]);
    multicast(fixture, server, 5);
    expect(fixture.methods(phone)).toHaveLength(2);
  });
});
