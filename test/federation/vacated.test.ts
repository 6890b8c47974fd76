/** A name that is free again after its year: nobody's friend by what was agreed with who had it before. */
import { expect, test } from '@jest/globals';
import { federationLimits } from '../../federation/limits.ts';
import { channel, NodeFixture } from './node-fixture.ts';
import { said } from './said.ts';

const ada = 'psyc://a.example/~ada';
const adas = channel('ada', 'phone-1');

test.each([['while he is awake'], ['after a restart']])(
  'who gets a name is nobody’s friend by what the one before had agreed on, %s',
  (when) => {
    let fixture = new NodeFixture();
    fixture.connect('client ada phone-1');

    const bob = 'psyc://a.example/~bob';
    const bobs = channel('bob', 'phone');
    fixture.connect('client bob phone');
    const befriend = (circuit: string, from: string, to: string, counter: number): void =>
      fixture.sayBytes(circuit, fixture.signed(from, to, said(from, to, counter, '_request_friendship', null)));
    befriend('client bob phone', bobs, ada, 1);
    befriend('client ada phone-1', adas, bob, 1);
    const standing = (circuit: string): (string | undefined)[] => {
      fixture.hear(circuit);
      fixture.sayRaw(circuit, { routing: { _source: bobs, _target: bob, _tag: 'f' }, method: '_request_friends' });
      return fixture
        .hear(circuit)
        .flatMap(({ method, packet }) => (method === '_status_friend' ? [packet.text('_standing')] : []));
    };
    expect(standing('client bob phone')).toEqual(['friend']);
    fixture.tell({ kind: 'asked', request: 1, question: { kind: 'close', nick: 'ada' } });
    fixture.pass(60_000);
    expect(standing('client bob phone')).toEqual(['friend']);
    const yearMs = federationLimits.reservedMs;
    if (when === 'after a restart') {
      const nowMs = fixture.nowMs + yearMs;
      fixture = new NodeFixture({}, { store: fixture.store, keys: fixture.keys, life: 2 });
      fixture.nowMs = nowMs;
    } else fixture.pass(yearMs);
    fixture.connect('client bob phone', { name: 'bob later' });
    expect(standing('bob later')).toEqual(['friend']);
    fixture.connect('client ada phone', { name: 'another', party: { invite: null } });
    expect([fixture.isProved('another'), standing('bob later')]).toEqual([true, []]);
    // What bob wanted of who had the name he has not said to who has it now.
    befriend('another', channel('ada', 'phone'), bob, 1);
    expect(standing('bob later')).toEqual(['asked']);
    const asked = fixture.store.perform({
      kind: 'members',
      request: 0,
      context: `circle of ${bob}`,
      above: '',
      rowsMax: 9,
    });
    expect(asked.kind === 'members' && asked.members).toEqual([{ name: ada, sequence: 2 }]);
  },
);
