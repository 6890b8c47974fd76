/** The library says something as nobody: whom it asks for what, what comes out where the routes end, at once and on a clock, and what it refuses. */
import { expect, test } from '@jest/globals';
import { parseOne } from '../../circuit/one-packet.ts';
import type { AskedHome } from '../../client/anonymous/asking.ts';
import type { KeptReader } from '../../client/anonymous/keys-file.ts';
import { Sending, type SendingNews, type SendingOptions } from '../../client/anonymous/sending.ts';
import { believedAt } from '../../client/anonymous/servers.ts';
import type { Pins } from '../../client/anonymous/stations.ts';
import { Client } from '../../client/client.ts';
import { bytesOfHex, hexOf } from '../../crypto/bytes.ts';
import { Parts } from '../../listener-bots/parts.ts';
import { onionOf } from '../../onion/cell.ts';
import { KnownKeys } from '../../onion/hint.ts';
import { openOnion } from '../../onion/holder.ts';
import { type KeyPair, pairOf } from '../../onion/keys.ts';
import { oneTimeTag } from '../../onion/layer.ts';
import type { SecretKey } from '../../pki/secret-key.ts';
import type { Packet } from '../../psyc/packet.ts';
import { hopsOver } from '../../round-trips/ways.ts';
import { render, type Value } from '../../psyc/render.ts';
import { openPrivate } from '../../publication/private.ts';
import { suite } from '../../server/suite.ts';
import { domainKey, NOW } from './home.ts';
import { someone } from './life.ts';

const HOME = 'home.test';
const domains = [HOME, 'b.test', 'c.test', 'd.test', 'e.test'];
const keys = new Map<string, SecretKey>();
for (const [at, domain] of domains.entries()) keys.set(domain, await domainKey(domain, 20 * at + 1));
const bob = await someone('bob', 'e.test', 211, keys.get('e.test')!);
const pairs = domains.map((domain): readonly [string, KeyPair] => {
  const [epoch] = keys.get(domain)!.encryption;
  return [domain, pairOf(suite, epoch!.seed)];
});
const pins: Pins = new Map([...keys].map(([domain, { certificate }]) => [domain, certificate.key]));

const packet = (method: string, entity: Readonly<Record<string, Value>> = {}): { readonly packet: Packet } => ({
  packet: parseOne(render({ entity, method })),
});

/** One-time secrets that servers keep, by their tags. */
const secretsOf = new Map<string, Map<string, Uint8Array>>();

/** Where an onion goes, hop by hop, and what comes out; null: cover. */
function follow(cell: Uint8Array): { readonly way: readonly string[]; readonly content: Uint8Array | null } {
  const way: string[] = [];
  let onion = onionOf(cell);
  for (;;) {
    const opening = pairs
      .map(([domain, pair]) => {
        const holder = {
          oneTime: (tag: Uint8Array) => secretsOf.get(domain)?.get(hexOf(tag)) ?? null,
          keys: new KnownKeys(suite, [{ publicKey: pair.publicKey, value: pair }]),
          users: [],
        };
        return [domain, openOnion(suite, onion, holder, NOW)] as const;
      })
      .find(([, opened]) => opened !== null);
    const [domain, opened] = opening ?? ['', null];
    if (opened === null || 'refused' in opened.layer) throw new Error('for nobody');
    way.push(domain);
    const { outcome } = opened.layer;
    if (outcome.kind === 'exit') return { way, content: outcome.content };
    if (outcome.kind === 'discard') return { way, content: null };
    if (outcome.kind !== 'relay') throw new Error(outcome.kind);
    onion = outcome.onion;
  }
}

interface Stand {
  readonly client: Client;
  readonly asked: string[];
  readonly cells: Uint8Array[];
  readonly kept: KeptReader[];
  readonly news: SendingNews[];
  /** Moves time on to the next alarm, until the promise is settled. */
  readonly over: <T>(promise: Promise<T>) => Promise<T>;
}

interface Around extends Pick<SendingOptions, 'route' | 'find'> {
  readonly roomCells?: number;
  readonly told?: Pins;
  readonly isMute?: boolean;
}

/** A home with these servers, which has room for so many cells. */
function stand({ roomCells = 1000, told = pins, isMute = false, route, find }: Around = {}): Stand {
  const [asked, cells, kept, news]: [string[], Uint8Array[], KeptReader[], SendingNews[]] = [[], [], [], []];
  let [nowMs, alarm] = [0, null as { readonly atMs: number; readonly wake: () => void } | null];
  const home: AskedHome = {
    ask: async ({ method, entity }) => {
      asked.push(method);
      if (isMute) return null;
      if (method === '_request_mor_servers') {
        const shown = [...keys].map(([_domain, { certificate }]) =>
          packet('_status_mor_server', { _domain, _key: certificate.bytes }),
        );
        return [...shown, packet('_echo_mor_servers')];
      }
      if (method === '_request_mor_keys') {
        const { certificate: _key, statement: _statement } = bob;
        return [packet('_echo_mor_keys', { _key, _statement, _key_domain: keys.get('e.test')!.certificate.bytes })];
      }
      if (cells.length >= roomCells) return '_mor_full';
      cells.push(entity!['_cell'] as Uint8Array);
      return [packet('_echo_mor_cell')];
    },
  };
  const sending = new Sending({
    ...{ suite, home, domain: HOME, pins: told, route, find },
    stations: () => believedAt(home, { home: HOME, pins: told, isUnvouched: find !== undefined }, NOW),
    keys: {
      read: async (person) => kept.find(({ uniform }) => uniform === person) ?? null,
      keep: async (reader) => void kept.push(reader),
    },
    wallMs: () => 1000 * NOW,
    alarms: {
      nowMs: () => nowMs,
      after: (delayMs, wake) => {
        alarm = { atMs: nowMs + delayMs, wake };
        return () => void (alarm = null);
      },
    },
    told: (one) => void news.push(one),
  });
  const over = async <T>(promise: Promise<T>): Promise<T> => {
    let isOver = false;
    const ended = (): void => void (isOver = true);
    promise.then(ended, ended);
    while (!isOver) {
      // What is due is answered first.
      await new Promise((resolve) => setImmediate(resolve));
      const due = alarm;
      alarm = null;
      if (due === null) continue;
      nowMs = due.atMs;
      due.wake();
    }
    return promise;
  };
  return { client: new Client(home, null, sending), asked, cells, kept, news, over };
}

const read = (content: Uint8Array): string | null => {
  const [epoch] = bob.identity.encryption;
  const fingerprint = bytesOfHex(bob.identity.certificate.key.fingerprint)!;
  const reader = { uniform: bob.uniform, fingerprint };
  return openPrivate(suite, null, reader, epoch!.seed, parseOne(content)).dataText ?? null;
};

test('at once: over as many servers as are wished, never the home; keys are looked for once, and kept', async () => {
  const { client, asked, cells, kept, news } = stand();
  const wish = { anonymous: { hops: 3 } };
  expect(await client.send(bob.uniform, 'under the stone', wish)).toEqual({
    kind: 'handed',
    parts: 1,
    needed: 1,
    level: null,
  });
  const { way, content } = follow(cells[0]!);
  expect([way.length, new Set(way).size, way.at(-1), way.includes(HOME)]).toEqual([3, 3, 'e.test', false]);
  expect(read(content!)).toBe('under the stone');
  const { fingerprint } = bob.identity.certificate.key;
  expect(news).toEqual([{ kind: 'key', person: bob.uniform, fingerprint, isByHome: true }]);
  expect(kept).toHaveLength(1);
  await client.send(bob.uniform, 'again', wish);
  expect(asked.filter((method) => method === '_request_mor_keys')).toHaveLength(1);
});

test('what is long goes in parts, each over a way of its own; half as many more than are needed may find no room', async () => {
  const text = 'x'.repeat(7_000);
  const { client, cells } = stand({ roomCells: 3 });
  expect(await client.send(bob.uniform, text, { anonymous: { hops: 2 } })).toEqual({
    kind: 'handed',
    parts: 5,
    needed: 3,
    level: null,
  });
  const parts = new Parts(suite);
  const whole = cells.map((cell) => parts.add(follow(cell).content!, 0)).find(({ kind }) => kind === 'whole');
  expect(whole?.kind === 'whole' && read(whole.content)).toBe(text);
  const full = stand({ roomCells: 2 });
  expect(await full.client.send(bob.uniform, text, { anonymous: { hops: 2 } })).toEqual({
    kind: 'failure',
    code: '_mor_full',
  });
});

test('on a clock: as many cells as were wished, one of them the message, the others cover over as many servers', async () => {
  const { client, cells, news, over } = stand();
  const anonymous = { hops: 3, clock: { meanMs: 5_000, cells: 12 } };
  const sent = over(client.send(bob.uniform, 'tea', { anonymous }));
  expect(await sent).toEqual({ kind: 'handed', parts: 1, needed: 1, level: null });
  const came = cells.map(follow);
  expect(came.map(({ way }) => way.length)).toEqual(new Array(12).fill(3));
  expect(came.flatMap(({ content }) => (content === null ? [] : [read(content)]))).toEqual(['tea']);
  expect(news.at(-1)).toEqual({ kind: 'clock', cells: 12, parts: 1, meanMs: 5_000 });
  const few = { hops: 2, clock: { meanMs: 1_000, cells: 3 } };
  await expect(client.send(bob.uniform, 'x'.repeat(7_000), { anonymous: few })).rejects.toMatchObject({
    code: '_anonymous_excessive_parts',
  });
});

test('a home that refuses is told by its session; wishes beyond the limits, and a client with nothing to send with, are mistakes', async () => {
  const mute = stand({ isMute: true });
  expect(await mute.client.send(bob.uniform, 'hello', { anonymous: { hops: 3 } })).toEqual({ kind: 'refused' });
  const { client, cells } = stand();
  for (const anonymous of [
    { hops: 1 },
    { hops: 6 },
    { hops: 2.5 },
    { hops: 3, clock: { meanMs: 100, cells: 10 } },
    { hops: 3, clock: { meanMs: 5_000, cells: 101 } },
  ]) {
    await expect(client.send(bob.uniform, 'hello', { anonymous })).rejects.toThrow(RangeError);
  }
  expect(cells).toEqual([]);
  await expect(client.send(bob.uniform, 'hello', { anonymous: { hops: 5 } })).rejects.toMatchObject({
    code: '_anonymous_excessive_hops',
  });
  const bare = new Client({ ask: async () => null }, null);
  await expect(bare.send(bob.uniform, 'hello', { anonymous: { hops: 3 } })).rejects.toThrow(TypeError);
});

test('another key of the reader, or of his domain, than is pinned: nothing is said', async () => {
  for (const whose of [bob.uniform, 'e.test']) {
    const told = new Map([...pins, [whose, { fingerprint: '00'.repeat(20) }]]);
    const { client, cells } = stand({ told });
    await expect(client.send(bob.uniform, 'hello', { anonymous: { hops: 3 } })).rejects.toMatchObject({
      code: '_anonymous_changed_key',
    });
    expect(cells).toEqual([]);
  }
});

test('over one-time secrets: a route for each cell, no layer for a key, and said with the level; without enough nothing is said', async () => {
  const asked: string[] = [];
  let left = 4;
  const route: SendingOptions['route'] = async (end, { hops, level }) => {
    asked.push(`${end} ${hops} ${level}`);
    if (left-- === 0) return { kind: 'failure', code: '_trip_dry' };
    const over = ['b.test', 'c.test', 'd.test'].slice(0, hops - 1).concat(end);
    const secrets = over.map((domain) => {
      const secret = suite.random(32);
      const kept = secretsOf.get(domain) ?? new Map<string, Uint8Array>();
      secretsOf.set(domain, kept.set(hexOf(oneTimeTag(suite, secret)), secret));
      return { secret };
    });
    return { kind: 'route', hops: hopsOver(suite, secrets) };
  };
  const { client, cells } = stand({ route });
  const wish = { anonymous: { hops: 3, level: 1 } };
  expect(await client.send(bob.uniform, 'tea', wish)).toEqual({ kind: 'handed', parts: 1, needed: 1, level: 1 });
  expect(asked).toEqual(['e.test 3 1']);
  const { way, content } = follow(cells[0]!);
  expect([way, read(content!)]).toEqual([['b.test', 'c.test', 'e.test'], 'tea']);
  // With the secrets burnt nobody opens it, whoever has all keys.
  secretsOf.clear();
  expect(() => follow(cells[0]!)).toThrow('for nobody');
  expect(await client.send(bob.uniform, 'x'.repeat(7_000), wish)).toEqual({ kind: 'failure', code: '_trip_dry' });
  expect(cells).toHaveLength(1);
  const clocked = { anonymous: { ...wish.anonymous, clock: { meanMs: 5_000, cells: 10 } } };
  await expect(client.send(bob.uniform, 'tea', clocked)).rejects.toThrow(RangeError);
  await expect(stand().client.send(bob.uniform, 'tea', wish)).rejects.toThrow(TypeError);
});

test('whoever is asked for the reader’s keys as nobody lies about his domain’s key: what he shows is not that of his server on the way', async () => {
  const forged = await domainKey('e.test', 251);
  const foreign = await someone('bob', 'e.test', 231, forged);
  for (const [whose, authority, isTaken] of [
    [bob, keys.get('e.test')!, true],
    [foreign, forged, false],
  ] as const) {
    const { certificate: _key, statement: _statement } = whose;
    const find = async (): Promise<Packet> =>
      packet('_echo_keys', { _key, _statement, _key_domain: authority.certificate.bytes }).packet;
    // Nothing of him is pinned, so that only the way bears it out.
    const told = new Map([...pins].filter(([name]) => name !== 'e.test'));
    const { client, cells, kept } = stand({ find, told });
    const sent = client.send(bob.uniform, 'tea', { anonymous: { hops: 3 } });
    if (isTaken) expect(await sent).toMatchObject({ kind: 'handed' });
    else {
      await expect(sent).rejects.toMatchObject({ code: '_anonymous_changed_key' });
      expect([cells, kept]).toEqual([[], []]);
    }
  }
});

test('a home with several contexts says in which of them it has a link to a server', async () => {
  const contexts = new Map([
    ['b.test', 'mor mor-inner'],
    ['c.test', 'mor-inner'],
  ]);
  const shown = ['b.test', 'c.test', 'd.test'].map((_domain) => {
    const _contexts = contexts.get(_domain);
    const entity = { _domain, _key: keys.get(_domain)!.certificate.bytes };
    return packet('_status_mor_server', _contexts === undefined ? entity : { ...entity, _contexts });
  });
  const home: AskedHome = { ask: async () => [...shown, packet('_echo_mor_servers')] };
  const believed = await believedAt(home, { home: HOME, pins, isUnvouched: false }, NOW);
  expect(believed!.stations.map(({ domain, isFirst }) => [domain, isFirst])).toEqual([
    ['b.test', true],
    ['c.test', false],
    ['d.test', true],
  ]);
});
