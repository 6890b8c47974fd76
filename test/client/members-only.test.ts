/** A session in members-only places: nothing in the clear, a new key for each membership, and only what was sealed to us. */
import { beforeAll, describe, expect, test } from '@jest/globals';
import type { SecretKey } from '../../pki/secret-key.ts';
import { renderList, textList } from '../../psyc/list.ts';
import { Chains } from '../../publication/chain.ts';
import { publicationId } from '../../publication/fields.ts';
import { readPublication } from '../../publication/packet.ts';
import { readKey } from '../../publication/sender-key.ts';
import { sessionLimits } from '../../client/session/limits.ts';
import { suite } from '../../server/suite.ts';
import { domainKey, type HeardPacket, Home } from './home.ts';
import { Life, someone, type Someone } from './life.ts';

const den = 'psyc://b.example/@den';
let keyA: SecretKey;
let ada: Someone;
let bob: Someone;
let eve: Someone;

beforeAll(async () => {
  keyA = await domainKey('a.example', 10);
  ada = await someone('ada', 'a.example', 30, keyA);
  bob = await someone('bob', 'a.example', 40, keyA);
  eve = await someone('eve', 'a.example', 50, keyA);
});

const start = (who: Someone, channel: 'main' | 'side', kept?: Life['kept']): Promise<Life> =>
  new Life(who, new Home('a.example', keyA), { channel, ...(kept && { kept }) }).start();

/** The den says who its members are. */
async function tells(
  client: Life,
  members: readonly Someone[],
  epoch: number,
  more: Record<string, string> = {},
): Promise<void> {
  const asked = client.said('_request_context_status').at(-1)!;
  client.home.answer(asked, '_status_context', {
    _mode: 'members',
    _epoch: String(epoch),
    _sequence: String(epoch + 9),
    _amount_members: String(members.length),
    _list_members: renderList(textList(members.map(({ uniform }) => uniform)), 'frozen'),
    ...more,
  });
  await client.settle();
}

/** Somebody who knows that the den is members-only says something, up to his key; what carries it. */
async function says(
  client: Life,
  text: string,
  members: readonly Someone[],
  epoch: number,
  isAction = false,
): Promise<HeardPacket> {
  await client.command({ kind: 'say', command: 1, target: den, text, isAction });
  const plain = client.said(isAction ? '_message_public_action' : '_message_public').at(-1);
  if (
    plain !== undefined &&
    client.told('refused').length === 0 &&
    client.said('_request_context_status').length === 0
  ) {
    await refuses(client, plain, '_necessary_seal');
  }
  await tells(client, members, epoch);
  for (const member of members) await client.giveKeys(member);
  return client.said('_request_context_key').at(-1)!;
}

async function refuses(client: Life, asked: HeardPacket, code: string): Promise<void> {
  client.home.answer(asked, `_error${code}`, { _code: code });
  await client.settle();
  await client.pass(sessionLimits.redialMsMin);
}

async function takes(client: Life, asked: HeardPacket): Promise<void> {
  client.home.answer(asked, '_echo', { _sequence: '9' });
  await client.settle();
}

test('what is refused in the clear is said again, sealed to the members; and from then on at once', async () => {
  const client = await start(ada, 'side');
  const key = await says(client, 'hello', [ada, bob], 5);
  expect(readKey(key.packet)).toMatchObject({ epoch: 5, boxes: [{ uniform: ada.uniform }, { uniform: bob.uniform }] });
  expect(client.said('_message_context_sealed')).toHaveLength(0);
  await takes(client, key);
  const [message] = client.said('_message_context_sealed');
  expect(message!.packet.text('_epoch')).toBe('5');
  await takes(client, message!);
  expect(client.told('stored')).toMatchObject([{ command: 1, target: den }]);
  // Another command, later: no word in the clear, and the same key.
  const later = await start(ada, 'side', client.kept);
  await later.command({ kind: 'say', command: 1, target: den, text: 'again' });
  await tells(later, [ada, bob], 5);
  expect([later.said('_message_public'), later.said('_request_context_key')]).toEqual([[], []]);
  expect(later.said('_message_context_sealed')).toHaveLength(1);
});

test('when somebody comes or goes meanwhile it is sealed anew, and the chain has no gap', async () => {
  const client = await start(ada, 'side');
  await takes(client, await says(client, 'hello', [ada, bob], 5));
  await refuses(client, client.said('_message_context_sealed')[0]!, '_stale_key');
  await tells(client, [ada], 6);
  const key = client.said('_request_context_key').at(-1)!;
  expect(readKey(key.packet)).toMatchObject({ epoch: 6, boxes: [{ uniform: ada.uniform }] });
  await takes(client, key);
  await takes(client, client.said('_message_context_sealed').at(-1)!);
  expect([client.told('refused'), client.told('stored')]).toMatchObject([[], [{ command: 1 }]]);
  const signed = [...client.kept.speaking.chains.values()];
  // In the clear and refused; the first key; sealed and refused; the second key; the message: no number stands for two things.
  expect(signed).toMatchObject([{ counter: 5 }]);
  const taken = [...client.said('_request_context_key'), client.said('_message_context_sealed').at(-1)!];
  const chains = new Chains();
  const verdicts = taken.map(({ packet, routing }) => {
    const publication = readPublication(packet, (name) => routing.get(name))!;
    if (chains.size === 0) chains.recall(publication, publication.counter - 1, publication.previous);
    return chains.take(publication, publicationId(suite, publication));
  });
  expect(verdicts).toEqual(Array(3).fill({ kind: 'next', broken: false }));
});

/** What ada's listening session keeps who has heard her own key in row 6, and then that somebody is put out in row 9. */
async function hearsOut(speaker: Life, key: HeardPacket, kind: 'kick' | 'ban', whom: string): Promise<Life['kept']> {
  const act = await start(ada, 'side', speaker.kept);
  await act.command({ kind: 'act', command: 1, place: den, act: { kind, whom } });
  const row = act.said(`_request_context_${kind}`).at(-1)!;
  await takes(act, row);
  const listener = await start(ada, 'main', act.kept);
  listener.home.multicast(key, den, 6);
  listener.home.multicast(speaker.said('_message_context_sealed').at(-1)!, den, 7);
  listener.home.multicast(act.said('_request_context_key').at(-1) ?? key, den, 8);
  listener.home.multicast(row, den, 9);
  await listener.settle();
  await listener.giveKeys(ada);
  await listener.pass(sessionLimits.tickMs);
  return listener.kept;
}

test.each([
  ['still names', () => [ada, bob]],
  ['hides', () => [ada]],
] as const)(
  'who has heard a kick says nothing under the key of before, though the place %s him',
  async (how, named) => {
    const speaker = await start(ada, 'side');
    const key = await says(speaker, 'for two', [ada, bob], 5);
    await takes(speaker, key);
    await takes(speaker, speaker.said('_message_context_sealed')[0]!);
    const later = await start(ada, 'side', await hearsOut(speaker, key, 'kick', bob.uniform));
    await later.command({ kind: 'say', command: 1, target: den, text: 'for one' });
    await tells(later, named(), 5);
    await later.giveKeys(ada);
    if (how === 'still names') {
      expect(later.told('refused')).toMatchObject([{ command: 1, code: '_session_stale_place' }]);
      expect(later.said('_request_context_key')).toEqual([]);
    } else {
      const [fresh] = later.said('_request_context_key');
      expect(readKey(fresh!.packet)).toMatchObject({ epoch: 5, boxes: [{ uniform: ada.uniform }] });
    }
    expect(later.said('_message_context_sealed')).toEqual([]);
  },
);

test('a ban of somebody who was no member costs one new key, and no more', async () => {
  const speaker = await start(ada, 'side');
  const key = await says(speaker, 'hello', [ada, bob], 5);
  await takes(speaker, key);
  await takes(speaker, speaker.said('_message_context_sealed')[0]!);
  const kept = await hearsOut(speaker, key, 'ban', eve.uniform);
  const later = await start(ada, 'side', kept);
  for (const command of [1, 2]) {
    await later.command({ kind: 'say', command, target: den, text: 'again' });
    if (command === 1) await tells(later, [ada, bob], 5);
    for (const member of [ada, bob]) await later.giveKeys(member);
    if (command === 1) await takes(later, later.said('_request_context_key')[0]!);
    await takes(later, later.said('_message_context_sealed').at(-1)!);
  }
  expect([later.said('_request_context_key').length, later.told('stored').length]).toEqual([1, 2]);
});

test('a place that goes back to a membership that is over is told nothing', async () => {
  const client = await start(ada, 'side');
  await takes(client, await says(client, 'hello', [ada], 5));
  await takes(client, client.said('_message_context_sealed')[0]!);
  const later = await start(ada, 'side', client.kept);
  await later.command({ kind: 'say', command: 1, target: den, text: 'again' });
  await tells(later, [ada, bob], 4);
  expect(later.told('refused')).toMatchObject([{ command: 1, code: '_session_stale_place' }]);
});

test('sealTriesMax: where people come and go all the time it gives up', async () => {
  const client = await start(ada, 'side');
  let asked = await says(client, 'hello', [ada], 1);
  for (let epoch = 2; client.told('refused').length === 0 && epoch < 99; epoch++) {
    await takes(client, asked);
    await refuses(client, client.said('_message_context_sealed').at(-1)!, '_stale_key');
    if (client.told('refused').length > 0) break;
    await tells(client, [ada], epoch);
    asked = client.said('_request_context_key').at(-1)!;
  }
  expect(client.told('refused')).toMatchObject([{ command: 1, code: '_stale_key' }]);
  expect(client.said('_message_context_sealed')).toHaveLength(sessionLimits.sealTriesMax);
});

test('a place that says it is not members-only any more is told nothing', async () => {
  const client = await start(ada, 'side');
  await takes(client, await says(client, 'hello', [ada], 5));
  await takes(client, client.said('_message_context_sealed')[0]!);
  const later = await start(ada, 'side', client.kept);
  for (const [command, code, more] of [
    [1, '_session_unsealed_place', { _mode: 'public' }],
    [2, '_session_excessive_readers', { _amount_members: '9' }],
  ] as const) {
    await later.command({ kind: 'say', command, target: den, text: 'again' });
    await tells(later, [ada], 5, more);
    expect(later.told('refused').at(-1)).toMatchObject({ command, code });
  }
  expect([later.said('_message_public'), later.said('_message_context_sealed')]).toEqual([[], []]);
});

test('who was sealed to reads it, others do not, nor who is put out what comes after', async () => {
  const speaker = await start(ada, 'side');
  const rows: HeardPacket[] = [await says(speaker, 'for two', [ada, bob], 5)];
  await takes(speaker, rows[0]!);
  rows.push(speaker.said('_message_context_sealed')[0]!);
  await takes(speaker, rows[1]!);
  // Bob is put out; what is said now is for ada alone.
  const later = await start(ada, 'side', speaker.kept);
  await later.command({ kind: 'say', command: 1, target: den, text: 'for one' });
  await tells(later, [ada], 8);
  await later.giveKeys(ada);
  rows.push(later.said('_request_context_key')[0]!);
  await takes(later, rows[2]!);
  rows.push(later.said('_message_context_sealed')[0]!);
  const heard = async (who: Someone): Promise<(string | null)[]> => {
    const client = await start(who, 'main');
    for (const [at, row] of rows.entries()) client.home.multicast(row, den, at + 6);
    await client.settle();
    await client.giveKeys(ada);
    return client.told('heard').map((one) => ('text' in one ? one.text : null));
  };
  expect(await heard(bob)).toEqual(['for two', null]);
  expect(await heard(eve)).toEqual([null, null]);
  expect(await heard(ada)).toEqual(['for two', 'for one']);
});

test('a key that was sealed to somebody who is not named as a member is told loudly', async () => {
  const speaker = await start(ada, 'side');
  const key = await says(speaker, 'hello', [ada, bob, eve], 5);
  const listener = await start(bob, 'main');
  listener.home.multicast(key, den, 6);
  await listener.settle();
  await listener.giveKeys(ada);
  await tells(listener, [ada, bob], 5);
  expect(listener.told('unseen readers')).toMatchObject([{ place: den, author: ada.uniform, readers: [eve.uniform] }]);
});

describe('words whose key stands further up', () => {
  /** Ada's key of row 6, and what she says under it, of row 7. */
  const spoken = async (): Promise<HeardPacket[]> => {
    const speaker = await start(ada, 'side');
    const key = await says(speaker, 'for two', [ada, bob], 5);
    await takes(speaker, key);
    return [key, speaker.said('_message_context_sealed')[0]!];
  };
  /** A page of the den's log for whoever asked last: rows by number, and how far it goes. */
  const gives = async (
    client: Life,
    rows: readonly (readonly [HeardPacket, number])[],
    after: number,
  ): Promise<void> => {
    const asked = client.said('_request_history').at(-1)!;
    for (const [row, at] of rows) client.home.multicast(row, den, at, { _target: asked.routing.get('_source')! });
    client.home.answer(asked, '_echo_history', { _after: String(after), _sequence: '99' });
    await client.settle();
  };
  const texts = (client: Life): unknown[] => client.told('heard').map(({ text }) => text);
  const pageOf = (client: Life): unknown[] =>
    ['_after', '_limit'].map((name) => client.said('_request_history').at(-1)?.packet.text(name));

  test.each(['ada', 'bob'])('are read by %s in a page of history, the key looked for backwards', async (nick) => {
    const [key, words] = await spoken();
    const client = await start(nick === 'ada' ? ada : bob, 'side');
    await client.command({ kind: 'history', command: 3, place: den, after: 299, limit: 1 });
    await gives(client, [[words!, 300]], 300);
    await client.giveKeys(ada);
    expect([texts(client), pageOf(client)]).toEqual([[], ['199', '100']]);
    await gives(client, [], 250);
    // The page was full before its end.
    expect(pageOf(client)).toEqual(['250', '49']);
    await gives(client, [], 299);
    expect(pageOf(client)).toEqual(['99', '100']);
    await gives(client, [[key!, 120]], 199);
    expect(texts(client)).toEqual(['for two']);
    expect(client.told('page')).toMatchObject([{ command: 3, reached: 300 }]);
  });

  test('are read where somebody listens who has just come; nobody is judged by a key that was looked for', async () => {
    const [key, words] = await spoken();
    const client = await start(ada, 'main');
    client.home.multicast(words!, den, 8);
    await client.settle();
    await client.giveKeys(ada);
    expect([texts(client), pageOf(client)]).toEqual([[], ['5', '2']]);
    await gives(client, [[key!, 6]], 7);
    expect(texts(client)).toEqual(['for two']);
    expect(client.said('_request_context_status')).toEqual([]);
    // It is kept.
    client.tell({ kind: 'stopped' });
    await client.settle();
    expect(client.kept.hearing.keys.size).toBe(1);
  });

  test.each<[string, (client: Life, key: HeardPacket) => Promise<void>]>([
    ['was not sealed to us', (client, key) => gives(client, [[key, 6]], 7)],
    ['is not there', (client) => gives(client, [], 7)],
    ['is not given', (client) => client.pass(60_000)],
  ])('stay shut where it %s, and are shown as such', async (_, answers) => {
    const [key, words] = await spoken();
    const client = await start(eve, 'main');
    client.home.multicast(words!, den, 8);
    await client.settle();
    await client.giveKeys(ada);
    expect(texts(client)).toEqual([]);
    await answers(client, key!);
    expect(texts(client)).toEqual([null]);
  });

  test('another page of the place is asked for when the key has been found, and misses no row', async () => {
    const [key, words] = await spoken();
    const client = await start(bob, 'side');
    await client.command({ kind: 'history', command: 3, place: den, after: 7, limit: 1 });
    await gives(client, [[words!, 8]], 8);
    await client.giveKeys(ada);
    await client.command({ kind: 'history', command: 4, place: den, after: 5, limit: 9 });
    expect(pageOf(client)).toEqual(['5', '2']);
    await gives(client, [[key!, 6]], 7);
    await client.pass(1_000);
    expect(pageOf(client)).toEqual(['5', '9']);
    await gives(
      client,
      [
        [key!, 6],
        [words!, 8],
      ],
      8,
    );
    expect(client.told('heard')).toMatchObject([
      { command: 3, text: 'for two' },
      { command: 4, text: 'for two' },
    ]);
  });

  test('keySearchPagesMax: a long log is not read to its beginning', async () => {
    const [, words] = await spoken();
    const client = await start(bob, 'side');
    await client.command({ kind: 'history', command: 3, place: den, after: 89_999, limit: 1 });
    await gives(client, [[words!, 90_000]], 90_000);
    await client.giveKeys(ada);
    let pages = 0;
    for (; texts(client).length === 0; pages++) await gives(client, [], 90_000);
    expect(pages).toBe(sessionLimits.keySearchPagesMax);
  });
});

test('what somebody does is sealed like what he says, and stands in a variable', async () => {
  const speaker = await start(ada, 'side');
  const key = await says(speaker, 'waves', [ada, bob], 5, true);
  const [clear] = speaker.said('_message_public_action');
  expect([clear!.packet.text('_action'), clear!.packet.dataText]).toEqual(['waves', '']);
  await takes(speaker, key);
  const listener = await start(bob, 'main');
  for (const [at, row] of [key, speaker.said('_message_context_sealed')[0]!].entries())
    listener.home.multicast(row, den, at + 6);
  await listener.settle();
  await listener.giveKeys(ada);
  const word = { kind: 'author' };
  const done = { method: '_message_public_action', text: 'waves', isAction: true, isSealed: true, word };
  expect(listener.told('heard')).toMatchObject([done]);
});
