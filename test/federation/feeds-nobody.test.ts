/** Who follows somebody who does not exist is told so; and whoever has taken something for a home that is gone gives up some day. docs/spec/feeds.md#following */
import { expect, test } from '@jest/globals';
import { channelOf } from '../../circuit/channel.ts';
import type { FederationLimits } from '../../federation/limits.ts';
import { feedOf, isFeed } from '../../publication/feed.ts';
import { channel } from './node-fixture.ts';
import { publishedIn, World } from './feeds-world.ts';
import { said } from './said.ts';

const ada = 'psyc://a.example/~ada';
const [a, b, c] = ['a.example', 'b.example', 'c.example'];
const bobs = channel('bob', 'phone', b);

/** Bob, and what is answered when he follows somebody. */
function bob(domains: readonly string[] = [a, b]): { world: World; at: string; follow: (person: string) => unknown[] } {
  const world = new World(domains);
  const at = world.login('psyc://b.example/~bob', 'phone');
  let counter = 0;
  const follow = (person: string): unknown[] => {
    world.node(b).hear(at);
    world.node(b).say(at, said(bobs, feedOf(person), ++counter, '_request_context_enter'));
    world.pass(4000);
    return world
      .node(b)
      .hear(at)
      .map(({ method, packet }) => [method, packet.text('_code') ?? packet.text('_uniform_awaited') ?? null]);
  };
  return { world, at, follow };
}

/** Feeds that a server wakes when it starts. */
const wokenAt = (world: World, domain: string): string[] => {
  const asked = { kind: 'members', request: 0, context: `psyc://${domain}`, above: '', rowsMax: 512 } as const;
  const outcome = world.stores.get(domain)!.perform(asked);
  return outcome.kind === 'members' ? outcome.members.map(({ name }) => name).filter(isFeed) : [];
};

test('of whom a home says that he does not live there, nobody follows, and nothing is left of it', () => {
  const { world, follow } = bob();
  expect(follow('psyc://a.example/~nobody')).toEqual([['_error_unknown_target', '_unknown_target']]);
  expect(wokenAt(world, b)).toEqual([]);
  expect(follow('psyc://a.example/~nobody')).toEqual([['_error_unknown_target', '_unknown_target']]);
});

test('nor at home, where it makes nothing', () => {
  const { world, follow } = bob();
  expect(follow('psyc://b.example/~nobody')).toEqual([['_error_unknown_target', '_unknown_target']]);
  const contexts = world.stores.get(b)!.contexts();
  expect(contexts.filter((context) => context.includes('nobody'))).toEqual([]);
});

test('while his home is silent it is said that nobody knows; when it is back, who lives there is followed, and nobody else', () => {
  const { world, at, follow } = bob();
  const adaAt = world.login(ada, 'phone');
  world.cut(a, b);
  expect(follow(ada)).toEqual([['_echo_context_enter', 'psyc://a.example']]);
  expect(follow('psyc://a.example/~nobody')).toEqual([['_echo_context_enter', 'psyc://a.example']]);
  expect(wokenAt(world, b)).toHaveLength(2);
  world.heal(a, b);
  expect(wokenAt(world, b)).toEqual([feedOf(ada)]);
  world.publish(a, adaAt, channel('ada', 'phone'), 1, 'hello');
  expect(publishedIn(world.node(b).hear(at))).toEqual(['1 hello']);
});

test('who has published something is followed on, whatever his home says', () => {
  const { world, at, follow } = bob();
  const adaAt = world.login(ada, 'phone');
  world.publish(a, adaAt, channel('ada', 'phone'), 1, 'hello');
  expect(follow(ada)).toEqual([['_echo_context_enter', null]]);
  world.kill(a);
  const operations = [{ op: 'record', context: ada, lease: 1, name: 'fingerprint', value: new Uint8Array(0) }] as const;
  world.stores.get(a)!.perform({ kind: 'write', request: 0, operations });
  world.start(a);
  world.pass(31_000);
  expect(wokenAt(world, b)).toEqual([feedOf(ada)]);
  world.node(b).hear(at);
  world.node(b).sayRaw(at, { routing: { _source: bobs, _target: feedOf(ada), _tag: 'h' }, method: '_request_history' });
  expect(publishedIn(world.node(b).hear(at))).toEqual(['1 hello']);
});

test('a home whose store does not answer says nothing of who lives there', () => {
  const { world, follow } = bob();
  world.login(ada, 'phone');
  world.kill(a);
  const store = world.stores.get(a)!;
  const perform = store.perform.bind(store);
  store.perform = (request) =>
    request.kind === 'records' && request.context === ada
      ? { kind: 'refused', request: request.request, code: '_store_lost' }
      : perform(request);
  world.start(a);
  expect(follow(ada)).toEqual([['_echo_context_enter', 'psyc://a.example']]);
  world.pass(60_000);
  expect(wokenAt(world, b)).toEqual([feedOf(ada)]);
});

/** What ada has published at c while her home is silent. */
function taken(limits: Partial<FederationLimits>): World {
  const world = new World([a, c], limits);
  world.login(ada, 'phone');
  world.cut(a, c);
  const guest = world.login(ada, 'phone', c);
  const id = world.keys.idOf(world.node(c).seedOf('ada', 'phone', a));
  world.publish(c, guest, channelOf(ada, id, { side: '1', at: c }), 1, 'elsewhere');
  return world;
}

test('what was taken for a home that stays silent is offered to it for so long, over restarts, and then no more', () => {
  const world = taken({ feedOwedMsMax: 600_000, feedPullMs: 60_000 });
  world.pass(300_000);
  world.kill(c);
  world.start(c);
  expect(wokenAt(world, c)).toEqual([feedOf(ada)]);
  world.pass(400_000);
  expect(wokenAt(world, c)).toEqual([]);
  expect(world.texts(c, ada)).toEqual(['elsewhere']);
});

test('where that time was over before it was woken, it is not woken again', () => {
  const world = taken({ feedOwedMsMax: 600_000, feedPullMs: 60_000 });
  world.kill(c);
  world.pass(700_000);
  world.start(c);
  world.pass(1000);
  expect(wokenAt(world, c)).toEqual([]);
});
