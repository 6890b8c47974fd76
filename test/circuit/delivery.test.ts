/** Deliveries: accepted once and in order, acknowledged when durable, sent until acknowledged, read from where one stopped. */
import { expect, test } from '@jest/globals';
import { backoffMs } from '../../circuit/backoff.ts';
import { newFollowing, stepFollowing } from '../../circuit/following.ts';
import { type Incoming, newIncoming, stepIncoming, waitingCount } from '../../circuit/incoming.ts';
import { type Arrival, type IncomingEffect, UNDECIDED } from '../../circuit/incoming-events.ts';
import { type DeliveryLimits, deliveryLimits } from '../../circuit/limits.ts';
import { parseOne } from '../../circuit/one-packet.ts';
import { PsycError } from '../../psyc/error.ts';
import { limits as wireLimits } from '../../psyc/limits.ts';
import { storeLimits } from '../../store/store.ts';

const limits: DeliveryLimits = {
  ...deliveryLimits,
  waitingMax: 4,
  waitingBytesMax: 1000,
  heldMax: 3,
  heldBytesMax: 1000,
  authorsMax: 2,
  batchMax: 2,
  batchBytesMax: 1000,
  windowMax: 2,
  windowBytesMax: 1000,
  resendMsMin: 100,
  resendMsMax: 400,
};
const nothing = new Uint8Array(0);

const arrival = (author: string, counter: number, size = 0): Arrival<string> => ({
  author,
  counter,
  id: nothing,
  packet: new Uint8Array(size),
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
        return `timer ${effect.delayMs}${effect.author === null ? '' : ` ${effect.author}`}`;
      case 'stopped':
        return `stopped ${effect.code}`;
    }
  });
}

const arrive = (incoming: Incoming<string>, author: string, counter: number, size = 0, hasRoom = true): string[] =>
  incomingLines(stepIncoming(incoming, { kind: 'arrived', arrival: arrival(author, counter, size), hasRoom }));
const tick = (incoming: Incoming<string>, author: string | null = null): string[] =>
  incomingLines(stepIncoming(incoming, { kind: 'timer', author }));
const writeFails = (
  incoming: Incoming<string>,
  again: 'later' | 'never' | 'stop' = 'later',
  code = '_code',
): string[] => incomingLines(stepIncoming(incoming, { kind: 'write failed', again, code }));
const lookFails = (incoming: Incoming<string>, author: string, again: 'later' | 'never' = 'later'): string[] =>
  incomingLines(stepIncoming(incoming, { kind: 'look failed', author, again, code: '_code' }));
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
  expect(writeFails(incoming)).toEqual(['timer 250']);
  expect(arrive(incoming, 'a', 2)).toEqual([]);
  expect(tick(incoming)).toEqual(['write a1']);
  expect(writeFails(incoming)).toEqual(['timer 500']);
  expect(tick(incoming)).toEqual(['write a1']);
  expect(written(incoming, 1)).toEqual(['acknowledge a1', 'recorded 1 a1', 'write a2']);
});

test('a look-up that failed is made again, that one only, and keeps no write waiting', () => {
  const incoming = newIncoming<string>(limits);
  arrive(incoming, 'a', 1);
  arrive(incoming, 'b', 1);
  expect(lookFails(incoming, 'a')).toEqual(['timer 250 a']);
  expect(found(incoming, 'b', 0)).toEqual(['write b1']);
  expect(written(incoming, 1)).toEqual(['acknowledge b1', 'recorded 1 b1']);
  expect(tick(incoming, 'b')).toEqual([]);
  expect(tick(incoming, 'a')).toEqual(['look a']);
  expect(lookFails(incoming, 'a')).toEqual(['timer 500 a']);
});

test('an author whom the store will never look up is refused and forgotten', () => {
  const incoming = newIncoming<string>({ ...limits, authorsMax: 1 });
  arrive(incoming, 'a', 1);
  arrive(incoming, 'a', 2);
  expect(lookFails(incoming, 'a', 'never')).toEqual(['refuse a1 _code', 'refuse a2 _code']);
  expect(incoming).toMatchObject({ held: 0, heldBytes: 0 });
  expect(arrive(incoming, 'b', 1)).toEqual(['look b']);
});

test('what the store will never take is refused, with what follows it; others of the same write are not', () => {
  const incoming = newIncoming<string>({ ...limits, batchMax: 3 });
  for (const author of ['a', 'b']) {
    arrive(incoming, author, 1);
    found(incoming, author, author === 'b' ? 0 : 1);
  }
  // b1 is being written; a2, b2 and a3 wait.
  expect(arrive(incoming, 'a', 2)).toEqual([]);
  arrive(incoming, 'b', 2);
  arrive(incoming, 'a', 3);
  arrive(incoming, 'a', 5);
  expect(written(incoming, 1).at(-1)).toBe('write a2 b2 a3');
  expect(writeFails(incoming, 'never')).toEqual(['write a2 b2']);
  expect(writeFails(incoming, 'never')).toEqual(['write a2']);
  expect(writeFails(incoming, 'never', '_bad')).toEqual([
    'refuse a2 _bad',
    'refuse a3 _bad',
    'refuse a5 _bad',
    'write b2',
  ]);
  expect(written(incoming, 2)).toEqual(['acknowledge b2', 'recorded 2 b2']);
  expect(incoming).toMatchObject({ waiting: [], writing: null, waitingBytes: 0, held: 0 });
  // He may try again, and the store is asked what it has of him.
  expect(arrive(incoming, 'a', 2)).toEqual(['look a']);
});

test("a log that is somebody else's now takes and acknowledges nothing any more", () => {
  const incoming = newIncoming<string>(limits);
  arrive(incoming, 'a', 1);
  found(incoming, 'a', 0);
  arrive(incoming, 'a', 2);
  expect(writeFails(incoming, 'stop', '_store_lease')).toEqual(['stopped _store_lease']);
  expect([...arrive(incoming, 'a', 1), ...tick(incoming), ...found(incoming, 'a', 0)]).toEqual([]);
});

test('what is in the log is acknowledged again even when the log may not grow', () => {
  const incoming = newIncoming<string>(limits);
  expect(arrive(incoming, 'a', 1, 0, false)).toEqual(['look a']);
  expect(incoming.held).toBe(0);
  expect(found(incoming, 'a', 1)).toEqual([]);
  expect(arrive(incoming, 'a', 1, 0, false)).toEqual(['acknowledge a1']);
  expect([...arrive(incoming, 'a', 2, 0, false), ...arrive(incoming, 'a', 3, 0, false)]).toEqual([]);
  expect(incoming).toMatchObject({ held: 0, waiting: [], writing: null });
});

test('limits: the queue, the held, the authors; the next packet never waits for a place among the held', () => {
  const incoming = newIncoming<string>(limits);
  arrive(incoming, 'a', 1);
  found(incoming, 'a', 0);
  for (const counter of [2, 3, 4]) arrive(incoming, 'a', counter);
  expect(waitingCount(incoming)).toBe(4);
  // What finds no room is not answered: it comes again.
  expect(arrive(incoming, 'a', 5)).toEqual([]);
  for (const counter of [6, 7, 8, 9]) expect(arrive(incoming, 'a', counter)).toEqual([]);
  expect([...incoming.authors.get('a')!.held.keys()]).toEqual([6, 7, 8]);
  // Who holds most gives way to somebody who holds less.
  expect(arrive(incoming, 'b', 1)).toEqual(['look b']);
  expect([...incoming.authors.get('a')!.held.keys()]).toEqual([6, 7]);
  expect(arrive(incoming, 'c', 1)).toEqual([]);
  expect(written(incoming, 1)).toEqual(['acknowledge a1', 'recorded 1 a1', 'write a2 a3']);
  expect(arrive(incoming, 'a', 5)).toEqual([]);
  expect(written(incoming, 2, 3).at(-1)).toBe('write a4 a5');
  found(incoming, 'b', 1);
  // b has nothing under way: his entry makes room for c's.
  expect(arrive(incoming, 'c', 1)).toEqual(['look c']);
  expect(incoming.authors.size).toBe(2);
});

test('limits in bytes: of one write, of what waits, of what is held', () => {
  const incoming = newIncoming<string>({ ...limits, batchMax: 9, waitingMax: 9, heldMax: 9 });
  arrive(incoming, 'a', 1, 2000);
  // One alone may pass the limit: it would never be written otherwise.
  expect(incoming.heldBytes).toBe(0);
  expect(found(incoming, 'a', 0)).toEqual([]);
  expect(arrive(incoming, 'a', 1, 2000)).toEqual(['write a1']);
  expect(arrive(incoming, 'a', 2, 1)).toEqual([]);
  expect(waitingCount(incoming)).toBe(1);
  expect(written(incoming, 1)).toEqual(['acknowledge a1', 'recorded 1 a1']);
  expect(incoming.waitingBytes).toBe(0);
  expect(arrive(incoming, 'a', 2, 400)).toEqual(['write a2']);
  for (const counter of [3, 4]) arrive(incoming, 'a', counter, 300);
  arrive(incoming, 'a', 5, 300);
  expect(incoming.waitingBytes).toBe(1000);
  for (const [counter, size] of [
    [6, 600],
    [7, 400],
    [8, 1],
  ] as const)
    arrive(incoming, 'a', counter, size);
  expect([...incoming.authors.get('a')!.held.keys()]).toEqual([6, 7]);
  arrive(incoming, 'b', 1, 700);
  expect([...incoming.authors.get('a')!.held.keys()]).toEqual([]);
  expect(incoming).toMatchObject({ held: 1, heldBytes: 700 });
  const wide = newIncoming<string>({ ...limits, batchMax: 9, waitingMax: 9, waitingBytesMax: 9000 });
  arrive(wide, 'a', 1);
  found(wide, 'a', 0);
  for (const counter of [2, 3, 4, 5]) arrive(wide, 'a', counter, 400);
  expect(written(wide, 1).at(-1)).toBe('write a2 a3');
});

test('what goes into one write is what a store takes in one write', () => {
  const { batchMax, batchBytesMax } = deliveryLimits;
  const rowBytesMax = wireLimits.contentBytesMax + wireLimits.routingBytesMax;
  expect(batchMax).toBeLessThanOrEqual(storeLimits.operationsMax);
  expect(Math.max(batchBytesMax, rowBytesMax)).toBeLessThanOrEqual(storeLimits.writeBytesMax);
  expect(rowBytesMax).toBeLessThanOrEqual(storeLimits.packetBytesMax);
  expect(wireLimits.uniformBytesMax).toBeLessThanOrEqual(storeLimits.authorBytesMax);
  expect(wireLimits.uniformBytesMax).toBeLessThanOrEqual(storeLimits.contextBytesMax);
});

const row = (sequence: number) => ({ sequence, packet: Uint8Array.of(sequence) });

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

test('what may not enter the log is refused, uses no number up, and is acknowledged when it is there already', () => {
  const incoming = newIncoming<string>(limits);
  const refused = (counter: number): string[] =>
    incomingLines(
      stepIncoming(incoming, {
        kind: 'arrived',
        arrival: { ...arrival('a', counter), judge: () => '_no' },
        hasRoom: true,
      }),
    );
  expect(refused(3)).toEqual(['look a']);
  expect(found(incoming, 'a', 2)).toEqual(['refuse a3 _no']);
  expect(refused(2)).toEqual(['acknowledge a2']);
  expect(refused(4)).toEqual(['refuse a4 _no']);
  expect(arrive(incoming, 'a', 3)).toEqual(['write a3']);
});

test('it is judged when its turn comes: by what waits before it, held or not, and never twice', () => {
  const incoming = newIncoming<string>(limits);
  const isIn = (): boolean => [...(incoming.writing ?? []), ...incoming.waiting].some(({ counter }) => counter === 1);
  const say = (counter: number): string[] => {
    const judge = (): string | null => (counter === 1 || isIn() ? null : '_no');
    return incomingLines(
      stepIncoming(incoming, { kind: 'arrived', arrival: { ...arrival('a', counter), judge }, hasRoom: true }),
    );
  };
  expect(say(2)).toEqual(['look a']);
  expect(say(1)).toEqual([]);
  expect(found(incoming, 'a', 0)).toEqual(['write a1 a2']);
  expect(say(3)).toEqual([]);
  expect(written(incoming, 1, 2)).toEqual([
    ...['acknowledge a1', 'recorded 1 a1', 'acknowledge a2', 'recorded 2 a2', 'write a3'],
  ]);
  // On its way already: said again, it is not judged by what came since.
  expect(say(3)).toEqual([]);
  expect(say(4)).toEqual(['refuse a4 _no']);
});

test('while it cannot be said whether it may enter there is silence, and a copy of it is taken later', () => {
  const incoming = newIncoming<string>(limits);
  let code: string | null = UNDECIDED;
  const say = (counter: number): string[] => {
    const judged = { ...arrival('a', counter), judge: () => code };
    return incomingLines(stepIncoming(incoming, { kind: 'arrived', arrival: judged, hasRoom: true }));
  };
  expect(say(1)).toEqual(['look a']);
  // Held until it shows; what comes again is not answered either.
  expect(found(incoming, 'a', 0)).toEqual([]);
  for (let times = 0; times < 5; times++) expect(say(1)).toEqual([]);
  code = null;
  expect(say(1)).toEqual(['write a1']);
  expect(written(incoming, 1)).toEqual(['acknowledge a1', 'recorded 1 a1']);
  expect(incoming.held).toBe(0);
});

test('who begins anew may leave numbers out, but not while earlier ones are on their way', () => {
  const incoming = newIncoming<string>(limits);
  const begin = (counter: number): string[] =>
    incomingLines(
      stepIncoming(incoming, { kind: 'arrived', arrival: { ...arrival('a', counter), begins: true }, hasRoom: true }),
    );
  expect(begin(7)).toEqual(['look a']);
  expect(found(incoming, 'a', 2)).toEqual(['write a7']);
  expect(begin(12)).toEqual([]);
  expect(written(incoming, 1)).toEqual(['acknowledge a7', 'recorded 1 a7', 'write a12']);
  expect(arrive(incoming, 'a', 5)).toEqual(['refuse a5 _settled_counter']);
  expect(arrive(incoming, 'a', 7)).toEqual(['refuse a7 _settled_counter']);
  expect(arrive(incoming, 'a', 12)).toEqual([]);
});

test('a number that another packet has by now is refused; of older numbers, and whose packets have no tags, nothing is known', () => {
  const incoming = newIncoming<string>(limits);
  let code: string | null = '_no';
  const say = (counter: number, tag?: string): string[] => {
    const said = { ...arrival('a', counter), judge: () => code, ...(tag !== undefined && { tag }) };
    return incomingLines(stepIncoming(incoming, { kind: 'arrived', arrival: said, hasRoom: true }));
  };
  const look = { kind: 'found', author: 'a', counter: 4, tag: 'd' } as const;
  expect([say(5, 'e'), incomingLines(stepIncoming(incoming, look))]).toEqual([['look a'], ['refuse a5 _no']]);
  expect([say(4, 'd'), say(4, 'x'), say(3, 'x')]).toEqual([
    ['acknowledge a4'],
    ['refuse a4 _used_counter'],
    ['acknowledge a3'],
  ]);
  // A copy of what was refused is taken, and its number was used for something else meanwhile.
  code = null;
  expect([say(5, 'e'), say(5, 'f')]).toEqual([['write a5'], []]);
  expect(written(incoming, 1)).toEqual(['acknowledge a5', 'recorded 1 a5']);
  expect([say(5, 'f'), say(5, 'e'), say(5)]).toEqual([
    ['refuse a5 _used_counter'],
    ['acknowledge a5'],
    ['acknowledge a5'],
  ]);
  for (let counter = 6; counter <= 20; counter++) {
    say(counter, `t${counter}`);
    written(incoming, counter);
  }
  expect(incoming.authors.get('a')?.tags.size).toBe(8);
  expect([say(5, 'f'), say(20, 'x')]).toEqual([['acknowledge a5'], ['refuse a20 _used_counter']]);
});
