/** The search for a key that stands further up in a place's log: what is asked for, in which order, and when it is given up. */
import { beforeEach, expect, test } from '@jest/globals';
import { parseOne } from '../../circuit/one-packet.ts';
import { type Found, KeySearch, type Sought } from '../../client/session/key-search.ts';
import { sessionLimits } from '../../client/session/limits.ts';
import type { Packet } from '../../psyc/packet.ts';
import { render } from '../../psyc/render.ts';
import { KEY_METHOD } from '../../publication/sender-key.ts';

const den = 'psyc://b.example/@den';
const vault = 'psyc://c.example/@vault';

/** Places that are being asked for something else. */
const asked = new Set<string>();
/** Names of keys that have come, and numbers of the rows whose authors' keys have not. */
const seen = new Set<string>();
const early = new Set<number>();
/** What was asked for: place, tag, after and limit. */
let sent: string[][] = [];
let read: number[] = [];
let nowMs = 0;
let search: KeySearch;

beforeEach(() => {
  for (const set of [asked, seen, early]) set.clear();
  [sent, read, nowMs] = [[], [], 0];
  let tags = 0;
  const send = (bytes: Uint8Array): boolean => {
    const packet = parseOne(bytes);
    const routed = ['_target', '_tag'].map((name) => packet.ownRoute(name) ?? '');
    return sent.push([...routed, ...['_after', '_limit'].map((name) => packet.text(name) ?? '')]) > 0;
  };
  search = new KeySearch(
    { channel: 'psyc://a.example/~ada#phone-1', send, tag: () => `t${++tags}` },
    {
      isAsked: (place) => asked.has(place),
      isSeen: (name) => seen.has(name),
      read: ({ packet }) => {
        const row = Number(packet.ownRoute('_counter'));
        if (early.has(row)) return false;
        read.push(row);
        return true;
      },
    },
  );
});

const now = (): { monotoneMs: number; wallMs: number } => ({ monotoneMs: nowMs, wallMs: nowMs });
const key = (place: string, row: number, name = 'k'): Sought => ({ place, epoch: 5, row, name: `${place} ${name}` });
const seeks = (sought: Sought): boolean => search.seeks(sought, now());
const parsed = (method: string, routing: Record<string, string>, entity: Record<string, string>): Packet =>
  parseOne(render({ routing, entity, method }));

/** A row of the log comes; whether it was taken. */
function gives(place: string, row: number, method = KEY_METHOD, epoch = 5): boolean {
  const packet = parsed(method, { _context: place, _counter: String(row) }, { _epoch: String(epoch) });
  const found: Found = { packet, routing: new Map(), sinceMs: nowMs };
  return search.take(place, row, found, now());
}

/** The last page of the place is over. */
function ends(place: string, after: number, code: string | null = null): boolean {
  const tag = sent.findLast(([target]) => target === place)?.[1] ?? '';
  return search.answered(place, tag, parsed('_echo_history', {}, { _after: String(after) }), code, now());
}

test('rows of the page are taken, each once and in order; keys of that membership alone are read', () => {
  expect(seeks(key(den, 20))).toBe(true);
  expect(sent).toEqual([[den, 't1', '5', '14']]);
  const taken = [
    gives(vault, 6),
    gives(den, 5),
    gives(den, 6),
    gives(den, 6),
    gives(den, 7, '_message_public'),
    gives(den, 8, KEY_METHOD, 4),
    gives(den, 19),
    gives(den, 20),
  ];
  expect(taken).toEqual([false, false, true, false, true, true, true, false]);
  expect(read).toEqual([6, 19]);
});

test('of each place one key at a time: one that does not answer keeps nobody else waiting, and is given up', () => {
  expect([seeks(key(den, 20)), seeks(key(den, 30, 'other')), seeks(key(vault, 9))]).toEqual([true, true, true]);
  expect(sent.map(([place]) => place)).toEqual([den, vault]);
  expect([search.placeOf('t1'), search.placeOf('t2'), search.placeOf('t3')]).toEqual([den, vault, null]);
  expect([ends(vault, 8), seeks(key(vault, 9))]).toEqual([true, false]);
  for (let tries = 0; tries < 3; tries++) {
    nowMs += sessionLimits.repeatMsMax;
    search.again(now(), false);
  }
  expect(sent.map(([place]) => place)).toEqual([den, vault, den, den]);
  expect([seeks(key(den, 20)), search.isAsking(den)]).toEqual([false, false]);
  expect(seeks(key(den, 30, 'other'))).toBe(true);
  // An answer to what was given up is one to nothing.
  expect(search.answered(den, 't1', parsed('_echo_history', {}, { _after: '19' }), null, now())).toBe(false);
});

test('a refusal ends it; a place that is being asked for something else is not asked', () => {
  asked.add(den);
  expect([seeks(key(den, 300)), sent]).toEqual([true, []]);
  asked.clear();
  expect([seeks(key(den, 300)), ends(den, 0, '_necessary_membership'), seeks(key(den, 300))]).toEqual([
    true,
    true,
    false,
  ]);
  expect(sent).toHaveLength(1);
});

test('a key whose author’s keys have not come is read when they have', () => {
  early.add(7);
  seeks(key(den, 20));
  gives(den, 7);
  search.advance(now());
  expect(read).toEqual([]);
  early.clear();
  search.advance(now());
  search.advance(now());
  expect(read).toEqual([7]);
});

test('what has come is not looked for any further', () => {
  seeks(key(den, 300));
  seen.add(`${den} k`);
  ends(den, 299);
  expect([sent.length, search.isAsking(den)]).toEqual([1, false]);
});
