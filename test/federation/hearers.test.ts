/** The circuits of a context's local members: looked for when somebody has come or gone, or a circuit has; else remembered. */
import { expect, test } from '@jest/globals';
import { Hearers } from '../../federation/places/hearers.ts';

test('circuits are found once, and again when a person or the stamp has changed', () => {
  const hearers = new Hearers();
  const devices = new Map([
    ['ada', ['in 1', 'in 2']],
    ['bob', ['in 3']],
  ]);
  let asked = 0;
  const find = (person: string, circuits: string[]): void => {
    asked++;
    circuits.push(...(devices.get(person) ?? []));
  };
  expect(hearers.circuits(0, find)).toEqual([]);
  hearers.add('ada');
  hearers.add('bob');
  expect(hearers.circuits(0, find)).toEqual(['in 1', 'in 2', 'in 3']);
  expect(hearers.circuits(0, find)).toEqual(['in 1', 'in 2', 'in 3']);
  expect(asked).toBe(2);
  devices.set('bob', ['in 4']);
  expect(hearers.circuits(1, find)).toEqual(['in 1', 'in 2', 'in 4']);
  hearers.delete('ada');
  expect(hearers.circuits(1, find)).toEqual(['in 4']);
  expect([[...hearers], hearers.size]).toEqual([['bob'], 1]);
});
