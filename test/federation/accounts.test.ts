/** Accounts for an admin: all of them are found, page by page; one is shown, frozen and closed while whoever is there is cut off. */
import { expect, test } from '@jest/globals';
import type { AdminAnswer, AdminQuestion } from '../../federation/admin-questions.ts';
import { federationLimits } from '../../federation/limits.ts';
import { beginUnixMs } from '../../simulator/scenes/circuit-end.ts';
import type { MemoryStore } from '../../store/memory.ts';
import { channel, NodeFixture } from './node-fixture.ts';
import { said } from './said.ts';

const dayMs = 86_400_000;
const today = beginUnixMs - (beginUnixMs % dayMs);
const adas = channel('ada', 'phone');

let asked = 0;
function ask(fixture: NodeFixture, question: AdminQuestion): AdminAnswer | undefined {
  fixture.tell({ kind: 'asked', request: ++asked, question });
  return fixture.told.pop();
}
const accounts = (fixture: NodeFixture, after: string | null = null): AdminAnswer & { kind: 'accounts' } =>
  ask(fixture, { kind: 'accounts', after }) as AdminAnswer & { kind: 'accounts' };
const shown = (fixture: NodeFixture, nick: string): object | undefined => {
  const answer = ask(fixture, { kind: 'account', nick });
  return answer?.kind === 'accounts' ? answer.accounts[0] : answer;
};

/** What ada is told who logs in, or with `null` registers without an invitation. */
function comes(fixture: NodeFixture, name: string, invite?: null): (string | null)[] {
  fixture.connect('client ada phone', { name, party: { invite } as object });
  return fixture.methods(name);
}

test('all are found, page by page, with the days of their coming and of their last login, and how many devices', () => {
  const fixture = new NodeFixture({ accountsPageMax: 2 });
  for (const nick of ['cyd', 'ada', 'bob']) fixture.connect(`client ${nick} phone`);
  fixture.tell({ kind: 'ended', circuit: 'client bob phone' });
  const first = accounts(fixture);
  const one = { isThere: true, createdMs: today, seenMs: today, frozenMs: null, closedMs: null, devices: 4 };
  const counts = { friends: null, places: null };
  expect(first).toEqual({
    kind: 'accounts',
    accounts: [
      { nick: 'ada', ...one, isHere: true, ...counts },
      { nick: 'bob', ...one, isHere: false, ...counts },
    ],
    next: 'bob',
  });
  const { accounts: rest, next } = accounts(fixture, 'bob');
  expect([rest.map(({ nick }) => nick), next]).toEqual([['cyd'], null]);
  fixture.pass(3 * dayMs);
  fixture.connect('client ada phone', { name: 'again' });
  expect(shown(fixture, 'ada')).toMatchObject({ createdMs: today, seenMs: today + 3 * dayMs });
  expect(shown(fixture, 'bob')).toMatchObject({ seenMs: today });
});

test('one is shown with the numbers of friends and places', () => {
  const fixture = new NodeFixture();
  fixture.connect('client ada phone');
  fixture.say('client ada phone', said(adas, 'psyc://a.example/@hall', 1, '_request_context_enter'));
  fixture.connect('client bob phone');
  const [ada, bob] = ['psyc://a.example/~ada', 'psyc://a.example/~bob'];
  const befriend = (from: string, to: string, circuit: string): void => {
    const draft = said(from, to, 1, '_request_friendship', null);
    fixture.sayBytes(circuit, fixture.signed(from, to, draft));
  };
  befriend(adas, bob, 'client ada phone');
  expect(shown(fixture, 'ada')).toMatchObject({ friends: 0, places: 1 });
  befriend(channel('bob', 'phone'), ada, 'client bob phone');
  expect(shown(fixture, 'ada')).toMatchObject({ friends: 1, places: 1 });
  expect(shown(fixture, 'nobody')).toMatchObject({ isThere: false, closedMs: null });
});

test('frozen, nobody is let in and who is there is cut off; what is said is kept; thawed, all is as it was; over a restart', () => {
  const fixture = new NodeFixture();
  fixture.connect('client ada phone');
  expect(ask(fixture, { kind: 'freeze', nick: 'ada', isFrozen: true })).toEqual({ kind: 'done' });
  expect(fixture.methods('client ada phone').at(-1)).toBe('_error_frozen_account');
  expect(comes(fixture, 'again')).toEqual(['_error_frozen_account']);
  // To register again would renew what this domain says of him, and by that he is let in elsewhere.
  const kept = (): unknown => fixture.store.perform({ kind: 'records', request: 0, context: 'psyc://a.example/~ada' });
  const before = kept();
  fixture.keys.untilMs += 25 * dayMs;
  expect(comes(fixture, 'once more', null)).toEqual(['_error_frozen_account']);
  expect(kept()).toEqual(before);
  const next = new NodeFixture({}, { store: fixture.store, keys: fixture.keys, life: 2 });
  expect(comes(next, 'later')).toEqual(['_error_frozen_account']);
  expect(shown(next, 'ada')).toMatchObject({ isThere: true, frozenMs: beginUnixMs, isHere: false });
  const bobs = next.connect('client bob phone');
  next.say(bobs, said(channel('bob', 'phone'), 'psyc://a.example/~ada', 1, '_message_private_sealed', 'x'));
  expect(next.methods(bobs)).toEqual(['_echo_message_private_sealed']);
  expect(ask(next, { kind: 'freeze', nick: 'ada', isFrozen: false })).toEqual({ kind: 'done' });
  next.connect('client ada phone', { name: 'thawed' });
  expect([next.isProved('thawed'), next.methods('thawed')]).toEqual([true, ['_message_private_sealed']]);
  expect(ask(next, { kind: 'freeze', nick: 'nobody', isFrozen: true })).toEqual({
    kind: 'refused',
    code: '_unknown_target',
  });
});

test('closed by the admin, nothing of it is left, nobody is let in, and the name is nobody’s for a year', () => {
  const fixture = new NodeFixture();
  fixture.connect('client ada phone');
  fixture.say('client ada phone', said(adas, 'psyc://a.example/@hall', 1, '_request_context_enter'));
  expect(ask(fixture, { kind: 'close', nick: 'ada' })).toEqual({ kind: 'done' });
  fixture.pass(60_000);
  expect(fixture.methods('client ada phone')).toContain('_error_closed_account');
  expect(comes(fixture, 'again')).toEqual(['_error_closed_account']);
  const named = (fixture.store as MemoryStore).contexts().filter((context) => context.includes('~ada'));
  expect(named).toEqual([]);
  expect(accounts(fixture).accounts).toEqual([]);
  expect(shown(fixture, 'ada')).toMatchObject({ isThere: false, closedMs: beginUnixMs });
  expect(ask(fixture, { kind: 'close', nick: 'ada' })).toEqual({ kind: 'refused', code: '_closed_account' });
  expect(ask(fixture, { kind: 'close', nick: 'bob' })).toEqual({ kind: 'refused', code: '_unknown_target' });
  fixture.pass(federationLimits.reservedMs - 120_000);
  expect(comes(fixture, 'early', null)).toEqual(['_error_registration_reserved']);
  fixture.pass(120_000);
  expect(comes(fixture, 'late', null)).toEqual([]);
  expect(accounts(fixture).accounts).toMatchObject([{ nick: 'ada', isHere: true }]);
});
