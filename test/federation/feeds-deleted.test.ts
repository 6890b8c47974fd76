/** What its author deletes: the words go at every server, its place stays, and nobody else can. docs/spec/feeds.md#deleted */
import { expect, test } from '@jest/globals';
import { parseOne } from '../../circuit/one-packet.ts';
import { hexOf } from '../../crypto/bytes.ts';
import { encodeText } from '../../psyc/bytes.ts';
import { renderRouted, type Value } from '../../psyc/render.ts';
import { feedOf } from '../../publication/feed.ts';
import { publicationId } from '../../publication/fields.ts';
import { readPublication } from '../../publication/packet.ts';
import { DELETION_METHOD, lineIn } from '../../publication/reference.ts';
import { channel } from './node-fixture.ts';
import { publishedIn, World } from './feeds-world.ts';
import { said } from './said.ts';

const ada = 'psyc://a.example/~ada';
const feed = feedOf(ada);
const adas = channel('ada', 'phone');
const bobs = channel('bob', 'phone', 'b.example');
const [a, b, c] = ['a.example', 'b.example', 'c.example'];

/** What deletes these signed words. */
function deletion(world: World, counter: number, words: Uint8Array, change: Record<string, Value> = {}): Uint8Array {
  const packet = parseOne(words);
  const id = publicationId(world.keys.suite, readPublication(packet, (name) => packet.ownRoute(name))!);
  const entity = { _publication: hexOf(id), _signature_deleted: lineIn(packet)!, ...change };
  return world.signedDraft(adas, feed, { ...said(adas, feed, counter, DELETION_METHOD), entity });
}

/** The same as servers pass it on. */
function passedOn(bytes: Uint8Array): Uint8Array {
  const packet = parseOne(bytes);
  return renderRouted({ _context: feed }, packet.content, packet.hasLength);
}

/** Ada's first publications, signed; bob follows her at b, where there is no circuit to her home yet. */
function begun(isLinked = true): { world: World; adaAt: string; bobAt: string; words: Uint8Array[] } {
  const world = new World([a, b, c]);
  const adaAt = world.login(ada, 'phone');
  const bobAt = world.login('psyc://b.example/~bob', 'phone');
  const words = ['one', 'a secret', 'three'].map((text, at) => world.signed(adas, feed, at + 1, text));
  if (isLinked) {
    world.node(b).say(bobAt, said(bobs, feed, 1, '_request_context_enter'));
    world.pass(1000);
    say(world, adaAt, ...words);
    world.node(b).hear(bobAt);
  }
  return { world, adaAt, bobAt, words };
}

function say(world: World, at: string, ...words: Uint8Array[]): void {
  for (const one of words) world.node(a).sayBytes(at, one);
  world.settle();
}

/** Rows of a server: their ids, in their order. */
function idsAt(world: World, domain: string): string[] {
  const asked = { kind: 'read', request: 0, context: feed, after: 0, rowsMax: 512 } as const;
  const outcome = world.stores.get(domain)!.perform(asked);
  return outcome.kind === 'rows' ? outcome.rows.map(({ id }) => hexOf(id)) : [];
}

/** Whether a server has these words anywhere among ada's publications. */
function has(world: World, domain: string, text: string): boolean {
  const asked = { kind: 'read', request: 0, context: feed, after: 0, rowsMax: 512 } as const;
  const outcome = world.stores.get(domain)!.perform(asked);
  const wanted = hexOf(encodeText(text));
  return outcome.kind === 'rows' && outcome.rows.some(({ packet }) => hexOf(packet).includes(wanted));
}

const history = (world: World, at: string, source: string, domain: string): string[] => {
  world.node(domain).hear(at);
  world.node(domain).sayRaw(at, { routing: { _source: source, _target: feed, _tag: 'h' }, method: '_request_history' });
  return world
    .node(domain)
    .hear(at)
    .map(({ method, routing }) => `${routing['_counter'] ?? ''} ${method}`);
};

test('the words are gone at home and with who follows, the row stays, and people are told of it once', () => {
  const { world, adaAt, bobAt, words } = begun();
  expect([has(world, a, 'a secret'), has(world, b, 'a secret')]).toEqual([true, true]);
  const before = idsAt(world, a);
  say(world, adaAt, deletion(world, 4, words[1]!));
  expect(world.node(b).methods(bobAt)).toEqual([DELETION_METHOD]);
  expect([has(world, a, 'a secret'), has(world, b, 'a secret')]).toEqual([false, false]);
  expect(idsAt(world, a).slice(0, 3)).toEqual(before);
  expect(idsAt(world, b)).toEqual(idsAt(world, a));
  expect(history(world, bobAt, bobs, b)).toEqual([
    '1 _message_public',
    '2 _notice_publication_deleted',
    '3 _message_public',
    `4 ${DELETION_METHOD}`,
    ' _echo_history',
  ]);
});

test('who comes later is given the deletion in its place, in order, and nothing is asked for over and over', () => {
  const { world, adaAt, words } = begun();
  say(world, adaAt, deletion(world, 4, words[1]!), world.signed(adas, feed, 5, 'five'));
  const cleos = channel('cleo', 'phone', c);
  const cleoAt = world.login('psyc://c.example/~cleo', 'phone');
  world.node(c).say(cleoAt, said(cleos, feed, 1, '_request_context_enter'));
  world.pass(2000);
  expect(idsAt(world, c)).toEqual(idsAt(world, a));
  expect(has(world, c, 'a secret')).toBe(false);
  expect(history(world, cleoAt, cleos, c).map((row) => row.split(' ')[1])).toEqual([
    '_message_public',
    '_notice_publication_deleted',
    '_message_public',
    DELETION_METHOD,
    '_message_public',
    '_echo_history',
  ]);
});

test('what comes behind what deletes it is not taken, whoever brings it', () => {
  const { world, words } = begun(false);
  const server = world.node(b).connect('server d.example');
  const bobAt = world.login('psyc://b.example/~bob', 'desk');
  world.node(b).say(bobAt, said(channel('bob', 'desk', b), feed, 1, '_request_context_enter'));
  world.pass(4000);
  const [one, secret, three] = words.map(passedOn) as [Uint8Array, Uint8Array, Uint8Array];
  const gone = passedOn(deletion(world, 4, words[1]!));
  for (const bytes of [one, gone, three, secret]) world.node(b).sayBytes(server, bytes);
  world.pass(1000);
  expect(has(world, b, 'a secret')).toBe(false);
  expect(idsAt(world, b)).toHaveLength(4);
  expect(publishedIn(world.node(b).hear(bobAt)).filter((row) => / (?:one|three)$/.test(row))).toEqual([
    '1 one',
    '3 three',
  ]);
});

test('a server that has the words and hears of the deletion late drops them when the two meet', () => {
  const { world, adaAt, words } = begun();
  world.cut(a, b);
  say(world, adaAt, deletion(world, 4, words[1]!));
  expect(has(world, b, 'a secret')).toBe(true);
  world.heal(a, b);
  expect(has(world, b, 'a secret')).toBe(false);
  expect(idsAt(world, b)).toEqual(idsAt(world, a));
});

test.each([
  ['an id that is none', { _publication: '4ee1' }, '_publication_invalid_reference'],
  ['an id in upper case', { _publication: 'AB'.repeat(32) }, '_publication_invalid_reference'],
  ['no fields', { _signature_deleted: '' }, '_publication_invalid_reference'],
  ['fields of nothing', { _signature_deleted: new Uint8Array(149) }, '_publication_invalid_reference'],
  ['too much of it', { _nick: 'n'.repeat(1024) }, '_publication_invalid_reference'],
])('%s deletes nothing, and is refused', (_, change, code) => {
  const { world, adaAt, words } = begun();
  world.node(a).hear(adaAt);
  say(world, adaAt, deletion(world, 4, words[1]!, change));
  expect(
    world
      .node(a)
      .hear(adaAt)
      .map(({ packet }) => packet.text('_code')),
  ).toEqual([code]);
  expect(has(world, a, 'a secret')).toBe(true);
});

test('another key’s words are not deleted, and no deletion is', () => {
  const { world, adaAt, words } = begun();
  const line = lineIn(parseOne(words[1]!))!.map((byte, at) => (at === 1 ? byte ^ 1 : byte));
  world.node(a).hear(adaAt);
  say(world, adaAt, deletion(world, 4, words[1]!, { _signature_deleted: line }));
  const [refused] = world.node(a).hear(adaAt);
  expect(refused?.packet.text('_code')).toBe('_publication_foreign_key');
  const gone = deletion(world, 5, words[1]!);
  say(world, adaAt, gone, deletion(world, 6, gone));
  const rows = history(world, adaAt, adas, a);
  expect(rows.filter((row) => row.includes('deleted'))).toEqual(['2 _notice_publication_deleted']);
  expect(rows.filter((row) => row.includes(DELETION_METHOD))).toHaveLength(2);
});
