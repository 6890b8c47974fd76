/** A server with two MOR contexts: who is a member of which, two floods that stay apart, what goes from one to the other, and one memory of what was opened. */
import { expect, test } from '@jest/globals';
import type { AdminAnswer } from '../../federation/admin-questions.ts';
import { readTell, renderAsks, renderTell } from '../../listener-bots/context-packets.ts';
import { listenerLimits } from '../../listener-bots/limits.ts';
import { openCell } from '../../listener-bots/opening.ts';
import { bareCell, envelopeFiller, onionOf } from '../../onion/cell.ts';
import { unwrapCell, wrapOnion } from '../../onion/envelope.ts';
import { KnownKeys } from '../../onion/hint.ts';
import { type KeyPair, newPair, pairOf } from '../../onion/keys.ts';
import { sealOnion } from '../../onion/seal.ts';
import { render } from '../../psyc/render.ts';
import { suite } from '../../server/suite.ts';
import { beginUnixMs } from '../../simulator/scenes/circuit-end.ts';
import { a, zeros } from './mor-fixture.ts';
import { channel, NodeFixture } from './node-fixture.ts';

const b = 'server b.example';
const c = 'server c.example';
const phone = 'client bob phone';
const first = 'mor';
const inner = 'mor-inner';

/** Servers' keys; those of their contexts. */
const [own, atB, atC, contextOfB, contextOfC] = [1, 2, 3, 4, 5].map((byte) =>
  pairOf(suite, new Uint8Array(32).fill(byte)),
) as [KeyPair, KeyPair, KeyPair, KeyPair, KeyPair];

/** A node whose second context has c.example as its member, and nobody has joined. */
function begun(links: readonly string[] = []): NodeFixture {
  const contexts = [{ name: 'inner', limits: listenerLimits, members: ['c.example'] }];
  const fixture = new NodeFixture(
    {},
    { options: { mor: { limits: listenerLimits, links, servers: 5, contexts, unsafe: true } } },
  );
  const tell = (event: Parameters<NodeFixture['tell']>[0] & { readonly kind: 'mor' }): void => fixture.tell(event);
  tell({ kind: 'mor', event: { kind: 'loaded', tags: [], marks: [], slots: [] } });
  tell({
    kind: 'mor',
    event: { kind: 'keys', keys: [{ pair: own, beginsMs: 0, endsMs: Number.MAX_SAFE_INTEGER }] },
  });
  for (const peer of [b, c]) fixture.connect(peer);
  return fixture;
}

const domainOf = (peer: string): string => peer.slice('server '.length);

const notice = (fixture: NodeFixture, peer: string, context?: string): void =>
  fixture.sayRaw(peer, {
    routing: { _source: `psyc://${domainOf(peer)}`, _target: `psyc://${a}` },
    entity: context === undefined ? {} : { _name_context: context },
    method: '_notice_mor',
  });

const frame = (fixture: NodeFixture, peer: string, context: string, kind: string, data: Uint8Array): void =>
  fixture.sayRaw(peer, { routing: { _context: `psyc://${domainOf(peer)}/$${context}` }, method: `_mor_${kind}`, data });

/** The same, with b.example in the first context, c.example in the second, and both their keys known. */
function joined(links: readonly string[] = []): NodeFixture {
  const fixture = begun(links);
  notice(fixture, b);
  if (links.includes('c.example')) notice(fixture, c);
  notice(fixture, c, 'inner');
  const stations = [
    { domain: 'b.example', group: 'b.example', keys: [{ publicKey: atB.publicKey, beginsMs: 0 }] },
    { domain: 'c.example', group: 'c.example', keys: [{ publicKey: atC.publicKey, beginsMs: 0 }] },
  ];
  fixture.tell({ kind: 'mor', event: { kind: 'stations', stations } });
  const told = ({ publicKey }: KeyPair): Uint8Array => renderTell({ publicKey, seconds: 3_600, isWide: true });
  frame(fixture, b, first, 'tell', told(contextOfB));
  frame(fixture, c, inner, 'tell', told(contextOfC));
  for (const peer of [b, c, phone]) fixture.hear(peer);
  return fixture;
}

type Status = NonNullable<(AdminAnswer & { readonly kind: 'mor' })['status']>;

function status(fixture: NodeFixture): Status {
  fixture.tell({ kind: 'asked', request: 1, question: { kind: 'mor' } });
  return (fixture.told.at(-1)! as AdminAnswer & { readonly kind: 'mor' }).status!;
}

/** Of the first context and of the second. */
const links = (fixture: NodeFixture): (number | undefined)[] => {
  const { links: of, further } = status(fixture);
  return [of, further[0]?.links];
};

const counted = (fixture: NodeFixture, name: string): number[] => {
  const { counts, further } = status(fixture);
  return [counts, further[0]!.counts].map((all) => new Map(all).get(name) ?? 0);
};

/** Cells that a peer was sent since it was looked last, and in which of our contexts. */
const cellsTo = (fixture: NodeFixture, peer: string): { context: string | undefined; cell: Uint8Array }[] =>
  fixture
    .hear(peer)
    .filter(({ method }) => method === '_mor_cell')
    .map(({ routing, packet }) => ({ context: routing['_context'], cell: new Uint8Array(packet.data!) }));

/** An onion of one layer for a server, with a packet for bob there. */
function onionFor({ publicKey }: KeyPair, domain: string): Uint8Array {
  const whom = { kind: 'server', key: publicKey, pair: newPair(suite, suite.random) } as const;
  const packet = render({
    routing: { _target: `psyc://${domain}/~bob` },
    method: '_message_private_sealed',
    data: 'x',
  });
  const hops = [{ whom, delayMs: 0, isDeposit: false }];
  return sealOnion(suite, hops, 'exit', packet, beginUnixMs / 1000, suite.random).onion;
}

const bare = (onion: Uint8Array): Uint8Array => bareCell(onion, envelopeFiller(suite, suite.random));

/** The onion in an envelope for a context, c's unless told; null: it is in none. */
const outOf = (cell: Uint8Array, pair = contextOfC): Uint8Array | null =>
  unwrapCell(suite, new KnownKeys(suite, [{ publicKey: pair.publicKey, value: pair }]), cell)?.onion ?? null;

const asks = renderAsks();

/** The key of our context that a peer was told since it was looked last. */
const keysTo = (fixture: NodeFixture, peer: string): { context: string | undefined; key: Uint8Array }[] =>
  fixture
    .hear(peer)
    .filter(({ method }) => method === '_mor_tell')
    .map(({ routing, packet }) => ({ context: routing['_context'], key: readTell(packet.data!)!.publicKey }));

test('whom a context names is a member of that one, others of the first; each is told which', () => {
  const fixture = begun();
  const told = (peer: string): (string | undefined)[] =>
    fixture
      .hear(peer)
      .flatMap(({ method, packet }) => (method === '_notice_mor' ? [packet.text('_name_context')] : []));
  expect([told(b), told(c)]).toEqual([[undefined], ['inner']]);
  // Both have to say it, of the same context.
  notice(fixture, c);
  notice(fixture, b, 'inner');
  notice(fixture, b, 'other');
  expect(links(fixture)).toEqual([0, 0]);
  notice(fixture, b);
  notice(fixture, c, 'inner');
  expect(links(fixture)).toEqual([1, 1]);
  expect(fixture.mor.filter(({ kind }) => kind === 'linked to').at(-1)).toEqual({
    kind: 'linked to',
    domains: ['b.example', 'c.example'],
  });
  fixture.tell({ kind: 'failed', circuit: c });
  expect(links(fixture)).toEqual([1, 0]);
});

test('a frame is heard in the context that it names, of its members; each context has a key of its own', () => {
  const fixture = joined();
  const idle = (peer: string, context: string): void => frame(fixture, peer, context, 'idle', zeros);
  for (const context of [first, inner]) for (const peer of [b, c]) idle(peer, context);
  idle(c, 'mor-other');
  expect(counted(fixture, 'heard idle')).toEqual([1, 1]);
  expect(fixture.closed).toEqual([]);
  frame(fixture, b, first, 'asks', asks);
  frame(fixture, c, inner, 'asks', asks);
  const told = [...keysTo(fixture, b), ...keysTo(fixture, c)];
  expect(told.map(({ context }) => context)).toEqual([`psyc://${a}/$mor`, `psyc://${a}/$mor-inner`]);
  expect(told[0]!.key).not.toEqual(told[1]!.key);
});

test('new cells leave at a rate for as many servers as there are said to be, or are known', () => {
  const { linkMsMean, novelShare } = listenerLimits;
  const { originMsMean, further } = status(joined());
  // Five are said to be in the first, which makes eight; in the second two are known.
  expect([originMsMean, further[0]!.originMsMean]).toEqual([8, 2].map((servers) => servers * linkMsMean * novelShare));
});

test('two floods stay apart, but for what is for a server of the other: its onion is put out there, enveloped, and once', () => {
  const fixture = joined();
  const cell = bare(onionFor(atB, 'b.example'));
  frame(fixture, b, first, 'cell', cell);
  expect([cellsTo(fixture, b).length > 0, cellsTo(fixture, c)]).toEqual([true, []]);

  const onion = onionFor(atC, 'c.example');
  frame(fixture, b, first, 'cell', bare(onion));
  const crossed = cellsTo(fixture, c);
  expect(crossed.map(({ context }) => context)).toEqual([`psyc://${a}/$mor-inner`]);
  expect(outOf(crossed[0]!.cell)).toEqual(onion);
  expect(counted(fixture, 'passed to another context')).toEqual([1, 0]);
  // Behind other filler it is another cell, and the same onion.
  frame(fixture, b, first, 'cell', bare(onion));
  expect(cellsTo(fixture, c)).toEqual([]);
  // In its own context it goes to its owner as it is.
  frame(fixture, c, inner, 'cell', bare(onionFor(atC, 'c.example')));
  expect(cellsTo(fixture, c)).toHaveLength(1);
  expect(cellsTo(fixture, b).map(({ cell: at }) => onionOf(at))).toEqual([onion, onion]);
});

test('what a person hands in leaves where its first server is known; what nobody knows in the first context', () => {
  const fixture = joined();
  fixture.connect(phone);
  const ask = (method: string, entity: Record<string, Uint8Array> = {}): void =>
    fixture.sayRaw(phone, {
      routing: { _source: channel('bob', 'phone'), _target: `psyc://${a}/$mor`, _tag: 'x' },
      entity,
      method,
    });
  const onion = onionFor(atC, 'c.example');
  ask('_request_mor_cell', { _cell: bare(onion) });
  expect(cellsTo(fixture, c).map(({ cell }) => outOf(cell))).toEqual([onion]);
  ask('_request_mor_cell', { _cell: bare(onionFor(newPair(suite, suite.random), 'd.example')) });
  expect(counted(fixture, 'handed in')).toEqual([1, 1]);

  fixture.tell({
    kind: 'mor',
    event: { kind: 'servers', servers: ['b.example', 'c.example'].map((domain) => ({ domain, key: zeros })) },
  });
  fixture.hear(phone);
  ask('_request_mor_servers');
  const shown = fixture.hear(phone).filter(({ method }) => method === '_status_mor_server');
  expect(shown.map(({ packet }) => [packet.text('_domain'), packet.text('_contexts')])).toEqual([
    [a, `${first} ${inner}`],
    ['b.example', first],
    ['c.example', inner],
  ]);
});

/** An onion of two layers, for this server and then for c.example. */
function onionThrough(): Uint8Array {
  const whom = (key: KeyPair) => ({ kind: 'server', key: key.publicKey, pair: newPair(suite, suite.random) }) as const;
  const hops = [own, atC].map((key) => ({ whom: whom(key), delayMs: 0, isDeposit: false }));
  const packet = render({
    routing: { _target: 'psyc://c.example/~bob' },
    method: '_message_private_sealed',
    data: 'x',
  });
  return sealOnion(suite, hops, 'exit', packet, beginUnixMs / 1000, suite.random).onion;
}

/** Does what a shell would; gives what was asked for. */
function work(fixture: NodeFixture): string[] {
  return fixture.mor.splice(0).flatMap((effect) => {
    if (effect.kind === 'open') {
      const { job } = effect.job;
      fixture.tell({ kind: 'mor', event: { kind: 'opened', job, found: openCell(suite, effect.job) } });
    } else if (effect.kind === 'remember') {
      fixture.tell({ kind: 'mor', event: { kind: 'remembered', batch: effect.batch.batch, isDurable: true } });
    } else return [];
    return [effect.kind, ...work(fixture)];
  });
}

test('what was opened in one context opens in no other, and what is passed on goes where its next server is known', () => {
  const fixture = joined();
  const onion = onionThrough();
  work(fixture);
  frame(fixture, b, first, 'cell', bare(onion));
  expect(work(fixture)).toEqual(['open', 'remember']);
  // It came with b, and is for c.
  expect(cellsTo(fixture, c).map(({ cell }) => outOf(cell) !== null)).toEqual([true]);
  frame(fixture, c, inner, 'cell', bare(onion));
  expect(work(fixture)).toEqual(['open']);
  expect(counted(fixture, 'opened before')).toEqual([0, 1]);
});

test('what was in an envelope for one context, and is for a server of the other, goes there too', () => {
  const fixture = joined();
  frame(fixture, c, inner, 'asks', asks);
  const { key } = keysTo(fixture, c)[0]!;
  work(fixture);
  const onion = onionFor(atB, 'b.example');
  frame(fixture, c, inner, 'cell', wrapOnion(suite, key, onion, suite.random));
  expect(work(fixture)).toEqual(['open']);
  expect(cellsTo(fixture, b).map(({ cell }) => outOf(cell, contextOfB))).toEqual([onion]);
  expect(counted(fixture, 'passed to another context')).toEqual([0, 1]);
});

test('who is in both contexts is served in that in which a cell came', () => {
  const fixture = joined(['c.example']);
  expect(links(fixture)).toEqual([2, 1]);
  work(fixture);
  frame(fixture, c, inner, 'cell', bare(onionThrough()));
  expect(work(fixture)).toEqual(['open', 'remember']);
  const put = cellsTo(fixture, c).filter(({ cell }) => outOf(cell) !== null);
  expect(put.map(({ context }) => context)).toEqual([`psyc://${a}/$mor-inner`]);
});
