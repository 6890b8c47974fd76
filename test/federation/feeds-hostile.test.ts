/** Publications from those who mean harm: what no server keeps, answers or passes on. docs/spec/feeds.md */
import { expect, test } from '@jest/globals';
import { channelOf } from '../../circuit/channel.ts';
import { parseOne } from '../../circuit/one-packet.ts';
import type { FederationLimits } from '../../federation/limits.ts';
import { type Draft, renderRouted } from '../../psyc/render.ts';
import { feedOf } from '../../publication/feed.ts';
import { channel } from './node-fixture.ts';
import { publishedIn, World } from './feeds-world.ts';
import { said } from './said.ts';

const ada = 'psyc://a.example/~ada';
const adas = channel('ada', 'phone');
const [a, b] = ['a.example', 'b.example'];
const EMPTY = Uint8Array.of(0x61);

/** Ada's home with one publication, and a server that asks and tells what it likes. */
function home(limits: Partial<FederationLimits> = {}): {
  world: World;
  at: string;
  evil: string;
  ask: (draft: Draft) => string[];
} {
  const world = new World([a, b], limits);
  const at = world.login(ada, 'phone');
  world.publish(a, at, adas, 1, 'one');
  const evil = world.node(a).connect('server evil.example');
  world.node(a).hear(evil);
  const ask = (draft: Draft): string[] => {
    const routing = { _source: 'psyc://evil.example', _target: 'psyc://a.example', _tag: 't' };
    world.node(a).sayRaw(evil, { routing, ...draft });
    return world.node(a).methods(evil).map(String);
  };
  return { world, at, evil, ask };
}

const frameOf = (frame: Uint8Array, more: Record<string, string> = {}): Draft => ({
  entity: { _uniform: ada, _frame: frame, ...more },
  method: '_request_publications',
});

test.each([
  ['no frame', new Uint8Array(0)],
  ['another version', Uint8Array.of(0x62)],
  ['a list that is not there', Uint8Array.of(0x61, 0, 0, 2, 200, 1)],
  ['a range behind the end', Uint8Array.of(0x61, 0, 0, 0, 0, 0, 0)],
  ['nothing but versions', new Uint8Array(65_000).fill(0x61)],
])('%s is no question, and nothing is answered', (_, frame) => {
  const { ask } = home();
  expect(ask(frameOf(frame))).toEqual([]);
  expect(ask(frameOf(EMPTY))).toEqual(['_status_publications']);
});

test('ids that are none, and too many, are not looked for; unknown ones are not there', () => {
  const { ask } = home();
  const missing = (data: Uint8Array): string[] =>
    ask({ entity: { _uniform: ada }, method: '_request_publications_missing', data });
  expect(missing(new Uint8Array(0))).toEqual([]);
  expect(missing(new Uint8Array(33))).toEqual([]);
  expect(missing(new Uint8Array(33 * 32))).toEqual([]);
  expect(missing(new Uint8Array(32))).toEqual(['_status_publications_missing']);
});

test('whoever does not live here has no publications, and costs nothing', () => {
  const { world, ask } = home();
  for (const person of ['psyc://a.example/~nobody', 'psyc://b.example/~bob'])
    expect(ask({ entity: { _uniform: person, _frame: EMPTY }, method: '_request_publications' })).toEqual([
      '_status_publications_unknown',
    ]);
  expect(
    ask({ entity: { _uniform: 'psyc://a.example/@hall', _frame: EMPTY }, method: '_request_publications' }),
  ).toEqual([]);
  expect(
    world.stores
      .get(a)!
      .contexts()
      .filter((context) => context.includes('nobody')),
  ).toEqual([]);
});

test('who asks too much is answered when his budget allows it', () => {
  const { world, ask } = home({ feedQuestionsMax: 3, feedQuestionMs: 1000 });
  const answers = Array.from({ length: 5 }, () => ask(frameOf(EMPTY)).length);
  expect(answers).toEqual([1, 1, 1, 0, 0]);
  world.pass(1000);
  expect(ask(frameOf(EMPTY))).toEqual(['_status_publications']);
});

test('so many servers hear what comes, and no more; each until its circuit ends', () => {
  const { world, at, evil, ask } = home({ feedSubscribersMax: 1 });
  ask(frameOf(EMPTY, { _follow: '1' }));
  const other = world.node(a).connect('server other.example');
  const routing = { _source: 'psyc://other.example', _target: 'psyc://a.example', _tag: 't' };
  world.node(a).sayRaw(other, { routing, ...frameOf(EMPTY, { _follow: '1' }) });
  world.node(a).hear(other);
  world.publish(a, at, adas, 2, 'two');
  expect(world.node(a).methods(evil)).toEqual(['_message_public']);
  expect(world.node(a).methods(other)).toEqual([]);
  world.node(a).tell({ kind: 'failed', circuit: evil });
  world.node(a).sayRaw(other, { routing, ...frameOf(EMPTY, { _follow: '1' }) });
  world.node(a).hear(other);
  world.publish(a, at, adas, 3, 'three');
  expect(world.node(a).methods(other)).toEqual(['_message_public']);
});

test('of a visitor no more is taken than has room; what was taken is answered again', () => {
  const c = 'c.example';
  const world = new World([a, c], { visitorPublicationsMax: 2, visitorPublicationMs: 10_000 });
  world.login(ada, 'phone');
  world.cut(a, c);
  const guest = world.login(ada, 'phone', c);
  const id = world.keys.idOf(world.node(c).seedOf('ada', 'phone', a));
  const source = channelOf(ada, id, { side: '1', at: c });
  const words = [1, 2, 3].map((counter) => world.signed(source, feedOf(ada), counter, `word ${counter}`));
  const say = (word: Uint8Array): string[] => {
    world.node(c).sayBytes(guest, word);
    return world.node(c).methods(guest).map(String);
  };
  expect(words.map((word) => say(word).length)).toEqual([1, 1, 0]);
  expect(say(words[0]!)).toEqual(['_echo_message_public']);
  world.pass(10_000);
  expect(say(words[2]!)).toEqual(['_echo_message_public']);
});

/** The first words of ada's phone as servers pass them on. */
const wordsOf = (world: World): Uint8Array[] =>
  Array.from({ length: 4 }, (_, at) => {
    const packet = parseOne(world.signed(adas, feedOf(ada), at + 1, `word ${at}`));
    return renderRouted({ _context: feedOf(ada) }, packet.content, packet.hasLength);
  });

/** Words of ada's that other servers bring to b, and what b hands on to another server, ada's home not among them. */
function relay(limits: Partial<FederationLimits>): {
  world: World;
  bring: (server: string, ...words: number[]) => string[];
} {
  const world = new World([a, b], limits);
  world.login(ada, 'phone');
  const node = world.node(b);
  const [evil, honest, to] = ['evil', 'honest', 'to'].map((name) => node.connect(`server ${name}.example`)) as [
    string,
    string,
    string,
  ];
  world.link(b, a);
  const words = wordsOf(world);
  const heard = (): string[] => node.hear(to).flatMap(({ routing, data }) => (routing['_context'] ? [data] : []));
  const bring = (server: string, ...which: number[]): string[] => {
    for (const word of which) node.sayBytes(server === 'evil' ? evil : honest, words[word]!);
    world.pass(1000);
    return heard();
  };
  heard();
  return { world, bring };
}

test('what is passed on is passed on once, within the budget of who brings it, and not when it is old', () => {
  const { world, bring } = relay({ relayedOfLinkMax: 2, relayedOfLinkMs: 60_000 });
  expect(bring('honest', 0, 1, 2, 0)).toEqual(['word 0', 'word 1']);
  world.pass(49 * 3_600_000);
  expect(bring('honest', 3)).toEqual([]);
});

test('whoever has spent his budget and brings a publication first keeps nobody else from having it passed on', () => {
  const { bring } = relay({ relayedOfLinkMax: 1, relayedOfLinkMs: 60_000 });
  expect(bring('evil', 0, 1)).toEqual(['word 0']);
  expect(bring('honest', 1)).toEqual(['word 1']);
  expect(bring('evil', 1)).toEqual([]);
});

test('what is over the budget of its author costs its server none, and the other way round', () => {
  const ofAuthor = relay({
    relayedOfLinkMax: 2,
    relayedOfLinkMs: 1e9,
    relayedOfAuthorMax: 1,
    relayedOfAuthorMs: 10_000,
  });
  expect(ofAuthor.bring('honest', 0, 1, 2)).toEqual(['word 0']);
  ofAuthor.world.pass(10_000);
  expect(ofAuthor.bring('honest', 1)).toEqual(['word 1']);
  const ofLink = relay({ relayedOfLinkMax: 1, relayedOfLinkMs: 1e9, relayedOfAuthorMax: 2, relayedOfAuthorMs: 1e9 });
  expect(ofLink.bring('evil', 0, 1, 2)).toEqual(['word 0']);
  expect(ofLink.bring('honest', 1)).toEqual(['word 1']);
});

test('whoever begins to follow, and asks again and again, keeps no news from others, and waits no longer for it', () => {
  const world = new World([a, b]);
  world.login(ada, 'phone');
  world.link(b, a);
  const node = world.node(b);
  const server = node.connect('server d.example');
  const words = wordsOf(world);
  // By this ada's keys are known, which her home does not tell any more.
  node.sayBytes(server, words[0]!);
  world.pass(1000);
  world.cut(a, b);
  const [bobAt, malAt] = ['bob', 'mal'].map((nick) => world.login(`psyc://b.example/~${nick}`, 'phone')) as [
    string,
    string,
  ];
  const enter = (at: string, nick: string, counter: number): void =>
    node.say(at, said(channel(nick, 'phone', b), feedOf(ada), counter, '_request_context_enter'));
  enter(bobAt, 'bob', 1);
  world.pass(3000);
  expect(node.methods(bobAt)).toEqual(['_echo_context_enter']);
  enter(malAt, 'mal', 1);
  world.pass(2000);
  enter(malAt, 'mal', 2);
  enter(bobAt, 'bob', 2);
  expect(node.methods(bobAt)).toEqual(['_echo_context_enter']);
  node.sayBytes(server, words[0]!);
  expect(publishedIn(node.hear(bobAt))).toEqual(['1 word 0']);
  expect(node.methods(malAt)).toEqual([]);
  world.pass(1000);
  expect(node.methods(malAt)).toEqual(['_echo_context_enter', '_echo_context_enter']);
  enter(malAt, 'mal', 3);
  node.sayBytes(server, words[1]!);
  expect(node.methods(malAt)).toEqual(['_echo_context_enter', '_message_public']);
});
