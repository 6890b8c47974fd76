/** Who is let in where many come in one domain's name, and who has its keys looked at: crowds keep neither the domain out nor others' words. */
import { expect, test } from '@jest/globals';
import type { Whose } from '../../federation/desk.ts';
import { federationLimits } from '../../federation/limits.ts';
import { Questions } from '../../federation/questions.ts';
import { type LookKind, LookTurns } from '../../federation/trust/look-turns.ts';
import { Rate } from '../../federation/trust/rate.ts';
import { beginUnixMs } from '../../simulator/scenes/circuit-end.ts';
import { idealRecord } from '../../simulator/scenes/ideal-dns.ts';
import { NodeFixture } from './node-fixture.ts';

const b = 'b.example';
const DAY = 86_400_000;

test('what is about a domain’s own keys and what is about others’ take turns; each has room of its own', () => {
  const turns = new LookTurns({ ofDomain: 2, domains: 9, domainsOfStrangers: 9 });
  const begun: string[] = [];
  const dones: (() => void)[] = [];
  const take = (what: string, kind: LookKind): boolean =>
    turns.take(b, kind, (done) => {
      begun.push(what);
      dones.push(done);
    });
  expect(['x1', 'x2', 'x3', 'x4'].map((what) => take(what, 'others'))).toEqual([true, true, true, false]);
  expect(['own1', 'own2', 'own3'].map((what) => take(what, 'own'))).toEqual([true, true, false]);
  expect(['n1', 'n2', 'n3'].map((what) => take(what, 'named'))).toEqual([true, true, false]);
  expect([turns.size, turns.longest]).toEqual([1, 2]);
  for (let at = 0; at < 7; at++) dones[at]!();
  expect(begun).toEqual(['x1', 'own1', 'n1', 'x2', 'own2', 'n2', 'x3']);
  expect(turns.size).toBe(0);
});

test('looksOfStrangersMax: strangers fill no more than their share of the domains that are looked at', () => {
  const turns = new LookTurns({ ofDomain: 2, domains: 3, domainsOfStrangers: 2 });
  const never = (): void => {};
  expect(['a', 'b', 'c', 'a'].map((name) => turns.take(name, 'others', never))).toEqual([true, true, false, true]);
  expect(['c', 'd'].map((name) => turns.take(name, 'own', never))).toEqual([true, false]);
});

test('so many times in so long, each; of the oldest it is forgotten', () => {
  const rate = new Rate(2, 1_000, 2);
  expect([0, 1, 2].map((at) => rate.allows('x', at))).toEqual([true, true, false]);
  expect([rate.allows('y', 3), rate.allows('x', 999), rate.allows('x', 1_000)]).toEqual([true, false, true]);
});

/** Answers what is asked of OpenPGP but for looks, which go on when somebody says so. */
class Slow {
  readonly fixture = new NodeFixture();
  #held: NonNullable<NodeFixture['held']['pki']> = [];

  constructor() {
    this.fixture.connect(`server ${b}`, { name: 'before' });
    this.fixture.connect('server c.example');
    this.fixture.tell({ kind: 'ended', circuit: 'before' });
    this.fixture.held.pki = [];
  }

  /** Somebody comes with this key of b.example's name. */
  come(key: string | undefined, name: string): string {
    const { keys } = this.fixture;
    this.fixture.connect(`server ${b}`, { name, party: { identity: keys.domain(b, key) } });
    this.answer('domain');
    return name;
  }

  /** Answers the questions of this kind. */
  answer(kind: string): number {
    const { fixture } = this;
    this.#held.push(...fixture.held.pki!.splice(0));
    const asked = this.#held.filter(([, question]) => question.kind === kind);
    this.#held = this.#held.filter((one) => !asked.includes(one));
    for (const [request, question] of asked) {
      const answer = fixture.keys.answer(question, fixture.keys.domain('a.example'), beginUnixMs + fixture.nowMs);
      fixture.tell({ kind: 'answered', request, answer });
    }
    return asked.length;
  }

  /** How many looks are taken until this circuit is proved, or nothing is left to be done. */
  looksUntil(circuit: string): number {
    let looks = 0;
    while (!this.fixture.isProved(circuit)) {
      const answered = this.answer('domain state') + this.answer('rotation');
      if (answered === 0) return Infinity;
      looks++;
    }
    return looks;
  }
}

test('looksOfDomainMax: impostors who crowd in a domain’s name, each with a key of his own, do not keep it out', () => {
  const slow = new Slow();
  for (let at = 0; at < 20; at++) slow.come(`impostor ${at}`, `impostor ${at}`);
  const owner = slow.come(undefined, 'owner');
  expect(slow.fixture.methods(owner)).not.toContain('_error_trust_unavailable');
  // After the one that was under way.
  expect(slow.looksUntil(owner)).toBeLessThanOrEqual(8);
  // Of the others so many waited as there is room for.
  const refused = (code: string): number =>
    Array.from({ length: 20 }, (_, at) => slow.fixture.methods(`impostor ${at}`)).filter((told) => told.includes(code))
      .length;
  expect(refused('_error_trust_unavailable')).toBe(11);
});

test('nor does a thief of its key, who comes with all keys to which that leads', () => {
  const slow = new Slow();
  const { fixture } = slow;
  const { keys } = fixture;
  let after: Uint8Array | undefined;
  for (let at = 0; at < 8; at++) {
    const [from, to] = [keys.domain(b, at === 0 ? undefined : `led ${at - 1}`), keys.domain(b, `led ${at}`)];
    const more = after === undefined ? {} : { after };
    after = keys.rotation(from, to, at + 2, beginUnixMs, beginUnixMs + 100 * DAY, more);
    fixture.say('server c.example', {
      routing: { _source: 'psyc://c.example', _target: 'psyc://a.example' },
      entity: { _domain: b, _rotation: after, _key: to.certificate },
      method: '_notice_key_rotation',
    });
    while (slow.answer('domain state') + slow.answer('rotation') > 0);
  }
  slow.come('impostor', 'impostor');
  for (let at = 0; at < 8; at++) slow.come(`led ${at}`, `led ${at}`);
  const owner = slow.come(undefined, 'owner');
  expect(fixture.methods(owner)).not.toContain('_error_trust_unavailable');
  expect(slow.looksUntil(owner)).toBeLessThan(99);
  expect(fixture.methods('led 7')).not.toContain('_error_trust_unavailable');
});

test('nor the key that the DNS named when the domain was last looked at', () => {
  const slow = new Slow();
  const { fixture } = slow;
  fixture.dns = () => idealRecord(fixture.keys, b, 'next', { seq: 2 });
  const first = slow.come(undefined, 'first');
  slow.looksUntil(first);
  for (let at = 0; at < 20; at++) slow.come(`impostor ${at}`, `impostor ${at}`);
  const next = slow.come('next', 'next');
  while (slow.answer('domain state') + slow.answer('rotation') > 0);
  expect(fixture.methods(next)).toEqual(['_error_trust_changed_key']);
});

test('all who come with one key wait for one look, and each is answered', () => {
  const slow = new Slow();
  const names = Array.from({ length: 30 }, (_, at) => slow.come('impostor', `impostor ${at}`));
  let looks = 0;
  while (slow.answer('domain state') > 0) looks++;
  // The one that was under way, and one for all that came meanwhile; each asks of two keys.
  expect(looks).toBeLessThanOrEqual(4);
  for (const name of names) expect(slow.fixture.methods(name)).toEqual(['_error_trust_changed_key']);
});

/** c.example tells so many statements, each for another key. */
function tell(fixture: NodeFixture, count: number, circuit = 'server c.example'): void {
  for (let at = 0; at < count; at++) {
    const next = fixture.keys.domain(b, `junk ${at}`);
    const junk = fixture.keys.rotation(fixture.keys.domain('c.example'), next, 2, beginUnixMs, beginUnixMs + DAY);
    fixture.say(circuit, {
      routing: { _source: 'psyc://c.example', _target: 'psyc://a.example' },
      entity: { _domain: b, _rotation: junk, _key: next.certificate },
      method: '_notice_key_rotation',
    });
  }
}

test('nor do junk statements that another domain tells of it', () => {
  const slow = new Slow();
  tell(slow.fixture, 9);
  const owner = slow.come(undefined, 'owner');
  expect(slow.fixture.methods(owner)).not.toContain('_error_trust_unavailable');
  expect(slow.looksUntil(owner)).toBeLessThan(20);
});

test('noticesMax, noticesMs: who tells more than that is not heard for a while', () => {
  const fixture = new NodeFixture({ noticesMax: 3 });
  for (const domain of [b, 'c.example']) fixture.connect(`server ${domain}`);
  const checked = (): number => fixture.asked.filter((kind) => kind === 'rotation').length;
  tell(fixture, 9);
  expect(checked()).toBe(3);
  fixture.pass(59_000);
  tell(fixture, 1);
  expect(checked()).toBe(3);
  fixture.pass(1_000);
  tell(fixture, 1, fixture.connect('server c.example', { name: 'again' }));
  expect(checked()).toBe(4);
});

test('noticesMax: … nor are his countersignatures', () => {
  const fixture = new NodeFixture({ noticesMax: 2 });
  const circuit = fixture.connect(`server ${b}`);
  for (let at = 0; at < 9; at++) {
    fixture.say(circuit, {
      routing: { _source: `psyc://${b}`, _target: 'psyc://a.example' },
      entity: { _key: fixture.keys.domain('a.example', `${at}`).certificate },
      method: '_notice_countersignature',
    });
  }
  expect(fixture.asked.filter((kind) => kind === 'read countersignature')).toHaveLength(2);
});

test('pkiOfStrangerMax: what one network claims to be takes no more of OpenPGP’s time than its share, whatever names it comes in', () => {
  const fixture = new NodeFixture({ pkiOfStrangerMax: 2 });
  fixture.held.pki = [];
  const come = (at: number, address: string): (string | null)[] =>
    fixture.methods(fixture.connect(`server d${at}.example`, { address, isUnmet: true }));
  expect([1, 2, 3].map((at) => come(at, `192.0.2.${at}`))).toEqual([[], [], ['_error_trust_unavailable']]);
  expect(come(4, '198.51.100.1')).toEqual([]);
  expect(fixture.held.pki).toHaveLength(3);
  fixture.release();
  expect(come(5, '192.0.2.5')).toEqual(['_error_trust_unmet']);
});

test('pkiOfStrangerMax: … and what is asked about one domain leaves room for others, and for our own people', () => {
  let asked = 0;
  const limits = { ...federationLimits, pkiOfStrangerMax: 2 };
  const questions = new Questions(limits, () => asked++);
  const refused: string[] = [];
  const ask = (domain: string, whose?: Whose): void => {
    const fingerprint = new Uint8Array(20);
    questions.askPki(
      { kind: 'domain state', domain, fingerprint, copies: [], servers: null },
      () => refused.push(domain),
      whose,
    );
  };
  for (let times = 0; times < 4; times++) ask(b);
  ask('c.example');
  ask(b, 'ours');
  expect([asked, refused]).toEqual([4, [b, b]]);
  questions.take({ kind: 'answered', request: 1, answer: { kind: 'refused', code: '' } });
  ask(b);
  expect(asked).toBe(5);
});
