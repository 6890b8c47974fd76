/** Presence: friends are told, nobody else; what devices say is made one, not too often, and asked for again where it may be lost. */
import { expect, test } from '@jest/globals';
import { bytesOfHex } from '../../crypto/bytes.ts';
import { parseOne } from '../../circuit/one-packet.ts';
import type { FederationLimits } from '../../federation/limits.ts';
import type { Draft } from '../../psyc/render.ts';
import { channel, type Heard, NodeFixture } from './node-fixture.ts';
import { said } from './said.ts';

const ada = 'psyc://a.example/~ada';
const bob = 'psyc://a.example/~bob';
const zoe = 'psyc://b.example/~zoe';
const zoes = channel('zoe', 'phone', 'b.example');
const adas = channel('ada', 'phone-1');
const bobs = channel('bob', 'desk-1');
const graceMs = 20_000;

/** Ada on her phone; bob, who is here as well, and zoe of b.example are her friends. */
function town(limits: Partial<FederationLimits> = {}): NodeFixture {
  const fixture = new NodeFixture(limits);
  for (const peer of ['client ada phone-1', 'client bob desk-1', 'server b.example']) fixture.connect(peer);
  const word = (circuit: string, source: string, target: string): void =>
    fixture.sayBytes(circuit, fixture.signed(source, target, said(source, target, 1, '_request_friendship')));
  word('server b.example', zoes, ada);
  word('client ada phone-1', adas, zoe);
  fixture.say('client ada phone-1', said(adas, bob, 1, '_request_friendship'));
  word('client ada phone-1', adas, bob);
  word('client bob desk-1', bobs, ada);
  fixture.pass(5_000);
  for (const peer of ['client ada phone-1', 'client bob desk-1', 'server b.example']) fixture.hear(peer);
  return fixture;
}

/** Whose presence came, and how available. */
const presences = (heard: Heard[]): string[] =>
  heard
    .filter(({ method }) => method === '_notice_presence')
    .map(({ routing, packet }) => `${routing['_context']} ${packet.text('_degree_availability')}`);

/** Ada's device says how it is with her, or has another device say it. */
function announce(
  fixture: NodeFixture,
  availability: number | string,
  text = '',
  device = 'phone',
  { mood, signer = device }: { mood?: string; signer?: string } = {},
): (string | null)[] {
  const source = channel('ada', `${device}-1`);
  const address = `${ada}#_presence`;
  const draft: Draft = {
    routing: { _source: source, _target: address },
    entity: { _degree_availability: String(availability), _degree_mood: mood ?? '7', _description_presence: text },
    method: '_notice_presence',
  };
  const packet = fixture.signed(channel('ada', `${signer}-1`), address, draft);
  const circuit = `client ada ${device}-1`;
  fixture.sayRaw(circuit, {
    routing: { _source: source, _target: ada, _tag: 'p' },
    entity: { _packet: packet },
    method: '_request_announce',
  });
  return fixture
    .hear(circuit)
    .filter(({ routing }) => routing['_tag_relay'] === 'p')
    .map(({ method }) => method);
}

test('who comes is told to friends, one copy a domain; who goes after a while, and a circuit lost for a moment is nothing', () => {
  const fixture = town();
  fixture.connect('client ada phone');
  expect(presences(fixture.hear('server b.example'))).toEqual([`${ada}#_presence 7`]);
  fixture.tell({ kind: 'ended', circuit: 'client ada phone' });
  fixture.pass(graceMs / 2);
  fixture.connect('client ada phone', { name: 'again' });
  fixture.pass(graceMs * 2);
  expect(presences(fixture.hear('server b.example'))).toEqual([]);
  fixture.tell({ kind: 'ended', circuit: 'again' });
  fixture.pass(graceMs + 1);
  expect(presences(fixture.hear('server b.example'))).toEqual([`${ada}#_presence 1`]);
});

test('the most available of her devices counts, as it was signed; unseen on one is unseen', () => {
  const fixture = town();
  for (const device of ['phone', 'desk', 'desk-1']) fixture.connect(`client ada ${device}`);
  fixture.pass(5_000);
  fixture.hear('server b.example');
  expect(announce(fixture, 3, 'lunch')).toEqual(['_echo_announce']);
  fixture.pass(5_000);
  // The desk has said nothing, and is here.
  expect(presences(fixture.hear('server b.example'))).toEqual([]);
  announce(fixture, 2, 'gone fishing', 'desk');
  fixture.pass(5_000);
  const [told] = fixture.hear('server b.example').filter(({ method }) => method === '_notice_presence');
  expect(told?.packet.text('_description_presence')).toBe('lunch');
  expect([told?.routing['_source_relay'], told?.packet.value('_signature_author')?.length]).toEqual([ada, 149]);
  announce(fixture, 1, '', 'desk');
  fixture.pass(5_000);
  expect(presences(fixture.hear('server b.example'))).toEqual([`${ada}#_presence 1`]);
  // It holds over a restart: who did not want to be seen is not shown.
  const next = new NodeFixture({}, { store: fixture.store, keys: fixture.keys, life: 2 });
  next.connect('server b.example');
  next.connect('client ada desk');
  next.pass(5_000);
  expect(presences(next.hear('server b.example'))).toEqual([]);
});

test('a device that changes its mind all the time is told every two seconds at most, and the last of it', () => {
  const fixture = town();
  fixture.connect('client ada phone');
  fixture.pass(5_000);
  fixture.hear('server b.example');
  for (let at = 0; at < 40; at++) {
    announce(fixture, 3 + (at % 6), `${at}`);
    fixture.pass(100);
  }
  fixture.pass(5_000);
  const told = fixture.hear('server b.example').filter(({ method }) => method === '_notice_presence');
  expect(told.length).toBeLessThanOrEqual(4);
  expect(told.at(-1)?.packet.text('_description_presence')).toBe('39');
});

test('friends here are told too, and a device that comes later; who is blocked sees her no more, nor strangers', () => {
  const fixture = town();
  fixture.connect('client bob desk');
  fixture.hear('client bob desk');
  fixture.connect('client ada phone');
  expect(presences(fixture.hear('client bob desk'))).toEqual([`${ada}#_presence 7`]);
  fixture.connect('client bob phone');
  expect(presences(fixture.hear('client bob phone'))).toEqual([`${ada}#_presence 7`]);
  const rules = { _name: 'rules', _version: '0', _value: `block ${bob}\n` };
  const routing = { _source: adas, _target: ada, _tag: 'r' };
  fixture.sayRaw('client ada phone-1', { routing, entity: rules, method: '_request_store' });
  expect(presences(fixture.hear('client bob desk'))).toEqual([`${ada}#_presence 1`]);
  announce(fixture, 9, 'never better');
  fixture.pass(5_000);
  expect(presences(fixture.hear('client bob desk'))).toEqual([]);
  expect(presences(fixture.hear('server b.example'))).toEqual([`${ada}#_presence 7`, `${ada}#_presence 9`]);
  for (const name of ['zoe', 'yan']) {
    const asks = { _source: `psyc://b.example/~${name}`, _target: `${ada}#_presence` };
    fixture.sayRaw('server b.example', { routing: asks, method: '_request_presence' });
  }
  expect(fixture.hear('server b.example').map((heard) => [heard.method, heard.routing['_target']])).toEqual([
    ['_notice_presence', zoe],
  ]);
});

test('who comes asks after her friends, and again when their domain was lost; a stranger’s presence is nobody’s', () => {
  const fixture = town();
  fixture.connect('client ada phone');
  const asked = (): string[] =>
    fixture
      .hear('server b.example')
      .filter(({ method }) => method === '_request_presence')
      .map(({ routing }) => routing['_target']!);
  fixture.tell({ kind: 'ended', circuit: 'server b.example' });
  fixture.connect('server b.example');
  expect(asked()).toEqual([`${zoe}#_presence`]);
  // Without an answer it is asked again.
  fixture.pass(61_000);
  expect(asked()).toEqual([`${zoe}#_presence`]);
  fixture.hear('client ada phone');
  for (const name of ['zoe', 'yan']) {
    fixture.sayRaw('server b.example', {
      routing: { _context: `psyc://b.example/~${name}#_presence` },
      entity: { _degree_availability: '8' },
      method: '_notice_presence',
    });
  }
  expect(presences(fixture.hear('client ada phone'))).toEqual([`${zoe}#_presence 8`]);
  fixture.pass(61_000);
  expect(asked()).toEqual([]);
  fixture.sayRaw('client ada phone-1', {
    routing: { _source: adas, _target: ada, _tag: 'l' },
    method: '_request_presences',
  });
  fixture.pass(1_500);
  const listed = fixture.hear('client ada phone-1').filter(({ routing }) => routing['_tag_relay'] === 'l');
  expect(listed.map(({ method, packet }) => [method, packet.text('_uniform')])).toEqual([
    ['_status_presence', bob],
    ['_status_presence', zoe],
    ['_echo_presences', undefined],
  ]);
  const inner = parseOne(new Uint8Array(listed[1]!.packet.value('_packet')!));
  expect(inner.text('_degree_availability')).toBe('8');
});

test('what is no presence of hers is refused', () => {
  const fixture = town();
  expect(announce(fixture, 10)).toEqual(['_error_invalid_presence']);
  expect(announce(fixture, 0)).toEqual(['_error_invalid_presence']);
  for (const degree of ['0x3', ' 3', '3.0', '03', '']) {
    expect(announce(fixture, degree)).toEqual(['_error_invalid_presence']);
    expect(announce(fixture, 3, '', 'phone', { mood: degree })).toEqual(['_error_invalid_presence']);
  }
  expect(announce(fixture, 3, '', 'phone', { mood: '10' })).toEqual(['_error_invalid_presence']);
  expect(announce(fixture, 3, '', 'phone', { signer: 'desk' })).toEqual(['_error_invalid_presence']);
  expect(announce(fixture, 3, 'x'.repeat(3_000))).toEqual(['_error_oversized_message']);
  const entity = { _packet: bytesOfHex('00ff')! };
  const routing = { _source: adas, _target: ada, _tag: 'p' };
  fixture.sayRaw('client ada phone-1', { routing, entity, method: '_request_announce' });
  expect(fixture.methods('client ada phone-1')).toEqual(['_error_invalid_presence']);
});

test('a clock far ahead is refused, so that what is said by a right one counts; a little ahead is taken', () => {
  const fixture = town();
  fixture.connect('client ada phone');
  fixture.pass(5_000);
  fixture.aheadMs = 301_000;
  expect(announce(fixture, 9)).toEqual(['_error_future_presence']);
  fixture.aheadMs = 0;
  expect(announce(fixture, 4)).toEqual(['_echo_announce']);
  fixture.pass(5_000);
  expect(presences(fixture.hear('server b.example')).at(-1)).toBe(`${ada}#_presence 4`);
  fixture.aheadMs = 299_000;
  expect(announce(fixture, 6)).toEqual(['_echo_announce']);
});

test('the presence of all friends is told page by page; only the first waits for who has not answered', () => {
  const fixture = town({ othersRowsMax: 1 });
  fixture.connect('client ada phone');
  const notice = { routing: { _context: `${zoe}#_presence` }, entity: { _degree_availability: '8' } };
  fixture.sayRaw('server b.example', { ...notice, method: '_notice_presence' });
  fixture.hear('client ada phone-1');
  const page = (entity: Record<string, string>): (string | undefined)[][] => {
    const routing = { _source: adas, _target: ada, _tag: 'l' };
    fixture.sayRaw('client ada phone-1', { routing, entity, method: '_request_presences' });
    return fixture
      .hear('client ada phone-1')
      .filter((heard) => heard.routing['_tag_relay'] === 'l')
      .map(({ packet }) => [packet.text('_uniform'), packet.text('_next')]);
  };
  const [first, next] = [
    [bob, undefined],
    [undefined, bob],
  ];
  expect(page({})).toEqual([first, next]);
  expect(page({ _after: bob })).toEqual([
    [zoe, undefined],
    [undefined, undefined],
  ]);
});
