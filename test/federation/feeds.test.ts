/** Publications: at home, followed from other servers, published where the home is silent, and the same set everywhere afterwards. docs/spec/feeds.md */
import { expect, test } from '@jest/globals';
import { channelOf } from '../../circuit/channel.ts';
import { parseOne } from '../../circuit/one-packet.ts';
import { renderRouted } from '../../psyc/render.ts';
import { feedOf } from '../../publication/feed.ts';
import { channel } from './node-fixture.ts';
import { publishedIn, World } from './feeds-world.ts';
import { said, spoilt } from './said.ts';

const ada = 'psyc://a.example/~ada';
const bob = 'psyc://b.example/~bob';
const adas = channel('ada', 'phone');
const bobs = channel('bob', 'phone', 'b.example');
const [a, b, c] = ['a.example', 'b.example', 'c.example'];

const visiting = (world: World): string =>
  channelOf(ada, world.keys.idOf(world.node(c).seedOf('ada', 'phone', a)), { side: '1', at: c });

/** Ada at home, and bob at b, who follows her. */
function followed(): { world: World; adaAt: string; bobAt: string } {
  const world = new World([a, b, c]);
  const adaAt = world.login(ada, 'phone');
  const bobAt = world.login(bob, 'phone');
  world.publish(a, adaAt, adas, 1, 'before');
  world.node(b).say(bobAt, said(bobs, feedOf(ada), 1, '_request_context_enter'));
  world.pass(1000);
  return { world, adaAt, bobAt };
}

test('what somebody publishes is told durable, and goes to who follows from another server, in order and once', () => {
  const { world, adaAt, bobAt } = followed();
  expect(world.node(a).methods(adaAt)).toEqual(['_echo_message_public']);
  const [echo] = world.node(b).hear(bobAt);
  expect(echo).toMatchObject({ method: '_echo_context_enter', routing: { _source: feedOf(ada) } });
  expect(echo?.packet.text('_sequence')).toBe('1');
  world.publish(a, adaAt, adas, 2, 'one');
  world.publish(a, adaAt, adas, 3, 'two');
  expect(publishedIn(world.node(b).hear(bobAt))).toEqual(['2 one', '3 two']);
  world.pass(5000);
  expect(world.texts(b, ada)).toEqual(['before', 'one', 'two']);
  // What was published before is history.
  const routing = { _source: bobs, _target: feedOf(ada), _tag: 'h' };
  world.node(b).sayRaw(bobAt, { routing, method: '_request_history' });
  const page = world.node(b).hear(bobAt);
  expect(publishedIn(page)).toEqual(['1 before', '2 one', '3 two']);
  expect(page.at(-1)?.method).toBe('_echo_history');
});

test('how many servers keep it is told to its author alone', () => {
  const { world, adaAt, bobAt } = followed();
  world.publish(a, adaAt, adas, 2, 'one');
  world.pass(1000);
  const asked = (node: string, circuit: string, device: string): unknown[] => {
    world.node(node).hear(circuit);
    world.node(node).sayRaw(circuit, {
      routing: { _source: device, _target: feedOf(ada), _tag: 'r' },
      method: '_request_reach',
    });
    return world
      .node(node)
      .hear(circuit)
      .map(({ method, packet }) => [method, packet.text('_amount_servers')]);
  };
  expect(asked(a, adaAt, adas)).toEqual([['_echo_reach', '2']]);
  expect(asked(b, bobAt, bobs)).toEqual([['_error_publication_foreign_context', undefined]]);
});

test('while her home is silent she publishes at another server, followers hear it, and the home has it when it is back', () => {
  const { world, bobAt } = followed();
  world.link(b, c);
  world.cut(a, b);
  world.cut(a, c);
  world.node(b).hear(bobAt);
  const guest = world.login(ada, 'phone', c);
  world.publish(c, guest, visiting(world), 1, 'elsewhere');
  world.pass(30_000);
  const answers = world.node(c).hear(guest);
  expect(answers.map(({ method }) => method)).toEqual(['_echo_message_public']);
  expect(answers[0]?.packet.text('_uniform_kept')).toBe('psyc://c.example');
  expect(publishedIn(world.node(b).hear(bobAt))).toEqual(['2 elsewhere']);
  expect(world.texts(a, ada)).toEqual(['before']);
  world.heal(a, b);
  world.heal(a, c);
  expect(world.texts(a, ada)).toEqual(['before', 'elsewhere']);
  expect(world.texts(b, ada)).toEqual(['before', 'elsewhere']);
});

/** A publication of ada's phone as a server passes it on. */
const passedOn = (world: World, counter: number, text: string): Uint8Array => {
  const bytes = world.signed(adas, feedOf(ada), counter, text);
  const packet = parseOne(bytes);
  return renderRouted({ _context: feedOf(ada) }, packet.content, packet.hasLength);
};

test('a publication waits for the one that it follows; what does not come shows as a gap', () => {
  const { world, bobAt } = followed();
  world.node(b).hear(bobAt);
  const [one, two, three] = [2, 3, 4].map((counter) => passedOn(world, counter, `word ${counter}`)) as [
    Uint8Array,
    Uint8Array,
    Uint8Array,
  ];
  world.cut(a, b);
  const server = world.node(b).connect('server d.example');
  world.node(b).sayBytes(server, two);
  expect(publishedIn(world.node(b).hear(bobAt))).toEqual([]);
  world.node(b).sayBytes(server, one);
  expect(publishedIn(world.node(b).hear(bobAt))).toEqual(['2 word 2', '3 word 3']);
  world.node(b).sayBytes(server, three);
  world.node(b).sayBytes(server, three);
  expect(publishedIn(world.node(b).hear(bobAt))).toEqual(['4 word 4']);
  const [, late] = [5, 6].map((counter) => passedOn(world, counter, `word ${counter}`)) as [Uint8Array, Uint8Array];
  world.node(b).sayBytes(server, late);
  world.pass(9_000);
  expect(publishedIn(world.node(b).hear(bobAt))).toEqual([]);
  world.pass(2_000);
  expect(publishedIn(world.node(b).hear(bobAt))).toEqual(['5 word 6']);
});

test('what somebody else has signed, or nobody, is neither kept nor passed on', () => {
  const { world } = followed();
  const server = world.node(b).connect('server d.example');
  const good = passedOn(world, 2, 'word');
  world.node(b).sayBytes(server, spoilt(good, good.length - 4));
  world.node(b).sayRaw(server, { routing: { _context: feedOf(bob) }, method: '_message_public', data: 'mine' });
  world.pass(1_000);
  expect(world.texts(b, ada)).toEqual(['before']);
  expect(world.texts(b, bob)).toEqual([]);
});

test('nobody publishes in the name of another, follows as a visitor, or reads without following', () => {
  const { world, bobAt } = followed();
  const codes = (): unknown[] =>
    world
      .node(b)
      .hear(bobAt)
      .map(({ packet }) => packet.text('_code'));
  codes();
  world.publish(b, bobAt, bobs, 2, 'mine');
  const foreign = said(bobs, feedOf(ada), 3, '_message_public', 'not mine');
  world.node(b).sayBytes(bobAt, world.signedDraft(bobs, feedOf(ada), foreign));
  const cleo = feedOf('psyc://c.example/~cleo');
  world.node(b).sayRaw(bobAt, { routing: { _source: bobs, _target: cleo, _tag: 'h' }, method: '_request_history' });
  expect(codes()).toEqual([undefined, '_publication_foreign_context', '_necessary_membership']);
  const guest = world.login(ada, 'phone', c);
  world.node(c).say(guest, said(visiting(world), feedOf(bob), 1, '_request_context_enter'));
  expect(
    world
      .node(c)
      .hear(guest)
      .map(({ packet }) => packet.text('_code')),
  ).toEqual(['_necessary_home']);
});

test('a server that starts again hears on, and gives the home what it had not given', () => {
  const { world } = followed();
  world.link(b, c);
  world.cut(a, b);
  world.cut(a, c);
  const guest = world.login(ada, 'phone', c);
  world.publish(c, guest, visiting(world), 1, 'elsewhere');
  world.pass(1_000);
  world.kill(c);
  world.kill(b);
  world.start(c);
  world.start(b);
  expect(world.texts(a, ada)).toEqual(['before']);
  world.heal(a, c);
  expect(world.texts(a, ada)).toEqual(['before', 'elsewhere']);
  world.heal(a, b);
  const bobAt = world.login(bob, 'phone');
  const adaAt = world.login(ada, 'desk');
  world.publish(a, adaAt, channel('ada', 'desk'), 1, 'back');
  world.pass(1_000);
  expect(publishedIn(world.node(b).hear(bobAt))).toEqual(['3 back']);
});
