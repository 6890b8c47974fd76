/** Checkers of who may hear and read a place, each by itself: what they let pass, and every branch in which they complain. */
import { expect, test } from '@jest/globals';
import type { Checker } from '../../simulator/checkers/checker.ts';
import { OnceChecker } from '../../simulator/checkers/once.ts';
import { OrderChecker } from '../../simulator/checkers/order.ts';
import { OutsidersChecker } from '../../simulator/checkers/outsiders.ts';
import { ReadersChecker } from '../../simulator/checkers/readers.ts';
import { SecrecyChecker } from '../../simulator/checkers/secrecy.ts';
import { TruthChecker } from '../../simulator/checkers/truth.ts';
import type { Observation } from '../../simulator/observation.ts';

const den = 'psyc://c.example/@den';
const ada = 'psyc://a.example/~ada';
const bob = 'psyc://b.example/~bob';
const personOf = (host: string): string => (host === 'phone' ? bob : ada);

let keys = 0;
const durable = (key: string): Observation => ({ kind: 'durable', host: 'c.example', context: den, key });
/** Something is asked, and becomes a row. */
function row(author: string, what: string, whom: string | null = null): Observation[] {
  const key = `asked ${++keys}`;
  const method = `_request_context_${what}`;
  return [{ kind: 'asked', key, author, target: den, method, whom }, durable(key)];
}
const delivered = (key: string, host = 'phone'): Observation => {
  return { kind: 'delivered', host, context: den, sequence: 1, key, packet: new Uint8Array(0) };
};
const overheard = (key: string): Observation => ({ kind: 'overheard', host: 'phone', context: den, key });

function verdict(checker: Checker, ...observations: Observation[]): string | null {
  const last = observations.pop()!;
  for (const observation of observations) expect(checker.observe(observation)).toBeNull();
  return checker.observe(last);
}

test('outsiders', () => {
  const check = (...observations: Observation[]) =>
    verdict(new OutsidersChecker(personOf), ...row(bob, 'enter'), ...observations);
  expect(check(durable('x'), ...row(ada, 'kick', bob), delivered('x'))).toBeNull();
  expect(check(...row(ada, 'kick', bob), durable('x'), delivered('x'))).toMatch(/heard x .*bob was put out of before$/);
  expect(check(...row(ada, 'ban', 'psyc://b.example'), durable('x'), overheard('x'))).toMatch(/^phone heard x/);
  expect(check(...row(ada, 'ban', 'psyc://a.example'), durable('x'), delivered('x'))).toBeNull();
  const back = [...row(ada, 'kick', bob), durable('x'), ...row(bob, 'enter')];
  expect(check(...back, delivered('x'))).toBeNull();
  // What he was given while he was back may reach him after he was put out once more; what is said then may not.
  expect(check(...back, ...row(ada, 'kick', bob), delivered('x'))).toBeNull();
  expect(check(...back, ...row(ada, 'kick', bob), durable('y'), delivered('y'))).toMatch(/^phone heard y/);
});

test('outsiders: a server without keys, which hears for all of its people', () => {
  const [zoe, yan] = ['zoe', 'yan'].map((nick) => `psyc://old.example/~${nick}`) as [string, string];
  const heard: Observation = {
    kind: 'heard',
    host: 'old.example',
    context: den,
    key: 'x',
    author: ada,
    words: new Uint8Array(0),
    circuit: '1',
  };
  const check = (...observations: Observation[]) =>
    verdict(new OutsidersChecker(personOf, [zoe, yan]), ...row(zoe, 'enter'), ...observations);
  expect(check(durable('x'), heard)).toBeNull();
  expect(check(durable('x'), ...row(zoe, 'leave'), heard)).toBeNull();
  expect(check(...row(zoe, 'leave'), durable('x'), heard)).toMatch(/where none of its people was a member$/);
  expect(check(...row(ada, 'kick', zoe), durable('x'), heard)).toMatch(/^old.example heard x/);
  expect(check(...row(yan, 'enter'), ...row(zoe, 'leave'), durable('x'), heard)).toBeNull();
});

test('truth, once and order of what a server without keys hears', () => {
  const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
  const said = (key: string, counter: number): Observation => {
    const content = bytes(`:_signature_author\tx\n_message_public\nhello ${key}\n`);
    return { kind: 'said', key, author: `${ada}#1`, target: den, tag: key, counter, content };
  };
  const heard = (key: string, words: string, author = ada, context = den, circuit = '1'): Observation => {
    return { kind: 'heard', host: 'old.example', context, key, author, words: bytes(words), circuit };
  };
  const truth = (...observations: Observation[]) => verdict(new TruthChecker(), said('x', 1), ...observations);
  expect(truth(heard('x', 'hello x'))).toBeNull();
  expect(truth(heard('y', 'hello y'))).toMatch(/nobody said it$/);
  expect(truth(heard('x', 'hallo x'))).toMatch(/with other words than were said$/);
  expect(truth(heard('x', 'hello x', bob))).toMatch(/heard of .*bob in/);
  expect(truth(heard('x', 'hello x', ada, `${den}2`))).toMatch(/heard of .*ada in .*den2$/);
  expect(verdict(new OnceChecker(), heard('x', ''), heard('x', ''))).toMatch(/twice$/);
  const both = [said('x', 1), said('y', 2), heard('y', '')];
  expect(verdict(new OrderChecker(true), ...both, heard('x', ''))).toMatch(/right after number 2$/);
  expect(verdict(new OrderChecker(true), ...both, heard('x', '', ada, den, '2'))).toBeNull();
});

test('secrecy', () => {
  const check = (...observations: Observation[]) => verdict(new SecrecyChecker('psst'), ...observations);
  const shown = (text: string): Observation => {
    return { kind: 'shown', host: 'c.example', where: 'a link', bytes: new TextEncoder().encode(text) };
  };
  expect(check(shown('hello'))).toBeNull();
  expect(check(shown('hello psst hello'))).toBe('c.example shows it in the clear to whoever sees a link');
  const readable: Observation = { kind: 'readable', context: den, key: 'x', person: bob };
  expect(check(durable('x'), readable)).toMatch(/bob has a key to x .* no member then$/);
  expect(check(...row(bob, 'enter'), durable('x'), readable)).toBeNull();
  expect(check(...row(bob, 'enter'), ...row(bob, 'leave'), durable('x'), readable)).toMatch(/no member then$/);
  expect(check(...row(bob, 'enter'), durable('x'), ...row(ada, 'kick', bob), readable)).toBeNull();
  expect(check(durable('x'), ...row(bob, 'enter'), readable)).toMatch(/no member then$/);
});

test('readers', () => {
  const check = (...observations: Observation[]) =>
    verdict(new ReadersChecker(personOf), ...row(bob, 'enter'), ...observations);
  const confided = (words: string): Observation => ({ kind: 'confided', author: ada, words });
  const sealed = (key: string, words: string): Observation => ({ kind: 'sealed', key, words });
  const read = (key: string, words: string): Observation => ({ kind: 'read', host: 'phone', key, words });
  const ended: Observation = { kind: 'ended', stored: new Map() };
  const said = [confided('one'), confided('two'), sealed('x', 'one'), sealed('y', 'two'), durable('x'), durable('y')];
  expect(check(...said, delivered('x'), read('x', 'one'), delivered('y'), read('y', 'two'), ended)).toBeNull();
  expect(check(...said, delivered('x'), read('x', 'one'), delivered('y'), ended)).toMatch(/^1 given .* phone y$/);
  // Who was no member then need not be able to.
  expect(check(...row(bob, 'leave'), ...said, delivered('x'), ended)).toBeNull();
  expect(check(...said, read('x', 'two'))).toMatch(/read x, which says something else$/);
  expect(check(...said, read('x', 'three'))).toMatch(/read x, which says something else$/);
  expect(check(...said, read('y', 'two'), read('x', 'one'))).toMatch(/read in x what it had read, or what came before/);
  // Under another key, where the first was refused: read once is enough.
  const again = [...said, sealed('z', 'one'), durable('z'), read('x', 'one')];
  expect(check(...again, read('z', 'one'))).toMatch(/read in z what it had read/);
});
