/** Deliveries: accepted once and in order, acknowledged when durable, sent until acknowledged, read from where one stopped. */
import { expect, test } from '@jest/globals';
import { backoffMs } from '../../circuit/backoff.ts';
import { newFollowing, stepFollowing } from '../../circuit/following.ts';
import {
  type Arrival,
  type Incoming,
  type IncomingEffect,
  newIncoming,
  stepIncoming,
  waitingCount,
} from '../../circuit/incoming.ts';
import { deliveryLimits } from '../../circuit/limits.ts';
import { parseOne } from '../../circuit/one-packet.ts';
import { backlogCount, newOutgoing, type OutgoingEffect, startOutgoing, stepOutgoing } from '../../circuit/outgoing.ts';
import { PsycError } from '../../psyc/error.ts';

const limits = {
  ...deliveryLimits,
  waitingMax: 4,
  heldMax: 3,
  authorsMax: 2,
  batchMax: 2,
  windowMax: 2,
  resendMsMin: 100,
  resendMsMax: 400,
};
const nothing = new Uint8Array(0);

const arrival = (author: string, counter: number): Arrival<string> => ({
  author,
  counter,
  id: nothing,
  packet: nothing,
  token: `${author}${counter}`,
});

/** Effects as short lines. */
function incomingLines(effects: readonly IncomingEffect<string>[]): string[] {
  return effects.map((effect) => {
    switch (effect.kind) {
      case 'look':
        return `look ${effect.author}`;
      case 'write':
        return `write ${effect.arrivals.map(({ token }) => token).join(' ')}`;
      case 'acknowledge':
        return `acknowledge ${effect.token}`;
      case 'refuse':
        return `refuse ${effect.token} ${effect.code}`;
      case 'recorded':
        return `recorded ${effect.sequence} ${effect.arrival.token}`;
      case 'timer':
        return `timer ${effect.delayMs}`;
    }
  });
}

const arrive = (incoming: Incoming<string>, author: string, counter: number): string[] =>
  incomingLines(stepIncoming(incoming, { kind: 'arrived', arrival: arrival(author, counter) }));
const found = (incoming: Incoming<string>, author: string, counter: number): string[] =>
  incomingLines(stepIncoming(incoming, { kind: 'found', author, counter }));
const written = (incoming: Incoming<string>, ...sequences: number[]): string[] =>
  incomingLines(stepIncoming(incoming, { kind: 'written', sequences }));

test('an author is looked up first; what came before is acknowledged again, what follows is written in order', () => {
  const incoming = newIncoming<string>(limits);
  expect(arrive(incoming, 'a', 7)).toEqual(['look a']);
  expect(arrive(incoming, 'a', 5)).toEqual([]);
  expect(found(incoming, 'a', 5)).toEqual(['acknowledge a5']);
  expect(arrive(incoming, 'a', 6)).toEqual(['write a6 a7']);
  expect(arrive(incoming, 'a', 6)).toEqual([]);
  expect(arrive(incoming, 'a', 8)).toEqual([]);
  expect(written(incoming, 11, 12)).toEqual([
    'acknowledge a6',
    'recorded 11 a6',
    'acknowledge a7',
    'recorded 12 a7',
    'write a8',
  ]);
  expect(arrive(incoming, 'a', 7)).toEqual(['acknowledge a7']);
});

test('a second answer to a look-up changes nothing', () => {
  const incoming = newIncoming<string>(limits);
  arrive(incoming, 'a', 1);
  expect(found(incoming, 'a', 0)).toEqual(['write a1']);
  expect(found(incoming, 'a', 0)).toEqual([]);
  expect(arrive(incoming, 'a', 1)).toEqual([]);
});

test('a write that failed is written again, as it was, before anything newer; the wait doubles', () => {
  const incoming = newIncoming<string>(limits);
  arrive(incoming, 'a', 1);
  found(incoming, 'a', 0);
  expect(incomingLines(stepIncoming(incoming, { kind: 'write failed' }))).toEqual(['timer 250']);
  expect(arrive(incoming, 'a', 2)).toEqual([]);
  expect(incomingLines(stepIncoming(incoming, { kind: 'timer' }))).toEqual(['write a1']);
  expect(incomingLines(stepIncoming(incoming, { kind: 'write failed' }))).toEqual(['timer 500']);
  expect(incomingLines(stepIncoming(incoming, { kind: 'timer' }))).toEqual(['write a1']);
  expect(written(incoming, 1)).toEqual(['acknowledge a1', 'recorded 1 a1', 'write a2']);
});

test('a look-up that failed is made again, and only that one', () => {
  const incoming = newIncoming<string>(limits);
  arrive(incoming, 'a', 1);
  arrive(incoming, 'b', 1);
  expect(incomingLines(stepIncoming(incoming, { kind: 'look failed', author: 'a' }))).toEqual(['timer 250']);
  expect(incomingLines(stepIncoming(incoming, { kind: 'timer' }))).toEqual(['look a']);
  expect(found(incoming, 'b', 0)).toEqual(['write b1']);
});

test('limits: the queue, the held, the authors; the next packet never waits for a place among the held', () => {
  const incoming = newIncoming<string>(limits);
  arrive(incoming, 'a', 1);
  found(incoming, 'a', 0);
  for (const counter of [2, 3, 4]) arrive(incoming, 'a', counter);
  expect(waitingCount(incoming)).toBe(4);
  expect(arrive(incoming, 'a', 5)).toEqual(['refuse a5 _queue_full']);
  for (const counter of [6, 7, 8]) expect(arrive(incoming, 'a', counter)).toEqual([]);
  expect(arrive(incoming, 'a', 9)).toEqual(['refuse a9 _counter_gap']);
  // Who holds most gives way to somebody who holds less.
  expect(arrive(incoming, 'b', 1)).toEqual(['refuse a8 _counter_gap', 'look b']);
  expect(arrive(incoming, 'c', 1)).toEqual(['refuse c1 _queue_full']);
  expect(written(incoming, 1)).toEqual(['acknowledge a1', 'recorded 1 a1', 'write a2 a3']);
  expect(arrive(incoming, 'a', 5)).toEqual([]);
  expect(written(incoming, 2, 3).at(-1)).toBe('write a4 a5');
  found(incoming, 'b', 1);
  // b has nothing under way: his entry makes room for c's.
  expect(arrive(incoming, 'c', 1)).toEqual(['look c']);
  expect(incoming.authors.size).toBe(2);
});

const row = (sequence: number) => ({ sequence, tag: `t${sequence}`, packet: Uint8Array.of(sequence) });

function outgoingLines(effects: readonly OutgoingEffect[]): string[] {
  return effects.map((effect) => {
    switch (effect.kind) {
      case 'send':
        return `send ${effect.packet[0]}`;
      case 'read':
        return `read ${effect.after} ${effect.rowsMax}`;
      case 'mark':
        return `mark ${effect.sequence}`;
      case 'timer':
        return `timer ${effect.delayMs}`;
      case 'marks':
        return 'marks';
    }
  });
}

test('what goes out: read from the mark, sent in order, sent again when it takes too long or the way is new, marked when acknowledged', () => {
  const outgoing = newOutgoing(limits);
  const step = (event: Parameters<typeof stepOutgoing>[1], nowMs = 0): string[] =>
    outgoingLines(stepOutgoing(outgoing, event, nowMs));
  expect(outgoingLines(startOutgoing(outgoing))).toEqual(['marks']);
  expect(step({ kind: 'connected' })).toEqual([]);
  expect(step({ kind: 'marked', mark: 3, last: 7 })).toEqual(['read 3 2']);
  expect(step({ kind: 'appended', row: row(8) })).toEqual([]);
  expect(step({ kind: 'rows', rows: [row(4), row(5)], last: 7 })).toEqual(['send 4', 'send 5', 'timer 100']);
  expect(backlogCount(outgoing)).toBe(5);
  // The later one first: nothing can be marked yet.
  expect(step({ kind: 'acknowledged', tag: 't5' })).toEqual([]);
  expect(step({ kind: 'timer' }, 100)).toEqual(['send 4', 'timer 200']);
  expect(step({ kind: 'timer' }, 300)).toEqual(['send 4', 'timer 400']);
  expect(step({ kind: 'disconnected' }, 350)).toEqual([]);
  expect(step({ kind: 'timer' }, 700)).toEqual([]);
  expect(step({ kind: 'connected' }, 800)).toEqual(['send 4', 'timer 400']);
  expect(step({ kind: 'acknowledged', tag: 't4' }, 810)).toEqual(['read 5 2', 'mark 5']);
  expect(step({ kind: 'acknowledged', tag: 'nobody knows' }, 810)).toEqual([]);
  // What is not marked durably would be sent again after a restart: it counts.
  expect(backlogCount(outgoing)).toBe(5);
  expect(step({ kind: 'mark failed' }, 820)).toEqual(['timer 250']);
  expect(step({ kind: 'timer' }, 1070)).toEqual(['mark 5']);
  expect(step({ kind: 'mark written' }, 1080)).toEqual([]);
  expect(backlogCount(outgoing)).toBe(3);
  expect(step({ kind: 'rows', rows: [row(6), row(7)], last: 8 }, 1090)).toEqual(['send 6', 'send 7', 'timer 100']);
});

test('a store that does not answer is asked again', () => {
  const outgoing = newOutgoing(limits);
  startOutgoing(outgoing);
  expect(outgoingLines(stepOutgoing(outgoing, { kind: 'marks failed' }, 0))).toEqual(['timer 250']);
  expect(outgoingLines(stepOutgoing(outgoing, { kind: 'timer' }, 250))).toEqual(['marks']);
  stepOutgoing(outgoing, { kind: 'marked', mark: 0, last: 1 }, 251);
  expect(outgoingLines(stepOutgoing(outgoing, { kind: 'read failed' }, 252))).toEqual(['timer 250']);
  expect(outgoingLines(stepOutgoing(outgoing, { kind: 'timer' }, 502))).toEqual(['read 0 2']);
});

test('a reader gets each row once: from the log when he comes, as it grows while he is here', () => {
  const following = newFollowing(limits);
  const step = (event: Parameters<typeof stepFollowing>[1]): string[] =>
    stepFollowing(following, event).map((effect) =>
      effect.kind === 'deliver'
        ? `deliver ${effect.row.sequence}`
        : effect.kind === 'read'
          ? `read ${effect.after} ${effect.rowsMax}`
          : `timer ${effect.delayMs}`,
    );
  expect(step({ kind: 'appended', row: row(1) })).toEqual([]);
  expect(step({ kind: 'attached', after: 1 })).toEqual(['read 1 2']);
  expect(step({ kind: 'appended', row: row(4) })).toEqual([]);
  expect(step({ kind: 'read failed' })).toEqual(['timer 250']);
  expect(step({ kind: 'timer' })).toEqual(['read 1 2']);
  // The page was read before 4 came.
  expect(step({ kind: 'rows', rows: [row(2), row(3)], last: 3 })).toEqual(['deliver 2', 'deliver 3', 'read 3 2']);
  expect(step({ kind: 'rows', rows: [row(4)], last: 4 })).toEqual(['deliver 4']);
  expect(step({ kind: 'appended', row: row(5) })).toEqual(['deliver 5']);
  expect(step({ kind: 'appended', row: row(5) })).toEqual([]);
  expect(step({ kind: 'grown', last: 6 })).toEqual(['read 5 2']);
});

test('waiting doubles up to its most', () => {
  expect([0, 1, 2, 3, 40].map((failures) => backoffMs(failures, 100, 500))).toEqual([100, 200, 400, 500, 500]);
});

test.each([
  ['', '_truncated'],
  [':_tag\t1\n', '_truncated'],
  ['|\n|\n', '_invalid_terminator'],
  ['x\n', '_invalid_line'],
])('%j is not one packet', (text, code) => {
  let thrown: unknown = null;
  try {
    parseOne(new TextEncoder().encode(text));
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toBeInstanceOf(PsycError);
  expect(thrown).toMatchObject({ code });
});
