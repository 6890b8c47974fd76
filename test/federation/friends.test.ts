/** Friends and strangers at home: words of both, limits for whoever is no friend, rules, drawers. */
import { expect, test } from '@jest/globals';
import type { FederationLimits } from '../../federation/limits.ts';
import { decodeText, encodeText } from '../../psyc/bytes.ts';
import type { Draft } from '../../psyc/render.ts';
import { MemoryStore } from '../../store/memory.ts';
import type { StoreOutcome, StoreRequest } from '../../store/store.ts';
import { channel, type Heard, NodeFixture } from './node-fixture.ts';
import { said } from './said.ts';

const ada = 'psyc://a.example/~ada';
const zoe = channel('zoe', 'phone', 'b.example');
const sealed = '_message_private_sealed';
const adas = channel('ada', 'phone-1');

/** A fixture with ada's phone on its main channel and a side channel, and b.example. */
function town(limits: Partial<FederationLimits> = {}, settings = {}): NodeFixture {
  const fixture = new NodeFixture(limits, settings);
  fixture.connect('client ada phone');
  fixture.connect('client ada phone-1');
  fixture.connect('server b.example');
  return fixture;
}

/** What ada's side channel asks of her home, and what it is told. */
function ask(fixture: NodeFixture, method: string, entity: Draft['entity'] = {}): Heard[] {
  fixture.sayRaw('client ada phone-1', { routing: { _source: adas, _target: ada, _tag: 'q' }, entity, method });
  return fixture.hear('client ada phone-1').filter(({ routing }) => routing['_tag_relay'] === 'q');
}

/** Says it signed, and gives the methods of what its circuit heard. */
function word(fixture: NodeFixture, circuit: string, draft: Draft, source: string): (string | null)[] {
  const { _target } = draft.routing as Record<string, string>;
  fixture.sayBytes(circuit, fixture.signed(source, _target!, draft));
  // Presence is another test's matter.
  return fixture.methods(circuit).filter((method) => !/presence/.test(method ?? ''));
}

const standing = (fixture: NodeFixture): Record<string, string | undefined> =>
  Object.fromEntries(
    ask(fixture, '_request_friends')
      .filter(({ method }) => method === '_status_friend')
      .map(({ packet }) => [packet.text('_uniform')!, packet.text('_standing')]),
  );

const rule = (fixture: NodeFixture, version: number, text: string): Heard[] =>
  ask(fixture, '_request_store', { _name: 'rules', _version: String(version), _value: text });

test('friendship takes both words; one ends it; the later word of each counts, whenever it comes', () => {
  const fixture = town();
  const asks = said(zoe, ada, 1, '_request_friendship');
  expect(word(fixture, 'server b.example', asks, zoe)).toEqual(['_request_keys', '_echo_friendship']);
  expect(standing(fixture)).toEqual({ 'psyc://b.example/~zoe': 'asked' });
  const [row] = fixture.hear('client ada phone').filter(({ method }) => method === '_request_friendship');
  expect(row?.routing['_target_relay']).toBe(`${ada}#_strangers`);
  fixture.pass(10);
  // What she says goes on to b.example when it is durable here.
  const yes = said(adas, 'psyc://b.example/~zoe', 1, '_request_friendship');
  word(fixture, 'client ada phone-1', yes, adas);
  const told = fixture.methods('server b.example').filter((method) => !/presence/.test(method ?? ''));
  expect(told).toEqual(['_request_friendship']);
  expect(standing(fixture)).toEqual({ 'psyc://b.example/~zoe': 'friend' });
  const late = fixture.signed(zoe, ada, said(zoe, ada, 3, '_request_friendship'));
  fixture.pass(10);
  const no = said(zoe, ada, 2, '_request_unfriend');
  expect(word(fixture, 'server b.example', no, zoe)).toEqual(['_echo_unfriend']);
  expect(standing(fixture)).toEqual({ 'psyc://b.example/~zoe': 'offered' });
  fixture.sayBytes('server b.example', late);
  expect(fixture.methods('server b.example')).toEqual(['_echo_friendship']);
  expect(standing(fixture)).toEqual({ 'psyc://b.example/~zoe': 'offered' });
  const next = new NodeFixture({}, { store: fixture.store, keys: fixture.keys, life: 2 });
  next.connect('client ada phone-1');
  expect(standing(next)).toEqual({ 'psyc://b.example/~zoe': 'offered' });
});

test('two who live here are friends with each other, by the same words', () => {
  const fixture = town();
  fixture.connect('client bob phone-1');
  const bobs = channel('bob', 'phone-1');
  word(fixture, 'client bob phone-1', said(bobs, ada, 1, '_request_friendship'), bobs);
  word(fixture, 'client ada phone-1', said(adas, 'psyc://a.example/~bob', 1, '_request_friendship'), adas);
  expect(standing(fixture)).toEqual({ 'psyc://a.example/~bob': 'friend' });
  const told = ask(fixture, '_request_friends');
  expect(told.map(({ method }) => method)).toEqual(['_status_friend', '_echo_friends']);
  // Whoever reads them need not take the home's word.
  for (const name of ['_packet_mine', '_packet_theirs']) {
    expect(decodeText(told[0]!.packet.value(name)!)).toContain('\n_request_friendship\n');
  }
});

test('a word that nobody has signed, or that is for oneself, is none', () => {
  const fixture = town();
  fixture.sayRaw('server b.example', said(zoe, ada, 1, '_request_friendship'));
  expect(fixture.methods('server b.example')).toEqual(['_error_necessary_signature']);
  fixture.sayRaw('client ada phone-1', said(adas, 'psyc://b.example/~zoe', 1, '_request_friendship'));
  expect(word(fixture, 'client ada phone-1', said(adas, ada, 1, '_request_friendship'), adas)).toEqual([
    '_error_necessary_signature',
    '_error_invalid_target',
  ]);
});

test('strangers have so much room, each domain its share; an answer or a dismissal makes room, a restart does not', () => {
  const fixture = town({ strangerRowsMax: 3, strangerRowsOfOneMax: 2 });
  const says = (counter: number): (string | null)[] => {
    fixture.say('server b.example', said(zoe, ada, counter, sealed, `${counter}`));
    return fixture.methods('server b.example').filter((method) => method !== '_request_keys');
  };
  expect([says(1), says(2), says(3)]).toEqual([
    [`_echo${sealed}`],
    [`_echo${sealed}`],
    ['_failure_excessive_strangers'],
  ]);
  // What is there is acknowledged again.
  expect(says(2)).toEqual([`_echo${sealed}`]);
  const next = new NodeFixture(
    { strangerRowsMax: 3, strangerRowsOfOneMax: 2 },
    { store: fixture.store, keys: fixture.keys, life: 2 },
  );
  next.connect('server b.example');
  next.connect('client ada phone-1');
  next.sayBytes('server b.example', fixture.signed(zoe, ada, said(zoe, ada, 3, sealed, '3')));
  expect(next.methods('server b.example')).toContain('_failure_excessive_strangers');
  // Another domain has its own share, and all together theirs.
  next.connect('server c.example');
  const eve = channel('eve', 'phone', 'c.example');
  for (const counter of [1, 2]) next.say('server c.example', said(eve, ada, counter, sealed, 'x'));
  expect(next.methods('server c.example').slice(-2)).toEqual([`_echo${sealed}`, '_failure_excessive_strangers']);
  const told = ask(next, '_request_strangers');
  expect(told.map(({ packet }) => packet.text('_uniform'))).toEqual([
    'psyc://b.example/~zoe',
    'psyc://b.example/~zoe',
    'psyc://c.example/~eve',
    undefined,
  ]);
  expect(ask(next, '_request_dismiss', { _uniform: 'psyc://b.example/~zoe' }).map(({ method }) => method)).toEqual([
    '_echo_dismiss',
  ]);
  expect(ask(next, '_request_strangers')).toHaveLength(2);
  next.sayBytes('server b.example', fixture.signed(zoe, ada, said(zoe, ada, 3, sealed, '3')));
  expect(next.methods('server b.example')).toEqual([`_echo${sealed}`]);
});

test('a long word of a stranger is refused, a friend’s is not; a friend has no share to keep to', () => {
  const fixture = town({ strangerRowsOfOneMax: 1 });
  const long = 'x'.repeat(30_000);
  fixture.say('server b.example', said(zoe, ada, 1, sealed, long));
  expect(fixture.methods('server b.example')).toContain('_error_oversized_message');
  word(fixture, 'client ada phone-1', said(adas, 'psyc://b.example/~zoe', 1, '_request_friendship'), adas);
  fixture.hear('server b.example');
  for (const counter of [1, 2, 3]) fixture.say('server b.example', said(zoe, ada, counter, sealed, long));
  expect(fixture.methods('server b.example')).toEqual([`_echo${sealed}`, `_echo${sealed}`, `_echo${sealed}`]);
  expect(ask(fixture, '_request_strangers')).toHaveLength(1);
});

test('rules: friends only, block, ignore; a person’s own before his domain’s; what is blocked looks like what is closed', () => {
  const fixture = town();
  const says = (counter: number): (string | null)[] => {
    fixture.say('server b.example', said(zoe, ada, counter, sealed, `${counter}`));
    return fixture.methods('server b.example').filter((method) => method !== '_request_keys');
  };
  expect(rule(fixture, 0, 'strangers friends\n').map(({ method }) => method)).toEqual(['_echo_store']);
  const closed = says(1);
  expect(closed).toEqual(['_failure_filter_strangers']);
  rule(fixture, 1, 'block psyc://b.example/~zoe\n');
  expect(says(1)).toEqual(closed);
  fixture.hear('client ada phone');
  rule(fixture, 2, 'ignore b.example\n');
  expect(says(1)).toEqual([`_echo${sealed}`]);
  rule(fixture, 3, 'ignore b.example\nblock psyc://b.example/~zoe\n');
  expect(says(1)).toEqual(closed);
  expect(fixture.hear('client ada phone')).toEqual([]);
  // They hold after a restart.
  const next = new NodeFixture({}, { store: fixture.store, keys: fixture.keys, life: 2 });
  next.connect('server b.example');
  next.sayBytes('server b.example', fixture.signed(zoe, ada, said(zoe, ada, 1, sealed, '1')));
  expect(next.methods('server b.example')).toContain('_failure_filter_strangers');
});

test('rules that cannot be read shut what they may have shut, and the admin hears of it; new ones count', () => {
  const fixture = town();
  rule(fixture, 0, 'strangers everybody\nblock psyc://b.example/~zoe\n');
  expect(fixture.notices).not.toContainEqual({ kind: 'unreadable rules' });
  const next = town({ rulesMax: 1 }, { store: fixture.store, keys: fixture.keys, life: 2 });
  const says = (counter: number): (string | null)[] => {
    next.sayBytes('server b.example', fixture.signed(zoe, ada, said(zoe, ada, counter, sealed, `${counter}`)));
    return next.methods('server b.example').filter((method) => /stranger|echo/.test(method ?? ''));
  };
  expect(says(1)).toEqual(['_failure_filter_strangers']);
  expect(next.notices.filter(({ kind }) => kind === 'unreadable rules')).toHaveLength(1);
  rule(next, 1, 'strangers everybody\n');
  expect(says(1)).toEqual([`_echo${sealed}`]);
});

test('drawers: a version before it, a form, a size, a number of them; nobody else’s business', () => {
  const fixture = town({ drawersMax: 2, drawerBytesMax: 10 });
  const put = (name: string, version: string, value: string): (string | null)[] =>
    ask(fixture, '_request_store', { _name: name, _version: version, _value: value }).map(({ method }) => method);
  expect(put('aliases', '0', 'one')).toEqual(['_echo_store']);
  // The same again, for whoever missed the answer; then another device's.
  expect(put('aliases', '0', 'one')).toEqual(['_echo_store']);
  expect(put('aliases', '0', 'two')).toEqual(['_error_stale_version']);
  expect(put('aliases', '1', 'two')).toEqual(['_echo_store']);
  expect(put('Aliases', '0', 'x')).toEqual(['_error_invalid_drawer']);
  expect(put('rules', '0', 'dance')).toEqual(['_error_invalid_drawer']);
  expect(put('more', '0', 'x'.repeat(11))).toEqual(['_error_oversized_drawer']);
  expect([put('more', '0', 'x'), put('most', '0', 'x')]).toEqual([['_echo_store'], ['_failure_excessive_drawers']]);
  const [kept] = ask(fixture, '_request_retrieve', { _name: 'aliases' });
  expect([kept?.packet.text('_version'), kept?.packet.value('_value')]).toEqual(['2', encodeText('two')]);
  const [empty] = ask(fixture, '_request_retrieve', { _name: 'nothing' });
  expect([empty?.packet.text('_version'), empty?.packet.text('_value')]).toEqual(['0', '']);
  fixture.connect('client bob phone-1');
  const bobs = channel('bob', 'phone-1');
  const routing = { _source: bobs, _target: ada, _tag: 'q' };
  fixture.sayRaw('client bob phone-1', { routing, entity: { _name: 'aliases' }, method: '_request_retrieve' });
  expect(fixture.methods('client bob phone-1')).toEqual(['_error_unsupported_method']);
});

test('a profile is told to whoever asks: what is for friends to friends; it has its own size', () => {
  const fixture = town({ profileBytesMax: 20 });
  const put = (name: string, value: string): (string | null)[] =>
    ask(fixture, '_request_store', { _name: name, _version: '0', _value: value }).map(({ method }) => method);
  expect([put('profile', 'Ada'), put('profile_friends', '0123'), put('profile', 'x'.repeat(21))]).toEqual([
    ['_echo_store'],
    ['_echo_store'],
    ['_error_oversized_drawer'],
  ]);
  const asked = (): (string | undefined)[] => {
    fixture.hear('server b.example');
    fixture.sayRaw('server b.example', {
      routing: { _source: zoe, _target: ada, _tag: 'd' },
      method: '_request_description',
    });
    const [told] = fixture.hear('server b.example').filter(({ method }) => method === '_echo_description');
    return [told?.packet.text('_packet'), told?.packet.text('_packet_friends')];
  };
  expect(asked()).toEqual(['Ada', undefined]);
  word(fixture, 'server b.example', said(zoe, ada, 1, '_request_friendship'), zoe);
  word(fixture, 'client ada phone-1', said(adas, 'psyc://b.example/~zoe', 1, '_request_friendship'), adas);
  expect(asked()).toEqual(['Ada', '0123']);
  rule(fixture, 0, 'ignore psyc://b.example/~zoe\n');
  expect(asked()).toEqual(['Ada', undefined]);
  const [log] = ask(fixture, '_request_log');
  expect([log?.method, log?.packet.text('_sequence')]).toEqual(['_echo_log', '1']);
});

test('what no limit counts, since it has no number, is let through from friends alone, whatever the rules', () => {
  const fixture = town();
  const notice: Draft = { routing: { _source: zoe, _target: ada }, method: '_notice_spam', data: 'x'.repeat(200_000) };
  fixture.sayRaw('server b.example', notice);
  expect(fixture.methods('client ada phone')).toEqual([]);
  word(fixture, 'client ada phone-1', said(adas, 'psyc://b.example/~zoe', 1, '_request_friendship'), adas);
  fixture.sayRaw('server b.example', notice);
  expect(fixture.methods('client ada phone')).toEqual(['_notice_spam']);
  rule(fixture, 0, 'block psyc://b.example/~zoe\n');
  fixture.sayRaw('server b.example', notice);
  expect(fixture.methods('client ada phone')).toEqual([]);
});

test('circleMax: who has parted gives way when the word of another is written, and not before', () => {
  let isLost = false;
  const memory = new MemoryStore();
  const perform = (request: StoreRequest): StoreOutcome =>
    isLost && request.kind === 'write'
      ? { kind: 'refused', request: request.request, code: '_store_lost' }
      : memory.perform(request);
  const fixture = town({ circleMax: 1 }, { store: { perform } });
  const to = (nick: string, counter: number, method: string): Draft =>
    said(adas, `psyc://b.example/~${nick}`, counter, method);
  word(fixture, 'client ada phone-1', to('zoe', 1, '_request_unfriend'), adas);
  expect(standing(fixture)).toEqual({ 'psyc://b.example/~zoe': 'parted' });
  isLost = true;
  word(fixture, 'client ada phone-1', to('yan', 1, '_request_friendship'), adas);
  isLost = false;
  expect(standing(fixture)).toEqual({ 'psyc://b.example/~zoe': 'parted' });
  word(fixture, 'client ada phone-1', to('yan', 1, '_request_friendship'), adas);
  expect(standing(fixture)).toEqual({ 'psyc://b.example/~yan': 'offered' });
  word(fixture, 'client ada phone-1', to('xan', 1, '_request_friendship'), adas);
  expect(standing(fixture)).toEqual({ 'psyc://b.example/~yan': 'offered' });
});

test('circleMax: words that are written together pass it no more than one after the other', () => {
  const fixture = town({ circleMax: 2 });
  fixture.held.store = [];
  const names = ['zoe', 'yan', 'xan'].map((nick) => channel(nick, 'phone', 'b.example'));
  for (const name of names)
    fixture.sayBytes('server b.example', fixture.signed(name, ada, said(name, ada, 1, '_request_friendship')));
  // The first is being written; the others wait for the next write, together.
  for (let round = 0; round < 20; round++) {
    const isRow = (asked: StoreRequest): boolean =>
      asked.kind === 'write' && asked.operations.some(({ op }) => op === 'append');
    const writes = fixture.held.store.filter(isRow);
    const asked = fixture.held.store.filter((one) => !isRow(one));
    fixture.held.store.splice(0);
    if (asked.length > 0) fixture.held.store.push(...writes);
    for (const request of asked.length > 0 ? asked : writes)
      fixture.tell({ kind: 'stored', outcome: fixture.store.perform(request) });
  }
  fixture.release();
  expect(Object.values(standing(fixture))).toEqual(['asked', 'asked']);
  const circle = { kind: 'members', request: 0, context: `circle of ${ada}`, above: '', rowsMax: 9 } as const;
  expect(fixture.store.perform(circle)).toMatchObject({ members: [{}, {}] });
});

test('a word that found no room is only a row: it makes nobody a friend later', () => {
  const fixture = town({ circleMax: 1 });
  const yan = 'psyc://b.example/~yan';
  word(fixture, 'client ada phone-1', said(adas, yan, 1, '_request_friendship'), adas);
  word(fixture, 'server b.example', said(zoe, ada, 1, '_request_friendship'), zoe);
  expect(standing(fixture)).toEqual({ [yan]: 'offered' });
  word(fixture, 'client ada phone-1', said(adas, yan, 2, '_request_unfriend'), adas);
  word(fixture, 'client ada phone-1', said(adas, 'psyc://b.example/~zoe', 1, '_request_friendship'), adas);
  expect(standing(fixture)).toEqual({ 'psyc://b.example/~zoe': 'offered' });
  word(fixture, 'server b.example', said(zoe, ada, 2, '_request_friendship'), zoe);
  expect(standing(fixture)).toEqual({ 'psyc://b.example/~zoe': 'friend' });
});

test('what a stranger’s dismissal did not name is not dismissed: it came meanwhile', () => {
  const fixture = town();
  const says = (counter: number): void => fixture.say('server b.example', said(zoe, ada, counter, sealed));
  says(1);
  fixture.held.store = [];
  says(2);
  expect(ask(fixture, '_request_dismiss', { _uniform: 'psyc://b.example/~zoe' })).toEqual([]);
  fixture.release();
  expect(fixture.methods('client ada phone-1')).toEqual(['_echo_dismiss']);
  const left = ask(fixture, '_request_strangers').map(({ packet }) => packet.text('_sequence'));
  expect(left).toEqual(['2', undefined]);
});

test('friends are told page by page, none much longer than an answer may be', () => {
  const fixture = town({ historyBytesMax: 100 });
  const names = ['xan', 'yan', 'zoe'].map((nick) => `psyc://b.example/~${nick}`);
  for (const name of names) word(fixture, 'client ada phone-1', said(adas, name, 1, '_request_friendship'), adas);
  const told: (string | undefined)[] = [];
  let after: string | undefined = '';
  while (after !== undefined) {
    const [one, end, ...more] = ask(fixture, '_request_friends', { _after: after });
    expect([end?.method, more]).toEqual(['_echo_friends', []]);
    told.push(one?.packet.text('_uniform'));
    after = end?.packet.text('_next');
  }
  expect(told).toEqual(names);
});
