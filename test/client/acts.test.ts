/** What a session asks of a place that it looks after, and what it makes of what others asked. */
import { beforeAll, expect, test } from '@jest/globals';
import { parseOne } from '../../circuit/one-packet.ts';
import { bytesOfHex } from '../../crypto/bytes.ts';
import { deviceId } from '../../pki/device-statement.ts';
import type { SecretKey } from '../../pki/secret-key.ts';
import { renderList, textList } from '../../psyc/list.ts';
import { render } from '../../psyc/render.ts';
import { renderPublication, readPublication } from '../../publication/packet.ts';
import { signPublication } from '../../publication/sign.ts';
import { suite } from '../../server/suite.ts';
import { domainKey, Home, NOW } from './home.ts';
import { Life, packetOf, someone, type Someone } from './life.ts';

const hall = 'psyc://b.example/@hall';
let keyA: SecretKey;
let ada: Someone;
let bob: Someone;

beforeAll(async () => {
  keyA = await domainKey('a.example', 10);
  ada = await someone('ada', 'a.example', 30, keyA);
  bob = await someone('bob', 'b.example', 40, await domainKey('b.example', 20));
});

const life = (channel: 'main' | 'side'): Promise<Life> =>
  new Life(ada, new Home('a.example', keyA), { channel }).start();

/** Bob kicks somebody out of the hall, as the place tells it. */
function kick(whom: string, counter: number, address = hall): Uint8Array {
  const draft = { entity: { _uniform_member: whom }, method: '_request_context_kick' };
  const statement = {
    address,
    fingerprint: bytesOfHex(bob.identity.certificate.key.fingerprint)!,
    device: deviceId(suite.ed25519PublicKey(bob.seed)),
    counter,
    previous: new Uint8Array(32).fill(counter === 1 ? 0 : 7),
    timeMs: NOW * 1000,
    content: new Uint8Array(parseOne(render(draft)).content!),
  };
  const routing = { _context: hall, _source_relay: bob.uniform, _counter: String(counter + 4), _tag: 't' };
  return renderPublication(signPublication(suite, statement, bob.seed), routing);
}

test('what is asked is signed in the chain of what is said there', async () => {
  const client = await life('side');
  await client.command({ kind: 'act', command: 1, place: hall, act: { kind: 'ban', whom: 'psyc://spam.example' } });
  const [asked] = client.said('_request_context_ban');
  const route = (name: string): string | undefined => asked!.routing.get(name);
  expect(asked!.packet.text('_uniform_member')).toBe('psyc://spam.example');
  expect(readPublication(asked!.packet, route)).toMatchObject({ address: hall, counter: 1 });
  client.home.answer(asked!, '_echo_context_ban', { _sequence: '7' });
  await client.settle();
  expect(client.told('done')).toMatchObject([{ command: 1, place: hall, act: { kind: 'ban' } }]);
});

test('who is put out by a signed word hears the place no more; unsigned or forged it is nobody’s', async () => {
  const client = await life('main');
  const unsigned = packetOf({ _context: hall, _source_relay: bob.uniform, _counter: '4' }, '_request_context_kick', '');
  client.home.say(unsigned);
  for (const packet of [
    kick('psyc://a.example/~eve', 1),
    kick(ada.uniform, 2, 'psyc://b.example/@bar'),
    kick(ada.uniform, 3),
  ])
    client.home.say(packet);
  await client.settle();
  await client.giveKeys(bob);
  expect(client.told('heard')).toMatchObject([{ sequence: 4, word: { kind: 'bad', code: '_necessary_signature' } }]);
  expect(client.told('act')).toMatchObject([
    {
      sequence: 5,
      author: bob.uniform,
      word: { kind: 'author' },
      act: { kind: 'kick', whom: 'psyc://a.example/~eve' },
    },
    { sequence: 6, word: { kind: 'bad', code: '_publication_invalid_signature' } },
    { sequence: 7, word: { kind: 'author' } },
  ]);
  // Put out: a new circuit does not ask the place for what was missed.
  client.home.drop();
  await client.settle();
  const before = client.said('_request_history').length;
  await client.pass(250);
  expect(client.said('_request_history')).toHaveLength(before);
});

test('a status is asked for until it comes', async () => {
  const client = await life('side');
  await client.command({ kind: 'status', command: 1, place: hall });
  await client.pass(2_500);
  const asked = client.said('_request_context_status');
  expect(asked.length).toBeGreaterThan(1);
  const entity = {
    _mode: 'invited',
    _topic: 'tea',
    _list_owners: renderList(textList([bob.uniform]), 'frozen'),
    _amount_members: '2',
    _list_members: renderList(textList([bob.uniform, ada.uniform]), 'frozen'),
    _sequence: '9',
  };
  for (const each of asked) client.home.answer(each, '_status_context', entity);
  await client.settle();
  expect(client.told('status')).toEqual([
    {
      kind: 'status',
      command: 1,
      place: hall,
      topic: 'tea',
      mode: 'invited',
      owners: [bob.uniform],
      aides: [],
      amount: 2,
      members: [bob.uniform, ada.uniform],
      bans: null,
      silenced: null,
      invited: null,
      last: 9,
      erased: 0,
      rows: null,
      days: null,
      epoch: null,
    },
  ]);
});
