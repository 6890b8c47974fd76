/** A port may be open before its node has begun: nobody is let in then, and nothing is lost by it. */
import { afterEach, expect, test } from '@jest/globals';
import { newSpeakerKeys, Speaker } from './speaker.ts';
import { Town } from './town.ts';

const town = new Town();
afterEach(() => town.close());

test('who comes before the node has begun is turned away, and comes again', async () => {
  let begin = (): void => {};
  await town.open('a.example', { begun: new Promise((resolve) => (begin = resolve)) });
  const endpoint = town.endpoints.get('a.example')!;
  const ada = await newSpeakerKeys('ada', 'a.example');
  await expect(Speaker.open(endpoint, ada, { invite: null })).rejects.toThrow('_circuit_lost');
  begin();
  (await Speaker.open(endpoint, ada, { invite: null })).close();
  expect(town.crashes).toEqual([]);
});
