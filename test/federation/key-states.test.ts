/** What domains' keys say of themselves, and what their admins say of them, as a node goes by it: revoked, ended, lost, recovered. */
import { expect, test } from '@jest/globals';
import type { ServerIdentity } from '../../circuit/server-handshake.ts';
import { hexOf } from '../../crypto/bytes.ts';
import type { PkiQuestion } from '../../federation/keys/pki.ts';
import { sightingBytes } from '../../federation/trust/sightings.ts';
import { type TrustLimits, trustLimits } from '../../pki/trust-limits.ts';
import type { DomainTrust } from '../../pki/trust-state.ts';
import { decodeText } from '../../psyc/bytes.ts';
import { beginUnixMs } from '../../simulator/scenes/circuit-end.ts';
import { idealRecord } from '../../simulator/scenes/ideal-dns.ts';
import { channel, NodeFixture } from './node-fixture.ts';
import { said } from './said.ts';

const DAY = 86_400_000;
const b = 'b.example';
const server = 'server b.example';
const witnesses = ['c.example.net', 'd.example.org', 'e.example.com'];

function met(limits: Partial<TrustLimits> = {}): NodeFixture {
  const fixture = new NodeFixture({}, { options: { trustLimits: { ...trustLimits, ...limits } } });
  fixture.connect(server);
  return fixture;
}

const printOf = (fixture: NodeFixture, name?: string): string => hexOf(fixture.keys.domain(b, name).fingerprint);

function kept(fixture: NodeFixture): DomainTrust {
  const outcome = fixture.store.perform({ kind: 'records', request: 0, context: `psyc://${b}` });
  const trust = outcome.kind === 'records' ? outcome.records.find(({ name }) => name === 'trust') : undefined;
  return JSON.parse(decodeText(trust!.value)) as DomainTrust;
}

const alarms = (fixture: NodeFixture): string[] =>
  fixture.notices.flatMap((notice) => (notice.kind === 'key' ? [`${notice.row} ${notice.alarm}`] : []));

const again = (fixture: NodeFixture, name: string, identity?: ServerIdentity): (string | null)[] =>
  fixture.methods(fixture.connect(server, { name, ...(identity === undefined ? {} : { party: { identity } }) }));

test('a key that revoked itself hard, as somebody brings it: its circuit is closed, nothing of it counts, whoever comes later', () => {
  const fixture = met();
  fixture.keys.states.set(printOf(fixture), { revocation: 'hard', endsMs: null });
  fixture.tell({ kind: 'domain key', domain: b });
  expect(fixture.methods(server)).toContain('_error_trust_revoked_key');
  expect(kept(fixture).standing).toBe('void');
  expect(alarms(fixture)).toContain('1 revoked key');
  expect(again(fixture, 'later')).toEqual(['_error_trust_revoked_key']);
  // Over a restart, and though the ring has lost it.
  fixture.keys.states.clear();
  const life = new NodeFixture({}, { store: fixture.store, keys: fixture.keys, life: 2 });
  expect(again(life, 'restarted')).toEqual(['_error_trust_revoked_key']);
});

test('where only others have heard of it, it is found within a day', () => {
  const fixture = met({ recheckSoonMs: 60_000, recheckLaterMs: 120_000 });
  fixture.keys.states.set(printOf(fixture), { revocation: 'hard', endsMs: null, isElsewhere: true });
  for (let minutes = 0; minutes < 4 && kept(fixture).standing !== 'void'; minutes++) {
    fixture.pass(60_000);
    fixture.connect(server, { name: `after ${minutes}` });
  }
  expect(kept(fixture).standing).toBe('void');
});

test('searchesMax: so many are looked for at once, and the others at their next look', () => {
  const fixture = new NodeFixture({ searchesMax: 1 });
  // What is not looked for elsewhere is answered.
  const only = (): void => {
    const held = fixture.held.pki ?? [];
    fixture.held.pki = [];
    for (const [request, question] of held) {
      const isFar = question.kind === 'domain state' && question.servers !== null;
      if (isFar) far.push([request, question]);
      else
        fixture.tell({
          kind: 'answered',
          request,
          answer: fixture.keys.answer(question, fixture.keys.domain('a.example'), beginUnixMs),
        });
    }
  };
  const far: [number, PkiQuestion][] = [];
  fixture.held.pki = [];
  for (const domain of [b, 'c.example']) {
    fixture.connect(`server ${domain}`);
    for (let times = 0; times < 8; times++) only();
  }
  expect(far.map(([, question]) => question.kind === 'domain state' && question.domain)).toEqual([b]);
});

test.each(['soft', 'ended'] as const)(
  'a key that is %s goes on for a day, while a renewal is looked for, and no longer',
  (how) => {
    const fixture = met();
    const states = fixture.keys.states;
    if (how === 'soft') states.set(printOf(fixture), { revocation: 'soft', endsMs: null });
    else states.set(printOf(fixture), { revocation: null, endsMs: beginUnixMs });
    fixture.tell({ kind: 'domain key', domain: b });
    expect(alarms(fixture)).toContain('15 key ended');
    expect(fixture.isProved(fixture.connect(server, { name: 'soon' }))).toBe(true);
    fixture.pass(trustLimits.endedMs);
    expect(again(fixture, 'late')).toEqual(['_error_trust_ended_key']);
    if (how === 'soft') return;
    states.clear();
    expect(fixture.isProved(fixture.connect(server, { name: 'renewed' }))).toBe(true);
  },
);

/** What three domains say, signed, that they have seen. */
function seen(fixture: NodeFixture, name: string): void {
  for (const [at, witness] of witnesses.entries()) {
    const circuit = fixture.connect(`server ${witness}`, { name: `${witness} ${name}`, address: `192.0.${at}.1` });
    fixture.hear(circuit);
  }
  fixture.methods(fixture.connect(server, { name: `asks ${name}`, party: { identity: fixture.keys.domain(b, name) } }));
  for (const witness of witnesses) {
    const circuit = `${witness} ${name}`;
    const asked = fixture.hear(circuit).find(({ method }) => method === '_request_keys_seen');
    const nonce = asked!.routing['_tag']!;
    const time = String(beginUnixMs + fixture.nowMs);
    const told = { fingerprint: printOf(fixture, name), time, state: 'up', nonce };
    const bytes = sightingBytes(witness, 'a.example', b, told);
    fixture.sayRaw(circuit, {
      routing: { _source: `psyc://${witness}`, _target: 'psyc://a.example', _tag_relay: nonce },
      entity: {
        _domain: b,
        _fingerprint: told.fingerprint,
        _time: time,
        _state: 'up',
        _signature: fixture.keys.suite.ed25519Sign(bytes, fixture.keys.domain(witness).seed),
      },
      method: '_status_keys_seen',
    });
  }
}

test('a key that its admin has lost: the next is held for a week, when the DNS and three others say so, and then taken', () => {
  const fixture = met();
  for (const [at, witness] of witnesses.entries()) {
    fixture.connect(`server ${witness}`, { address: `192.0.${at}.1` });
  }
  fixture.pass(trustLimits.witnessPinnedMs);
  fixture.dns = (domain) =>
    domain === b ? idealRecord(fixture.keys, b, 'next', { seq: 2 }) : idealRecord(fixture.keys, domain);
  const next = fixture.keys.domain(b, 'next');
  seen(fixture, 'next');
  expect(again(fixture, 'not lost', next)).toEqual(['_error_trust_changed_key']);
  fixture.tell({ kind: 'asked', request: 1, question: { kind: 'lost', domain: b, isLost: true } });
  expect(fixture.told.at(-1)).toEqual({ kind: 'done' });
  expect(again(fixture, 'held', next)).toEqual(['_error_trust_waiting_key']);
  fixture.pass(trustLimits.holdMs);
  seen(fixture, 'next');
  expect(fixture.isProved(fixture.connect(server, { name: 'taken', party: { identity: next } }))).toBe(true);
  expect(kept(fixture).pin).toMatchObject({ fingerprint: hexOf(next.fingerprint), basis: 'emergency' });
});

test('nothing can be said of a domain that nobody knows; taken back, it is not lost', () => {
  const fixture = met();
  const say = (domain: string, isLost: boolean): unknown => {
    fixture.tell({ kind: 'asked', request: 1, question: { kind: 'lost', domain, isLost } });
    return fixture.told.at(-1);
  };
  expect(say('x.example', true)).toEqual({ kind: 'refused', code: '_trust_unknown_key' });
  expect([say(b, true), say(b, false)]).toEqual([{ kind: 'done' }, { kind: 'done' }]);
  const records = fixture.store.perform({ kind: 'records', request: 0, context: `psyc://${b}` });
  expect(records.kind === 'records' && records.records.some(({ name }) => name === 'lost')).toBe(false);
});

/** b.example, which names its recovery key where it is first met, comes with this key and this statement. */
function comes(fixture: NodeFixture, name: string, more: Partial<ServerIdentity>): string {
  return fixture.connect(server, { name, party: { identity: { ...fixture.keys.domain(b, name), ...more } } });
}

/** Goes to b.example, which names its recovery key. */
function meetWithRecovery(fixture: NodeFixture): void {
  const recovery = fixture.keys.domain(b, 'recovery');
  const phone = fixture.connect('client ada phone');
  fixture.say(phone, said(channel('ada', 'phone'), 'psyc://b.example/~zoe', 1, '_message_private_sealed', 'x'));
  const [circuit] = fixture.dialled.at(-1)!.split(` ${b}`);
  const first = { ...fixture.keys.domain(b), recovery: recovery.fingerprint };
  fixture.accept(circuit!, server, { identity: first });
}

test.each([
  ['the recovery key that was named', 'recovery', true],
  ['another one', 'thief', false],
])('a stolen key has named two successors: the word of %s outranks it', (_, signer, isFollowed) => {
  const fixture = new NodeFixture();
  const recovery = fixture.keys.domain(b, 'recovery');
  const signing = fixture.keys.domain(b, signer);
  meetWithRecovery(fixture);
  expect(kept(fixture).pin).toMatchObject({ recovery: hexOf(recovery.fingerprint) });
  const old = fixture.keys.domain(b);
  const statement = (name: string, by?: ServerIdentity): Uint8Array =>
    fixture.keys.rotation(old, fixture.keys.domain(b, name), 2, beginUnixMs, beginUnixMs + 100 * DAY, by && { by });
  fixture.dns = () => idealRecord(fixture.keys, b, 'next', { secure: true, seq: 2 });
  expect(fixture.isProved(comes(fixture, 'stolen', { rotation: statement('stolen') }))).toBe(false);
  comes(fixture, 'other', { rotation: statement('other') });
  expect(kept(fixture).standing).toBe('frozen');
  const more = {
    rotation: statement('next', signing),
    recovery: recovery.fingerprint,
    recoveryKey: signing.certificate,
  };
  expect(fixture.isProved(comes(fixture, 'next', more))).toBe(isFollowed);
  expect(kept(fixture).pin?.fingerprint).toBe(printOf(fixture, isFollowed ? 'next' : undefined));
});

test.each(['before', 'after', 'elsewhere, after'] as const)(
  'a stolen key that revokes itself for cause has no overlap, where that is known %s it is followed',
  (when) => {
    const limits = { ...trustLimits, recheckSoonMs: 60_000, recheckLaterMs: 120_000 };
    const fixture = new NodeFixture({}, { options: { trustLimits: limits } });
    meetWithRecovery(fixture);
    const revoke = (more = {}): void => {
      fixture.keys.states.set(printOf(fixture), { revocation: 'hard', endsMs: null, ...more });
      fixture.tell({ kind: 'domain key', domain: b });
    };
    if (when === 'before') revoke();
    const [old, next] = [fixture.keys.domain(b), fixture.keys.domain(b, 'next')];
    const recovery = fixture.keys.domain(b, 'recovery');
    const rotation = fixture.keys.rotation(old, next, 2, beginUnixMs, beginUnixMs + 100 * DAY, { by: recovery });
    const own = { rotation, recovery: recovery.fingerprint, recoveryKey: recovery.certificate };
    fixture.dns = () => idealRecord(fixture.keys, b, 'next', { secure: true, seq: 2 });
    expect(fixture.isProved(comes(fixture, 'next', own))).toBe(true);
    expect(kept(fixture).pin?.fingerprint).toBe(printOf(fixture, 'next'));
    if (when === 'after') {
      expect(fixture.isProved(fixture.connect(server, { name: 'thief' }))).toBe(true);
      revoke();
      expect(fixture.methods('thief')).toContain('_error_trust_revoked_key');
    }
    if (when === 'elsewhere, after') {
      revoke({ isElsewhere: true });
      for (let minutes = 0; minutes < 4; minutes++) {
        fixture.pass(60_000);
        comes(fixture, 'next', own);
      }
    }
    const code = when === 'elsewhere, after' ? '_error_trust_changed_key' : '_error_trust_revoked_key';
    expect(fixture.methods(fixture.connect(server, { name: 'again' }))).toEqual([code]);
    const [retired] = kept(fixture).retired;
    expect(retired?.untilMs).toBeLessThanOrEqual(beginUnixMs + fixture.nowMs);
  },
);

/** b.example goes from key to key, each by the word of the one before; the DNS says so. */
function goes(fixture: NodeFixture, keys: readonly string[]): ServerIdentity[] {
  const before: Uint8Array[] = [];
  return keys.map((name, at) => {
    const [old, next] = [fixture.keys.domain(b, keys[at - 1]), fixture.keys.domain(b, name)];
    const after = before.at(-1) === undefined ? {} : { after: before.at(-1)! };
    const rotation = fixture.keys.rotation(old, next, at + 2, beginUnixMs, beginUnixMs + 100 * DAY, after);
    const earlier = before.map((statement, step) => {
      return { statement, key: fixture.keys.domain(b, keys[step]).certificate, recovery: null };
    });
    before.push(rotation);
    return { ...next, rotation, earlier };
  });
}

test.each([
  ['the key that comes', 'k2', '_error_trust_revoked_key'],
  ['a key on the way to it', 'k1', '_error_trust_changed_key'],
])('what %s says of itself on our ring is heard, though it shows a copy without that', (_, revoked, code) => {
  const fixture = met();
  fixture.dns = () => idealRecord(fixture.keys, b, 'k2', { secure: true, seq: 3 });
  const [, last] = goes(fixture, ['k1', 'k2']);
  fixture.keys.states.set(printOf(fixture, revoked), { revocation: 'hard', endsMs: null });
  expect(again(fixture, 'k2', last)).toEqual([code]);
  fixture.pass(trustLimits.graceMs);
  // Whatever its own copy or the ring may have lost since.
  fixture.keys.states.clear();
  expect(again(fixture, 'later', last)).toEqual([code]);
});

test('a key that is to follow is looked for elsewhere, too', () => {
  const fixture = met({ recheckSoonMs: 60_000, recheckLaterMs: 120_000 });
  const [next] = goes(fixture, ['k1']);
  fixture.keys.states.set(printOf(fixture, 'k1'), { revocation: 'hard', endsMs: null, isElsewhere: true });
  expect(again(fixture, 'early', next)).toEqual(['_error_trust_waiting_key']);
  for (let minutes = 0; minutes < 4; minutes++) {
    fixture.pass(60_000);
    fixture.connect(server, { name: `after ${minutes}` });
  }
  fixture.pass(trustLimits.graceMs);
  fixture.dns = () => idealRecord(fixture.keys, b, 'k1', { secure: true, seq: 2 });
  expect(again(fixture, 'in time', next)).toEqual(['_error_trust_revoked_key']);
  expect(kept(fixture).pin?.fingerprint).toBe(printOf(fixture));
});
