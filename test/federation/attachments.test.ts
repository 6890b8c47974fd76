/** A file that belongs to a publication: taken from its author, fetched by whoever has followers, checked piece by piece, and gone with the publication. docs/spec/attachments.md */
import { createHash } from 'node:crypto';
import { expect, test } from '@jest/globals';
import { channelOf } from '../../circuit/channel.ts';
import { parseOne } from '../../circuit/one-packet.ts';
import { hexOf } from '../../crypto/bytes.ts';
import type { FederationLimits } from '../../federation/limits.ts';
import { renderRouted, type Value } from '../../psyc/render.ts';
import { attachmentOf, attachmentVariables, chunksOf } from '../../publication/attachment.ts';
import { feedOf } from '../../publication/feed.ts';
import { publicationId } from '../../publication/fields.ts';
import { readPublication } from '../../publication/packet.ts';
import { DELETION_METHOD, lineIn } from '../../publication/reference.ts';
import { channel, type Heard } from './node-fixture.ts';
import { World } from './feeds-world.ts';
import { said, spoilt } from './said.ts';

const ada = 'psyc://a.example/~ada';
const feed = feedOf(ada);
const adas = channel('ada', 'phone');
const bobs = channel('bob', 'phone', 'b.example');
const [a, b, c] = ['a.example', 'b.example', 'c.example'];

/** Two chunks and a bit; each byte says where it is. */
const fileOf = (seed: number, bytes = 140_000): Uint8Array =>
  Uint8Array.from({ length: bytes }, (_, at) => (at * 31 + (at >> 8) + seed) & 255);

/** Short, so that what differs can be read. */
const digestOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex').slice(0, 16);

interface Published {
  readonly file: Uint8Array;
  readonly id: string;
  readonly packet: Uint8Array;
}

/** Signed words with a file. */
function signed(world: World, source: string, counter: number, file: Uint8Array, text = 'look'): Published {
  const attachment = attachmentOf(world.keys.suite, file, 'a picture.png', 'image/png');
  const draft = { ...said(source, feed, counter, '_message_public', text), entity: attachmentVariables(attachment) };
  const packet = world.signedDraft(source, feed, draft);
  const parsed = parseOne(packet);
  const publication = readPublication(parsed, (name) => parsed.ownRoute(name))!;
  return { file, packet, id: hexOf(publicationId(world.keys.suite, publication)) };
}

/** Ada at home, bob who follows her at b. */
function begun(
  limits: Partial<FederationLimits> = {},
  domains = [a, b, c],
): { world: World; adaAt: string; bobAt: string } {
  const world = new World(domains, limits);
  const adaAt = world.login(ada, 'phone');
  const bobAt = world.login('psyc://b.example/~bob', 'phone');
  world.node(b).say(bobAt, said(bobs, feed, 1, '_request_context_enter'));
  world.pass(1000);
  return { world, adaAt, bobAt };
}

/** What a device asks of the feed at its server, and what it is answered: method, code and variables. */
function ask(
  world: World,
  at: string,
  circuit: string,
  source: string,
  method: string,
  entity: Record<string, Value>,
): Heard[] {
  const node = world.node(at);
  node.hear(circuit);
  node.sayRaw(circuit, { routing: { _source: source, _target: feed, _tag: 'q' }, entity, method });
  world.settle();
  return node.hear(circuit).filter(({ routing }) => routing['_tag_relay'] === 'q');
}

function store(
  world: World,
  at: string,
  circuit: string,
  source: string,
  { id }: Pick<Published, 'id'>,
  index: number,
  chunk: Uint8Array,
): string {
  const entity = { _publication: id, _index: String(index), _chunk: chunk };
  const [answer] = ask(world, at, circuit, source, '_request_attachment_store', entity);
  return answer?.packet.text('_code') ?? answer?.packet.text('_amount_chunks') ?? 'silence';
}

function upload(world: World, at: string, circuit: string, source: string, one: Published): string[] {
  return chunksOf(one.file).map((chunk, index) => store(world, at, circuit, source, one, index, chunk));
}

/** What a server gives of a file, piece by piece, or why not. */
function read(world: World, at: string, circuit: string, source: string, { id }: Pick<Published, 'id'>): string {
  const bytes: number[] = [];
  for (let index = 0; index < 3; index++) {
    const entity = { _publication: id, _index: String(index) };
    const [answer] = ask(world, at, circuit, source, '_request_attachment', entity);
    const code = answer?.packet.text('_code');
    if (code !== undefined) return code;
    bytes.push(...(answer?.packet.value('_chunk') ?? []));
  }
  return digestOf(Uint8Array.from(bytes));
}

const publish = (world: World, circuit: string, { packet }: Published): void => {
  world.node(a).sayBytes(circuit, packet);
  world.settle();
};

/** Her home is gone, and she publishes at c. */
function publishedElsewhere(world: World): { guest: string; visiting: string; one: Published } {
  world.kill(a);
  const guest = world.login(ada, 'phone', c);
  const visiting = channelOf(ada, world.keys.idOf(world.node(c).seedOf('ada', 'phone', a)), { side: '1', at: c });
  const one = signed(world, visiting, 1, fileOf(2));
  world.node(c).sayBytes(guest, one.packet);
  world.settle();
  return { guest, visiting, one };
}

/** What a server's store has of files: contexts that hold rows. */
const contextsAt = (world: World, domain: string): string[] => {
  const rows = (context: string): number => {
    const outcome = world.stores.get(domain)!.perform({ kind: 'read', request: 0, context, after: 0, rowsMax: 512 });
    return outcome.kind === 'rows' ? outcome.rows.length : 0;
  };
  return world.stores
    .get(domain)!
    .contexts()
    .filter((context) => context.startsWith('attachment ') && rows(context) > 0);
};

test('what its author gives is kept in order, checked, and there for who follows at another server', () => {
  const { world, adaAt, bobAt } = begun();
  const one = signed(world, adas, 1, fileOf(1));
  publish(world, adaAt, one);
  expect(read(world, a, adaAt, adas, one)).toBe('_attachment_incomplete');
  const [first, second] = chunksOf(one.file) as [Uint8Array, Uint8Array];
  expect(store(world, a, adaAt, adas, one, 1, second)).toBe('_attachment_missing_chunk');
  expect(store(world, a, adaAt, adas, one, 0, spoilt(first))).toBe('_attachment_invalid_chunk');
  expect(store(world, a, adaAt, adas, one, 0, first.subarray(1))).toBe('_attachment_invalid_chunk');
  expect(upload(world, a, adaAt, adas, one)).toEqual(['1', '2', '3']);
  // Whoever says it again hears how far it is.
  expect(store(world, a, adaAt, adas, one, 0, first)).toBe('3');
  expect(read(world, a, adaAt, adas, one)).toBe(digestOf(one.file));
  world.pass(10_000);
  expect(read(world, b, bobAt, bobs, one)).toBe(digestOf(one.file));
  // Nobody at c follows her.
  expect(contextsAt(world, c)).toEqual([]);
});

test('who has no client is given all of it, checked once more, where it is shown', () => {
  const { world, adaAt } = begun();
  const one = signed(world, adas, 1, fileOf(1));
  publish(world, adaAt, one);
  const given = (domain: string, people: 'none' | 'own' | 'followed', id = one.id): string => {
    const { told } = world.node(domain);
    const scope = { people, places: 'none' } as const;
    world.node(domain).tell({ kind: 'asked', request: 1, question: { kind: 'file', of: ada, id, scope } });
    const answer = told.at(-1);
    if (answer?.kind !== 'file' || answer.file === null) return 'nothing';
    return `${answer.file.name} ${digestOf(Buffer.concat(answer.file.chunks))}`;
  };
  expect(given(a, 'own')).toBe('nothing');
  upload(world, a, adaAt, adas, one);
  world.pass(10_000);
  const whole = `a picture.png ${digestOf(one.file)}`;
  expect([given(a, 'own'), given(a, 'none'), given(a, 'own', 'ab'.repeat(32))]).toEqual([whole, 'nothing', 'nothing']);
  expect([given(b, 'own'), given(b, 'followed'), given(c, 'followed')]).toEqual(['nothing', whole, 'nothing']);
  const context = contextsAt(world, a)[0]!;
  const packet = spoilt(chunksOf(one.file)[1]!);
  world.stores
    .get(a)!
    .perform({ kind: 'write', request: 0, operations: [{ op: 'replace', context, lease: 1, sequence: 2, packet }] });
  expect(given(a, 'own')).toBe('nothing');
});

test('only its author gives it, only who follows is given it, and only what was published', () => {
  const { world, adaAt, bobAt } = begun();
  const one = signed(world, adas, 1, fileOf(1));
  publish(world, adaAt, one);
  const [first] = chunksOf(one.file) as [Uint8Array];
  expect(store(world, b, bobAt, bobs, one, 0, first)).toBe('_publication_foreign_context');
  const cleos = channel('cleo', 'phone');
  const cleoAt = world.login('psyc://a.example/~cleo', 'phone');
  expect(read(world, a, cleoAt, cleos, one)).toBe('_necessary_membership');
  expect(store(world, a, adaAt, adas, { id: 'ab'.repeat(32) }, 0, first)).toBe('_attachment_unknown');
  expect(read(world, a, adaAt, adas, { id: 'ab'.repeat(32) })).toBe('_attachment_unknown');
  for (const entity of [
    {},
    { _publication: one.id },
    { _publication: 'AB'.repeat(32), _index: '0' },
    { _publication: one.id, _index: '-1' },
  ])
    expect(ask(world, a, adaAt, adas, '_request_attachment', entity)[0]?.packet.text('_code')).toBe(
      '_attachment_invalid_request',
    );
});

test('a server that crashes goes on where it was, as its author does', () => {
  const { world, adaAt, bobAt } = begun();
  const one = signed(world, adas, 1, fileOf(1));
  publish(world, adaAt, one);
  const chunks = chunksOf(one.file);
  store(world, a, adaAt, adas, one, 0, chunks[0]!);
  world.pass(10_000);
  for (const domain of [a, b]) world.kill(domain);
  for (const domain of [a, b]) world.start(domain);
  world.pass(2000);
  const again = world.login(ada, 'phone');
  expect(store(world, a, again, adas, one, 0, chunks[0]!)).toBe('1');
  expect([1, 2].map((index) => store(world, a, again, adas, one, index, chunks[index]!))).toEqual(['2', '3']);
  world.pass(40_000);
  expect(bobAt).toBe('client bob phone');
  const bobAgain = world.login('psyc://b.example/~bob', 'phone');
  expect(read(world, b, bobAgain, bobs, one)).toBe(digestOf(one.file));
});

test('whoever gives a chunk that was not signed is asked no further, and another one gives it', () => {
  const { world, adaAt, bobAt } = begun({}, [a, b]);
  publish(world, adaAt, signed(world, adas, 1, fileOf(9), 'so that her keys are known'));
  world.pass(2000);
  const one = signed(world, adas, 2, fileOf(1));
  world.cut(a, b);
  const liar = world.node(b).connect('server d.example');
  const parsed = parseOne(one.packet);
  world.node(b).sayBytes(liar, renderRouted({ _context: feed }, parsed.content, parsed.hasLength));
  world.pass(1000);
  const asked = world
    .node(b)
    .hear(liar)
    .filter(({ method }) => method === '_request_publications_attachment');
  expect(asked.map(({ packet }) => packet.text('_index'))).toEqual(['0']);
  const routing = { _source: 'psyc://d.example', _target: `psyc://${b}`, _tag_relay: asked[0]!.routing['_tag'] };
  const chunk = spoilt(chunksOf(one.file)[0]!);
  world.node(b).sayRaw(liar, {
    routing,
    entity: { _uniform: ada, _publication: one.id, _index: '0', _chunk: chunk },
    method: '_status_publications_attachment',
  });
  world.pass(100);
  expect(
    world
      .node(b)
      .hear(liar)
      .filter(({ method }) => method === '_request_publications_attachment'),
  ).toEqual([]);
  expect(contextsAt(world, b)).toEqual([]);
  publish(world, adaAt, one);
  upload(world, a, adaAt, adas, one);
  world.heal(a, b);
  world.pass(60_000);
  expect(read(world, b, bobAt, bobs, one)).toBe(digestOf(one.file));
});

test('what was published and given elsewhere while home was gone is at home when it is back, and with who follows', () => {
  const { world, adaAt: before, bobAt } = begun();
  publish(world, before, signed(world, adas, 1, fileOf(9), 'so that her keys are known'));
  world.link(c, b);
  world.link(c, a);
  const { guest, visiting, one } = publishedElsewhere(world);
  expect(upload(world, c, guest, visiting, one)).toEqual(['1', '2', '3']);
  world.pass(20_000);
  expect(read(world, b, bobAt, bobs, one)).toBe(digestOf(one.file));
  world.start(a);
  world.pass(60_000);
  const adaAt = world.login(ada, 'phone');
  expect(read(world, a, adaAt, adas, one)).toBe(digestOf(one.file));
});

test('with the publication its file goes, at home, elsewhere, and where a server was down meanwhile', () => {
  const { world, adaAt, bobAt } = begun();
  const one = signed(world, adas, 1, fileOf(1));
  publish(world, adaAt, one);
  upload(world, a, adaAt, adas, one);
  world.pass(10_000);
  expect([contextsAt(world, a), contextsAt(world, b)].map(({ length }) => length)).toEqual([1, 1]);
  world.cut(a, b);
  const entity = { _publication: one.id, _signature_deleted: lineIn(parseOne(one.packet))! };
  world.node(a).sayBytes(adaAt, world.signedDraft(adas, feed, { ...said(adas, feed, 2, DELETION_METHOD), entity }));
  world.settle();
  expect(contextsAt(world, a)).toEqual([]);
  expect(read(world, a, adaAt, adas, one)).toBe('_attachment_unknown');
  expect(store(world, a, adaAt, adas, one, 0, chunksOf(one.file)[0]!)).toBe('_attachment_unknown');
  expect(read(world, b, bobAt, bobs, one)).toBe(digestOf(one.file));
  world.heal(a, b);
  expect(contextsAt(world, b)).toEqual([]);
  expect(read(world, b, bobAt, bobs, one)).toBe('_attachment_unknown');
});

test('at home nothing goes for something newer: it is refused; elsewhere older files make room', () => {
  const { world, adaAt, bobAt } = begun({ attachmentsOwnBytesMax: 420_000, attachmentsOthersBytesMax: 300_000 });
  const files = [1, 2, 3, 4].map((seed) => {
    world.pass(1000);
    const one = signed(world, adas, seed, fileOf(seed), `file ${seed}`);
    publish(world, adaAt, one);
    return { one, answers: upload(world, a, adaAt, adas, one) };
  });
  expect(files.map(({ answers }) => answers[0])).toEqual(['1', '1', '1', '_excessive_attachments']);
  world.pass(60_000);
  const atBobs = files.slice(0, 3).map(({ one }) => read(world, b, bobAt, bobs, one));
  expect(atBobs[0]).toBe('_attachment_unknown');
  expect(atBobs.slice(1)).toEqual(files.slice(1, 3).map(({ one }) => digestOf(one.file)));
});

test('of a visitor no more chunks are taken than he may give', () => {
  const { world } = begun({ visitorChunksMax: 2, visitorChunkMs: 1_000_000 });
  world.link(c, a);
  const { guest, visiting, one } = publishedElsewhere(world);
  expect(upload(world, c, guest, visiting, one)).toEqual(['1', '2', 'silence']);
});

test('what is no attachment is no publication either', () => {
  const { world, adaAt } = begun();
  const attachment = attachmentVariables(attachmentOf(world.keys.suite, fileOf(1), 'a', 'image/png'));
  const entity = { ...attachment, _name_attachment: '../../etc/passwd' };
  world.node(a).hear(adaAt);
  world
    .node(a)
    .sayBytes(adaAt, world.signedDraft(adas, feed, { ...said(adas, feed, 1, '_message_public', 'x'), entity }));
  expect(
    world
      .node(a)
      .hear(adaAt)
      .map(({ packet }) => packet.text('_code')),
  ).toEqual(['_publication_invalid_attachment']);
});

test('its admin is shown what is kept of whom, the bytes of words and files, and whose budget is spent', () => {
  const { world, adaAt } = begun();
  const one = signed(world, adas, 1, fileOf(1));
  publish(world, adaAt, one);
  upload(world, a, adaAt, adas, one);
  world.pass(10_000);
  const shown = (domain: string): unknown => {
    const { told } = world.node(domain);
    world.node(domain).tell({ kind: 'asked', request: 1, question: { kind: 'feeds' } });
    const answer = told.at(-1);
    return answer?.kind === 'feeds' ? answer.feeds : [];
  };
  const page = world.stores.get(a)!.perform({ kind: 'read', request: 0, context: feed, after: 0, rowsMax: 9 });
  const bytes = page.kind === 'rows' ? page.rows[0]!.packet.length : 0;
  const kept = { person: ada, publications: 1, bytes, files: 1, fileBytes: one.file.length };
  expect(shown(a)).toEqual([{ ...kept, followers: 0, isOwed: false, fileBytesMax: 268_435_456 }]);
  expect(shown(b)).toEqual([{ ...kept, followers: 1, isOwed: false, fileBytesMax: 67_108_864 }]);
  const { guest, visiting } = publishedElsewhere(world);
  upload(world, c, guest, visiting, one);
  world.node(c).tell({ kind: 'asked', request: 2, question: { kind: 'feeds' } });
  const answer = world.node(c).told.at(-1);
  expect(answer).toMatchObject({ feeds: [{ person: ada, followers: 0, isOwed: true, publications: 1 }] });
  expect(answer?.kind === 'feeds' ? answer.budgets : []).toContainEqual({
    of: 'publications of a visitor',
    name: ada,
    left: 31,
    most: 32,
  });
});
