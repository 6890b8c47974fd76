/** A members-only place that lies about its members to one of those who listen: what they are told, and that honest places are left in peace. */
import { expect, test } from '@jest/globals';
import type { Output, Status } from '../../client/session/events.ts';
import { sessionLimits } from '../../client/session/limits.ts';
import { Witness } from '../../client/session/witness.ts';

const place = 'psyc://p.example/@den';
const [ada, bob, eve] = ['psyc://a.example/~ada', 'psyc://b.example/~bob', 'psyc://p.example/~eve'] as const;

/** What one listener was told, and how often the place was asked. */
class Listener {
  readonly told: Output[] = [];
  asked = 0;
  readonly witness = new Witness(
    () => this.asked++,
    (output) => this.told.push(output),
  );

  /** Somebody comes or goes. */
  moves(sequence: number, member: string, isHere: boolean): void {
    this.witness.heard({ kind: 'member', place, sequence, member, isHere, host: 'p.example', command: null });
  }

  act(sequence: number, kind: 'kick' | 'ban', whom: string): void {
    const word = { kind: 'author' } as const;
    const act = { kind, whom };
    const said = { author: ada, word, timeMs: 1, isOld: false, command: null };
    this.witness.heard({ kind: 'act', place, sequence, act, ...said });
  }

  status(epoch: number, members: readonly string[], more: Partial<Status> = {}): void {
    const status = { kind: 'status', epoch, members, amount: members.length, last: 99, ...more } as Status;
    this.witness.told(place, status);
  }
}

const unseen = (...readers: string[]): object => ({ kind: 'unseen readers', place, author: ada, readers });
const unchecked = { kind: 'unchecked key', place, author: ada };

test('who has a key and is not named is told of, also where the place names a newer epoch', () => {
  for (const epoch of [7, 8]) {
    const listener = new Listener();
    listener.moves(8, bob, true);
    listener.witness.sealed(place, ada, 7, 9, [ada, eve]);
    listener.status(epoch, [ada, bob]);
    expect([listener.asked, listener.told]).toEqual([1, [unseen(eve)]]);
  }
});

test('who was put out behind the key, and who came, is no lie; it is looked at when those rows are heard', () => {
  const listener = new Listener();
  listener.moves(7, eve, true);
  listener.witness.sealed(place, ada, 7, 8, [ada, eve]);
  listener.status(10, [ada, bob]);
  listener.act(9, 'ban', 'psyc://p.example');
  expect(listener.told).toEqual([]);
  listener.moves(10, bob, true);
  expect(listener.told).toEqual([]);
  // The same without the ban.
  const other = new Listener();
  other.witness.sealed(place, ada, 7, 8, [ada, eve]);
  other.status(10, [ada, bob]);
  other.moves(10, bob, true);
  expect(other.told).toEqual([unseen(eve)]);
});

test('a place that answers nothing that fits is asked again, and told of in the end', () => {
  for (const answer of [
    (listener: Listener) => listener.status(6, [ada]),
    (listener: Listener) => listener.status(8, [ada], { last: 7 }),
    (listener: Listener) => listener.status(7, [ada], { amount: 2 }),
    (listener: Listener) => listener.witness.told(place, '_unavailable_store'),
  ]) {
    const listener = new Listener();
    listener.witness.sealed(place, ada, 7, 8, [ada, eve]);
    for (let tries = 1; tries < sessionLimits.witnessTriesMax; tries++) answer(listener);
    expect([listener.asked, listener.told]).toEqual([sessionLimits.witnessTriesMax, []]);
    answer(listener);
    expect(listener.told).toEqual([unchecked]);
  }
  const gone = new Listener();
  gone.witness.sealed(place, ada, 7, 8, [ada, eve]);
  gone.witness.told(place, '_necessary_membership');
  expect([gone.asked, gone.told]).toEqual([1, []]);
});

test('a second key before the answer hides no first one of somebody else', () => {
  const listener = new Listener();
  listener.witness.sealed(place, ada, 7, 8, [ada, eve]);
  listener.witness.sealed(place, bob, 7, 9, [ada, bob]);
  listener.moves(7, bob, true);
  listener.status(7, [ada, bob]);
  expect(listener.told).toEqual([unseen(eve)]);
});

test('what is sealed behind a kick under an epoch before it is told of, whichever is heard first', () => {
  const stale = { kind: 'stale seal', place, author: bob, sequence: 10 };
  for (const isKickFirst of [true, false]) {
    const listener = new Listener();
    if (isKickFirst) listener.act(9, 'kick', eve);
    listener.witness.sealed(place, bob, 8, 8, null);
    listener.witness.sealed(place, bob, 8, 10, null);
    listener.witness.sealed(place, bob, 9, 11, null);
    if (!isKickFirst) listener.act(9, 'kick', eve);
    expect(listener.told).toEqual([stale]);
  }
  // A ban may name whoever was no member: then no epoch begins.
  const listener = new Listener();
  listener.act(9, 'ban', eve);
  listener.witness.sealed(place, bob, 8, 10, null);
  expect(listener.told).toEqual([]);
});

test('a ban of somebody who has a key is a parting, of whoever has none, or has gone, it is not', () => {
  const spoken = (isReader: boolean, hasGone: boolean): Output[] => {
    const listener = new Listener();
    listener.witness.sealed(place, bob, 6, 6, isReader ? [ada, eve] : [ada]);
    if (hasGone) listener.moves(7, eve, false);
    listener.act(9, 'ban', 'psyc://p.example');
    listener.witness.sealed(place, bob, hasGone ? 7 : 6, 10, null);
    return listener.told;
  };
  const stale = { kind: 'stale seal', place, author: bob, sequence: 10 };
  expect([spoken(true, false), spoken(false, false), spoken(true, true)]).toEqual([[stale], [], []]);
});

test('who has gone is known to the next session, where something is sealed', () => {
  const listener = new Listener();
  listener.moves(7, eve, false);
  expect(listener.witness.gone()).toEqual(new Map());
  listener.witness.sealed(place, bob, 8, 8, [ada]);
  const gone = new Map([[place, new Map([[eve, 7]])]]);
  expect(listener.witness.gone()).toEqual(gone);
  expect(
    new Witness(
      () => {},
      () => {},
      gone,
    ).gone(),
  ).toEqual(gone);
  for (let at = 1; at <= 2 * sessionLimits.goneMax; at++) listener.moves(at + 8, `psyc://y${at}.example/~y`, false);
  expect(listener.witness.gone().get(place)?.size).toBe(sessionLimits.goneMax);
});

test('what one place can make it hold is bounded', () => {
  const listener = new Listener();
  const many = 2 * sessionLimits.witnessedMax;
  for (let at = 1; at <= many; at++) {
    listener.witness.sealed(place, `psyc://x${at}.example/~x`, 7, at + 8, [ada]);
    listener.moves(at, `psyc://y${at}.example/~y`, false);
  }
  for (let tries = 0; tries < sessionLimits.witnessTriesMax; tries++)
    listener.witness.told(place, '_unavailable_store');
  const kinds = listener.told.map(({ kind }) => kind);
  expect(kinds.filter((kind) => kind === 'unchecked key')).toHaveLength(sessionLimits.witnessedMax);
});
