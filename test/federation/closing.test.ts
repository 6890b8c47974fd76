/** An account is closed: nobody lives there, nothing of it is left, its places are told, and its name is nobody's for a year. */
import { expect, test } from '@jest/globals';
import { deliveryLimits } from '../../circuit/limits.ts';
import { federationLimits } from '../../federation/limits.ts';
import { decodeText } from '../../psyc/bytes.ts';
import type { Draft } from '../../psyc/render.ts';
import { MemoryStore } from '../../store/memory.ts';
import type { StoreOutcome, StoreRequest } from '../../store/store.ts';
import { channel, type Heard, NodeFixture } from './node-fixture.ts';
import { said } from './said.ts';

const ada = 'psyc://a.example/~ada';
const hall = 'psyc://a.example/@hall';
const away = 'psyc://b.example/@garden';
const adas = channel('ada', 'phone-1');
const zoe = channel('zoe', 'phone', 'b.example');
const leaving = `${ada}#0000000000000000-leaving`;
/** The channel of the closing that a packet was sent in. */
const channelIn = (heard: Heard | undefined): string => heard?.routing['_source'] ?? '';

function town(settings: ConstructorParameters<typeof NodeFixture>[1] = {}): NodeFixture {
  const fixture = new NodeFixture({}, settings);
  fixture.connect('client ada phone');
  fixture.connect('client ada phone-1');
  return fixture;
}

/** What ada's side channel asks of her home, and what it is told. */
function ask(fixture: NodeFixture, method: string, entity: Draft['entity'] = {}): Heard[] {
  fixture.sayRaw('client ada phone-1', { routing: { _source: adas, _target: ada, _tag: 'q' }, entity, method });
  return fixture.hear('client ada phone-1').filter(({ routing }) => routing['_tag_relay'] === 'q');
}

const close = (fixture: NodeFixture, key = fixture.keys.retired(fixture.identityOf('ada').key)): (string | null)[] =>
  ask(fixture, '_request_close', { _key: key }).map(({ method }) => method);

/** Everything that a store holds under somebody's name, or names him as a member. */
function traces(fixture: NodeFixture, person = ada): string[] {
  const all = (fixture.store as MemoryStore).contexts().filter((context) => context.includes(person));
  const memberships = fixture.store.perform({
    kind: 'memberships',
    request: 0,
    member: person,
    above: '',
    rowsMax: 99,
  });
  return [...all, ...(memberships.kind === 'memberships' ? memberships.contexts : [])];
}

const recordsOf = (fixture: NodeFixture, context: string): Record<string, string> => {
  const outcome = fixture.store.perform({ kind: 'records', request: 0, context });
  const records = outcome.kind === 'records' ? outcome.records : [];
  return Object.fromEntries(records.map(({ name, value }) => [name, decodeText(value)]));
};

/** What a peer is told that comes so. */
function refusal(fixture: NodeFixture, peer: string, name: string, invite?: null): (string | null)[] {
  fixture.connect(peer, { name, party: { invite } as object });
  return fixture.methods(name);
}

test('only the identity key closes: with the name taken back by it, and by nobody else', () => {
  const fixture = town();
  const { key } = fixture.identityOf('ada');
  expect(close(fixture, key)).toEqual(['_error_necessary_revocation']);
  expect(close(fixture, fixture.keys.retired(fixture.identityOf('bob').key))).toEqual(['_error_trust_changed_key']);
  expect(close(fixture, new Uint8Array([7]))).toEqual(['_error_necessary_revocation']);
  fixture.connect('client bob phone-1');
  const source = channel('bob', 'phone-1');
  const entity = { _key: fixture.keys.retired(key) };
  fixture.sayRaw('client bob phone-1', {
    routing: { _source: source, _target: ada, _tag: 'q' },
    entity,
    method: '_request_close',
  });
  expect(fixture.methods('client bob phone-1')).toEqual(['_error_unsupported_method']);
  expect(fixture.isProved('client ada phone')).toBe(true);
});

test('all goes: devices, log, drawers, friends, places; who lives elsewhere is told; the name is kept for a year', () => {
  const fixture = town();
  fixture.connect('client bob phone');
  fixture.connect('client bob phone-1');
  fixture.connect('server b.example');
  const bobs = channel('bob', 'phone-1');
  fixture.say('client bob phone-1', said(bobs, hall, 1, '_request_context_enter'));
  fixture.say('client ada phone-1', said(adas, hall, 1, '_request_context_enter'));
  fixture.say('client ada phone-1', said(adas, away, 1, '_request_context_enter'));
  fixture.say('server b.example', {
    routing: { _source: away, _target: adas, _tag_relay: 't1' },
    entity: { _sequence: '5', _counter_relay: '1' },
    method: '_echo_context_enter',
  });
  fixture.say('server b.example', said(zoe, ada, 1, '_message_private_sealed'));
  fixture.sayBytes('server b.example', fixture.signed(zoe, ada, said(zoe, ada, 2, '_request_friendship')));
  ask(fixture, '_request_store', { _name: 'notes', _version: '0', _value: 'secret' });
  expect(traces(fixture)).toEqual(expect.arrayContaining([ada, `cabinet of ${ada}`, `circle of ${ada}`, hall, away]));
  fixture.hear('server b.example');
  fixture.hear('client bob phone');

  expect(close(fixture)).toEqual(['_echo_close']);
  fixture.pass(0);
  expect(fixture.closed).toEqual(expect.arrayContaining(['client ada phone', 'client ada phone-1']));
  fixture.pass(60_000);
  const left = fixture.hear('client bob phone').find(({ method }) => method === '_notice_context_leave');
  expect(left?.packet.text('_uniform_member')).toBe(ada);
  const [asked] = fixture.hear('server b.example').filter(({ method }) => method === '_request_context_leave');
  expect(asked?.routing).toMatchObject({ _target: away, _counter: '1' });
  expect(channelIn(asked)).toBe(`${leaving}${recordsOf(fixture, 'nick ada')['closed']}`);
  expect(traces(fixture).sort()).toEqual([`offices of ${ada}`, 'psyc://a.example', away]);
  fixture.say('server b.example', {
    routing: { _source: away, _target: channelIn(asked), _tag_relay: asked?.routing['_tag'] ?? '' },
    entity: { _sequence: '9', _counter_relay: '1' },
    method: '_echo_context_leave',
  });
  fixture.pass(60_000);
  expect(traces(fixture)).toEqual([]);
  const kept = recordsOf(fixture, 'nick ada');
  expect(Object.keys(kept)).toEqual(['closed', 'revoked', 'used']);
  expect(kept['revoked']).toContain('retired');

  // What others say from now on.
  fixture.say('server b.example', said(zoe, ada, 3, '_message_private_sealed'));
  fixture.say('server b.example', { routing: { _source: zoe, _target: ada, _tag: 'k' }, method: '_request_keys' });
  expect(fixture.methods('server b.example')).toEqual(['_error_closed_target', '_error_closed_target']);
  expect(refusal(fixture, 'client ada phone', 'login')).toEqual(['_error_closed_account']);
  expect(refusal(fixture, 'client ada phone', 'again', null)).toEqual(['_error_registration_reserved']);
  expect(refusal(fixture, 'client _ada_ phone', 'alike', null)).toEqual(['_error_registration_reserved']);

  fixture.pass(federationLimits.reservedMs);
  fixture.connect('server b.example', { name: 'later' });
  fixture.say('later', said(zoe, ada, 4, '_message_private_sealed'));
  expect(fixture.methods('later')).toEqual(['_error_unknown_target']);
  fixture.connect('client _ada_ phone', { name: 'free', party: { invite: null } });
  expect(fixture.isProved('free')).toBe(true);
  expect(refusal(fixture, 'client ada phone', 'late', null)).toEqual(['_error_registration_confusable']);
  expect(recordsOf(fixture, 'nick ada')).toEqual({ used: 'psyc://a.example/~_ada_' });
});

test('of two who look alike and come when the year is over, one gets the name', () => {
  const fixture = town();
  close(fixture);
  fixture.pass(federationLimits.reservedMs + 1);
  const held: StoreRequest[] = [];
  fixture.held.store = held;
  fixture.connect('client ada phone', { name: 'one', party: { invite: null } });
  fixture.connect('client _ada_ phone', { name: 'other', party: { invite: null } });
  fixture.release();
  fixture.pass(60_000);
  expect([fixture.isProved('one'), fixture.isProved('other')].filter(Boolean)).toHaveLength(1);
});

test('who has the name after that can close as well, and is put down as gone again', () => {
  const fixture = town();
  const { key } = fixture.identityOf('ada');
  fixture.say('client ada phone-1', said(adas, hall, 1, '_request_context_enter'));
  expect(close(fixture)).toEqual(['_echo_close']);
  fixture.pass(60_000);
  expect(traces(fixture)).toEqual([]);
  fixture.pass(federationLimits.reservedMs);
  fixture.connect('client ada phone', { name: 'client ada phone', party: { invite: null } });
  fixture.connect('client ada phone-1');
  fixture.say('client ada phone-1', said(adas, hall, 2, '_request_context_enter'));
  expect(traces(fixture)).toContain(hall);
  expect(close(fixture, fixture.keys.retired(key))).toEqual(['_echo_close']);
  fixture.pass(60_000);
  expect(traces(fixture)).toEqual([]);
});

/** A store that dies, with all that it is asked from then on, after so many changes. */
class Dying extends MemoryStore {
  changesLeft = Number.MAX_SAFE_INTEGER;

  override perform(request: StoreRequest): StoreOutcome {
    const isChange = request.kind === 'write' || request.kind === 'erase';
    if (isChange && this.changesLeft-- <= 0) return { kind: 'refused', request: request.request, code: '_store_lost' };
    return super.perform(request);
  }
}

test('whenever it dies, the account is open as it was or closed, and what was left to do is done by the next life', () => {
  const ends = new Set<string>();
  for (let changes = 0; changes < 12; changes++) {
    const store = new Dying();
    const fixture = town({ store });
    fixture.connect('server b.example');
    fixture.say('client ada phone-1', said(adas, hall, 1, '_request_context_enter'));
    fixture.say('server b.example', said(zoe, ada, 1, '_message_private_sealed'));
    ask(fixture, '_request_store', { _name: 'notes', _version: '0', _value: 'secret' });
    store.changesLeft = changes;
    const told = close(fixture);
    fixture.pass(1_000);
    store.changesLeft = Number.MAX_SAFE_INTEGER;
    const next = new NodeFixture({}, { store, keys: fixture.keys, life: 2 });
    next.nowMs = fixture.nowMs;
    next.pass(60_000);
    const isClosed = recordsOf(next, 'nick ada')['closed'] !== undefined;
    // What was told is so.
    if (told.includes('_echo_close')) expect(isClosed).toBe(true);
    if (isClosed) expect(traces(next)).toEqual([]);
    else {
      next.connect('client ada phone');
      expect(next.isProved('client ada phone')).toBe(true);
      expect(next.methods('client ada phone')).toEqual(['_message_private_sealed']);
    }
    ends.add(`${told.join()} ${isClosed}`);
  }
  expect([...ends]).toEqual([' false', '_echo_close true']);
});

test('a write whose answer is lost has closed it: who asks again is told so at the next login', () => {
  const store = new MemoryStore();
  let isLost = false;
  const losing = {
    contexts: () => store.contexts(),
    perform(request: StoreRequest): StoreOutcome {
      const outcome = store.perform(request);
      if (!isLost || request.kind !== 'write') return outcome;
      isLost = false;
      return { kind: 'refused', request: request.request, code: '_store_lost' };
    },
  };
  const fixture = town({ store: losing });
  isLost = true;
  expect(close(fixture)).toEqual([]);
  fixture.pass(60_000);
  expect(fixture.closed).toEqual(expect.arrayContaining(['client ada phone', 'client ada phone-1']));
  expect(refusal(fixture, 'client ada phone', 'login')).toEqual(['_error_closed_account']);
  expect(traces(fixture)).toEqual([]);
});

test('a home gives everything of its person to himself: each row, and each record', () => {
  const fixture = town();
  fixture.connect('server b.example');
  for (let counter = 1; counter <= 3; counter++)
    fixture.say('server b.example', said(zoe, ada, counter, '_message_private_sealed'));
  ask(fixture, '_request_store', { _name: 'notes', _version: '0', _value: 'mine' });
  const rows = ask(fixture, '_request_export');
  expect(rows.map(({ method }) => method)).toEqual([...['1', '2', '3'].map(() => '_status_export'), '_echo_export']);
  expect(rows.map(({ packet }) => packet.text('_sequence'))).toEqual(['1', '2', '3', '3']);
  expect(rows[0]?.packet.text('_packet')).toContain(`:_source\t${zoe}`);
  expect(rows.at(-1)?.packet.text('_next')).toBeUndefined();
  expect(ask(fixture, '_request_export', { _after: '2' }).map(({ packet }) => packet.text('_sequence'))).toEqual([
    '3',
    '3',
  ]);
  const records = ask(fixture, '_request_records').map(({ packet }) => packet.text('_name') ?? 'end');
  expect(records).toEqual(['created', 'fingerprint', 'key', 'seen', 'statement', 'notes', 'end']);
});

test('a long log comes in pages', () => {
  const fixture = new NodeFixture({ othersRowsMax: 2 });
  fixture.connect('client ada phone');
  fixture.connect('client ada phone-1');
  fixture.connect('server b.example');
  for (let counter = 1; counter <= 3; counter++)
    fixture.say('server b.example', said(zoe, ada, counter, '_message_private_sealed'));
  const page = ask(fixture, '_request_export');
  expect(page.map(({ packet }) => packet.text('_sequence'))).toEqual(['1', '2', '3']);
  expect(page.at(-1)?.packet.text('_next')).toBe('2');
});

test('a row that no variable has room for is the data of what is told; one that fits no packet is named', () => {
  const fixture = town();
  const [phone, server] = ['client ada phone-1', fixture.connect('server b.example')];
  const friend = 'psyc://b.example/~zoe';
  fixture.sayBytes(phone, fixture.signed(adas, friend, said(adas, friend, 1, '_request_friendship')));
  const sealed = '_message_private_sealed';
  for (const [at, length] of [100, 70_000].entries())
    fixture.say(phone, said(adas, ada, at + 1, sealed, 'x'.repeat(length)));
  fixture.sayRaw(server, said(zoe, ada, 1, sealed, 'x'.repeat(262_000)));
  const told: Heard[] = [];
  for (let after: string | undefined = '0'; after !== undefined; ) {
    const page = ask(fixture, '_request_export', { _after: after });
    told.push(...page.filter(({ method }) => method === '_status_export'));
    after = page.at(-1)?.packet.text('_next');
  }
  expect(told.map(({ packet }) => packet.text('_sequence'))).toEqual(['1', '2', '3']);
  const [short, long, longest] = told.map(({ packet, data }) => [packet.text('_packet') ?? data, packet.text('_code')]);
  for (const [of, length] of [
    [short, 100],
    [long, 70_000],
  ] as const) {
    expect(of?.[0]).toMatch(new RegExp(`^:_source\t${adas}`));
    expect(of?.[0]).toContain(`\n${'x'.repeat(length)}\n|`);
  }
  expect(longest).toEqual(['', '_oversized_message']);
});

test('records come in pages, and each once, whatever is in them', () => {
  const fixture = new NodeFixture({ othersRowsMax: 3, historyBytesMax: 100 });
  fixture.connect('client ada phone-1');
  const names = ['a', 'b', 'c', 'd', 'e'];
  for (const name of names) ask(fixture, '_request_store', { _name: name, _version: '0', _value: 'x'.repeat(60) });
  const seen: (string | undefined)[] = [];
  const pages: number[] = [];
  for (let next: string | undefined = ''; next !== undefined; ) {
    const page = ask(fixture, '_request_records', next === '' ? {} : { _after: next });
    seen.push(...page.slice(0, -1).map(({ packet }) => packet.text('_name')));
    pages.push(page.length - 1);
    next = page.at(-1)?.packet.text('_next');
  }
  expect(seen).toEqual(['created', 'fingerprint', 'key', 'seen', 'statement', ...names]);
  expect(Math.max(...pages)).toBeLessThanOrEqual(3);
  expect(pages.length).toBeGreaterThan(3);
});

test('a full drawer is told with its version', () => {
  const fixture = town();
  const _value = 'x'.repeat(federationLimits.drawerBytesMax);
  ask(fixture, '_request_store', { _name: 'notes', _version: '0', _value });
  const records = ask(fixture, '_request_records');
  const drawer = records.find(({ packet }) => packet.text('_name') === 'notes');
  expect(drawer?.packet.text('_version')).toBe('1');
  expect(drawer?.packet.text('_value')).toBe(_value);
  expect(records.at(-1)?.method).toBe('_echo_records');
});

/** Ada is in a place of b.example, and has closed. */
function closedWithPlace(): { fixture: NodeFixture; server: string; answer: (method: string) => void } {
  const fixture = town();
  const server = fixture.connect('server b.example');
  fixture.say('client ada phone-1', said(adas, away, 1, '_request_context_enter'));
  fixture.sayRaw(server, {
    routing: { _source: away, _target: adas, _tag_relay: 't1', _tag_reply: 't1' },
    entity: { _counter_relay: '1', _sequence: '1' },
    method: '_echo_context_enter',
  });
  expect(close(fixture)).toEqual(['_echo_close']);
  fixture.hear(server);
  fixture.pass(1);
  const closed = `${leaving}${recordsOf(fixture, 'nick ada')['closed']}`;
  const routing = { _source: away, _target: closed, _tag_relay: 'leaving', _tag_reply: 'leaving' };
  const answer = (method: string): void => fixture.sayRaw(server, { routing, entity: { _counter_relay: '1' }, method });
  return { fixture, server, answer };
}

test('a place elsewhere that says it is done and means nothing by it sets no pace, and is left all the same', () => {
  const { fixture, server, answer } = closedWithPlace();
  expect(fixture.methods(server)).toContain('_request_context_leave');
  for (let at = 0; at < 10; at++) answer('_echo');
  expect(fixture.methods(server)).toEqual([]);
  fixture.pass(60_000);
  expect(fixture.methods(server)).not.toContain('_request_context_leave');
  expect(traces(fixture)).toEqual([]);
});

test('a place elsewhere that puts it off for ever is left when anything would be given up', () => {
  const { fixture, server, answer } = closedWithPlace();
  const isAsked = (): boolean => fixture.methods(server).includes('_request_context_leave');
  expect(isAsked()).toBe(true);
  const untilMs = fixture.nowMs + deliveryLimits.giveUpMsMax;
  for (answer('_failure_unavailable_store'); fixture.nowMs < untilMs; ) {
    fixture.pass(deliveryLimits.retryMsMax);
    if (isAsked()) answer('_failure_unavailable_store');
    if (fixture.nowMs < untilMs - deliveryLimits.retryMsMax) expect(traces(fixture)).toContain(away);
  }
  fixture.pass(4 * deliveryLimits.retryMsMax);
  expect(traces(fixture)).toEqual([]);
});

test('offices and invitations go with the account: whoever gets its name has none of them', () => {
  const fixture = town();
  const [left, asked] = ['psyc://a.example/@left', 'psyc://a.example/@asked'];
  fixture.connect('client bob phone-1');
  const bobs = channel('bob', 'phone-1');
  const say = (source: string, place: string, counter: number, method: string, entity = {}): void =>
    fixture.say(`client ${source === adas ? 'ada' : 'bob'} phone-1`, {
      ...said(source, place, counter, method),
      entity,
    });
  for (const place of [hall, left]) say(adas, place, 1, '_request_context_enter');
  say(adas, left, 2, '_request_context_leave');
  say(bobs, asked, 1, '_request_context_enter');
  say(bobs, asked, 2, '_request_context_invite', { _uniform_member: ada });
  const named = (): string[] => {
    const all = [hall, left, asked].map((place) => recordsOf(fixture, place));
    return all.flatMap(({ owners = '', invited = '' }) => [owners, invited]).filter((list) => list !== '');
  };
  expect(named()).toEqual([ada, ada, 'psyc://a.example/~bob', ada]);
  expect(close(fixture)).toEqual(['_echo_close']);
  fixture.pass(60_000);
  expect(named()).toEqual(['psyc://a.example/~bob']);
  expect(traces(fixture)).toEqual([]);
});
