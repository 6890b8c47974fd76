/** Servers that lie about publications, and that ask for more than their share. docs/spec/feeds.md */
import { expect, test } from '@jest/globals';
import { channelOf } from '../../circuit/channel.ts';
import { parseOne } from '../../circuit/one-packet.ts';
import { joinBytes, uint32 } from '../../crypto/bytes.ts';
import { renderRouted } from '../../psyc/render.ts';
import { feedOf } from '../../publication/feed.ts';
import { FrameWriter } from '../../publication/reconcile/frame.ts';
import { highest } from '../../publication/reconcile/item.ts';
import type { StoreOutcome, StoreRequest } from '../../store/store.ts';
import { MemoryStore } from '../../store/memory.ts';
import { channel, NodeFixture } from './node-fixture.ts';
import { World } from './feeds-world.ts';
import { said, spoilt } from './said.ts';

const ada = 'psyc://a.example/~ada';
const adas = channel('ada', 'phone');
const [a, b, c] = ['a.example', 'b.example', 'c.example'];

test('a home says nothing in its people’s publications that they have not signed, as hearsay either; what they have is taken', () => {
  const world = new World([b]);
  const fixture = world.node(b);
  const bobAt = fixture.connect('client bob phone');
  const server = fixture.connect('server a.example');
  fixture.say(bobAt, said(channel('bob', 'phone', b), feedOf(ada), 1, '_request_context_enter'));
  const packet = parseOne(world.signed(adas, feedOf(ada), 1, 'never said'));
  const passedOn = (more: Record<string, string> = {}): Uint8Array =>
    renderRouted({ _context: feedOf(ada), ...more }, packet.content, packet.hasLength);
  for (const bytes of [passedOn(), passedOn({ _source_relay: ada })])
    fixture.sayBytes(server, spoilt(bytes, bytes.length - 4));
  world.pass(1_000);
  expect(world.texts(b, ada)).toEqual([]);
  // As she has signed it, it is taken.
  fixture.sayBytes(server, passedOn());
  world.pass(1_000);
  expect(world.texts(b, ada)).toEqual(['never said']);
});

test('who was not asked does not answer for the home: what it lacks is owed to it', () => {
  const world = new World([a, b, c]);
  world.link(b, c);
  world.login(ada, 'phone');
  world.cut(a, c);
  const guest = world.login(ada, 'phone', c);
  const visiting = channelOf(ada, world.keys.idOf(world.node(c).seedOf('ada', 'phone', a)), { side: '1', at: c });
  world.publish(c, guest, visiting, 1, 'elsewhere');
  world.pass(1_000);
  const liar = world.node(c).connect('server d.example');
  // Home is there again and slow: somebody else answers in its place that nothing is missing.
  const home = world.node(c).connect('server a.example', { name: 'slow home' });
  const asked = world
    .node(c)
    .hear(home)
    .filter(({ method }) => method === '_request_publications');
  expect(asked).toHaveLength(1);
  const frame = new FrameWriter().frame();
  world.node(c).sayRaw(liar, {
    routing: { _source: 'psyc://d.example', _target: `psyc://${c}`, _tag_relay: asked[0]!.routing['_tag'] },
    entity: { _uniform: ada, _frame: frame },
    method: '_status_publications',
  });
  world.pass(5_000);
  const again = world
    .node(c)
    .hear(home)
    .filter(({ method }) => method === '_request_publications');
  expect(again.length).toBeGreaterThan(0);
});

test('feedWantedMax: a home that names more and more is asked for no more of it in one exchange', () => {
  const fixture = new NodeFixture({ feedWantedMax: 8, feedGivenMax: 4 }, { domain: b });
  const bobAt = fixture.connect('client bob phone');
  const server = fixture.connect('server a.example');
  fixture.say(bobAt, said(channel('bob', 'phone', b), feedOf(ada), 1, '_request_context_enter'));
  let [wanted, frames] = [0, 0];
  for (let turn = 0; turn < 64; turn++) {
    for (const { routing, method, packet } of fixture.hear(server)) {
      const heading = { _source: `psyc://${a}`, _target: `psyc://${b}`, _tag_relay: routing['_tag'] };
      if (method === '_request_publications_missing') {
        wanted += packet.data!.length / 32;
        fixture.sayRaw(server, { routing: heading, entity: { _uniform: ada }, method: '_status_publications_missing' });
      } else if (method === '_request_publications' && frames < 8) {
        const writer = new FrameWriter();
        const front = joinBytes(new Uint8Array(24).fill(1), uint32(++frames));
        const ids = Array.from({ length: 4 }, (_, at) => joinBytes(front, uint32(at)));
        writer.add({ mode: 'ids', upper: { timeMs: 1, prefix: new Uint8Array() }, ids });
        writer.add({ mode: 'fingerprint', upper: highest, fingerprint: new Uint8Array(16) });
        const entity = { _uniform: ada, _frame: writer.frame() };
        fixture.sayRaw(server, { routing: heading, entity, method: '_status_publications' });
      }
    }
  }
  expect(frames).toBe(8);
  expect(wanted).toBe(8);
});

/** A store that says how many bytes of rows it was made to read. */
class CountingStore extends MemoryStore {
  bytes = 0;

  override perform(request: StoreRequest): StoreOutcome {
    const outcome = super.perform(request);
    if (outcome.kind === 'rows') for (const { packet } of outcome.rows) this.bytes += packet.length;
    return outcome;
  }
}

test('who asks for much is read no more than one answer holds', () => {
  const world = new World([]);
  const store = new CountingStore();
  const fixture = new NodeFixture({ historyBytesMax: 1_000 }, { keys: world.keys, store });
  const adaAt = fixture.connect('client ada phone');
  const server = fixture.connect('server b.example');
  // Every second one, so that they do not follow each other.
  for (let counter = 1; counter <= 16; counter++)
    fixture.sayBytes(adaAt, world.signed(adas, feedOf(ada), counter, 'x'.repeat(600)));
  const ids: Uint8Array[] = [];
  const rows = store.perform({ kind: 'read', request: 0, context: feedOf(ada), after: 0, rowsMax: 512 });
  if (rows.kind === 'rows') for (const { id, sequence } of rows.rows) if (sequence % 2 === 1) ids.push(id.slice(8));
  const ask = (tag: string): number => {
    store.bytes = 0;
    fixture.sayRaw(server, {
      routing: { _source: `psyc://${b}`, _target: `psyc://${a}`, _tag: tag },
      entity: { _uniform: ada },
      method: '_request_publications_missing',
      data: joinBytes(...ids),
    });
    return store.bytes;
  };
  ask('first');
  // The set is known by now.
  expect(ids).toHaveLength(8);
  const read = ask('second');
  expect(read).toBeGreaterThan(600);
  expect(read).toBeLessThan(2_500);
});

test('of all visitors from one domain no more is taken than of so many, however many people it has', () => {
  const world = new World([a, c], { visitorPublicationsOfDomainMax: 2, visitorPublicationOfDomainMs: 10_000 });
  const guests = ['ada', 'ann', 'amy'].map((nick) => {
    const person = `psyc://${a}/~${nick}`;
    const guest = world.login(person, 'phone', c);
    const id = world.keys.idOf(world.node(c).seedOf(nick, 'phone', a));
    const source = channelOf(person, id, { side: '1', at: c });
    return { guest, word: world.signed(source, feedOf(person), 1, 'word') };
  });
  const say = ({ guest, word }: (typeof guests)[number]): (string | null)[] => {
    world.node(c).sayBytes(guest, word);
    return world.node(c).methods(guest);
  };
  expect(guests.map((one) => say(one).length)).toEqual([1, 1, 0]);
  world.pass(10_000);
  expect(say(guests[2]!)).toEqual(['_echo_message_public']);
});

test('publishersAskedMax, publishersAskedOfLinkMax: who names strange authors leaves room for others’', () => {
  const fixture = new NodeFixture({ publishersAskedMax: 3, publishersAskedOfLinkMax: 2 });
  fixture.tellsKeys = false;
  const [one, two] = [fixture.connect('server b.example'), fixture.connect('server c.example')];
  const names = (circuit: string, nick: string): void => {
    const address = feedOf(`psyc://${nick}.example/~${nick}`);
    const packet = parseOne(
      fixture.signed(channel(nick, 'phone', `${nick}.example`), address, {
        routing: { _context: address },
        method: '_message_public',
        data: 'x',
      }),
    );
    fixture.sayBytes(circuit, renderRouted({ _context: address }, packet.content, packet.hasLength));
  };
  for (const nick of ['eve', 'eva', 'evi', 'evo']) names(one, nick);
  expect(fixture.queue('authors asked for')).toBe(2);
  for (const nick of ['zoe', 'zia']) names(two, nick);
  expect(fixture.queue('authors asked for')).toBe(3);
  // What is not answered is over after a while.
  fixture.pass(60_000);
  names(two, 'zia');
  expect(fixture.queue('authors asked for')).toBe(1);
});
