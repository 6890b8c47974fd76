/** What goes out: sent in order until it is acknowledged by its own acknowledgement, never more than fits. */
import { expect, test } from '@jest/globals';
import { type DeliveryLimits, deliveryLimits } from '../../circuit/limits.ts';
import { backlogCount, newOutgoing, type Outgoing, startOutgoing, stepOutgoing } from '../../circuit/outgoing.ts';
import type { OutgoingEffect, OutgoingRow } from '../../circuit/outgoing-events.ts';

const limits: DeliveryLimits = {
  ...deliveryLimits,
  windowMax: 2,
  windowBytesMax: 1000,
  resendMsMin: 100,
  resendMsMax: 400,
};

const row = (sequence: number, changes: Partial<OutgoingRow> = {}): OutgoingRow => ({
  sequence,
  author: 'ada',
  target: 'bob',
  tag: `t${sequence}`,
  counter: sequence,
  packet: Uint8Array.of(sequence),
  ...changes,
});
const echo = (tag: string, counter: number | null = null, author = 'ada') =>
  ({ kind: 'acknowledged', author, target: 'bob', tag, counter }) as const;
const resend = { kind: 'timer', name: 'resend' } as const;
const store = { kind: 'timer', name: 'store' } as const;

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
        return `${effect.name} ${effect.delayMs}`;
      case 'marks':
        return 'marks';
      case 'give up':
        return `give up ${effect.row.sequence}`;
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
  expect(step({ kind: 'rows', rows: [row(4), row(5)], last: 7 })).toEqual(['send 4', 'send 5', 'resend 100']);
  expect(backlogCount(outgoing)).toBe(5);
  // The later one first: nothing can be marked yet.
  expect(step(echo('t5'))).toEqual(['read 5 1']);
  expect(step(resend, 100)).toEqual(['send 4', 'resend 200']);
  expect(step(resend, 300)).toEqual(['send 4', 'resend 400']);
  expect(step({ kind: 'disconnected' }, 350)).toEqual([]);
  expect(step(resend, 700)).toEqual([]);
  expect(step({ kind: 'connected' }, 800)).toEqual(['send 4', 'resend 400']);
  expect(step(echo('t4'), 810)).toEqual(['mark 5']);
  expect(step(echo('nobody knows'), 810)).toEqual([]);
  expect(backlogCount(outgoing)).toBe(3);
  expect(step({ kind: 'mark failed' }, 820)).toEqual(['store 250']);
  expect(step(store, 1070)).toEqual(['mark 5']);
  expect(step({ kind: 'mark written' }, 1080)).toEqual([]);
  expect(backlogCount(outgoing)).toBe(3);
  expect(step({ kind: 'rows', rows: [row(6), row(7)], last: 8 }, 1090)).toEqual(['send 6', 'send 7', 'resend 100']);
});

test('a store that does not answer is asked again', () => {
  const outgoing = newOutgoing(limits);
  startOutgoing(outgoing);
  expect(outgoingLines(stepOutgoing(outgoing, { kind: 'marks failed' }, 0))).toEqual(['store 250']);
  expect(outgoingLines(stepOutgoing(outgoing, store, 250))).toEqual(['marks']);
  stepOutgoing(outgoing, { kind: 'marked', mark: 0, last: 1 }, 251);
  expect(outgoingLines(stepOutgoing(outgoing, { kind: 'read failed' }, 252))).toEqual(['store 250']);
  expect(outgoingLines(stepOutgoing(outgoing, store, 502))).toEqual(['read 0 2']);
});

test("an acknowledgement counts for its author's packet only, and by its counter where it gives one", () => {
  const outgoing = newOutgoing({ ...limits, windowMax: 9 });
  startOutgoing(outgoing);
  stepOutgoing(outgoing, { kind: 'marked', mark: 0, last: 0 }, 0);
  const rows = [
    row(1, { author: 'bob', tag: '1', counter: 1 }),
    row(2, { tag: '1', counter: 1 }),
    row(3, { tag: '1', counter: 2 }),
  ];
  for (const one of rows) stepOutgoing(outgoing, { kind: 'appended', row: one }, 0);
  const open = (): number[] => outgoing.window.map(({ sequence }) => sequence);
  stepOutgoing(outgoing, echo('1', 2), 0);
  expect(open()).toEqual([1, 2]);
  stepOutgoing(outgoing, echo('2', 1), 0);
  stepOutgoing(outgoing, echo('1', 1, 'cyd'), 0);
  expect(open()).toEqual([1, 2]);
  stepOutgoing(outgoing, echo('1', null, 'bob'), 0);
  expect(open()).toEqual([2]);
});

/** Connected, with rows 1 … in the log. */
function sending(count: number, size: number, changes: Partial<typeof limits>): [Outgoing, string[]] {
  const outgoing = newOutgoing({ ...limits, ...changes });
  startOutgoing(outgoing);
  stepOutgoing(outgoing, { kind: 'connected' }, 0);
  stepOutgoing(outgoing, { kind: 'marked', mark: 0, last: 0 }, 0);
  const lines: string[] = [];
  for (let sequence = 1; sequence <= count; sequence++) {
    const packet = new Uint8Array(size).fill(sequence);
    lines.push(...outgoingLines(stepOutgoing(outgoing, { kind: 'appended', row: row(sequence, { packet }) }, 0)));
  }
  return [outgoing, lines];
}

test('a store that fails does not keep a packet from being sent again', () => {
  const [outgoing] = sending(2, 1, { retryMsMin: 30_000 });
  expect(outgoingLines(stepOutgoing(outgoing, echo('t1'), 10))).toEqual(['mark 1']);
  expect(outgoingLines(stepOutgoing(outgoing, { kind: 'mark failed' }, 20))).toEqual(['store 30000']);
  expect(outgoingLines(stepOutgoing(outgoing, resend, 100))).toEqual(['send 2', 'resend 200']);
  expect(outgoingLines(stepOutgoing(outgoing, store, 30_020))).toEqual(['mark 1']);
});

test('what finds no room counts as not sent, holds back what follows, and goes as soon as there is room', () => {
  const [outgoing, lines] = sending(2, 1, {});
  expect(lines).toEqual(['send 1', 'resend 100', 'send 2']);
  expect(outgoingLines(stepOutgoing(outgoing, { kind: 'refused', sequence: 1 }, 0))).toEqual([]);
  stepOutgoing(outgoing, { kind: 'refused', sequence: 2 }, 0);
  expect(outgoingLines(stepOutgoing(outgoing, resend, 100))).toEqual([]);
  expect(outgoingLines(stepOutgoing(outgoing, { kind: 'writable' }, 500))).toEqual(['send 1', 'send 2', 'resend 100']);
  expect(outgoingLines(stepOutgoing(outgoing, { kind: 'refused', sequence: 2 }, 500))).toEqual([]);
  // A new way to the peer is an empty one.
  expect(outgoingLines(stepOutgoing(outgoing, { kind: 'connected' }, 510))).toEqual(['send 1', 'send 2']);
});

test('limits in bytes: the window; a row that does not fit is not read again and again', () => {
  const [outgoing, lines] = sending(3, 600, { windowMax: 9 });
  expect(lines).toEqual(['send 1', 'resend 100']);
  expect(outgoing.windowBytes).toBe(600);
  expect(outgoingLines(stepOutgoing(outgoing, { kind: 'grown', last: 4 }, 1))).toEqual([]);
  expect(outgoingLines(stepOutgoing(outgoing, echo('t1'), 1))).toEqual(['read 1 9', 'mark 1']);
  expect(outgoing.windowBytes).toBe(0);
});

test("a log that is somebody else's now sends nothing any more", () => {
  const [outgoing] = sending(1, 1, {});
  expect(stepOutgoing(outgoing, { kind: 'stopped' }, 1)).toEqual([]);
  expect(stepOutgoing(outgoing, resend, 1000)).toEqual([]);
  expect(stepOutgoing(outgoing, { kind: 'connected' }, 1000)).toEqual([]);
});

test('a silent way keeps one packet in the window, windowSilentMax ways by turns, and goes on in order when it is answered', () => {
  const outgoing = newOutgoing({ ...limits, windowMax: 4, windowSilentMax: 1 });
  let log: OutgoingRow[] = [];
  let sent: number[] = [];
  const step = (event: Parameters<typeof stepOutgoing>[1], nowMs: number): void => {
    for (const effect of stepOutgoing(outgoing, event, nowMs)) {
      if (effect.kind === 'send') sent.push(effect.sequence);
      if (effect.kind !== 'read') continue;
      const rows = log.filter(({ sequence }) => sequence > effect.after).slice(0, effect.rowsMax);
      step({ kind: 'rows', rows, last: log.length }, nowMs);
    }
  };
  startOutgoing(outgoing);
  step({ kind: 'connected' }, 0);
  log = ['x', 'x', 'y', 'x', 'z', 'y'].map((target, index) => row(index + 1, { target }));
  step({ kind: 'marked', mark: 0, last: 6 }, 0);
  expect(sent).toEqual([1, 2, 3, 4]);
  sent = [];
  step(resend, 100);
  // Silent: x, whose first is sent on; y, for which there is no turn yet. So z has room.
  step(resend, 300);
  expect([sent, outgoing.window.map(({ sequence }) => sequence)]).toEqual([
    [1, 2, 3, 4, 1, 5],
    [1, 5],
  ]);
  expect(backlogCount(outgoing)).toBe(6);
  step({ ...echo('t5'), target: 'z' }, 310);
  sent = [];
  for (let nowMs = 400; nowMs <= 3_000; nowMs += 100) step(resend, nowMs);
  expect(new Set(sent)).toEqual(new Set([1, 3]));
  sent = [];
  const first = outgoing.window[0]!;
  const [way, others] = first.sequence === 1 ? ['x', [2, 4]] : ['y', [6]];
  step({ ...echo(`t${first.sequence}`), target: way }, 3_010);
  expect(sent).toEqual(expect.arrayContaining(others));
  for (let nowMs = 3_020; nowMs <= 9_000 && outgoing.acknowledged < 6; nowMs += 10) {
    for (const { tag, target } of [...outgoing.window]) step({ ...echo(tag), target }, nowMs);
    step(resend, nowMs);
  }
  expect([outgoing.acknowledged, outgoing.parking.size, outgoing.windowBytes]).toEqual([6, 0, 0]);
});

test('what was not answered in time is given up, in the window, parked or not yet read, on a circuit or without one', () => {
  const outgoing = newOutgoing(limits);
  startOutgoing(outgoing);
  const rows = [1, 2, 3].map((sequence) => row(sequence, { untilMs: 5_000 + sequence }));
  expect(outgoingLines(stepOutgoing(outgoing, { kind: 'marked', mark: 0, last: 3 }, 0))).toEqual(['read 0 2']);
  const loaded = stepOutgoing(outgoing, { kind: 'rows', rows: rows.slice(0, 2), last: 3 }, 0);
  expect(outgoingLines(loaded)).toEqual(['give up 5001']);
  const ring = { kind: 'timer', name: 'give up' } as const;
  const lines = outgoingLines(stepOutgoing(outgoing, ring, 5_010));
  expect(lines).toEqual(['give up 1', 'give up 2', 'read 2 2', 'mark 2']);
  expect(outgoingLines(stepOutgoing(outgoing, { kind: 'rows', rows: rows.slice(2), last: 3 }, 5_010))).toEqual([
    'give up 3',
  ]);
  expect([outgoing.acknowledged, outgoing.last]).toEqual([3, 3]);
});
