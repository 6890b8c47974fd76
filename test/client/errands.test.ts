/** What a session asks of its home: page by page, asked again, and what came inside it judged by its author's signature. */
import { beforeAll, expect, test } from '@jest/globals';
import { sessionLimits } from '../../client/session/limits.ts';
import type { SecretKey } from '../../pki/secret-key.ts';
import { encodeText } from '../../psyc/bytes.ts';
import { domainKey, Home } from './home.ts';
import { Life, type Someone, someone } from './life.ts';

let keyA: SecretKey;
let ada: Someone;

beforeAll(async () => {
  keyA = await domainKey('a.example', 10);
  ada = await someone('ada', 'a.example', 30, keyA);
});

const life = (): Promise<Life> => new Life(ada, new Home('a.example', keyA)).start();
const ask = (method: string, more = {}) =>
  ({ kind: 'ask', command: 1, target: ada.uniform, method, entity: {}, ...more }) as const;
const drawer = {
  name: '_value',
  channel: '_drawer_aliases',
  method: '_message_private',
  entity: {},
  text: 'mum psyc://b.example/~zoe\n',
  isSealed: true,
};

test('pages are asked for until there is no next one, and told in order', async () => {
  const client = await life();
  await client.command(ask('_request_friends'));
  const [first] = client.said('_request_friends');
  client.home.answer(first!, '_status_friend', { _uniform: 'psyc://b.example/~bob' });
  client.home.answer(first!, '_echo_friends', { _next: 'psyc://b.example/~bob' });
  await client.settle();
  const second = client.said('_request_friends').at(-1)!;
  expect(second.packet.text('_after')).toBe('psyc://b.example/~bob');
  client.home.answer(second, '_status_friend', { _uniform: 'psyc://b.example/~zoe' });
  client.home.answer(second, '_echo_friends');
  await client.settle();
  const told = client.told('told');
  expect(told.map(({ packet, isLast }) => [packet.text('_uniform'), isLast])).toEqual([
    ['psyc://b.example/~bob', false],
    ['psyc://b.example/~zoe', false],
    [undefined, true],
  ]);
});

test('without an answer it is asked again, and what came of the first time counts for nothing', async () => {
  const client = await life();
  await client.command(ask('_request_friends'));
  client.home.answer(client.said('_request_friends')[0]!, '_status_friend', { _uniform: 'psyc://b.example/~bob' });
  await client.settle();
  await client.pass(2_500);
  const again = client.said('_request_friends').at(-1)!;
  expect(client.said('_request_friends')).toHaveLength(2);
  client.home.answer(again, '_echo_friends');
  await client.settle();
  expect(client.told('told').map(({ isLast }) => isLast)).toEqual([true]);
  // It is over: nothing more is asked.
  await client.pass(60_000);
  expect(client.said('_request_friends')).toHaveLength(2);
});

test('a page of more than is taken is refused whole, not cut', async () => {
  const client = await life();
  await client.command(ask('_request_presences'));
  const [asked] = client.said('_request_presences');
  for (let at = 0; at <= sessionLimits.toldMax; at++) {
    client.home.answer(asked!, '_status_presence', { _uniform: `psyc://b.example/~z${at}` });
  }
  client.home.answer(asked!, '_echo_presences');
  await client.settle();
  expect(client.told('told')).toEqual([]);
  const refused = client.told('refused').map(({ command, code, by }) => [command, code, by]);
  expect(refused).toEqual([[1, '_session_excessive_answer', null]]);
});

test('a refusal ends it; an answer of somebody else does not', async () => {
  const client = await life();
  await client.command(ask('_request_store'));
  const [asked] = client.said('_request_store');
  const elsewhere = { ...asked!, routing: new Map(asked!.routing).set('_target', 'psyc://a.example/~eve') };
  client.home.answer(elsewhere, '_echo_store');
  await client.settle();
  expect(client.told('told')).toEqual([]);
  client.home.answer(asked!, '_error_stale_version', { _code: '_stale_version' });
  await client.settle();
  expect(client.told('refused').map(({ command, code }) => [command, code])).toEqual([[1, '_stale_version']]);
});

test('a row that is too long for a variable is read from the data', async () => {
  const client = await life();
  await client.command(ask('_request_export'));
  const [asked] = client.said('_request_export');
  const row = `:_source\t${ada.uniform}\n:_target\t${ada.uniform}\n\n_message_private\n${'x'.repeat(70_000)}\n|\n`;
  client.home.answer(asked!, '_status_export', { _sequence: '1' }, row);
  client.home.answer(asked!, '_status_export', { _sequence: '2', _code: '_oversized_message' });
  client.home.answer(asked!, '_echo_export', { _sequence: '2' });
  await client.settle();
  const told = client.told('told').map(({ words }) => words.size);
  expect(told).toEqual([1, 0, 0]);
  expect(client.told('told')[0]?.words.get('_packet')?.word).toEqual({
    kind: 'bad',
    code: '_authority_unproved_source',
  });
});

test('what is put into a drawer for oneself opens again, and under another name it is not taken for that', async () => {
  const client = await life();
  await client.command(ask('_request_store', { statement: drawer }));
  const value = new Uint8Array(client.said('_request_store')[0]!.packet.value('_value')!);
  expect(Buffer.from(value).includes('mum')).toBe(false);
  const reader = await life();
  for (const packet of [
    value,
    encodeText('_message\n|\n'),
    value.map((byte, at) => (at === value.length - 9 ? byte ^ 1 : byte)),
  ]) {
    await reader.command(ask('_request_retrieve'));
    reader.home.answer(reader.said('_request_retrieve').at(-1)!, '_echo_retrieve', { _packet: packet });
    await reader.settle();
    await reader.giveKeys(ada);
  }
  const words = reader.told('told').map(({ words: found }) => found.get('_packet')!);
  expect(words.map(({ word, text, address }) => [word.kind, text, address])).toEqual([
    ['author', drawer.text, `${ada.uniform}#_drawer_aliases`],
    ['bad', null, ''],
    ['bad', null, `${ada.uniform}#_drawer_aliases`],
  ]);
});
