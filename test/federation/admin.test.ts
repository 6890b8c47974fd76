/** What an admin is shown of other domains, and what his word does at once. */
import { expect, test } from '@jest/globals';
import { hexOf } from '../../crypto/bytes.ts';
import type { AdminQuestion, DomainShown } from '../../federation/admin-questions.ts';
import { NodeFixture } from './node-fixture.ts';

const b = 'b.example';
const wrong = 'ab'.repeat(20);

function ask(fixture: NodeFixture, question: AdminQuestion): unknown {
  fixture.tell({ kind: 'asked', request: 1, question });
  return fixture.told.at(-1);
}

function show(fixture: NodeFixture, domain = b): DomainShown {
  const answer = ask(fixture, { kind: 'show', domain }) as { readonly domains: readonly DomainShown[] };
  return answer.domains[0]!;
}

const allow = (fixture: NodeFixture, fingerprint: string | null): unknown =>
  ask(fixture, { kind: 'change', unknown: null, changes: [{ rule: 'allow', domain: b, fingerprint }] });

test('a linked domain is not settled until it was looked at by what the admin said of it', () => {
  const fixture = new NodeFixture();
  fixture.connect(`server ${b}`);
  const right = hexOf(fixture.keys.domain(b).fingerprint);
  expect(show(fixture)).toMatchObject({ isLinked: true, isUnsettled: false });
  fixture.held.pki = [];
  allow(fixture, right);
  expect(show(fixture)).toMatchObject({ isLinked: true, isUnsettled: true });
  fixture.pass(1);
  expect(show(fixture)).toMatchObject({ isLinked: true, isUnsettled: true });
  fixture.release();
  expect(show(fixture)).toMatchObject({ isLinked: true, isUnsettled: false, standing: 'normal', basis: 'confirmed' });
  allow(fixture, wrong);
  fixture.pass(1);
  expect(show(fixture)).toMatchObject({
    isLinked: false,
    isUnsettled: false,
    refused: { code: '_trust_foreign_key', row: '15a' },
  });
  allow(fixture, right);
  expect(show(fixture).refused).toBe(null);
});

test('a fingerprint that nobody proves is shown with the one that is proved, and told as that: nobody is called an impostor', () => {
  const fixture = new NodeFixture();
  fixture.connect(`server ${b}`);
  const right = hexOf(fixture.keys.domain(b).fingerprint);
  allow(fixture, right);
  fixture.pass(1);
  expect(show(fixture)).toMatchObject({ given: null, refused: null });
  allow(fixture, wrong);
  fixture.pass(1);
  expect(show(fixture)).toMatchObject({
    given: wrong,
    fingerprint: right,
    refused: { row: '15a', fingerprint: right },
  });
  expect(fixture.notices).toContainEqual({ kind: 'key', domain: b, row: '15a', alarm: 'not as given' });
  const identity = fixture.keys.domain(b, 'second');
  fixture.connect(`server ${b}`, { name: 'other', party: { identity } });
  const fingerprint = hexOf(identity.fingerprint);
  expect(fixture.notices).toContainEqual({ kind: 'foreign key', domain: b, fingerprint, expected: wrong });
  ask(fixture, { kind: 'forget', domain: b });
  expect(show(fixture)).toMatchObject({ given: null });
});

test('that its key was declared lost is shown until it is taken back', () => {
  const fixture = new NodeFixture();
  fixture.connect(`server ${b}`);
  const say = (isLost: boolean): boolean => {
    expect(ask(fixture, { kind: 'lost', domain: b, isLost })).toEqual({ kind: 'done' });
    return show(fixture).isLost;
  };
  expect([show(fixture).isLost, say(true), say(false)]).toEqual([false, true, false]);
});

test('nothing is said of, or done about, the domain itself; what it keeps of itself stays', () => {
  const fixture = new NodeFixture();
  fixture.connect(`server ${b}`);
  allow(fixture, null);
  const domain = 'a.example';
  const line = { rule: 'block', domain, fingerprint: null } as const;
  const fault = { kind: 'refused', code: '_admin_own_domain' };
  expect(ask(fixture, { kind: 'change', unknown: null, changes: [{ ...line, domain: b }, line] })).toEqual(fault);
  expect(ask(fixture, { kind: 'lost', domain, isLost: true })).toEqual(fault);
  expect(ask(fixture, { kind: 'meet', domain })).toEqual(fault);
  expect(ask(fixture, { kind: 'forget', domain })).toEqual(fault);
  expect(ask(fixture, { kind: 'policy' })).toEqual({ kind: 'policy', text: `unknown open\nallow ${b}\n` });
});

test('what was never known is not forgotten; a rule alone, or a key alone, is', () => {
  const fixture = new NodeFixture();
  fixture.connect(`server ${b}`);
  const forget = (domain: string): unknown => ask(fixture, { kind: 'forget', domain });
  const nothing = { kind: 'refused', code: '_admin_unknown_domain' };
  expect([forget('never.example'), forget(b), forget(b)]).toEqual([nothing, { kind: 'done' }, nothing]);
  allow(fixture, null);
  expect([forget(b), forget(b)]).toEqual([{ kind: 'done' }, nothing]);
});

test('a domain that was gone to and is not there is shown as that', () => {
  const fixture = new NodeFixture();
  expect(show(fixture).isUnreached).toBe(false);
  ask(fixture, { kind: 'meet', domain: b });
  fixture.tell({ kind: 'failed', circuit: fixture.dialled.at(-1)!.split(' b.')[0]! });
  expect(show(fixture).isUnreached).toBe(true);
});
