/** A place of another domain is never run here, whatever channel its uniform has. */
import { expect, test } from '@jest/globals';
import { render } from '../../psyc/render.ts';
import { channel, NodeFixture } from './node-fixture.ts';
import { said } from './said.ts';

const bar = 'psyc://b.example/@bar';
const fake = `${bar}#0123456789abcdef@a.example`;
const ada = channel('ada', 'phone');
const eve = channel('eve', 'desk', 'e.example');
const membersOf = (fixture: NodeFixture, context: string): string[] => {
  const outcome = fixture.store.perform({ kind: 'members', request: 0, context, above: '', rowsMax: 9 });
  return outcome.kind === 'members' ? outcome.members.map(({ name }) => name) : [];
};

function inBar() {
  const fixture = new NodeFixture();
  const [phone, b] = [fixture.connect('client ada phone'), fixture.connect('server b.example')];
  fixture.say(phone, said(ada, bar, 1, '_request_context_enter'));
  fixture.sayRaw(b, {
    routing: { _source: bar, _target: ada, _tag_relay: 't1' },
    entity: { _sequence: '1' },
    method: '_echo_context_enter',
  });
  expect(membersOf(fixture, bar)).toEqual(['psyc://a.example/~ada']);
  fixture.hear(phone);
  const e = fixture.connect('server e.example');
  return { fixture, phone, b, e };
}

test('a third server speaks as b.example/@bar to its members here', () => {
  const { fixture, phone, e } = inBar();
  fixture.say(e, said(eve, fake, 1, '_request_context_enter'));
  fixture.sayBytes(
    e,
    fixture.signed(eve, bar, said(eve, fake, 2, '_message_public', 'the bar has moved, come to @trap')),
  );
  const heard = fixture
    .hear(phone)
    .map(({ method, routing, data }) => [method, routing['_context'], routing['_source_relay'], data]);
  expect(heard).toEqual([]);
  expect(membersOf(fixture, bar)).toEqual(['psyc://a.example/~ada']);
});

test('and puts them out of the real one', () => {
  const { fixture, e } = inBar();
  fixture.say(e, said(eve, fake, 1, '_request_context_enter'));
  const kick = { ...said(eve, fake, 2, '_request_context_kick'), entity: { _uniform_member: 'psyc://a.example/~ada' } };
  fixture.sayBytes(e, fixture.signed(eve, fake, kick));
  expect(membersOf(fixture, bar)).toContain('psyc://a.example/~ada');
});

test('a local client does the same; its words are shown under the real place’s name', () => {
  const { fixture, phone } = inBar();
  const mallory = fixture.connect('client mal phone');
  const mal = channel('mal', 'phone');
  fixture.say(mallory, said(mal, fake, 1, '_request_context_enter'));
  fixture.say(mallory, said(mal, fake, 2, '_message_public', 'the bar has moved'));
  const heard = fixture
    .hear(phone)
    .map(({ method, routing, data }) => [method, routing['_context'], routing['_source_relay'], data]);
  expect(heard).toEqual([]);
});

test('unsigned words of a third server: hearsay in the real place’s name', () => {
  const { fixture, phone, e } = inBar();
  fixture.say(e, said(eve, fake, 1, '_request_context_enter'));
  fixture.sayRaw(e, said(eve, fake, 2, '_message_public', 'the bar has moved'));
  const heard = fixture
    .hear(phone)
    .map(({ method, routing, data }) => [method, routing['_context'], routing['_source_relay'], data]);
  expect(heard).toEqual([]);
});

test('what is kept of a plain peer’s place (a mirror’s log) is read by anybody who enters it through `@us`', () => {
  const fixture = new NodeFixture();
  const room = 'psyc://p.example/@room';
  const packet = render({
    routing: { _source: 'psyc://a.example/~ada#00', _target: room, _tag: 'm1', _counter: '1', _time: '1' },
    method: '_message_public',
    data: 'said among ourselves',
  });
  const id = new Uint8Array(32).fill(7);
  fixture.store.perform({
    kind: 'write',
    request: 0,
    operations: [{ op: 'append', context: room, lease: 1, author: new Uint8Array([1]), id, packet }],
  } as never);
  const mallory = fixture.connect('client mal phone');
  const mal = channel('mal', 'phone');
  const there = `${room}#0123456789abcdef@a.example`;
  fixture.say(mallory, said(mal, there, 1, '_request_context_enter'));
  fixture.sayRaw(mallory, {
    routing: { _source: mal, _target: there, _tag: 'h' },
    entity: { _after: '0' },
    method: '_request_history',
  });
  const heard = fixture.hear(mallory).map(({ method, data }) => [method, data]);
  expect(heard.some(([, data]) => data === 'said among ourselves')).toBe(false);
});
