/** Who has another name by his old key's word: what places and homes do with that, and what nobody gets by saying so. */
import { beforeEach, expect, test } from '@jest/globals';
import { federationLimits } from '../../federation/limits.ts';
import { beginUnixMs } from '../../simulator/scenes/circuit-end.ts';
import type { StoreRequest } from '../../store/store.ts';
import { ada, bob, channels, Hall, hall, zoe } from './hall.ts';
import { channel, type NodeFixture } from './node-fixture.ts';
import { said } from './said.ts';

const at = (domain: string, nick = 'zoe'): string => `psyc://${domain}/~${nick}`;
const [inC, inD, inE, inF, inG] = ['c', 'd', 'e', 'f', 'g'].map((name) => at(`${name}.example`)) as [
  string,
  string,
  string,
  string,
  string,
];
const mallory = at('c.example', 'mallory');

let place: Hall;
beforeEach(() => {
  place = new Hall();
  place.enter(ada, bob, zoe);
  for (const person of [inC, inD, inE, inF, inG, mallory]) come(person);
  // Her key is pinned by what she signs.
  place.ask(zoe, '_message_public');
});

function come(person: string): void {
  const [, domain = '', nick = ''] = /^psyc:..([^/]+).~(.+)/.exec(person)!;
  channels[person] = channel(nick, 'desk', domain);
  const circuit = `server ${domain}`;
  const isThere = Object.values(place.circuits).includes(circuit);
  place.circuits[person] = isThere ? circuit : place.fixture.connect(circuit);
}

const identity = (person: string): ReturnType<NodeFixture['identityOf']> => {
  const [, domain = '', nick = ''] = /^psyc:..([^/]+).~(.+)/.exec(person)!;
  return place.fixture.identityOf(nick, domain);
};

/** The home of `to` tells from now on that both keys say so. */
function moves(from: string, to: string, counter = 1, key = identity(from)): void {
  place.fixture.moves.set(to, place.fixture.keys.move(key, identity(to), counter, beginUnixMs + counter * 1000));
  // What was asked a moment ago is asked again.
  place.fixture.pass(federationLimits.keysAgainMsMin);
}

const asks = (person: string, before: string): string | null => place.act(person, 'move', before);

test('what she had in a place is hers under the new name, with one row that she has signed', () => {
  place.act(ada, 'owner', zoe);
  place.ask(ada, '_request_context_mode', { _mode: 'invited' });
  moves(zoe, inC);
  place.fixture.hear(place.server);
  expect(asks(inC, zoe)).toBe('_echo_context_move');
  const [row] = place.fixture.hear(place.server);
  expect(row!.routing).toMatchObject({ _context: hall, _source_relay: inC });
  expect(row!.packet.value('_signature_author')?.length).toBe(149);
  expect([place.record('owners'), place.members()]).toEqual([`${ada}\n${inC}`, [ada, bob]]);
  expect(place.record('taken')).toContain(inC);
  expect([place.ask(zoe, '_message_public'), ...place.enter(inC)]).toEqual([
    '_necessary_membership',
    '_echo_context_enter',
  ]);
  expect(place.ask(inC, '_request_context_topic', { _topic: 'mine' })).toBe('_echo_context_topic');
  expect(place.act(zoe, 'dismiss', ada)).toBe('_necessary_owner');
});

test('a member without an office comes by an invitation, and is silenced under both names', () => {
  place.act(ada, 'silence', zoe);
  place.ask(ada, '_request_context_mode', { _mode: 'invited' });
  expect(place.enter(inC)).toEqual(['_necessary_invitation']);
  moves(zoe, inC);
  expect([asks(inC, zoe), ...place.enter(inC)]).toEqual(['_echo_context_move', '_echo_context_enter']);
  expect([place.record('silenced'), place.record('invited')]).toEqual([`${zoe}\n${inC}`, '']);
  expect(place.ask(inC, '_message_public')).toBe('_silenced_member');
  // Who looks after nothing takes no room from those who do.
  expect(place.record('taken')).not.toContain(inC);
  // Whoever has nothing more there has nothing to move.
  expect(asks(inC, zoe)).toBe('_unknown_member');
});

test.each([
  ['the old name', zoe],
  ['the new one', inC],
  ['the domain of the new one', 'psyc://c.example'],
])('no ban ends by it: %s', (_, banned) => {
  place.act(ada, 'ban', banned);
  moves(zoe, inC);
  expect([asks(inC, zoe), place.record('bans')]).toEqual(['_banned_member', banned]);
});

test.each<[string, () => void]>([
  ['nobody tells a move', () => {}],
  ['it is of another key under that name', () => moves(zoe, inC, 1, other())],
  ['it is of somebody else', () => moves(bob, inC)],
  ["it is somebody else's", () => place.fixture.moves.set(inC, tell(zoe, mallory))],
  ['nobody has signed it', () => place.fixture.moves.set(inC, { ...tell(zoe, inC), statement: new Uint8Array(80) })],
  ['the old key has taken itself back', () => place.fixture.moves.set(inC, { ...tell(zoe, inC), before: retired() })],
  ['key servers know that it has', published],
])('nothing moves: %s', (_, prepare) => {
  place.fixture.pass(federationLimits.keysAgainMsMin);
  prepare();
  expect([asks(inC, zoe), place.members()]).toEqual(['_unknown_move', [ada, bob, zoe]]);
});

test('of a name whose key nobody has pinned here anybody could say that he had it', () => {
  const yan = at('b.example', 'yan');
  place.enter(yan);
  moves(yan, inC);
  expect([asks(inC, yan), place.members()]).toEqual(['_unknown_move', [ada, bob, yan, zoe]]);
  place.ask(yan, '_message_public');
  place.fixture.pass(federationLimits.keysAgainMsMin);
  expect(asks(inC, yan)).toBe('_echo_context_move');
});

test('for an old name that nobody knows here no key is read and no key server asked', () => {
  const asked = (from: string): string[] => {
    moves(from, inC);
    place.fixture.asked.length = 0;
    asks(inC, from);
    return place.fixture.asked;
  };
  expect(asked(zoe)).toContain('move');
  expect(asked(at('nowhere.example'))).not.toContain('move');
});

const tell = (from: string, to: string): ReturnType<NodeFixture['keys']['move']> =>
  place.fixture.keys.move(identity(from), identity(to), 1, beginUnixMs);
const retired = (): Uint8Array => place.fixture.keys.retired(identity(zoe).key);
const other = (): ReturnType<NodeFixture['identityOf']> =>
  place.fixture.identityOf('zoe', 'b.example', { identity: 'x' });

function published(): void {
  moves(zoe, inC);
  place.fixture.keys.published.set(zoe, { key: retired(), statement: identity(zoe).statement });
}

test('a key that is taken back later has moved nobody from then on', () => {
  moves(zoe, inC);
  place.ask(ada, '_request_context_mode', { _mode: 'invited' });
  expect(asks(inC, zoe)).toBe('_echo_context_move');
  place.fixture.keys.published.set(zoe, { key: retired(), statement: identity(zoe).statement });
  place.act(ada, 'invite', zoe);
  place = restarted();
  expect(asks(inC, zoe)).toBe('_unknown_move');
});

/** The next life of the node, which remembers what is durable. */
function restarted(): Hall {
  const next = new Hall({}, { store: place.fixture.store, keys: place.fixture.keys, life: 2 });
  const { moves: told } = place.fixture;
  for (const [person, move] of told) next.fixture.moves.set(person, move);
  place = next;
  for (const person of [inC, inD, inE, inF, inG, mallory]) come(person);
  return next;
}

test("the newest of the old key's moves counts, of two with one number the first; who came back does not go by what he said before", () => {
  moves(zoe, inC, 5);
  place.act(ada, 'aide', zoe);
  expect([asks(inC, zoe), place.record('aides')]).toEqual(['_echo_context_move', inC]);
  place.act(ada, 'aide', zoe);
  for (const counter of [4, 5]) {
    moves(zoe, inD, counter);
    expect([counter, asks(inD, zoe)]).toEqual([counter, '_unknown_move']);
  }
  moves(zoe, inD, 6);
  expect([asks(inD, zoe), asks(inC, zoe)]).toEqual(['_echo_context_move', '_unknown_member']);
  // And back: what she says with that name's key names her as she was.
  moves(inD, zoe, 7);
  place.enter(zoe);
  expect([asks(zoe, inD), place.record('aides')]).toEqual(['_echo_context_move', `${inC}\n${zoe}`]);
  place = restarted();
  place.ask(zoe, '_message_public');
  expect([asks(inD, zoe), place.record('aides')]).toEqual(['_unknown_move', `${inC}\n${zoe}`]);
});

test.each([
  ['the newer one', inC, inD],
  ['the older one', inD, inC],
])('of two that are told at one time the newest counts: %s is told first', (_, ...told) => {
  place.fixture.moves.set(inC, place.fixture.keys.move(identity(zoe), identity(inC), 6, beginUnixMs + 6000));
  moves(zoe, inD, 5);
  const { fixture } = place;
  fixture.held.store = [];
  for (const person of told) {
    fixture.say(place.circuits[person]!, place.draft(person, '_request_context_move', { _uniform_member: zoe }));
  }
  // The store answers both by turns.
  for (let rounds = 0; rounds < 40; rounds++) {
    const asked: StoreRequest[] = fixture.held.store ?? [];
    fixture.held.store = [];
    for (const request of asked) fixture.tell({ kind: 'stored', outcome: fixture.store.perform(request) });
  }
  fixture.release();
  const outcome = fixture.store.perform({ kind: 'records', request: 0, context: zoe });
  const records = outcome.kind === 'records' ? outcome.records : [];
  const text = new TextDecoder().decode(records.find(({ name }) => name === 'moved to')?.value);
  expect([text.split(' ')[0], place.members()]).toEqual([inC, [ada, bob]]);
});

test('who had two names before says so of the one that he left last', () => {
  place.enter(inD);
  place.ask(inD, '_message_public');
  moves(zoe, inC, 5);
  expect(asks(inC, zoe)).toBe('_echo_context_move');
  moves(inD, inC, 4);
  expect(asks(inC, inD)).toBe('_unknown_move');
  moves(inD, inC, 6);
  expect(asks(inC, inD)).toBe('_echo_context_move');
});

test('whoever moved several times is found by every name, as far back as is remembered, and a circle ends', () => {
  const way = [zoe, inC, inD, inE, inF, inG];
  for (const [index, to] of way.slice(1).entries()) {
    moves(way[index]!, to, index + 1);
    // Each is heard of by what he signs.
    place.enter(to);
    place.ask(to, '_message_public');
  }
  expect(federationLimits.movesMax).toBe(4);
  expect([asks(inG, zoe), asks(inF, zoe)]).toEqual(['_unknown_move', '_echo_context_move']);
  moves(inG, inC, 99);
  expect(asks(inC, inD)).toBe('_echo_context_move');
  expect(asks(inC, inC)).toBe('_unknown_move');
});

test('the same is asked once more than is heard of: one question while an answer is awaited, none for a while after', () => {
  place.enter(inC);
  place.ask(inC, '_message_public');
  const asked = (): number =>
    place.fixture.methods(place.circuits[inC]!).filter((method) => method === '_request_keys').length;
  place.fixture.tellsKeys = false;
  place.fixture.pass(federationLimits.keysAgainMsMin);
  asked();
  const circuit = place.circuits[inC]!;
  const act = place.draft(inC, '_request_context_move', { _uniform_member: zoe });
  for (let times = 0; times < 2 * federationLimits.lettersMax; times++) place.fixture.say(circuit, act);
  expect(asked()).toBe(1);
  expect(place.fixture.queue('letters')).toBe(federationLimits.lettersMax);
  place.fixture.pass(federationLimits.keysMsMax * 3);
  expect(place.fixture.queue('letters')).toBe(0);
  place.fixture.tellsKeys = true;
  place.fixture.hear(circuit);
  const answered = (): (string | null)[] => {
    place.fixture.say(circuit, act);
    return place.fixture.methods(circuit);
  };
  expect([answered(), answered()]).toEqual([['_request_keys', '_error_unknown_move'], ['_error_unknown_move']]);
});

test('what somebody has held back for longer than acts count moves nothing', () => {
  moves(zoe, inC);
  place.fixture.aheadMs = -federationLimits.actAgeMsMax - 1;
  expect(asks(inC, zoe)).toBe('_stale_act');
  place.fixture.aheadMs = 0;
  expect(asks(inC, zoe)).toBe('_echo_context_move');
});

test('where lists have no room for the new name nothing moves', () => {
  place = new Hall({ invitedMax: 1 });
  place.enter(ada, zoe);
  come(inC);
  place.ask(zoe, '_message_public');
  place.act(ada, 'invite', 'psyc://x.example/~x');
  moves(zoe, inC);
  expect([asks(inC, zoe), place.members()]).toEqual(['_excessive_entries', [ada, zoe]]);
});

const sealed = '_message_private_sealed';

/** ada has a rule; zoe, whose key is pinned, writes under her new name from c.example. */
function writes(rule: string | null, isSigned: boolean, isFriend = false): (string | null)[] {
  const { fixture } = place;
  const side = channel('ada', 'phone-1');
  fixture.connect('client ada phone-1');
  const entity = { _name: 'rules', _version: '0', _value: rule ?? '' };
  const routing = { _source: side, _target: ada, _tag: 'q' };
  if (rule !== null) fixture.sayRaw('client ada phone-1', { routing, entity, method: '_request_store' });
  if (isFriend) {
    const yes = said(side, zoe, 1, '_request_friendship');
    fixture.sayBytes('client ada phone-1', fixture.signed(side, zoe, yes));
  }
  const circuit = place.circuits[inC]!;
  fixture.hear(circuit);
  const letter = said(channels[inC]!, ada, 1, sealed, 'hello');
  if (isSigned) fixture.say(circuit, letter);
  else fixture.sayRaw(circuit, letter);
  return fixture.methods(circuit).filter((method) => !/presence|keys/.test(method ?? ''));
}

test.each<[string | null, boolean, boolean, string]>([
  ['strangers friends', true, true, `_echo${sealed}`],
  ['strangers friends', true, false, '_failure_filter_strangers'],
  // Her home alone says so: nobody has pinned that for her.
  ['strangers friends', false, true, '_failure_filter_strangers'],
  [`block ${zoe}`, true, false, '_failure_filter_strangers'],
  // A domain is blocked for who lives there.
  ['block b.example', true, false, `_echo${sealed}`],
])('a person with the rule %p, what is signed %p, friends %p: %s', (rule, isSigned, isFriend, expected) => {
  moves(zoe, inC);
  // What she signs elsewhere here is refused, and makes her names known.
  expect(place.ask(inC, '_message_public')).toBe('_necessary_membership');
  expect(writes(rule, isSigned, isFriend)).toEqual([expected]);
});

test('a friend under a new name is no stranger to her home, and no friend of her own', () => {
  moves(zoe, inC);
  place.fixture.hear('client ada phone');
  writes(null, true, true);
  const [row] = place.fixture.hear('client ada phone').filter(({ method }) => method === sealed);
  expect(row!.routing['_target_relay']).toBeUndefined();
  const routing = { _source: channel('ada', 'phone-1'), _target: ada, _tag: 'f' };
  place.fixture.sayRaw('client ada phone-1', { routing, method: '_request_friends' });
  const told = place.fixture.hear('client ada phone-1').filter(({ method }) => method === '_status_friend');
  expect(told.map(({ packet }) => packet.text('_uniform'))).toEqual([zoe]);
});
