/** Who follows whom: however many statements old keys sign, and whatever is kept of them, the recovery key's word comes after all. */
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { worthKeeping } from '../../pki/succession.ts';
import { trustLimits as limits } from '../../pki/trust-limits.ts';
import {
  type DomainTrust,
  type RotationHeard,
  type TrustDecision,
  type TrustInputs,
  unmetDomain,
} from '../../pki/trust-state.ts';
import { decide } from '../../pki/trust-table.ts';

const DAY = 86_400_000;
const beginMs = 1000 * DAY;
const domain: DomainTrust = {
  ...unmetDomain,
  pin: { fingerprint: 'owner', sinceMs: 0, basis: 'corroborated', recovery: 'offline' },
  standing: 'normal',
  seq: 1,
};

/** One server, with what it keeps of a domain between looks. */
class Server {
  state = domain;
  kept: RotationHeard[] = [];
  nowMs = beginMs;

  /** `key` is proved, or nobody is there; and a statement is heard. */
  look(key: string | null, told: readonly RotationHeard[], more: Partial<TrustInputs> = {}): TrustDecision {
    this.kept = worthKeeping(this.state, [...this.kept, ...told], this.nowMs, limits);
    const inputs: TrustInputs = {
      proof: key === null ? { kind: 'silent', witnesses: 1 } : { kind: 'proved', fingerprint: key },
      dns: { kind: 'none' },
      rotations: this.kept,
      revocations: [],
      sought: this.kept.map(({ from }) => ({ fingerprint: from, atMs: this.nowMs })),
      witnesses: [],
      pinEndsMs: null,
      recovery: null,
      admin: { fingerprint: null, isLost: false, isPlaced: false },
      ...more,
    };
    const decision = decide(this.state, inputs, this.nowMs, limits);
    this.state = decision.next;
    return decision;
  }

  /** A statement that is heard now. */
  says(from: string, to: string, more: Partial<RotationHeard> = {}): RotationHeard {
    const { seq, rotation, pin } = this.state;
    return {
      from,
      to,
      seq: seq + 1,
      previous: from === pin?.fingerprint ? rotation : null,
      notBeforeMs: this.nowMs,
      expiresMs: this.nowMs + limits.leftMs,
      signer: 'old key',
      hash: `${from} ${to} ${this.nowMs}`,
      recovery: null,
      seenMs: this.nowMs,
      ...more,
    };
  }

  /** The owner comes with the key that his recovery key has named for his own. */
  recovers(to = 'owner 2'): void {
    const words = this.says('owner', to, { signer: { recovery: 'offline' }, seq: 2, previous: null });
    this.look(to, [words]);
    this.nowMs += limits.graceMs;
    this.look(to, []);
  }
}

/** What whoever has the owner's key and all that came of it does at one look. */
const doings = fc.record({
  /** Mostly he goes one key further; else he contradicts himself, or says something of a key that was left, or in nobody's name. */
  what: fc.oneof(
    { weight: 30, arbitrary: fc.constant('further') },
    { weight: 1, arbitrary: fc.constant('other') },
    { weight: 3, arbitrary: fc.constantFrom('left', 'nobody') },
  ),
  which: fc.nat(40),
  waitMs: fc.constantFrom(0, DAY, limits.graceMs, limits.graceMs, 8 * DAY),
  dns: fc.constantFrom('follows', 'none', 'bogus', 'far ahead'),
  names: fc.option(fc.constant('thief’s recovery')),
});

test('no sequence of statements that only old keys have signed outlives the recovery key’s word', () => {
  let deepest = 0;
  fc.assert(
    fc.property(fc.array(doings, { minLength: 10, maxLength: 45 }), (all) => {
      const server = new Server();
      for (const [at, { what, which, waitMs, dns, names }] of all.entries()) {
        const { pin, left } = server.state;
        const before = left[which % Math.max(1, left.length)]?.fingerprint ?? 'owner';
        const to = `thief ${at}`;
        const more = { recovery: names, ...(what === 'nobody' ? { signer: { recovery: 'nobody' } } : {}) };
        const words = server.says(what === 'left' ? before : pin!.fingerprint, to, more);
        const record = { kind: 'record' as const, fpr: to, nfpr: null, seq: words.seq, secure: true };
        const found = { follows: record, none: { kind: 'none' }, bogus: { kind: 'bogus' } } as const;
        const heard = { dns: dns === 'far ahead' ? { ...record, seq: 1e9, secure: false } : found[dns] };
        const told = what === 'other' ? [words, server.says(pin!.fingerprint, `${to} too`)] : [words];
        server.look(to, told, heard);
        server.nowMs += waitMs;
        server.look(to, [], heard);
      }
      deepest = Math.max(deepest, server.state.left.length);
      expect(server.state.pin?.recovery).toBe('offline');
      server.recovers();
      expect(server.state).toMatchObject({ pin: { fingerprint: 'owner 2' }, standing: 'normal', left: [] });
    }),
    { numRuns: 200 },
  );
  // Of as many as a server follows without it.
  expect(deepest).toBeGreaterThan(limits.stepsMax);
});

test('leftMax: nothing more is followed until the recovery key has spoken, and what is kept of all of that is bounded', () => {
  const server = new Server();
  const further = (at: number): TrustDecision => {
    const words = server.says(server.state.pin!.fingerprint, `thief ${at}`);
    const dns = { kind: 'record', fpr: words.to, nfpr: null, seq: words.seq, secure: true } as const;
    return server.look(words.to, [words], { dns });
  };
  for (let at = 1; at <= limits.leftMax; at++) expect(further(at).row).toBe('9');
  expect(further(33)).toMatchObject({ row: '10a', verdict: 'refuse', alarms: ['too many keys'] });
  server.look(null, [server.says('owner', 'x', { signer: { recovery: 'offline' } })]);
  expect(server.kept.length).toBeLessThanOrEqual(limits.leftMax + 2);
  expect(server.state.left).toHaveLength(limits.leftMax);
  server.kept = [];
  server.recovers();
  expect(server.state.pin?.fingerprint).toBe('owner 2');
});

test('of several statements of the recovery key with one meaning the newest is kept, and it is known since the first', () => {
  const server = new Server();
  for (const day of [0, 100, 200, 300]) {
    server.nowMs = beginMs + day * DAY;
    const words = { signer: { recovery: 'offline' }, expiresMs: server.nowMs + 150 * DAY } as const;
    server.look(null, [server.says('owner', 'owner 2', words)]);
  }
  expect(server.kept.map(({ seenMs }) => (seenMs - beginMs) / DAY)).toEqual([0, 300]);
  server.nowMs += 100 * DAY;
  expect(server.look('owner 2', [])).toMatchObject({ row: '10', verdict: 'accept' });
});

test('what begins later takes no place of what counts now', () => {
  const server = new Server();
  const days = [0, 1, 50];
  const signer = { recovery: 'offline' };
  const all = days.map((day) =>
    server.says('owner', 'owner 2', { signer, notBeforeMs: beginMs + day * DAY, hash: `of day ${day}` }),
  );
  server.nowMs += 2 * DAY;
  server.look(null, all);
  expect(server.kept).toHaveLength(3);
  server.nowMs += limits.graceMs;
  expect(server.look('owner 2', []).next.rotation).toBe('of day 1');
});
