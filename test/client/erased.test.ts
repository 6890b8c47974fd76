/** What a session makes of rows that a place has erased: it says so, and hears what stands behind them. */
import { beforeAll, expect, test } from '@jest/globals';
import type { SecretKey } from '../../pki/secret-key.ts';
import { domainKey, Home } from './home.ts';
import { fresh, Life, packetOf, someone, type Someone } from './life.ts';

const hall = 'psyc://b.example/@hall';
let keyA: SecretKey;
let ada: Someone;

beforeAll(async () => {
  keyA = await domainKey('a.example', 10);
  ada = await someone('ada', 'a.example', 30, keyA);
});

const row = (sequence: number, text: string, target: string) =>
  packetOf(
    { _target: target, _context: hall, _source_relay: 'psyc://c.example/~guest', _counter: String(sequence) },
    '_message_public',
    text,
  );

test('a listener who was away is told what is erased, and gets the rest', async () => {
  const kept = fresh(ada);
  const hearing = { ...kept.hearing, places: new Map([[hall, 2]]) };
  const client = new Life(ada, new Home('a.example', keyA), { channel: 'main', kept: { ...kept, hearing } });
  await client.start();
  /** The place gives a page, as it answers all pages. */
  const answer = async (): Promise<void> => {
    const asked = client.said('_request_history').at(-1)!;
    const after = Number(asked.packet.text('_after'));
    const target = asked.routing.get('_source')!;
    for (const sequence of [6, 7].filter((one) => one > after))
      client.home.say(row(sequence, `row ${sequence}`, target));
    client.home.answer(asked, '_echo_history', { _after: '7', _sequence: '7', _sequence_erased: '5' });
    await client.settle();
  };
  await answer();
  await answer();
  expect(client.told('erased rows')).toEqual([{ kind: 'erased rows', place: hall, from: 3, to: 5 }]);
  expect(client.told('heard')).toMatchObject([
    { sequence: 6, text: 'row 6' },
    { sequence: 7, text: 'row 7' },
  ]);
  expect(client.told('missing rows')).toEqual([]);
});

test('a row that was erased on its way is told as that', async () => {
  const client = new Life(ada, new Home('a.example', keyA), { channel: 'main' });
  await client.start();
  client.home.say(packetOf({ _context: hall, _counter: '4' }, '_notice_context_erased', ''));
  await client.settle();
  expect(client.told('erased rows')).toEqual([{ kind: 'erased rows', place: hall, from: 4, to: 4 }]);
  expect(client.told('heard')).toEqual([]);
});
