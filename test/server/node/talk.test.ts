/** Two domains over real TLS: people register, log in, enter, speak and are heard, however much at once. */
import { afterEach, expect, test } from '@jest/globals';
import { newSpeakerKeys, Sayings, Speaker } from './speaker.ts';
import { Town } from './town.ts';

const town = new Town();
afterEach(() => town.close());

test('a message goes from one domain to a place of another, is echoed, multicast and in its history', async () => {
  await town.open('a.example');
  await town.open('b.example');
  const hall = 'psyc://b.example/@hall';
  const [ada, bob] = [await newSpeakerKeys('ada', 'a.example'), await newSpeakerKeys('bob', 'b.example')];
  const adas = await Speaker.open(town.endpoints.get('a.example')!, ada, { invite: null });
  const bobs = await Speaker.open(town.endpoints.get('b.example')!, bob, { invite: null });
  const [byAda, byBob] = [new Sayings(ada, hall), new Sayings(bob, hall)];
  bobs.say(byBob.ask('_request_context_enter'));
  await bobs.method('_echo_context_enter');
  adas.say(byAda.ask('_request_context_enter'));
  await adas.method('_echo_context_enter');
  adas.say(byAda.say('_message_public', 'hello from a'));
  expect((await bobs.method('_message')).dataText).toBe('hello from a');
  expect((await adas.method('_message')).dataText).toBe('hello from a');
  bobs.say(byBob.say('_message_public', 'and back'));
  expect((await adas.method('_message')).dataText).toBe('and back');
  adas.close();
  bobs.close();
});

test('a burst of one member cuts nobody off who reads: whoever had no room is told, and has it from the history', async () => {
  await town.open('a.example');
  const hall = 'psyc://a.example/@hall';
  const endpoint = town.endpoints.get('a.example')!;
  const enter = async (nick: string): Promise<{ speaker: Speaker; sayings: Sayings }> => {
    const keys = await newSpeakerKeys(nick, 'a.example');
    const speaker = await Speaker.open(endpoint, keys, { invite: null });
    const sayings = new Sayings(keys, hall);
    speaker.say(sayings.ask('_request_context_enter'));
    await speaker.method('_echo_context_enter');
    return { speaker, sayings };
  };
  const [ada, bob] = [await enter('ada'), await enter('bob')];
  const count = 40;
  // ada's rows are the first two's, then her own.
  const last = 2 + count;
  for (let at = 0; at < count; at++) ada.speaker.say(ada.sayings.say('_message_public', 'x'.repeat(60_000)));
  const has = new Set<number>();
  let after = 2;
  const ask = (): void => {
    while (has.has(after + 1)) after++;
    if (after < last) bob.speaker.say(bob.sayings.page(after));
  };
  while (after < last) {
    const packet = await bob.speaker.until(({ method }) =>
      /^_(?:message_public|notice_missed|echo_history)$/.test(method ?? ''),
    );
    if (packet.method === '_message_public') has.add(Number(packet.ownRoute('_counter')));
    else ask();
    while (has.has(after + 1)) after++;
  }
  ada.speaker.close();
  bob.speaker.close();
});
