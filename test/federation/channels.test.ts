/** A device's channel hears whom it has addressed, and nobody else: what no limit counts reaches it by no other way. */
import { beforeEach, expect, test } from '@jest/globals';
import { federationLimits } from '../../federation/limits.ts';
import { Addressed } from '../../federation/people/person-channel.ts';
import { channel, NodeFixture } from './node-fixture.ts';

const adas = channel('ada', 'phone');
const hall = 'psyc://b.example/@hall';
let fixture: NodeFixture;
beforeEach(() => {
  fixture = new NodeFixture();
  fixture.connect('client ada phone');
  fixture.connect('client bob phone');
  fixture.connect('server b.example');
});

const says = (circuit: string, from: Record<string, string>, method = '_status_context'): (string | null)[] => {
  fixture.sayRaw(circuit, { routing: { ...from, _target: adas, _tag_relay: 'guessed' }, method });
  return fixture.methods('client ada phone');
};
const asks = (target: string): void =>
  fixture.sayRaw('client ada phone', {
    routing: { _source: adas, _target: target, _tag: 'a' },
    method: '_request_context_status',
  });

test('who was not asked says nothing to it, whatever he calls it; who was, and the node of his domain, do', () => {
  expect(says('server b.example', { _source: hall })).toEqual([]);
  expect(says('server b.example', { _context: hall, _counter: '1' }, '_message_public')).toEqual([]);
  expect(says('client bob phone', { _source: channel('bob', 'phone') }, '_message')).toEqual([]);
  asks(hall);
  expect(says('server b.example', { _source: 'psyc://b.example/@other' })).toEqual([]);
  expect(says('server b.example', { _source: hall })).toEqual(['_status_context']);
  expect(says('server b.example', { _context: hall }, '_message_public')).toEqual(['_message_public']);
  expect(says('server b.example', { _source: 'psyc://b.example' }, '_error_unknown_target')).toEqual([
    '_error_unknown_target',
  ]);
});

test('devices of one person hear each other; and a channel that comes again has asked nobody', () => {
  fixture.connect('client ada desk');
  expect(says('client ada desk', { _source: channel('ada', 'desk') }, '_notice_here')).toEqual(['_notice_here']);
  asks(hall);
  fixture.tell({ kind: 'ended', circuit: 'client ada phone' });
  fixture.connect('client ada phone');
  expect(says('server b.example', { _source: hall })).toEqual([]);
});

test('addressedMax: the oldest go first', () => {
  const addressed = new Addressed(4);
  for (const name of ['a', 'b', 'c']) addressed.add(`psyc://${name}.example/@hall`);
  const has = (name: string): boolean =>
    addressed.has({ routing: new Map([['_source', `psyc://${name}.example/@hall`]]), packet: null as never });
  expect(['a', 'b', 'c'].map(has)).toEqual([false, true, true]);
  expect(federationLimits.addressedMax).toBeGreaterThan(2 * 256);
});
