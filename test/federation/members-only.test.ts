/** What a place takes that only its members may read: sealed to those who are members now, or nothing. */
import { beforeEach, describe, expect, test } from '@jest/globals';
import { publicationLimits } from '../../publication/limits.ts';
import { ada, bob, channels, Hall, zoe } from './hall.ts';
import { channel, NodeFixture } from './node-fixture.ts';

let place: Hall;
beforeEach(() => {
  place = new Hall();
  place.enter(ada, bob, zoe);
});

describe('a members-only place', () => {
  const sealed = '_message_context_sealed';
  const key = '_request_context_key';
  const members = (): string | null => place.ask(ada, '_request_context_mode', { _mode: 'members' });
  const say = (person: string, epoch: number, method = sealed): string | null =>
    place.ask(person, method, { _epoch: String(epoch) });

  test('takes nothing in the clear, and never again', () => {
    expect([say(ada, 3), say(ada, 3, key)]).toEqual(['_unsupported_method', '_unsupported_method']);
    expect(members()).toBe('_echo_context_mode');
    expect(place.ask(bob, '_message_public')).toBe('_necessary_seal');
    expect(place.ask(ada, '_request_context_mode', { _mode: 'public' })).toBe('_invalid_act_members_only');
    expect([say(bob, 4, key), say(bob, 4)]).toEqual(['_echo_context_key', `_echo${sealed}`]);
    place.fixture.hear(place.circuits[ada]!);
    place.fixture.sayRaw(place.circuits[ada]!, { ...place.draft(ada, key), entity: { _epoch: '4' } });
    expect(place.fixture.hear(place.circuits[ada]!)[0]?.packet.text('_code')).toBe('_necessary_signature');
  });

  test('refuses what was sealed to another membership: after a leave, a kick, a ban and a coming', () => {
    members();
    expect(say(bob, 4)).toBe(`_echo${sealed}`);
    place.ask(zoe, '_request_context_leave');
    expect([say(bob, 4), say(bob, 4, key), say(bob, 6), say(bob, 6, key)]).toEqual([
      '_stale_key',
      '_stale_key',
      `_echo${sealed}`,
      '_echo_context_key',
    ]);
    place.act(ada, 'invite', zoe);
    place.enter(zoe);
    expect([say(bob, 6), say(bob, 10)]).toEqual(['_stale_key', `_echo${sealed}`]);
    place.act(ada, 'ban', 'psyc://b.example');
    expect([say(bob, 10), say(bob, 12)]).toEqual(['_stale_key', `_echo${sealed}`]);
    // What changes nobody's membership changes no key.
    place.ask(ada, '_request_context_topic', { _topic: 'tea' });
    place.enter(bob);
    expect(say(bob, 12)).toBe(`_echo${sealed}`);
    // Nor does a restart.
    const next = new NodeFixture({}, { store: place.fixture.store, keys: place.fixture.keys, life: 2 });
    place.fixture = next;
    place.connect();
    expect([say(bob, 10), say(bob, 12)]).toEqual(['_stale_key', `_echo${sealed}`]);
  });

  test('is made members-only once: saying so again makes no key stale, and a restart knows the same epoch', () => {
    members();
    expect(members()).toBe('_echo_context_mode');
    expect(say(bob, 4)).toBe(`_echo${sealed}`);
    place.fixture = new NodeFixture({}, { store: place.fixture.store, keys: place.fixture.keys, life: 2 });
    place.connect();
    expect([say(bob, 5), say(bob, 4)]).toEqual(['_stale_key', `_echo${sealed}`]);
  });

  test('takes what is sealed while a member enters once more: nobody keeps the others from speaking', () => {
    members();
    const { fixture, circuits } = place;
    fixture.held.store = [];
    fixture.say(circuits[bob]!, place.draft(bob, '_request_context_enter'));
    fixture.say(circuits[ada]!, { ...place.draft(ada, sealed), entity: { _epoch: '4', _counter_key: '1' } });
    fixture.hear(circuits[ada]!);
    fixture.release();
    expect(fixture.methods(circuits[ada]!)).toContain(`_echo${sealed}`);
    place.ask(bob, '_request_context_leave');
    expect(say(ada, 4)).toBe('_stale_key');
  });

  test('readersMax: has no more members than a key has room for', () => {
    members();
    for (let index = 2; index < publicationLimits.readersMax - 1; index++) {
      const person = `psyc://b.example/~p${index}`;
      channels[person] = channel(`p${index}`, 'desk', 'b.example');
      place.act(ada, 'invite', person);
      expect(place.enter(person)).toEqual(['_echo_context_enter']);
    }
    const last = 'psyc://b.example/~yan';
    place.act(ada, 'invite', last);
    expect(place.enter(last)).toEqual(['_excessive_members']);
  });
});
