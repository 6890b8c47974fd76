/** Boxes over ordinary circuits: made, filled, emptied, left, closed; and what everybody may try. */
import { expect, test } from '@jest/globals';
import { deposit } from '../../client/pigeonhole/depositor.ts';
import { BoxOwner } from '../../client/pigeonhole/owner.ts';
import { suite } from '../../server/suite.ts';
import { boxName, boxSecrets } from '../../services/pigeonhole/keys.ts';
import { pigeonholeLimits } from '../../services/pigeonhole/limits.ts';
import { messageBytesMax, sealMessage } from '../../services/pigeonhole/message.ts';
import { type Order, renderDeposit, renderOrder, renderTerms } from '../../services/pigeonhole/request.ts';
import { digestOf, findWork, makingDigest } from '../../services/work.ts';
import { beginUnixMs } from '../../simulator/scenes/circuit-end.ts';
import { MemoryStore } from '../../store/memory.ts';
import type { StoreOutcome } from '../../store/store.ts';
import { channel, NodeFixture } from '../federation/node-fixture.ts';
import { around, ask, bytes, easy, nodeWithBoxes, owning, textsOf } from './box-stand.ts';
import { codeOf, dayMs, home } from './stand.ts';

const bits = 1;
const root = (byte: number): Uint8Array => new Uint8Array(32).fill(byte);
const boxOf = (byte: number): ReturnType<typeof boxSecrets> => boxSecrets(suite, home, root(byte));

/** An order that is signed as it must be; `work` where it takes some. */
function order(fixture: NodeFixture, byte: number, what: Order, workBits = 8) {
  const box = boxOf(byte);
  const nowMs = beginUnixMs + fixture.nowMs;
  const subject = {
    service: 'pigeonhole',
    domain: home,
    name: boxName(suite, box.keys),
    digest: makingDigest,
  } as const;
  const work = what.kind === 'make' ? findWork(suite, subject, workBits, nowMs, 0, 1e6)! : undefined;
  return renderOrder(suite, box, what, nowMs, work);
}

/** A deposit that nobody can open, of one's own choice. */
function junk(fixture: NodeFixture, byte: number, number: number) {
  const box = boxOf(byte);
  const bytes = new Uint8Array(pigeonholeLimits.depositBytes);
  new DataView(bytes.buffer).setUint32(0, number);
  const subject = {
    service: 'pigeonhole',
    domain: home,
    name: boxName(suite, box.keys),
    digest: digestOf(suite, bytes),
  } as const;
  return renderDeposit(box.keys, findWork(suite, subject, 8, beginUnixMs + fixture.nowMs, 0, 1e6)!, bytes);
}

const reader = (byte: number): Uint8Array => new Uint8Array(16).fill(byte);
const fetching = (number: number, acknowledged = 0, by = 1): Order => {
  return { kind: 'fetch', reader: reader(by), number, acknowledged, after: acknowledged, limit: 16 };
};

test('a box is made, anybody puts something in, its owner gets it once and in order, and then it is gone there', async () => {
  const fixture = nodeWithBoxes();
  const ada = around(() => fixture, 'ada');
  const mine = owning(ada);
  await mine.owner.make(bits);
  expect(mine.disk.state.untilSeconds).toBeGreaterThan((beginUnixMs + 60 * dayMs) / 1000);
  const bob = around(() => fixture, 'bob');
  for (const text of ['one', 'two']) await deposit(bob, mine.address, bytes(text));
  const long = 'x'.repeat(20_000);
  const told: string[] = [];
  await deposit(bob, mine.address, bytes(long), (count, of) => told.push(`${count}/${of}`));
  expect(told).toHaveLength(11);
  await mine.owner.fetch(4);
  expect(textsOf(mine)).toEqual(['one', 'two', long]);
  const log = (): StoreOutcome =>
    fixture.store.perform({
      kind: 'read',
      request: 1,
      context: `box 1 of psyc://${home}/$pigeonhole`,
      after: 0,
      rowsMax: 512,
    });
  expect(log()).toMatchObject({ rows: [], last: 13 });
  await mine.owner.fetch(4);
  expect(textsOf(mine)).toHaveLength(3);
  await mine.owner.close();
  expect(log()).toMatchObject({ rows: [], last: 0 });
  await expect(deposit(bob, mine.address, bytes('late'))).rejects.toMatchObject({ code: '_box_unknown' });
  // Who has heard no answer closes it again.
  await mine.owner.close();
});

test('nothing goes before every device that reads has it; one that leaves is not waited for', async () => {
  const fixture = nodeWithBoxes();
  const ada = around(() => fixture, 'ada');
  const [phone, desk] = [owning(ada, root(1)), owning(ada, root(1))];
  await phone.owner.make(bits);
  await desk.owner.fetch(16);
  await deposit(ada, phone.address, bytes('for both'));
  await phone.owner.fetch(16);
  await phone.owner.fetch(16);
  expect([textsOf(phone), textsOf(desk)]).toEqual([['for both'], []]);
  await desk.owner.fetch(16);
  expect(textsOf(desk)).toEqual(['for both']);
  await deposit(ada, phone.address, bytes('more'));
  await desk.owner.leave();
  await phone.owner.fetch(16);
  const rows = {
    kind: 'read',
    request: 1,
    context: `box 1 of psyc://${home}/$pigeonhole`,
    after: 0,
    rowsMax: 9,
  } as const;
  expect(fixture.store.perform(rows)).toMatchObject({ rows: [], last: 2 });
  // What it said before it left brings it back as little as what it says now.
  const left = order(fixture, 1, { kind: 'leave', reader: reader(9) });
  expect(codeOf(ask(fixture, left))).toBe('_echo_box_leave');
  expect(codeOf(ask(fixture, order(fixture, 1, fetching(1, 0, 9))))).toBe('_box_left_reader');
  fixture.pass(4 * dayMs);
  expect(codeOf(ask(fixture, order(fixture, 1, fetching(1, 0, 9))))).toBe('_echo_box_fetch');
});

test('a device that was restored from an older copy goes on as another, and hands out nothing twice', async () => {
  const fixture = nodeWithBoxes();
  const ada = around(() => fixture, 'ada');
  const mine = owning(ada, root(1));
  await mine.owner.make(bits);
  const other = owning(ada, root(1));
  await other.owner.fetch(16);
  await deposit(ada, mine.address, bytes('one'));
  const before = mine.disk.state;
  await mine.owner.fetch(16);
  const restored = new BoxOwner(
    ada,
    { ...mine.disk.state, number: before.number, messages: [] },
    async (state) => void (mine.disk.state = state),
  );
  await restored.fetch(16);
  expect(textsOf(mine)).toEqual([]);
  await deposit(ada, mine.address, bytes('two'));
  await restored.fetch(16);
  expect(textsOf(mine)).toEqual(['two']);
});

test('an order said again is answered again, and does nothing twice; an older or another one under its number is refused', () => {
  const fixture = nodeWithBoxes();
  expect(codeOf(ask(fixture, order(fixture, 1, { kind: 'make', bits })))).toBe('_echo_box_make');
  const [first, second] = [1, 2].map((number) => junk(fixture, 1, number));
  expect(codeOf(ask(fixture, first!))).toBe('_echo_box_deposit');
  const look = order(fixture, 1, fetching(1));
  const answer = ask(fixture, look);
  expect(answer?.value('_deposits')).toHaveLength(2048);
  expect(ask(fixture, look)?.text('_first')).toBe('1');
  // It came again before it was acknowledged: once is enough.
  expect(codeOf(ask(fixture, first!))).toBe('_echo_box_deposit');
  expect(ask(fixture, look)?.text('_last')).toBe('1');
  const acknowledging = order(fixture, 1, fetching(2, 1));
  expect(ask(fixture, acknowledging)?.value('_deposits')).toBeUndefined();
  expect(codeOf(ask(fixture, second!))).toBe('_echo_box_deposit');
  expect(ask(fixture, acknowledging)?.text('_last')).toBe('2');
  expect(codeOf(ask(fixture, look))).toBe('_box_old_number');
  expect(codeOf(ask(fixture, order(fixture, 1, fetching(2, 0))))).toBe('_box_old_number');
  // Nobody acknowledges what has not come.
  expect(codeOf(ask(fixture, order(fixture, 1, fetching(3, 3))))).toBe('_box_invalid_request');
  expect(ask(fixture, order(fixture, 1, fetching(3, 1)))?.text('_first')).toBe('2');
});

test('what is forged, changed, old or for another domain is refused', () => {
  const fixture = nodeWithBoxes();
  const make = order(fixture, 1, { kind: 'make', bits });
  const change = (name: string, value: string | Uint8Array) => ({ ...make, entity: { ...make.entity, [name]: value } });
  const proof = new Uint8Array(make.entity['_proof'] as Uint8Array);
  proof[3]! ^= 1;
  expect(codeOf(ask(fixture, change('_proof', proof)))).toBe('_box_invalid_proof');
  expect(codeOf(ask(fixture, change('_bits', '2')))).toBe('_box_invalid_proof');
  expect(codeOf(ask(fixture, change('_box', boxOf(2).keys)))).toBe('_box_invalid_proof');
  expect(codeOf(ask(fixture, change('_day', String(Number(make.entity['_day']) + 1))))).toBe('_box_invalid_proof');
  expect(codeOf(ask(fixture, change('_work', new Uint8Array(12))))).toBe('_box_necessary_work');
  for (const [name, value] of [
    ['_proof', proof.subarray(1)],
    ['_box', boxOf(1).keys.subarray(1)],
    ['_work', new Uint8Array(11)],
    ['_bits', '01'],
    ['_bits', '25'],
    ['_bits', '-1'],
    ['_day', 'x'],
  ] as const) {
    expect(codeOf(ask(fixture, change(name, value)))).toBe('_box_invalid_request');
  }
  const elsewhere = renderOrder(suite, { ...boxOf(1), domain: 'b.example' }, { kind: 'close' }, beginUnixMs);
  expect(codeOf(ask(fixture, elsewhere))).toBe('_box_invalid_proof');
  for (const days of [-2, 2]) {
    const stale = renderOrder(suite, boxOf(1), { kind: 'close' }, beginUnixMs + days * dayMs);
    expect(codeOf(ask(fixture, stale))).toBe('_box_stale_order');
  }
  expect(codeOf(ask(fixture, order(fixture, 1, { kind: 'close' })))).toBe('_box_unknown');
  expect(codeOf(ask(fixture, { method: '_request_box_dance', entity: {} }))).toBe('_box_invalid_request');
  expect(codeOf(ask(fixture, { method: '_request_dance', entity: {} }))).toBe('_unsupported_method');
  expect(codeOf(ask(fixture, make))).toBe('_echo_box_make');
  // Made already: nothing of it is another's to change.
  expect(codeOf(ask(fixture, order(fixture, 1, { kind: 'make', bits: 9 })))).toBe('_echo_box_make');
  expect(ask(fixture, renderTerms(boxOf(1).keys))?.text('_bits')).toBe('1');
  const short = renderDeposit(boxOf(1).keys, new Uint8Array(12), new Uint8Array(2047));
  expect(codeOf(ask(fixture, short))).toBe('_box_invalid_request');
  const lazy = renderDeposit(boxOf(1).keys, new Uint8Array(12), new Uint8Array(2048));
  expect(codeOf(ask(fixture, lazy))).toBe('_box_necessary_work');
});

test('work is for one box, one deposit, this domain and these hours', () => {
  const fixture = nodeWithBoxes();
  ask(fixture, order(fixture, 1, { kind: 'make', bits: 8 }));
  ask(fixture, order(fixture, 2, { kind: 'make', bits: 8 }));
  const one = junk(fixture, 1, 1);
  const elsewhere = { ...one, entity: { ...one.entity, _box: boxOf(2).keys } };
  const other = { ...one, entity: { ...one.entity, _deposit: junk(fixture, 1, 2).entity['_deposit']! } };
  expect([elsewhere, other].map((asking) => codeOf(ask(fixture, asking)))).toEqual(
    Array.from({ length: 2 }, () => '_box_necessary_work'),
  );
  fixture.pass(4 * 3_600_000);
  expect(codeOf(ask(fixture, one))).toBe('_box_necessary_work');
  expect(codeOf(ask(fixture, junk(fixture, 1, 1)))).toBe('_echo_box_deposit');
});

test('a box takes so much and no more; what was taken stays, and there is room when it is acknowledged', () => {
  const fixture = nodeWithBoxes(4, { ...easy, depositsMax: 3 });
  ask(fixture, order(fixture, 1, { kind: 'make', bits }));
  const codes = [1, 2, 3, 4].map((number) => codeOf(ask(fixture, junk(fixture, 1, number))));
  expect(codes).toEqual(['_echo_box_deposit', '_echo_box_deposit', '_echo_box_deposit', '_box_full']);
  expect(ask(fixture, order(fixture, 1, fetching(1)))?.value('_deposits')).toHaveLength(3 * 2048);
  ask(fixture, order(fixture, 1, fetching(2, 2)));
  expect([4, 5, 6].map((number) => codeOf(ask(fixture, junk(fixture, 1, number))))).toEqual([
    '_echo_box_deposit',
    '_echo_box_deposit',
    '_box_full',
  ]);
});

test('there are so many boxes and no more, and the fuller it gets the more work a new one takes', () => {
  const fixture = nodeWithBoxes(4, { ...easy, makeBitsMin: 1, makeBitsMore: 12 });
  const making = (): string | undefined => ask(fixture, renderTerms())?.text('_bits_make');
  const seen: (string | undefined)[] = [];
  for (const byte of [1, 2, 3, 4]) {
    seen.push(making());
    expect(codeOf(ask(fixture, order(fixture, byte, { kind: 'make', bits }, Number(making()))))).toBe('_echo_box_make');
  }
  expect(seen).toEqual(['1', '1', '1', '7']);
  // Nobody is to work for nothing.
  expect(codeOf(ask(fixture, renderTerms()))).toBe('_box_excessive_boxes');
  expect(codeOf(ask(fixture, order(fixture, 5, { kind: 'make', bits }, 13)))).toBe('_box_excessive_boxes');
  ask(fixture, order(fixture, 2, { kind: 'close' }));
  expect(codeOf(ask(fixture, order(fixture, 5, { kind: 'make', bits }, 7)))).toBe('_echo_box_make');
  expect(fixture.queue('boxes')).toBe(4);
});

test('so many devices read a box; one that is silent makes room, and is not waited for', () => {
  const fixture = nodeWithBoxes(4, { ...easy, readersMax: 2 });
  ask(fixture, order(fixture, 1, { kind: 'make', bits }));
  const codes = [1, 2, 3].map((by) => codeOf(ask(fixture, order(fixture, 1, fetching(1, 0, by)))));
  expect(codes).toEqual(['_echo_box_fetch', '_echo_box_fetch', '_box_excessive_readers']);
  fixture.pass(31 * dayMs);
  expect(codeOf(ask(fixture, order(fixture, 1, fetching(1, 0, 3))))).toBe('_echo_box_fetch');
  // Nobody comes and goes for ever.
  for (let by = 10; by < 20; by++) ask(fixture, order(fixture, 1, { kind: 'leave', reader: reader(by) }));
  expect(codeOf(ask(fixture, order(fixture, 1, { kind: 'leave', reader: reader(30) })))).toBe('_box_excessive_readers');
});

test('deposits go after their days, whoever has read them; boxes after theirs, and their places are used again', () => {
  const fixture = nodeWithBoxes();
  ask(fixture, order(fixture, 1, { kind: 'make', bits }));
  ask(fixture, junk(fixture, 1, 1));
  fixture.pass(10 * dayMs);
  ask(fixture, junk(fixture, 1, 2));
  fixture.pass(20 * dayMs);
  const rows = (): StoreOutcome =>
    fixture.store.perform({
      kind: 'read',
      request: 1,
      context: `box 1 of psyc://${home}/$pigeonhole`,
      after: 0,
      rowsMax: 9,
    });
  expect(rows()).toMatchObject({ rows: [{ sequence: 1 }, { sequence: 2 }] });
  fixture.pass(2 * dayMs);
  expect(rows()).toMatchObject({ rows: [{ sequence: 2 }] });
  expect(ask(fixture, order(fixture, 1, fetching(1)))?.text('_first')).toBe('2');
  fixture.pass(10 * dayMs);
  expect(rows()).toMatchObject({ rows: [], last: 2 });
  fixture.pass(40 * dayMs);
  expect(fixture.queue('boxes')).toBe(1);
  fixture.pass(20 * dayMs);
  expect(fixture.queue('boxes')).toBe(0);
  expect(rows()).toMatchObject({ rows: [], last: 0 });
  ask(fixture, order(fixture, 2, { kind: 'make', bits }));
  ask(fixture, junk(fixture, 2, 1));
  expect(rows()).toMatchObject({ rows: [{ sequence: 1 }] });
  expect(codeOf(ask(fixture, order(fixture, 1, fetching(2))))).toBe('_box_unknown');
});

test('nothing is acknowledged before it is durable; what the disk has no room for is refused', () => {
  const fixture = nodeWithBoxes();
  ask(fixture, order(fixture, 1, { kind: 'make', bits }));
  fixture.hear('client bob phone');
  fixture.held.store = [];
  const routing = { _source: channel('bob', 'phone'), _target: `psyc://${home}/$pigeonhole`, _tag: 'y' };
  fixture.sayRaw('client bob phone', { routing, ...junk(fixture, 1, 1) });
  // Two reads and a write, one after the other.
  for (let step = 0; step < 3; step++) {
    expect(fixture.methods('client bob phone')).toEqual([]);
    const [request, ...more] = fixture.held.store.splice(0);
    expect(more).toEqual([]);
    fixture.tell({ kind: 'stored', outcome: fixture.store.perform(request!) });
  }
  expect(fixture.methods('client bob phone')).toEqual(['_echo_box_deposit']);
  fixture.held.store = null;

  const full = nodeWithBoxes(4, easy, { store: new MemoryStore(12_000) });
  ask(full, order(full, 1, { kind: 'make', bits }));
  const codes = Array.from({ length: 9 }, (_, number) => codeOf(ask(full, junk(full, 1, number))));
  expect(codes).toContain('_box_unavailable_store');
  const taken = codes.filter((code) => code === '_echo_box_deposit').length;
  expect(ask(full, order(full, 1, fetching(1)))?.text('_last') ?? String(taken)).toBe(String(taken));
});

test('a message is as long as it is, or refused; another box’s is nobody’s', async () => {
  const fixture = nodeWithBoxes();
  const ada = around(() => fixture, 'ada');
  const [mine, other] = [owning(ada, root(1)), owning(ada, root(2))];
  await mine.owner.make(bits);
  await expect(deposit(ada, mine.address, new Uint8Array(messageBytesMax + 1))).rejects.toMatchObject({
    code: '_box_oversized_message',
  });
  // Sealed to another box, and put into this one.
  const [sealed] = sealMessage(suite, other.address, bytes('for another'), beginUnixMs);
  const { keys } = mine.address;
  const subject = {
    service: 'pigeonhole',
    domain: home,
    name: boxName(suite, keys),
    digest: digestOf(suite, sealed!),
  } as const;
  ask(fixture, renderDeposit(keys, findWork(suite, subject, 8, beginUnixMs, 0, 1e6)!, sealed!));
  await deposit(ada, mine.address, bytes(''));
  await deposit(ada, mine.address, bytes('mine'));
  await mine.owner.fetch(1);
  expect(textsOf(mine)).toEqual(['', 'mine']);
});

test('a flood of requests for one box is refused, and the others have theirs', () => {
  const fixture = nodeWithBoxes(4, { ...easy, waitingOfBoxMax: 4 });
  for (const byte of [1, 2]) ask(fixture, order(fixture, byte, { kind: 'make', bits }));
  fixture.held.store = [];
  const routing = { _source: channel('bob', 'phone'), _target: `psyc://${home}/$pigeonhole`, _tag: 'y' };
  for (let more = 0; more < 7; more++) {
    fixture.sayRaw('client bob phone', { routing, ...junk(fixture, 1, more) });
  }
  expect(fixture.methods('client bob phone')).toEqual(
    Array.from({ length: 3 }, () => '_failure_box_excessive_requests'),
  );
  expect(fixture.queue('box requests')).toBe(4);
  fixture.sayRaw('client bob phone', { routing, ...junk(fixture, 2, 1) });
  fixture.release();
  expect(fixture.methods('client bob phone')).toEqual(Array.from({ length: 5 }, () => '_echo_box_deposit'));
  expect(fixture.queue('box requests')).toBe(0);
});

test('a domain that keeps no boxes says so', () => {
  const fixture = new NodeFixture();
  expect(codeOf(ask(fixture, renderTerms()))).toBe('_unknown_target');
});
