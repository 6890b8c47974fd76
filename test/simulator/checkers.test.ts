/** Each checker by itself: what it lets pass, and every branch in which it complains. */
import { expect, test } from '@jest/globals';
import { AcknowledgementChecker } from '../../simulator/checkers/acknowledgement.ts';
import type { Checker } from '../../simulator/checkers/checker.ts';
import { DurabilityChecker } from '../../simulator/checkers/durability.ts';
import { LivenessChecker } from '../../simulator/checkers/liveness.ts';
import { OnceChecker } from '../../simulator/checkers/once.ts';
import { OrderChecker } from '../../simulator/checkers/order.ts';
import { QueuesChecker } from '../../simulator/checkers/queues.ts';
import { TruthChecker } from '../../simulator/checkers/truth.ts';
import type { Observation } from '../../simulator/observation.ts';
import { keyAcknowledged, keyOf, readRaw } from '../../simulator/raw-packet.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const ada = 'psyc://a.example/~ada';
const hall = 'psyc://b.example/@hall';
const bar = 'psyc://b.example/@bar';
const key = (counter: number, target = hall): string => `${ada} ${target} ${counter}`;

const said = (counter: number, target = hall): Observation => ({
  kind: 'said',
  key: key(counter, target),
  author: ada,
  target,
  tag: '1',
  counter,
  content: bytes('_message\nhi\n'),
});
const packetOf = (counter: number, changes: Record<string, string> = {}, content = '\n_message\nhi\n'): Uint8Array => {
  const header = { _source: ada, _target: hall, _tag: '1', _counter: String(counter), ...changes };
  const lines = Object.entries(header).map(([name, value]) => `:${name}\t${value}\n`);
  return bytes(`${lines.join('')}${content}|\n`);
};
const delivered = (counter: number, packet = packetOf(counter), context = hall): Observation => ({
  kind: 'delivered',
  host: 'b.example',
  context,
  sequence: counter,
  key: keyOf(packet) ?? '',
  packet,
});
const durable = (counter: number, host = 'b.example', context = hall): Observation => ({
  kind: 'durable',
  host,
  context,
  key: key(counter),
});
const toPeer = (counter: number, addressee = 'a.example'): Observation => ({
  kind: 'acknowledged',
  host: 'b.example',
  key: key(counter),
  to: 'peer',
  addressee,
});
const toPerson = (counter: number, addressee = ada): Observation => ({
  kind: 'acknowledged',
  host: 'a.example',
  key: key(counter),
  to: 'person',
  addressee,
});
const ended = (host: string, context: string, ...keys: string[]): Observation => ({
  kind: 'ended',
  stored: new Map([[host, new Map([[context, keys]])]]),
});

/** What the checker says to the last observation, after being content with all before. */
function verdict(checker: Checker, ...observations: Observation[]): string | null {
  const last = observations.pop()!;
  for (const observation of observations) expect(checker.observe(observation)).toBeNull();
  return checker.observe(last);
}

test('order', () => {
  const check = (...seen: Observation[]) => verdict(new OrderChecker(), said(1), said(2), said(1, bar), ...seen);
  expect(check(delivered(1), delivered(2))).toBeNull();
  expect(check(delivered(1), delivered(1, packetOf(1, { _target: bar }), bar))).toBeNull();
  expect(check(delivered(2))).toMatch(/^number 2 of .* was delivered to .* right after number 0$/);
  expect(verdict(new OrderChecker(), said(1), said(3), delivered(1), delivered(3))).toMatch(/^number 3 .* number 1$/);
});

test('once', () => {
  expect(verdict(new OnceChecker(), delivered(1), delivered(2))).toBeNull();
  expect(verdict(new OnceChecker(), delivered(1), delivered(2), delivered(1))).toMatch(/twice$/);
});

test('truth', () => {
  const check = (seen: Observation) => verdict(new TruthChecker(), said(1), said(2), seen);
  expect(check(delivered(1))).toBeNull();
  expect(check(delivered(1, packetOf(1, {}, '12\n_message\nhi\n')))).toBeNull();
  expect(check(delivered(3))).toMatch(/nobody said it$/);
  expect(check(delivered(1, packetOf(1, { _source: 'psyc://a.example/~eve' })))).toMatch(/nobody said it$/);
  expect(check(delivered(1, packetOf(1, { _target: bar })))).toMatch(/nobody said it$/);
  expect(check(delivered(1, packetOf(1), bar))).toMatch(/was delivered to psyc:\/\/b.example\/@bar$/);
  expect(check(delivered(1, packetOf(1, { _tag: '2' })))).toMatch(/was delivered to .* as .*_tag 2/);
  expect(check(delivered(1, packetOf(1, { _source_relay: ada })))).toMatch(/was delivered to .* as .*_source_relay/);
  for (const content of [
    '\n_other\nhi\n',
    '\n_message\nho\n',
    '\n_message\nhi!\n',
    '\n_message\n',
    '\n:_a\tb\n_message\nhi\n',
    '',
  ])
    expect(check(delivered(1, packetOf(1, {}, content)))).toMatch(/another content than was said$/);
});

test('acknowledgement', () => {
  const check = (...seen: Observation[]) => verdict(new AcknowledgementChecker(), said(1), said(2), ...seen);
  expect(check(durable(1), toPeer(1))).toBeNull();
  expect(check(durable(1, 'a.example'), toPerson(1))).toBeNull();
  expect(check(toPeer(1))).toMatch(/to a peer before it was durable there$/);
  expect(check(durable(2), toPeer(1))).toMatch(/before it was durable/);
  expect(check(durable(1, 'a.example'), toPeer(1))).toMatch(/before it was durable/);
  expect(check(durable(1, 'b.example', bar), toPeer(1))).toMatch(/before it was durable/);
  expect(check(durable(3), toPeer(3))).toMatch(/nobody said it$/);
  expect(check(durable(1), toPeer(1, 'b.example'))).toMatch(/to b.example, and a.example waits for it$/);
  expect(check(durable(1, 'a.example'), toPerson(1, 'psyc://a.example/~bob'))).toMatch(/and .*~ada waits for it$/);
});

test('durability', () => {
  const check = (...seen: Observation[]) => verdict(new DurabilityChecker(), said(1), said(2), ...seen);
  expect(check(toPeer(1), ended('b.example', hall, key(1)))).toBeNull();
  expect(check(ended('b.example', hall))).toBeNull();
  expect(check(toPeer(1), toPeer(2), ended('b.example', hall, key(2)))).toMatch(/^1 acknowledged and not on the disk/);
  expect(check(toPeer(1), ended('a.example', hall, key(1)))).toMatch(/^1 acknowledged/);
  expect(check(toPeer(1), ended('b.example', bar, key(1)))).toMatch(/^1 acknowledged/);
});

test('liveness', () => {
  const check = (...seen: Observation[]) => verdict(new LivenessChecker(), said(1), ...seen, ended('b.example', hall));
  expect(check(delivered(1), toPerson(1))).toBeNull();
  expect(check(delivered(1))).toMatch(/^1 said and never delivered or acknowledged/);
  expect(check(toPerson(1))).toMatch(/^1 said/);
  // Its author must hear it, not only his host.
  expect(check(delivered(1), toPeer(1))).toMatch(/^1 said/);
});

test('queues: what a node says of itself, and what is seen from outside', () => {
  const maxima = { backlog: 1, held: 2 };
  const check = (...seen: Observation[]) => verdict(new QueuesChecker(maxima), said(1), said(2), said(3), ...seen);
  const queue = (name: string, length: number): Observation => ({ kind: 'queue', host: 'a.example', name, length });
  expect(check(queue('held', 2))).toBeNull();
  expect(check(queue('held', 3))).toBe('"held" of a.example held 3, at most 2 are allowed');
  expect(check(queue('piles', 1))).toMatch(/^nobody knows a limit for the queue "piles"/);
  expect(check(toPerson(1), toPeer(1), toPerson(2))).toBeNull();
  expect(check(toPeer(1), toPerson(1), toPerson(2))).toBeNull();
  expect(check(toPerson(1), toPerson(2))).toBe(`"backlog" of ${hall} held 2, at most 1 are allowed`);
});

test('packets are read without the parser under test', () => {
  const raw = readRaw(bytes(':_tag\t1\n=_source\ta\tb\n3\n_m\n|\n'));
  expect([...raw.routing]).toEqual([
    ['_tag', '1'],
    ['_source', 'a\tb'],
  ]);
  expect(raw.content).toEqual(bytes('_m\n'));
  expect(readRaw(bytes(':_tag\t1\n|\n')).content).toHaveLength(0);
  expect(keyOf(bytes('|\n'))).toBeNull();
  const echo = (method: string, line = ':_counter_relay\t7\n'): string | null =>
    keyAcknowledged(bytes(`:_source\t${hall}\n:_target\t${ada}\n:_tag_relay\t1\n\n${line}${method}\n|\n`));
  expect(echo('_echo')).toBe(key(7));
  expect(echo('_echoes')).toBeNull();
  expect(echo('_echo', '')).toBeNull();
  // Data that looks like one is none.
  expect(keyAcknowledged(packetOf(1, {}, '\n_m\n\n:_counter_relay\t7\n_echo\n'))).toBeNull();
});
