/** What nobody asks over tickets: done once, answered over each, and who is asked does not know by whom. */
import { expect, test } from '@jest/globals';
import { hexOf, joinBytes } from '../../crypto/bytes.ts';
import { requestLimits } from '../../federation/onions/mor-request-limits.ts';
import { Assembly } from '../../onion/assembly.ts';
import { sizes } from '../../onion/sizes.ts';
import type { Packet } from '../../psyc/packet.ts';
import { Parser } from '../../psyc/parse.ts';
import { type Draft, render } from '../../psyc/render.ts';
import { MemoryStore } from '../../store/memory.ts';
import type { StoreOutcome, StoreRequest } from '../../store/store.ts';
import { comeOut } from './mor-fixture.ts';
import { back, ready, ticket } from './mor-tickets.ts';
import type { NodeFixture } from './node-fixture.ts';

const KEYS = 'psyc://a.example/$keys';
const BOB = 'psyc://a.example/~bob';
const TAG = '0123456789abcdef'.repeat(2);

const asking = (
  fixture: NodeFixture,
  entity: Draft['entity'],
  target = KEYS,
  tag = TAG,
  method = '_request_keys',
): void => comeOut(fixture, render({ routing: { _target: target, _tag: tag }, entity: entity ?? {}, method }));

function packetsIn(bytes: Uint8Array): Packet[] {
  const parser = new Parser();
  parser.feed(bytes);
  const packets: Packet[] = [];
  for (let packet = parser.next(); packet !== null; packet = parser.next()) packets.push(packet.copy());
  return packets;
}

/** The packets of an answer in shards. */
function joined(fixture: NodeFixture, contents: readonly Uint8Array[]): Packet[] | null {
  const assembly = new Assembly(fixture.keys.suite, () => null);
  for (const content of contents) {
    const came = assembly.add(content, 0);
    if (came.kind === 'whole') return packetsIn(came.message);
  }
  return null;
}

const countOf = (fixture: NodeFixture, name: string): number => {
  fixture.tell({ kind: 'asked', request: 1, question: { kind: 'mor' } });
  const answer = fixture.told.at(-1)!;
  return answer.kind === 'mor' ? (answer.status?.counts.find(([known]) => known === name)?.[1] ?? 0) : -1;
};

test('a key server answers nobody over his ticket, in shards where it is more than a packet, and says what there is not', () => {
  const fixture = ready();
  const made = [ticket(fixture), ticket(fixture)];
  asking(fixture, { _tickets: joinBytes(...made.map((one) => one.ticket)), _search: 'bob@a.example' });
  const contents = back(
    fixture,
    made.map(({ memory }) => memory),
  );
  expect(contents.map((content) => content[0])).toEqual([0, 0]);
  const packets = joined(fixture, contents)!;
  expect(packets.map(({ method }) => method)).toEqual(['_status_key', '_echo_keys']);
  expect(packets[0]!.value('_key')).toEqual(fixture.identityOf('bob').key);
  expect(packets[0]!.ownRoute('_source')).toBe(KEYS);

  const one = ticket(fixture);
  asking(fixture, { _tickets: one.ticket, _search: 'carol@a.example' }, KEYS, 'a'.repeat(32));
  const [content] = back(fixture, [one.memory]);
  expect(packetsIn(content!).map(({ method }) => method)).toEqual(['_failure_keys_unknown']);
});

test('a person’s keys are public; nothing else of him is told to nobody', () => {
  const fixture = ready();
  const made = ticket(fixture);
  asking(fixture, { _tickets: made.ticket }, BOB);
  const [content] = back(fixture, [made.memory]);
  expect(packetsIn(content!)[0]!.method).toBe('_status_keys');
  for (const method of ['_request_description', '_request_friendship', '_request_close', '_message_private']) {
    const other = ticket(fixture);
    asking(fixture, { _tickets: other.ticket }, BOB, 'c'.repeat(32), method);
    expect(back(fixture, [other.memory])).toEqual([]);
  }
});

test('asked again it is answered again, over the new ticket and from what is kept, and done once', () => {
  const store = new MemoryStore();
  const first = ready({ store });
  let asked = 0;
  const answer = first.keys.answer.bind(first.keys);
  first.keys.answer = (question, ...more) => {
    if (question.kind === 'ring') asked++;
    return answer(question, ...more);
  };
  const one = ticket(first);
  asking(first, { _tickets: one.ticket, _search: 'bob@a.example' });
  const came = back(first, [one.memory]);
  expect(came).toHaveLength(1);
  const two = ticket(first);
  asking(first, { _tickets: two.ticket, _search: 'bob@a.example' });
  expect(back(first, [two.memory])).toHaveLength(1);
  expect(asked).toBe(1);
  // The same ticket again opens nowhere: its layers are burnt. Here it has none but its owner's, so only the count tells.
  expect(countOf(first, 'requests done')).toBe(1);
  // The next life knows it too.
  const second = ready({ store, life: 2 });
  const three = ticket(second);
  asking(second, {
    _tickets: joinBytes(three.ticket, ticket(second).ticket),
    _shards: '1 0',
    _search: 'bob@a.example',
  });
  const more = back(second, [three.memory]);
  expect(more).toHaveLength(1);
  expect(countOf(second, 'requests done')).toBe(0);
  // Shards of both lives are of one cut.
  expect(joined(second, [...came, ...more])).not.toBeNull();
});

test('what lacks is asked for again, and fits what came', () => {
  const fixture = ready();
  const came = ['0', '1'].map((index) => {
    const one = ticket(fixture);
    asking(fixture, { _tickets: one.ticket, _shards: index, _search: 'bob@a.example' });
    return back(fixture, [one.memory])[0]!;
  });
  expect(joined(fixture, came)).not.toBeNull();
  const none = ticket(fixture);
  asking(fixture, { _tickets: none.ticket, _shards: '200', _search: 'bob@a.example' });
  expect(back(fixture, [none.memory])).toEqual([]);
  expect(countOf(fixture, 'shards that there are not')).toBe(1);
});

test('what was begun before a crash is not done again, and whoever asks is told so', () => {
  const store = new MemoryStore();
  const first = ready({ store });
  first.held.pki = [];
  const one = ticket(first);
  asking(first, { _tickets: one.ticket, _search: 'bob@a.example' });
  expect(back(first, [one.memory])).toEqual([]);
  const second = ready({ store, life: 2 });
  const two = ticket(second);
  asking(second, { _tickets: two.ticket, _search: 'bob@a.example' });
  const [content] = back(second, [two.memory]);
  const [packet] = packetsIn(content!);
  expect([packet!.method, packet!.text('_code')]).toEqual(['_failure_mor_interrupted', '_mor_interrupted']);
});

test('nothing is done or told before it is durable', () => {
  const fixture = ready();
  fixture.held.store = [];
  fixture.held.pki = [];
  const one = ticket(fixture);
  asking(fixture, { _tickets: one.ticket, _search: 'carol@a.example' });
  expect(fixture.held.store.map(({ kind }) => kind)).toContain('write');
  expect(back(fixture, [one.memory])).toEqual([]);
  expect(fixture.held.pki).toEqual([]);
  fixture.release();
  // Let go once: both have been answered by then.
  expect(back(fixture, [one.memory])).toHaveLength(1);
});

test('a store that refuses lets nothing be done, then or later: whoever asks again is told that nobody knows', () => {
  const real = new MemoryStore();
  let isBroken = false;
  const store = {
    perform: (request: StoreRequest): StoreOutcome =>
      isBroken && request.kind === 'write'
        ? { kind: 'refused', request: request.request, code: '_store_lost' }
        : real.perform(request),
  };
  const fixture = ready({ store });
  isBroken = true;
  const one = ticket(fixture);
  asking(fixture, { _tickets: one.ticket, _search: 'carol@a.example' });
  expect(back(fixture, [one.memory])).toEqual([]);
  expect(countOf(fixture, 'requests without a store')).toBe(1);
  isBroken = false;
  const two = ticket(fixture);
  asking(fixture, { _tickets: two.ticket, _search: 'carol@a.example' });
  const [content] = back(fixture, [two.memory]);
  // It may have been written and not said.
  expect(packetsIn(content!)[0]!.method).toBe('_failure_mor_interrupted');
  expect(countOf(fixture, 'requests done')).toBe(0);
});

test('an entity that does not answer is told of; what it says later is nobody’s', () => {
  const fixture = ready();
  fixture.held.pki = [];
  const one = ticket(fixture);
  asking(fixture, { _tickets: one.ticket, _search: 'bob@a.example' });
  const [content] = back(fixture, [one.memory], requestLimits.answerMs + 6_000);
  expect(packetsIn(content!)[0]!.method).toBe('_failure_mor_unanswered');
  fixture.release();
  const two = ticket(fixture);
  asking(fixture, { _tickets: two.ticket, _search: 'bob@a.example' });
  expect(packetsIn(back(fixture, [two.memory])[0]!)[0]!.method).toBe('_failure_mor_unanswered');
});

test('an entity’s time begins when it gets the request: a store that is slow makes nobody late, and nothing is done behind an answer', () => {
  const fixture = ready();
  fixture.held.store = [];
  const one = ticket(fixture);
  asking(fixture, { _tickets: one.ticket, _search: 'carol@a.example' });
  const early = back(fixture, [one.memory], requestLimits.answerMs + 6_000);
  fixture.release();
  const contents = [...early, ...back(fixture, [one.memory])];
  expect(contents.map((content) => packetsIn(content)[0]!.method)).toEqual(['_failure_keys_unknown']);
  expect(countOf(fixture, 'requests done')).toBe(1);
  const two = ticket(fixture);
  asking(fixture, { _tickets: two.ticket, _search: 'carol@a.example' });
  expect(packetsIn(back(fixture, [two.memory])[0]!)[0]!.method).toBe('_failure_keys_unknown');
});

test('what is no request, or has no ticket that can be used, is dropped and counted', () => {
  const fixture = ready();
  const good = ticket(fixture).ticket;
  const expired = good.map((byte, at) => (at >= 688 ? 0 : byte));
  const invalid: [Draft['entity'], string?, string?][] = [
    [{ _tickets: good.subarray(1) }],
    [{ _tickets: new Uint8Array(0) }],
    [{ _tickets: expired }],
    [{ _tickets: joinBytes(good, expired) }],
    [{ _tickets: good, _shards: '0 1' }],
    [{ _tickets: good, _shards: '-1' }],
    [{ _tickets: good }, 'short'],
    [{ _tickets: good }, 'F'.repeat(32)],
    [{ _tickets: good }, TAG, '_message_private'],
    [{ _tickets: good }, TAG, '_echo_keys'],
  ];
  for (const [entity, tag, method] of invalid) asking(fixture, entity, KEYS, tag, method);
  expect(countOf(fixture, 'dropped _mor_invalid_request')).toBe(invalid.length);
  expect(countOf(fixture, 'requests done')).toBe(0);
  // Without tickets nobody can be answered.
  asking(fixture, { _search: 'bob@a.example' });
  expect(countOf(fixture, 'requests done')).toBe(0);
});

test('what is kept is forgotten when nobody can ask again', () => {
  const store = new MemoryStore();
  const fixture = ready({ store });
  asking(fixture, { _tickets: ticket(fixture).ticket, _search: 'bob@a.example' });
  fixture.pass(1000);
  expect(fixture.queue('requests of nobody kept')).toBe(1);
  const members = store.perform({
    kind: 'members',
    request: 0,
    context: 'requests of psyc://a.example/$mor',
    above: '',
    rowsMax: 10,
  });
  const [name] = members.kind === 'members' ? members.members : [];
  const kept = (): StoreOutcome => store.perform({ kind: 'records', request: 0, context: `request ${name!.name}` });
  expect(kept()).toMatchObject({ records: [{ name: 'answer' }] });
  // Nothing that was asked or answered can be read there without the tag.
  const value = (kept() as StoreOutcome & { readonly kind: 'records' }).records[0]!.value;
  expect(hexOf(value)).not.toContain(hexOf(fixture.identityOf('bob').key).slice(0, 32));
  fixture.pass(requestLimits.requestSeconds * 1000 + 10_000);
  expect(fixture.queue('requests of nobody kept')).toBe(0);
  expect(kept()).toMatchObject({ records: [] });
});

test('the same service answers over a circuit', () => {
  const fixture = ready();
  const source = fixture.partyOf('client bob phone') as { channel: string };
  fixture.hear('client bob phone');
  const routing = { _source: source.channel, _target: KEYS, _tag: 'x' };
  fixture.sayRaw('client bob phone', { routing, entity: { _search: 'bob@a.example' }, method: '_request_keys' });
  expect(fixture.methods('client bob phone')).toEqual(['_status_key', '_echo_keys']);
  fixture.sayRaw('client bob phone', { routing, entity: { _search: 'bob' }, method: '_request_keys' });
  fixture.sayRaw('client bob phone', { routing, method: '_request_other' });
  expect(fixture.methods('client bob phone')).toEqual(['_error_keys_invalid_request', '_error_unsupported_method']);
  expect(sizes.ticket * requestLimits.ticketsMax).toBeLessThan(3422);
});
