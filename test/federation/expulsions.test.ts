/** Who is told by whom he was put out of a place, when he comes back and asks. */
import { beforeEach, describe, expect, test } from '@jest/globals';
import { federationLimits } from '../../federation/limits.ts';
import { publicationLimits } from '../../publication/limits.ts';
import { ada, bob, channels, Hall, hall, yan, zoe } from './hall.ts';
import { NodeFixture } from './node-fixture.ts';

let place: Hall;
beforeEach(() => {
  place = new Hall();
  place.enter(ada, bob, zoe);
});

describe('who was put out while he was away', () => {
  /** What the place answers to somebody who asks what he missed: methods, and of acts by whom and why. */
  const missed = (person: string): unknown[] => {
    const circuit = place.circuits[person] ?? place.server;
    place.fixture.hear(circuit);
    const routing = { _source: channels[person], _target: hall, _tag: 'h' };
    place.fixture.sayRaw(circuit, { routing, entity: { _after: '3' }, method: '_request_history' });
    return place.fixture.hear(circuit).map(({ routing: heading, method, packet }) => {
      const { _source_relay, _counter } = heading;
      return method?.startsWith('_request') === true
        ? [method, _counter, _source_relay, packet.text('_reason')]
        : method;
    });
  };
  const restart = (): void => {
    const { store, keys } = place.fixture;
    place.fixture = new NodeFixture({}, { store, keys, life: 2 });
    place.connect();
  };
  const out = '_error_necessary_membership';
  const marks = (): string[] => {
    const outcome = place.fixture.store.perform({ kind: 'marks', request: 0, context: hall });
    return outcome.kind === 'marks'
      ? outcome.marks.map(({ name }) => name).filter((name) => name.startsWith('out '))
      : [];
  };

  test('is told by whom and why when he asks, as it was signed; after a restart, too', () => {
    place.ask(ada, '_message_public');
    place.ask(ada, '_request_context_kick', { _uniform_member: zoe, _reason: 'wait' });
    place.ask(ada, '_message_public');
    const told = [['_request_context_kick', '5', ada, 'wait'], out];
    expect(missed(zoe)).toEqual(told);
    restart();
    expect(missed(zoe)).toEqual(told);
    // Whoever was never put out is told nothing of the kind.
    expect(missed(yan)).toEqual([out]);
  });

  test('is told of the newest, and of a ban of his domain; not once he has come again and left, or the ban is lifted', () => {
    place.act(ada, 'kick', zoe);
    place.act(ada, 'ban', 'psyc://b.example');
    expect(missed(zoe)).toEqual([['_request_context_ban', '5', ada, undefined], out]);
    place.act(ada, 'unban', 'psyc://b.example');
    expect(missed(zoe)).toEqual([['_request_context_kick', '4', ada, undefined], out]);
    place.enter(zoe);
    place.ask(zoe, '_request_context_leave');
    expect(missed(zoe)).toEqual([out]);
    restart();
    expect(missed(zoe)).toEqual([out]);
  });

  test('is told nothing of what is erased, or is so long ago that his name may be another’s', () => {
    place.act(ada, 'kick', bob);
    const { nowMs } = place.fixture;
    place.fixture.nowMs += federationLimits.reservedMs;
    expect(missed(bob)).toEqual([out]);
    place.fixture.nowMs = nowMs;
    expect(missed(bob)).toHaveLength(2);
    expect(place.ask(ada, '_request_context_clear', { _sequence: '4' })).toBe('_echo_context_clear');
    expect(missed(bob)).toEqual([out]);
  });

  test('is told nothing that is not against him, whatever row the store names', () => {
    place.act(ada, 'kick', zoe);
    place.ask(ada, '_message_public');
    const [name = ''] = marks();
    const mark = { op: 'mark', context: hall, lease: 1, name, sequence: 5 } as const;
    place.fixture.store.perform({ kind: 'write', request: 0, operations: [mark] });
    restart();
    expect(missed(zoe)).toEqual([out]);
  });

  test('is told nothing of a kick behind which he has come again, in one write as well', () => {
    const { fixture, circuits, server } = place;
    fixture.held.store = [];
    fixture.say(circuits[ada]!, place.draft(ada, '_message_public'));
    fixture.say(circuits[ada]!, place.draft(ada, '_request_context_kick', { _uniform_member: zoe }));
    fixture.say(server, place.draft(zoe, '_request_context_enter'));
    fixture.say(server, place.draft(zoe, '_request_context_leave'));
    fixture.release();
    expect(place.members()).toEqual([ada, bob]);
    expect(missed(zoe)).toEqual([out]);
    restart();
    expect(missed(zoe)).toEqual([out]);
  });

  test('historiesMax: half of it is for members alone', () => {
    place = new Hall({ historiesMax: 2 });
    place.enter(ada, bob, zoe);
    place.act(ada, 'kick', zoe);
    const { fixture, circuits, server } = place;
    for (const circuit of [circuits[ada]!, server]) fixture.hear(circuit);
    fixture.held.store = [];
    const ask = (person: string): void => {
      const routing = { _source: channels[person], _target: hall, _tag: 'h' };
      fixture.sayRaw(circuits[person] ?? server, { routing, entity: { _limit: '1' }, method: '_request_history' });
    };
    for (const person of [zoe, zoe, ada]) ask(person);
    expect([fixture.methods(server), fixture.queue('histories')]).toEqual([['_failure_excessive_requests'], 2]);
    fixture.release();
    expect(fixture.methods(server)).toEqual(['_request_context_kick', out]);
    expect([fixture.methods(circuits[ada]!).at(-1), fixture.queue('histories')]).toEqual(['_echo_history', 0]);
  });

  test('expulsionsMax: that which is the longest ago is forgotten', () => {
    place = new Hall({ expulsionsMax: 2 });
    place.enter(ada, bob, zoe, yan);
    for (const person of [bob, zoe, yan]) place.act(ada, 'kick', person);
    const told = (): number[] => [bob, zoe, yan].map((person) => missed(person).length);
    expect([told(), marks().length]).toEqual([[1, 2, 2], 2]);
    restart();
    expect(told()).toEqual([1, 2, 2]);
    place.enter(bob, zoe, yan);
    expect(marks()).toEqual([]);
  });

  test('expulsionsMax: who is there already takes the place of nobody', () => {
    place = new Hall({ expulsionsMax: 2 });
    place.enter(ada, bob, zoe);
    for (const person of [bob, zoe]) place.act(ada, 'ban', person);
    place.act(ada, 'unban', zoe);
    place.act(ada, 'ban', zoe);
    restart();
    expect([bob, zoe].map((person) => missed(person).length)).toEqual([2, 2]);
    expect(marks()).toHaveLength(2);
  });

  test('reasonBytesMax', () => {
    const reason = (length: number): unknown =>
      place.ask(ada, '_request_context_kick', { _uniform_member: bob, _reason: 'x'.repeat(length) });
    const { reasonBytesMax } = publicationLimits;
    expect([reason(reasonBytesMax + 1), reason(reasonBytesMax)]).toEqual(['_invalid_act', '_echo_context_kick']);
  });
});
