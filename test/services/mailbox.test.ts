/** Values at addresses over ordinary circuits: the first signed one stays, absent and present look alike, and what everybody may try. */
import { expect, test } from '@jest/globals';
import { renderRouted } from '../../psyc/render.ts';
import { suite } from '../../server/suite.ts';
import { nameOf, signValue } from '../../services/mailbox/address.ts';
import { mailboxLimits } from '../../services/mailbox/limits.ts';
import { readFound, renderGet, renderTerms } from '../../services/mailbox/request.ts';
import { IdealKeys } from '../../simulator/ideal.ts';
import { MemoryStore } from '../../store/memory.ts';
import type { StoreOutcome, StoreRequest } from '../../store/store.ts';
import type { NodeFixture } from '../federation/node-fixture.ts';
import { addressOf, ask, easy, got, nodeWithMailbox, put, seedOf, valueOf } from './mailbox-stand.ts';
import { codeOf, dayMs, home } from './stand.ts';

const stored = '_echo_mailbox_put';
const said = (fixture: NodeFixture, seed: number, value: number): string | null =>
  codeOf(ask(fixture, put(fixture, seed, valueOf(value))));
const log = { kind: 'read', request: 1, context: `psyc://${home}/$mailbox`, after: 0, rowsMax: 512 } as const;

test('the first value at an address stays, the same again is acknowledged, another is refused', () => {
  const fixture = nodeWithMailbox();
  expect(got(fixture, 1)).toBeNull();
  expect(said(fixture, 1, 7)).toBe(stored);
  expect(got(fixture, 1, 'ada')).toEqual(valueOf(7));
  expect(said(fixture, 1, 7)).toBe(stored);
  expect(said(fixture, 1, 8)).toBe('_mailbox_taken');
  expect(got(fixture, 1)).toEqual(valueOf(7));
  expect(got(fixture, 2)).toBeNull();
});

test('nobody puts anything at an address whose key he does not have', () => {
  const fixture = nodeWithMailbox();
  const good = put(fixture, 1, valueOf(7));
  const with_ = (name: string, value: string | Uint8Array) => ({ ...good, entity: { ...good.entity, [name]: value } });
  const proof = new Uint8Array(good.entity['_proof'] as Uint8Array);
  proof[3]! ^= 1;
  for (const [name, value] of [
    ['_proof', proof],
    ['_address', addressOf(2)],
    ['_value', valueOf(8)],
  ] as const) {
    expect(codeOf(ask(fixture, with_(name, value)))).toBe('_mailbox_invalid_proof');
  }
  // Signed by a key of his own.
  const squatter = signValue(suite, seedOf(9), valueOf(7));
  expect(codeOf(ask(fixture, with_('_proof', squatter.proof)))).toBe('_mailbox_invalid_proof');
  expect(codeOf(ask(fixture, with_('_work', new Uint8Array(12))))).toBe('_mailbox_necessary_work');
  for (const [name, value] of [
    ['_proof', proof.subarray(1)],
    ['_address', addressOf(1).subarray(1)],
    ['_value', valueOf(1).subarray(1)],
    ['_value', new Uint8Array(mailboxLimits.valueBytes + 1)],
    ['_work', new Uint8Array(11)],
  ] as const) {
    expect(codeOf(ask(fixture, with_(name, value)))).toBe('_mailbox_invalid_request');
  }
  expect(codeOf(ask(fixture, renderGet(addressOf(1).subarray(1))))).toBe('_mailbox_invalid_request');
  // There is no asking which addresses there are.
  for (const method of ['list', 'all', 'search'])
    expect(codeOf(ask(fixture, { method: `_request_mailbox_${method}`, entity: {} }))).toBe('_mailbox_invalid_request');
  expect(codeOf(ask(fixture, { method: '_request_history', entity: {} }))).toBe('_unsupported_method');
  expect(fixture.store.perform(log)).toMatchObject({ rows: [] });
  expect(codeOf(ask(fixture, good))).toBe(stored);
});

test('absent, present and over answer alike but for one digit: as many bytes, after one question to the store each', () => {
  const asked: string[] = [];
  const inner = new MemoryStore();
  const store = {
    perform(request: StoreRequest): StoreOutcome {
      if ('context' in request && request.context === log.context) asked.push(request.kind);
      return inner.perform(request);
    },
  };
  const fixture = nodeWithMailbox(100, { ...easy, lookMs: 1000 * dayMs }, { store });
  said(fixture, 1, 7);
  const look = (seed: number) => {
    asked.length = 0;
    const answer = ask(fixture, renderGet(addressOf(seed)))!;
    return {
      asked: [...asked],
      bytes: renderRouted({}, answer.content, answer.hasLength).length,
      found: answer.text('_found'),
    };
  };
  const [present, absent] = [look(1), look(2)];
  expect([present.found, absent.found]).toEqual(['1', '0']);
  expect(absent).toEqual({ ...present, found: '0' });
  expect(present.asked).toEqual(['latest']);
  fixture.pass(32 * dayMs);
  expect(look(1)).toEqual(absent);
  const [one, other] = [1, 2].map(() => ask(fixture, renderGet(addressOf(3)))!.value('_value'));
  expect(one).not.toEqual(other);
});

test('a value goes after so many full days, and its place is free; nothing younger goes', () => {
  const fixture = nodeWithMailbox(3);
  said(fixture, 1, 7);
  fixture.pass(10 * dayMs);
  said(fixture, 2, 8);
  said(fixture, 3, 9);
  expect(said(fixture, 4, 1)).toBe('_mailbox_full');
  // Whoever has heard no answer hears it now.
  expect(said(fixture, 3, 9)).toBe(stored);
  expect(said(fixture, 3, 1)).toBe('_mailbox_taken');
  fixture.pass(20 * dayMs - 3_600_000);
  expect(got(fixture, 1)).toEqual(valueOf(7));
  fixture.pass(dayMs + 2 * 3_600_000);
  expect([got(fixture, 1), got(fixture, 2)]).toEqual([null, valueOf(8)]);
  expect(fixture.store.perform(log)).toMatchObject({ rows: [{ sequence: 2 }, { sequence: 3 }] });
  expect(said(fixture, 4, 1)).toBe(stored);
  fixture.pass(100 * dayMs);
  expect(fixture.store.perform(log)).toMatchObject({ rows: [], last: 4 });
});

test('the fuller it is the more work a value takes, which is told', () => {
  const fixture = nodeWithMailbox(8, { ...easy, putBitsMin: 2 });
  const bits = (): string | null => ask(fixture, renderTerms())?.text('_bits') ?? null;
  const told = [bits()];
  for (let seed = 1; seed <= 8; seed++) {
    said(fixture, seed, seed);
    told.push(bits());
  }
  expect(told).toEqual(['2', '2', '2', '2', '2', '3', '4', '5', '6']);
});

test('work is for one address, one value, this domain and these hours', () => {
  const fixture = nodeWithMailbox();
  const [one, two] = [put(fixture, 1, valueOf(1)), put(fixture, 2, valueOf(1))];
  const swapped = { ...one, entity: { ...one.entity, _work: two.entity['_work']! } };
  const hard = nodeWithMailbox(100, { ...easy, putBitsMin: 8 });
  expect(codeOf(ask(hard, swapped))).toBe('_mailbox_necessary_work');
  expect(codeOf(ask(hard, one))).toBe(stored);
  hard.pass(4 * 3_600_000);
  expect(codeOf(ask(hard, two))).toBe('_mailbox_necessary_work');
});

test('who asks too much waits, and nobody waits for him', () => {
  const fixture = nodeWithMailbox(100, { ...easy, askedAtOnceMax: 3, askedAgainMs: 1000 });
  for (let count = 0; count < 3; count++) expect(got(fixture, 1)).toBeNull();
  expect(codeOf(ask(fixture, renderGet(addressOf(1))))).toBe('_mailbox_excessive_requests');
  expect(got(fixture, 1, 'ada')).toBeNull();
  fixture.pass(1000);
  expect(got(fixture, 1)).toBeNull();
});

/** A store that loses answers, before or after it has done what was asked. */
class LosingStore {
  readonly inner = new MemoryStore();
  readonly losses: ('before' | 'after' | 'full')[] = [];

  perform(request: StoreRequest): StoreOutcome {
    // What the node writes otherwise is not lost.
    const isPut = request.kind === 'write' && request.operations[0]?.context === log.context;
    const loss = isPut ? this.losses.shift() : undefined;
    const refused = { kind: 'refused', request: request.request } as const;
    if (loss === 'full') return { ...refused, code: '_store_full' };
    if (loss === 'before') return { ...refused, code: '_store_lost' };
    const outcome = this.inner.perform(request);
    return loss === 'after' ? { ...refused, code: '_store_lost' } : outcome;
  }
}

test('nothing is acknowledged that is not on the disk; what a store did not tell is asked again; another life has all', () => {
  const store = new LosingStore();
  const keys = new IdealKeys((length) => new Uint8Array(length).fill(7));
  const fixture = nodeWithMailbox(100, easy, { store, keys });
  for (const [seed, losses] of [
    [1, ['before']],
    [2, ['after']],
    [3, ['before', 'after', 'after']],
  ] as const) {
    store.losses.push(...losses);
    // No answer at once: nobody knows.
    expect(said(fixture, seed, seed)).toBeNull();
    fixture.pass(60_000);
    expect(got(fixture, seed)).toEqual(valueOf(seed));
    expect(said(fixture, seed, seed)).toBe(stored);
  }
  store.losses.push('full');
  expect(said(fixture, 4, 4)).toBe('_mailbox_unavailable_store');
  const next = nodeWithMailbox(100, easy, { store, keys, life: 2 });
  expect([1, 2, 3, 4].map((seed) => got(next, seed))).toEqual([valueOf(1), valueOf(2), valueOf(3), null]);
  expect(next.queue('mailbox requests')).toBe(0);
});

test('what lies on the disk has neither addresses nor who put or got', () => {
  const fixture = nodeWithMailbox();
  said(fixture, 1, 7);
  got(fixture, 1, 'ada');
  const outcome = fixture.store.perform(log);
  const row = outcome.kind === 'rows' ? outcome.rows[0]! : null;
  expect(row?.id).toEqual(nameOf(suite, addressOf(1)));
  expect(row?.author).toEqual(row?.id);
  const all = Buffer.concat([row!.id, row!.author, row!.packet]);
  expect(all.includes(Buffer.from(addressOf(1)))).toBe(false);
  expect(all.includes('bob') || all.includes('ada')).toBe(false);
});

test('a server that gives what the owner of the address has not signed is found out', () => {
  const fixture = nodeWithMailbox();
  said(fixture, 1, 7);
  said(fixture, 2, 8);
  const answer = ask(fixture, renderGet(addressOf(1)))!;
  expect(readFound(suite, addressOf(1), answer)).toEqual(valueOf(7));
  // Given for another address; and what is no answer.
  expect(readFound(suite, addressOf(2), answer)).toBe('altered');
  expect(readFound(suite, addressOf(1), ask(fixture, renderTerms())!)).toBe('invalid');
});
