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
