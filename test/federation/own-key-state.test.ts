/** Others refuse our own key as revoked: the admin hears of it, as certain only where the key itself has signed that. */
import { expect, test } from '@jest/globals';
import { hexOf } from '../../crypto/bytes.ts';
import type { AdminAnswer } from '../../federation/admin-questions.ts';
import type { Notice } from '../../federation/events.ts';
import { trustLimits } from '../../pki/trust-limits.ts';
import { encodeText } from '../../psyc/bytes.ts';
import { NodeFixture } from './node-fixture.ts';

const b = 'b.example';
const c = 'c.example';

/** a.example, whose key has revoked itself, or is only said to have. */
class Refused {
  readonly fixture = new NodeFixture();
  readonly fingerprint = hexOf(this.fixture.keys.domain('a.example').fingerprint);

  revoke(isElsewhere?: true): void {
    const elsewhere = isElsewhere === undefined ? {} : { isElsewhere };
    this.fixture.keys.states.set(this.fingerprint, { revocation: 'hard', endsMs: null, ...elsewhere });
  }

  /** The node goes there, and whoever is there says so. */
  goTo(domain: string, code = '_trust_revoked_key'): void {
    const { fixture } = this;
    fixture.tell({ kind: 'asked', request: 1, question: { kind: 'meet', domain } });
    const [circuit = '', more] = fixture.dialled.at(-1)!.split(` ${domain}`);
    expect(more).toBe('');
    fixture.listen(circuit, () => {});
    fixture.tell({ kind: 'opened', circuit, exported: fixture.keys.exported(circuit), accepted: false });
    fixture.sayBytes(circuit, encodeText('|\n'));
    fixture.sayRaw(circuit, { entity: { _code: code }, method: `_error${code}` });
  }

  get told(): (Notice & { readonly kind: 'own key revoked' })[] {
    return this.fixture.notices.flatMap((notice) => (notice.kind === 'own key revoked' ? [notice] : []));
  }

  /** What `federate list` shows on top. */
  get shown(): Extract<AdminAnswer, { kind: 'domains' }>['ownKey'] {
    this.fixture.tell({ kind: 'asked', request: 2, question: { kind: 'list' } });
    const answer = this.fixture.told.at(-1)!;
    if (answer.kind !== 'domains') throw new Error(answer.kind);
    return answer.ownKey;
  }
}

test('a key that has revoked itself, as the key server of whoever refuses it has it, is told of as certain', () => {
  const world = new Refused();
  const { fingerprint } = world;
  expect(world.shown).toBeNull();
  world.revoke(true);
  world.goTo(b);
  expect(world.told).toEqual([{ kind: 'own key revoked', domain: b, fingerprint, isFound: true }]);
  expect(world.shown).toEqual({ fingerprint, isRevoked: true, refusedBy: [b] });
  // Known by now: nobody is asked again.
  const asked = world.fixture.asked.length;
  world.goTo(c);
  expect(world.told.at(-1)).toMatchObject({ domain: c, isFound: true });
  expect(world.fixture.asked.slice(asked)).not.toContain('domain state');
  expect(world.shown?.refusedBy).toEqual([b, c]);
});

test('one that only says so is named, and believed nothing; it is looked again in an hour, not at each refusal', () => {
  const world = new Refused();
  const { fingerprint, fixture } = world;
  const sought = (): number => fixture.asked.filter((kind) => kind === 'domain state').length;
  for (let times = 0; times < 3; times++) world.goTo(b);
  expect(world.told).toEqual([{ kind: 'own key revoked', domain: b, fingerprint, isFound: false }]);
  expect(world.shown).toEqual({ fingerprint, isRevoked: false, refusedBy: [b] });
  expect(sought()).toBe(1);
  fixture.nowMs += trustLimits.recheckSoonMs;
  world.revoke();
  world.goTo(b);
  expect([sought(), world.shown?.isRevoked]).toEqual([2, true]);
  // Whoever lets the domain in has said so no more.
  fixture.connect(`server ${b}`);
  expect(world.shown).toBeNull();
});

test('who closes a circuit that has stood says so as well', () => {
  const world = new Refused();
  world.revoke(true);
  world.fixture.connect(`server ${b}`);
  world.fixture.sayRaw(`server ${b}`, {
    entity: { _code: '_trust_revoked_key' },
    method: '_error_trust_revoked_key',
  });
  expect(world.told).toMatchObject([{ domain: b, isFound: true }]);
});

test('a refusal for anything else is none of that; nor is one by whoever only comes in a name', () => {
  const world = new Refused();
  world.goTo(b, '_trust_waiting_key');
  world.fixture.open('stranger');
  world.fixture.sayRaw('stranger', { entity: { _code: '_trust_revoked_key' }, method: '_error_trust_revoked_key' });
  expect([world.told, world.shown]).toEqual([[], null]);
});
