/** Owners, aides and those they look after: who may do what in a place, and what becomes of it. */
import { beforeEach, expect, test } from '@jest/globals';
import { federationLimits } from '../../federation/limits.ts';
import { faultOfAct } from '../../federation/places/moderation.ts';
import { afterAct, changes, type PlaceState, stateOf } from '../../federation/places/place-state.ts';
import { encodeText } from '../../psyc/bytes.ts';
import { parseList } from '../../psyc/list.ts';
import { type Draft, renderRouted } from '../../psyc/render.ts';
import { MemoryStore } from '../../store/memory.ts';
import type { StoreRequest } from '../../store/store.ts';
import { ada, bob, channels, Hall, hall, zoe } from './hall.ts';
import { NodeFixture } from './node-fixture.ts';
import { said } from './said.ts';

const bar = 'psyc://b.example/@bar';

let place: Hall;
beforeEach(() => {
  place = new Hall();
  place.enter(ada, bob, zoe);
});

test('the first is the owner, and what he asks is told to all as he has signed it', () => {
  expect(place.record('owners')).toBe(ada);
  place.fixture.hear(place.server);
  expect(place.ask(ada, '_request_context_topic', { _topic: 'Déjà vu' })).toBe('_echo_context_topic');
  const [row] = place.fixture.hear(place.server);
  expect(row!.routing).toMatchObject({ _context: hall, _source_relay: ada, _counter: '4' });
  expect(row!.packet.text('_topic')).toBe('Déjà vu');
  expect(row!.packet.value('_signature_author')?.length).toBe(149);
  expect(place.record('topic')).toBe('Déjà vu');
  expect(place.ask(bob, '_request_context_topic', { _topic: 'mine' })).toBe('_necessary_aide');
});

test('psyced spells it otherwise, and is answered as it spells', () => {
  expect(place.ask(ada, '_request_set_topic', { _topic: 'old ways' })).toBe('_echo_set_topic');
  expect(place.ask(ada, '_request_place_silence', { _uniform_member: bob })).toBe('_echo_place_silence');
  expect(place.ask(bob, '_request_place_leave')).toBe('_echo_place_leave');
  expect(place.ask(bob, '_request_place_enter')).toBe('_echo_place_enter');
  expect(place.record('topic')).toBe('old ways');
});

test('who is kicked hears that and nothing more, and may come back', () => {
  place.fixture.hear(place.circuits[bob]!);
  expect(place.act(ada, 'kick', bob)).toBe('_echo_context_kick');
  place.ask(ada, '_message_public');
  expect(place.fixture.methods(place.circuits[bob]!)).toEqual(['_request_context_kick']);
  expect(place.ask(bob, '_message_public')).toBe('_necessary_membership');
  expect(place.members()).toEqual([ada, zoe]);
  expect(place.enter(bob)).toEqual(['_echo_context_enter']);
  expect(place.act(ada, 'kick', 'psyc://a.example/~nobody')).toBe('_unknown_member');
});

test.each([
  ['is put out', (): unknown => place.act(ada, 'kick', bob), '_request_context_kick'],
  ['leaves', (): unknown => place.ask(bob, '_request_context_leave'), '_notice_context_leave'],
])('who %s while his history is read is shown that row and none behind it', (_, goes, last) => {
  const { fixture } = place;
  const circuit = place.circuits[bob]!;
  fixture.hear(circuit);
  fixture.held.store = [];
  const routing = { _source: channels[bob], _target: hall, _tag: 'h' };
  fixture.sayRaw(circuit, { routing, entity: { _after: '2' }, method: '_request_history' });
  const reads = fixture.held.store;
  fixture.held.store = null;
  goes();
  place.ask(ada, '_message_public');
  fixture.hear(circuit);
  for (const request of reads) fixture.tell({ kind: 'stored', outcome: fixture.store.perform(request) });
  expect(fixture.methods(circuit)).toEqual(['_notice_context_enter', last, '_echo_history']);
});

test('the domain of the last who is kicked hears that row and no more', () => {
  place.fixture.hear(place.server);
  place.act(ada, 'kick', zoe);
  place.ask(ada, '_message_public');
  expect(place.fixture.methods(place.server)).toEqual(['_request_context_kick']);
  const node = { _source: 'psyc://b.example', _target: hall };
  for (const _sequence of ['3', '4'])
    place.fixture.sayRaw(place.server, { routing: node, entity: { _sequence }, method: '_echo_context' });
  expect(place.fixture.queue('subscribers') ?? 0).toBe(0);
});

test('a ban puts out and keeps out, a person or a whole domain', () => {
  expect([place.act(ada, 'ban', bob), ...place.enter(bob)]).toEqual(['_echo_context_ban', '_banned_member']);
  expect(place.act(ada, 'ban', 'psyc://b.example')).toBe('_echo_context_ban');
  expect(place.members()).toEqual([ada]);
  expect(place.ask(zoe, '_message_public')).toBe('_necessary_membership');
  expect([place.enter(zoe, 'psyc://b.example/~yan')]).toEqual([['_banned_member', '_banned_member']]);
  expect([place.act(ada, 'unban', 'psyc://b.example'), ...place.enter(zoe)]).toEqual([
    '_echo_context_unban',
    '_echo_context_enter',
  ]);
  expect(place.act(ada, 'unban', zoe)).toBe('_unknown_member');
});

test('who is banned with his domain while the store is slow is out at once, and after a restart', () => {
  const store = new MemoryStore();
  let isSlow = false;
  const failing = {
    perform: (request: StoreRequest) =>
      isSlow && request.kind === 'write' && request.operations.every(({ op }) => op === 'member')
        ? ({ kind: 'refused', request: request.request, code: '_store_lost' } as const)
        : store.perform(request),
  };
  place = new Hall({}, { store: failing });
  place.enter(ada, zoe);
  isSlow = true;
  place.act(ada, 'ban', 'psyc://b.example');
  expect([place.members(), place.ask(zoe, '_message_public')]).toEqual([[ada, zoe], '_necessary_membership']);
  isSlow = false;
  place.fixture = new NodeFixture({}, { store, keys: place.fixture.keys, life: 2 });
  place.connect();
  expect(place.ask(zoe, '_message_public')).toBe('_necessary_membership');
  expect(place.members()).toEqual([ada]);
});

test('what was refused and is taken after all is not taken for what has its number by then; after a restart neither', () => {
  place.act(ada, 'silence', zoe);
  const copy = place.draft(zoe, '_message_public');
  const other = { ...copy, routing: { ...(copy.routing as object), _tag: 'other' }, data: 'something else' };
  const hear = (fixture: NodeFixture, draft: Draft): (string | null | undefined)[] => {
    fixture.hear(place.server);
    fixture.say(place.server, draft);
    return fixture
      .hear(place.server)
      .flatMap(({ packet, routing }) =>
        routing['_context'] === undefined && packet.method !== '_request_keys'
          ? [packet.text('_code') ?? packet.method]
          : [],
      );
  };
  expect(hear(place.fixture, copy)).toEqual(['_silenced_member']);
  place.act(ada, 'unsilence', zoe);
  expect([hear(place.fixture, copy), hear(place.fixture, other)]).toEqual([
    ['_echo_message_public'],
    ['_used_counter'],
  ]);
  const next = new NodeFixture({}, { store: place.fixture.store, keys: place.fixture.keys, life: 2 });
  next.connect('server b.example');
  expect([hear(next, copy), hear(next, other)]).toEqual([['_echo_message_public'], ['_used_counter']]);
});

test('who is silenced hears and does not speak', () => {
  expect(place.act(ada, 'silence', zoe)).toBe('_echo_context_silence');
  expect(place.ask(zoe, '_message_public')).toBe('_silenced_member');
  expect([place.act(ada, 'unsilence', zoe), place.ask(zoe, '_message_public')]).toEqual([
    '_echo_context_unsilence',
    '_echo_message_public',
  ]);
});

test('aides look after people, and owners after aides', () => {
  expect(place.act(bob, 'aide', bob)).toBe('_necessary_owner');
  expect(place.act(ada, 'aide', bob)).toBe('_echo_context_aide');
  expect(place.act(bob, 'silence', zoe)).toBe('_echo_context_silence');
  expect(place.act(bob, 'kick', ada)).toBe('_protected_member');
  expect(place.act(bob, 'ban', 'psyc://a.example')).toBe('_protected_member');
  expect(place.act(ada, 'kick', bob)).toBe('_protected_member');
  expect(place.ask(bob, '_request_context_mode', { _mode: 'invited' })).toBe('_necessary_owner');
  expect([place.act(ada, 'dismiss', bob), place.act(ada, 'kick', bob)]).toEqual([
    '_echo_context_dismiss',
    '_echo_context_kick',
  ]);
});

test('the last owner names another before he resigns', () => {
  expect(place.act(ada, 'dismiss', ada)).toBe('_last_owner');
  expect(place.act(ada, 'aide', ada)).toBe('_protected_member');
  place.act(ada, 'owner', zoe);
  expect(place.act(ada, 'dismiss', ada)).toBe('_echo_context_dismiss');
  expect([place.record('owners'), place.act(ada, 'kick', bob)]).toEqual([zoe, '_necessary_aide']);
});

test('only who is invited enters, once', () => {
  place.ask(bob, '_request_context_leave');
  expect(place.ask(ada, '_request_context_mode', { _mode: 'invited' })).toBe('_echo_context_mode');
  expect(place.enter(bob, zoe)).toEqual(['_necessary_invitation', '_echo_context_enter']);
  place.act(ada, 'invite', bob);
  expect([...place.enter(bob), place.record('invited')]).toEqual(['_echo_context_enter', '']);
  place.act(ada, 'kick', bob);
  expect(place.enter(bob)).toEqual(['_necessary_invitation']);
  place.act(ada, 'invite', bob);
  expect([place.act(ada, 'uninvite', bob), ...place.enter(bob)]).toEqual([
    '_echo_context_uninvite',
    '_necessary_invitation',
  ]);
  // Who owns it comes and goes as he likes.
  place.ask(ada, '_request_context_leave');
  expect(place.enter(ada)).toEqual(['_echo_context_enter']);
});

test('what is unsigned, another’s, malformed or said before changes nothing', () => {
  const { fixture } = place;
  const mine = place.circuits[ada]!;
  const unsigned = place.draft(ada, '_request_context_topic', { _topic: 'x' });
  fixture.hear(mine);
  fixture.sayRaw(mine, unsigned);
  expect(fixture.hear(mine)[0]?.packet.text('_code')).toBe('_necessary_signature');
  // Another domain's server in the name of the owner: that is not its to say.
  const forged = { ...unsigned, routing: { ...(unsigned.routing as Record<string, string>) } };
  fixture.say(place.server, forged);
  expect(fixture.closed).toEqual([place.server]);
  for (const whom of ['', 'psyc://b.example/@bar', `${zoe}#x`, 'psyc://B.example/~zoe', 'psyc://b.example:9/~zoe']) {
    const draft = { ...unsigned, method: '_request_context_kick', entity: { _uniform_member: whom } };
    fixture.say(mine, draft);
    expect(fixture.hear(mine).at(-1)?.packet.text('_code')).toBe('_invalid_act');
  }
});

test('an act that was signed before does nothing under another number', () => {
  const { fixture } = place;
  const mine = place.circuits[ada]!;
  const kick = place.draft(ada, '_request_context_kick', { _uniform_member: bob });
  const content = fixture.sign(channels[ada]!, hall, kick);
  fixture.sayBytes(mine, renderRouted(kick.routing as Record<string, string>, content));
  expect([place.members(), ...place.enter(bob)]).toEqual([[ada, zoe], '_echo_context_enter']);
  fixture.hear(mine);
  const again = { ...(kick.routing as Record<string, string>), _counter: '3', _tag: 'again' };
  fixture.sayBytes(mine, renderRouted(again, content));
  expect(fixture.hear(mine).map(({ packet }) => packet.text('_code'))).toEqual(['_stale_act']);
  // Nor after a restart, nor when it is too old to be remembered.
  for (const [life, nowMs] of [
    [2, 1000],
    [3, 400_000_000],
  ] as const) {
    const next = new NodeFixture({}, { store: fixture.store, keys: fixture.keys, life });
    next.nowMs = nowMs;
    const phone = next.connect('client ada phone');
    next.sayBytes(phone, renderRouted(again, content));
    expect(next.hear(phone).map(({ packet }) => packet.text('_code'))).toEqual(['_stale_act']);
  }
  expect(place.members()).toEqual([ada, bob, zoe]);
});

test.each([
  ['ownersMax', 'owner'],
  ['aidesMax', 'aide'],
  ['bansMax', 'ban'],
  ['silencedMax', 'silence'],
  ['invitedMax', 'invite'],
])('%s, listBytesMax, actsMax: what is full is refused', (limit, kind) => {
  place = new Hall({ [limit]: kind === 'owner' ? 2 : 1 });
  place.enter(ada);
  const names = ['one', 'two'].map((name) => `psyc://c.example/~${name}`);
  expect(names.map((name) => place.act(ada, kind, name))).toEqual([`_echo_context_${kind}`, '_excessive_entries']);
  place = new Hall({ listBytesMax: 60 });
  place.enter(ada);
  expect(names.map((name) => place.act(ada, kind, `${name}${'x'.repeat(20)}`)).at(-1)).toBe('_excessive_entries');
  place = new Hall({ actsMax: 1 });
  place.enter(ada, bob);
  place.act(ada, 'owner', bob);
  expect(place.act(bob, kind, names[0]!)).toBe('_excessive_entries');
});

test('a place tells members more than strangers, and most to those who look after it', () => {
  const status = (person: string): Record<string, string | string[] | undefined> => {
    const circuit = place.circuits[person] ?? place.server;
    place.fixture.hear(circuit);
    place.fixture.sayRaw(circuit, {
      routing: { _source: channels[person]!, _target: hall, _tag: 's' },
      method: '_request_context_status',
    });
    const packet = place.fixture.hear(circuit).find(({ method }) => method === '_status_context')?.packet;
    const list = (name: string): string[] | undefined => {
      const bytes = packet?.value(name);
      return bytes === undefined
        ? undefined
        : parseList(new Uint8Array(bytes), 'frozen').elements.map(({ value }) => new TextDecoder().decode(value));
    };
    return {
      topic: packet?.text('_topic'),
      mode: packet?.text('_mode'),
      owners: list('_list_owners'),
      members: list('_list_members'),
      bans: list('_list_bans'),
    };
  };
  place.ask(ada, '_request_context_topic', { _topic: 'tea' });
  place.ask(ada, '_request_context_mode', { _mode: 'invited' });
  place.act(ada, 'ban', 'psyc://c.example');
  place.act(ada, 'kick', bob);
  expect(status(ada)).toEqual({
    topic: 'tea',
    mode: 'invited',
    owners: [ada],
    members: [ada, zoe],
    bans: ['psyc://c.example'],
  });
  expect(status(zoe)).toMatchObject({ topic: 'tea', members: [ada, zoe], bans: undefined });
  expect(status(bob)).toMatchObject({ topic: undefined, owners: [ada], members: undefined });
});

test('a place elsewhere puts somebody out: his domain writes it down before it says that it has the row', () => {
  const fixture = new NodeFixture();
  const [phone, server] = [fixture.connect('client ada phone'), fixture.connect('server b.example')];
  const other = fixture.connect('client bob phone');
  for (const [circuit, person] of [
    [phone, ada],
    [other, bob],
  ] as const) {
    fixture.say(circuit, said(channels[person]!, bar, 1, '_request_context_enter'));
    fixture.sayRaw(server, {
      routing: { _source: bar, _target: channels[person]!, _tag_relay: 't1' },
      entity: { _sequence: person === ada ? '1' : '2' },
      method: '_echo_context_enter',
    });
  }
  const row = (counter: number, method: string, entity: Record<string, string> = {}): void =>
    fixture.say(server, {
      routing: { _context: bar, _source_relay: zoe, _counter: String(counter), _tag: 't' },
      entity,
      method,
    });
  for (const circuit of [phone, other, server]) fixture.hear(circuit);
  fixture.held.store = [];
  row(3, '_request_context_kick', { _uniform_member: ada });
  expect([fixture.methods(phone), fixture.methods(server)]).toEqual([['_request_context_kick'], []]);
  row(4, '_message_public');
  expect([fixture.methods(phone), fixture.methods(other)]).toEqual([[], ['_request_context_kick', '_message_public']]);
  fixture.release();
  expect(fixture.methods(server)).toEqual(['_echo_context', '_echo_context']);
  const outcome = fixture.store.perform({ kind: 'members', request: 0, context: bar, above: '', rowsMax: 9 });
  expect(outcome.kind === 'members' && outcome.members.map(({ name }) => name)).toEqual([bob]);
});

test('no aide with many devices keeps an owner, another aide or a second owner from acting', () => {
  const [eve, dan] = ['psyc://b.example/~eve', 'psyc://b.example/~dan'];
  const limits = { ...federationLimits, actsMax: 8, actsOfOneMax: 3 };
  const around = { limits, last: 9, sinceMs: 0, isMember: () => true, memberCount: 2, hasPlain: false };
  let state = stateOf(
    new Map([
      ['owners', encodeText(`${ada}\n${bob}`)],
      ['aides', encodeText(`${eve}\n${dan}`)],
    ]),
  );
  const acts = (by: string, count: number): (string | null)[] =>
    Array.from({ length: count }, (_, at) => {
      const act = { act: { kind: 'topic', text: 't' }, by, device: `${by}${at}`, counter: 1, timeMs: 5 } as const;
      const fault = faultOfAct(state, act, around);
      if (fault === null) state = stateOf(recordsAfter(afterAct(state, act, 0, 9)));
      return fault;
    });
  const full = '_excessive_entries';
  expect(acts(eve, 4)).toEqual([null, null, null, full]);
  // What aides have together is half.
  expect(acts(dan, 2)).toEqual([null, full]);
  expect(acts(ada, 4)).toEqual([null, null, null, full]);
  expect(acts(bob, 2)).toEqual([null, full]);
  // A device that is remembered acts on.
  const again = { act: { kind: 'topic', text: 't' }, by: eve, device: `${eve}0`, counter: 2, timeMs: 6 } as const;
  expect(faultOfAct(state, again, around)).toBe(null);
});

/** As it is read again from the store. */
const recordsAfter = (state: PlaceState): Map<string, Uint8Array> =>
  new Map(changes(hall, stateOf(new Map()), state).map(({ name, value }) => [name, value]));
