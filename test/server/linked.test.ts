/** What waits for links ends with the test that waits. */
import { expect, test } from '@jest/globals';
import { Undoing } from '../undoing.ts';
import { linked } from './linked.ts';

const told = (links: number): string => JSON.stringify({ links, contexts: links, stations: links });

test('asks until all links stand', async () => {
  const answers = ['', told(1), told(2), told(3)];
  await linked(new Undoing(), () => Promise.resolve(answers.shift()!), 2);
  expect(answers).toEqual([told(3)]);
});

test('nobody is asked any more once everything is undone', async () => {
  const undoing = new Undoing();
  let asked = 0;
  const waiting = linked(
    undoing,
    async () => {
      asked++;
      await expect(undoing.run()).rejects.toThrow('not linked to 2');
      return told(1);
    },
    2,
  );
  await waiting;
  expect(asked).toBe(1);
});
