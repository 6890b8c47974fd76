/** The table of continuity at work in a node: what the DNS, circuits, statements and other domains do to a pin. */
import { expect, test } from '@jest/globals';
import type { ServerIdentity } from '../../circuit/server-handshake.ts';
import { hexOf } from '../../crypto/bytes.ts';
import type { AdminQuestion } from '../../federation/admin-questions.ts';
import { sightingBytes } from '../../federation/trust/sightings.ts';
import type { DnsStatement } from '../../pki/dns-statement.ts';
import { trustLimits } from '../../pki/trust-limits.ts';
import type { DomainTrust } from '../../pki/trust-state.ts';
import { decodeText, encodeText } from '../../psyc/bytes.ts';
import { render } from '../../psyc/render.ts';
import { beginUnixMs } from '../../simulator/scenes/circuit-end.ts';
import { idealRecord } from '../../simulator/scenes/ideal-dns.ts';
import { channel, NodeFixture } from './node-fixture.ts';
import { said } from './said.ts';

const DAY = 86_400_000;
const ada = channel('ada', 'phone');
const b = 'b.example';

/** The node goes to b.example, which proves this key there. */
function go(fixture: NodeFixture, identity = fixture.keys.domain(b)): string {
  const before = fixture.dialled.length;
  const phone = fixture.connect('client ada phone');
  fixture.say(phone, said(ada, 'psyc://b.example/~zoe', 1, '_message_private_sealed', 'x'));
  const [circuit] = fixture.dialled.at(-1)!.split(' b.example');
  expect(fixture.dialled.length).toBeGreaterThan(before);
  fixture.accept(circuit!, 'server b.example', { identity });
  return circuit!;
}

/** What is kept of a domain. */
function kept(fixture: NodeFixture, domain = b): DomainTrust {
  const outcome = fixture.store.perform({ kind: 'records', request: 0, context: `psyc://${domain}` });
  const trust = outcome.kind === 'records' ? outcome.records.find(({ name }) => name === 'trust') : undefined;
  return JSON.parse(decodeText(trust!.value)) as DomainTrust;
}

const alarms = (fixture: NodeFixture): string[] =>
  fixture.notices.flatMap((notice) => (notice.kind === 'key' ? [`${notice.row} ${notice.alarm}`] : []));

/** A node that has had b.example pinned and proved for long; nothing is said on circuits, so it looks again before they end. */
function met(): NodeFixture {
  const fixture = new NodeFixture({}, { options: { trustLimits: { ...trustLimits, recheckSoonMs: 60_000 } } });
  fixture.connect('server b.example');
  expect(kept(fixture)).toMatchObject({
    standing: 'normal',
    pin: { fingerprint: hexOf(fixture.keys.domain(b).fingerprint) },
  });
  return fixture;
}

/** b.example comes with its next key, and the statement that this follows the first. */
function comeNext(fixture: NodeFixture, name: string, more: Partial<ServerIdentity> = {}): string {
  const [old, next] = [fixture.keys.domain(b), fixture.keys.domain(b, 'next')];
  const rotation = fixture.keys.rotation(old, next, 2, beginUnixMs, beginUnixMs + 100 * DAY);
  return fixture.connect('server b.example', { name, party: { identity: { ...next, rotation, ...more } } });
}

test('first use is on trial: it is looked at after an hour and a day, and ends well where the DNS says so still', () => {
  const fixture = new NodeFixture();
  const asked: number[] = [];
  fixture.dns = (domain) => {
    asked.push(fixture.nowMs);
    return idealRecord(fixture.keys, domain);
  };
  go(fixture);
  expect(kept(fixture)).toMatchObject({ standing: 'quarantine', pin: { basis: 'first use' } });
  for (const ms of [trustLimits.recheckSoonMs, trustLimits.recheckLaterMs, trustLimits.graceMs]) {
    fixture.pass(ms - fixture.nowMs);
    // Nobody says anything for so long: the node goes there again.
    for (let tries = 0; tries < 100 && asked.at(-1)! < ms; tries++) {
      fixture.accept(fixture.dialled.at(-1)!.split(' b.example')[0]!, 'server b.example');
      fixture.pass(1_000);
    }
    expect(asked.at(-1)! - ms).toBeLessThan(100_000);
  }
  expect(kept(fixture)).toMatchObject({ standing: 'normal', trialUntilMs: null });
});

test.each<[string, (fixture: NodeFixture) => DnsStatement]>([
  ['nothing', () => ({ kind: 'none', secure: false })],
  ['another key', (fixture) => idealRecord(fixture.keys, b, 'second', { secure: true })],
  ['no answer', () => ({ kind: 'timeout' })],
])('where the DNS says %s nobody is pinned', (_, dns) => {
  const fixture = new NodeFixture();
  fixture.dns = () => dns(fixture);
  go(fixture);
  expect(fixture.notices).toContainEqual({ kind: 'refused', code: '_trust_unvouched', domain: b });
  expect(fixture.notices).toContainEqual({ kind: 'key', domain: b, row: '18', alarm: 'unvouched' });
});

test('whoever takes the DNS and the way to a domain gets an alarm; whoever takes the DNS alone gets less', () => {
  const fixture = met();
  fixture.dns = () => idealRecord(fixture.keys, b, 'second', { secure: true });
  const identity = fixture.keys.domain(b, 'second');
  expect(fixture.methods(fixture.connect('server b.example', { name: 'thief', party: { identity } }))).toEqual([
    '_error_trust_changed_key',
  ]);
  fixture.pass(60_000);
  expect(fixture.isProved('server b.example')).toBe(true);
  expect(alarms(fixture)).toContain('8 dns names another key');
  expect(kept(fixture).pin?.fingerprint).toBe(hexOf(fixture.keys.domain(b).fingerprint));
});

test('whose DNS names another key is told so, once an hour; and who is told that of himself tells his admin', () => {
  const fixture = met();
  fixture.dns = () => idealRecord(fixture.keys, b, 'second');
  let server = 'server b.example';
  const report = { _source: 'psyc://a.example', _target: 'psyc://b.example' };
  let told = 0;
  for (let minutes = 0; minutes <= 61; minutes++) {
    fixture.pass(60_000);
    const heard = fixture.hear(server);
    // Nothing is said on circuits, so each ends before long.
    server = fixture.connect('server b.example', { name: `after ${minutes}` });
    for (const { method, routing, packet } of heard) {
      if (method !== '_notice_key_foreign') continue;
      expect(routing).toEqual(report);
      expect(packet.text('_fingerprint')).toBe(hexOf(fixture.keys.domain(b, 'second').fingerprint));
      told++;
    }
  }
  expect(told).toBe(2);
  const say = (fingerprint: string, by = 'psyc://b.example'): void =>
    fixture.say(server, {
      routing: { _source: by, _target: 'psyc://a.example' },
      entity: { _fingerprint: fingerprint },
      method: '_notice_key_foreign',
    });
  say('no fingerprint');
  say(hexOf(fixture.keys.domain('a.example').fingerprint));
  // Whoever has an account there, or here, gives no alarm.
  say('cd'.repeat(20), 'psyc://b.example/~eve');
  fixture.say(fixture.connect('client eve phone'), {
    routing: { _source: 'psyc://a.example/~eve', _target: 'psyc://a.example' },
    entity: { _fingerprint: 'cd'.repeat(20) },
    method: '_notice_key_foreign',
  });
  say('ab'.repeat(20));
  expect(fixture.notices.filter(({ kind }) => kind === 'named')).toEqual([
    { kind: 'named', domain: b, fingerprint: 'ab'.repeat(20) },
  ]);
});

test('a statement of the old key is followed at once where a validator vouches for it', () => {
  const fixture = met();
  fixture.dns = () => idealRecord(fixture.keys, b, 'next', { secure: true, seq: 2 });
  expect(fixture.isProved(comeNext(fixture, 'next'))).toBe(true);
  expect(kept(fixture)).toMatchObject({
    seq: 2,
    pin: { basis: 'rotated', fingerprint: hexOf(fixture.keys.domain(b, 'next').fingerprint) },
  });
  // Whoever has the old one still is believed until the overlap ends.
  expect(fixture.isProved(fixture.connect('server b.example', { name: 'old' }))).toBe(true);
  fixture.pass(trustLimits.overlapMs);
  expect(fixture.methods(fixture.connect('server b.example', { name: 'older' }))).toEqual(['_error_trust_changed_key']);
});

test('without that it waits for 72 hours, also over a restart, and the old key is taken meanwhile', () => {
  const before = met();
  expect(before.methods(comeNext(before, 'next'))).toEqual(['_error_trust_waiting_key']);
  const fixture = new NodeFixture({}, { store: before.store, keys: before.keys, life: 2 });
  fixture.dns = () => idealRecord(fixture.keys, b, 'next', { seq: 2 });
  fixture.pass(trustLimits.graceMs - 1);
  expect(fixture.methods(comeNext(fixture, 'early'))).toEqual(['_error_trust_waiting_key']);
  expect(fixture.isProved(fixture.connect('server b.example', { name: 'old' }))).toBe(true);
  fixture.pass(1);
  // Then it is asked at key servers whether the old one has revoked itself; what comes of that counts for who comes again.
  expect(fixture.methods(comeNext(fixture, 'due'))).toEqual(['_error_trust_waiting_key']);
  expect(fixture.isProved(comeNext(fixture, 'asked'))).toBe(true);
});

test('a statement that somebody else made up is none', () => {
  const fixture = met();
  const forged = new Uint8Array([1, 2, 3]);
  expect(fixture.methods(comeNext(fixture, 'forged', { rotation: forged }))).toEqual(['_error_trust_changed_key']);
});

test('people whose certifications are by the old key are believed while its overlap lasts', () => {
  const fixture = met();
  fixture.dns = () => idealRecord(fixture.keys, b, 'next', { secure: true, seq: 2 });
  const server = comeNext(fixture, 'next');
  const phone = fixture.connect('client ada phone');
  fixture.say(server, said(channel('zoe', 'phone', b), 'psyc://a.example/~ada', 1, '_message_private_sealed', 'x'));
  expect(fixture.methods(phone)).toContain('_message_private_sealed');
});

test('two successors of one key: told by somebody, the domain is frozen, its circuit closed, and all hear why', () => {
  const fixture = met();
  fixture.connect('server c.example');
  const d = fixture.connect('server d.example');
  const old = fixture.keys.domain(b);
  fixture.hear(d);
  for (const name of ['next', 'second']) {
    const next = fixture.keys.domain(b, name);
    const statement = fixture.keys.rotation(old, next, 2, beginUnixMs, beginUnixMs + DAY);
    fixture.say('server c.example', {
      routing: { _source: 'psyc://c.example', _target: 'psyc://a.example' },
      entity: { _domain: b, _rotation: statement, _key: next.certificate },
      method: '_notice_key_rotation',
    });
  }
  expect(kept(fixture).standing).toBe('frozen');
  expect(alarms(fixture)).toContain('2 two successors');
  expect(fixture.closed).toContain('server b.example');
  const passed = fixture.hear(d).filter(({ method }) => method === '_notice_key_rotation');
  expect(new Set(passed.map(({ packet }) => decodeText(new Uint8Array(packet.value('_rotation')!)))).size).toBe(2);
  expect(fixture.methods(fixture.connect('server b.example', { name: 'again' }))).toEqual(['_error_trust_frozen_key']);
});

test('who is to have another key tells it to all who are there, and to those who come later', () => {
  const fixture = new NodeFixture();
  const b = fixture.connect('server b.example');
  fixture.hear(b);
  const [own, next] = [fixture.keys.domain('a.example'), fixture.keys.domain('a.example', 'next')];
  const statement = fixture.keys.rotation(own, next, 2, beginUnixMs, beginUnixMs + DAY);
  fixture.tell({ kind: 'announced', announced: { statement, key: next.certificate, recovery: null } });
  for (const circuit of [b, fixture.connect('server c.example')]) {
    const [told] = fixture.hear(circuit).filter(({ method }) => method === '_notice_key_rotation');
    expect(told!.packet.text('_domain')).toBe('a.example');
    expect([told!.packet.value('_rotation'), told!.packet.value('_key')].map((one) => decodeText(one!))).toEqual(
      [statement, next.certificate].map(decodeText),
    );
  }
});

/** What a domain signs when it is asked which key it sees. */
function sighting(fixture: NodeFixture, witness: string, key: string, tag: string, signer = witness): void {
  const said = { fingerprint: key, time: String(beginUnixMs + fixture.nowMs), state: 'up', nonce: tag };
  const bytes = sightingBytes(witness, 'a.example', b, said);
  fixture.say(`server ${witness}`, {
    routing: { _source: `psyc://${witness}`, _target: 'psyc://a.example', _tag_relay: tag },
    entity: {
      _domain: b,
      _fingerprint: key,
      _time: said.time,
      _state: 'up',
      _signature: fixture.keys.suite.ed25519Sign(bytes, fixture.keys.domain(signer).seed),
    },
    method: '_status_keys_seen',
  });
}

const witnesses = ['c.example.net', 'd.example.org', 'e.example.com'];

/** A node that knows three domains for long, asks them of b.example's key, and hears this. */
function witnessed(key: (fixture: NodeFixture) => string, signer?: string): NodeFixture {
  const fixture = met();
  const come = (witness: string, at: number): void =>
    void fixture.connect(`server ${witness}`, { address: `192.0.${at}.1` });
  witnesses.forEach(come);
  fixture.pass(trustLimits.witnessPinnedMs);
  witnesses.forEach(come);
  fixture.dns = (domain) =>
    domain === b ? idealRecord(fixture.keys, b, 'next', { seq: 2 }) : idealRecord(fixture.keys, domain);
  expect(fixture.methods(comeNext(fixture, 'early'))).toEqual(['_error_trust_waiting_key']);
  for (const witness of witnesses) {
    const asked = fixture.hear(`server ${witness}`).find(({ method }) => method === '_request_keys_seen');
    expect(asked?.packet.text('_domain')).toBe(b);
    sighting(fixture, witness, key(fixture), asked!.routing['_tag']!, signer);
  }
  return fixture;
}

test('three others who have seen the new key make it hold at once', () => {
  const fixture = witnessed((of) => hexOf(of.keys.domain(b, 'next').fingerprint));
  expect(fixture.isProved(comeNext(fixture, 'vouched'))).toBe(true);
});

test('three others who have seen the old one do not; nor do answers that somebody else has signed', () => {
  const old = witnessed((of) => hexOf(of.keys.domain(b).fingerprint));
  expect(old.methods(comeNext(old, 'vouched'))).toEqual(['_error_trust_waiting_key']);
  const forged = witnessed((of) => hexOf(of.keys.domain(b, 'next').fingerprint), 'f.example');
  expect(forged.methods(comeNext(forged, 'vouched'))).toEqual(['_error_trust_waiting_key']);
});

test('who is asked says which key was seen, signed; of whom it knows nothing it says so', () => {
  const fixture = met();
  const c = fixture.connect('server c.example');
  const ask = (domain: string): void =>
    fixture.sayBytes(
      c,
      render({
        routing: { _source: 'psyc://c.example', _target: 'psyc://a.example', _tag: 'n1' },
        entity: { _domain: domain },
        method: '_request_keys_seen',
      }),
    );
  ask(b);
  ask('x.example');
  const [known, unknown] = fixture.hear(c).filter(({ method }) => method === '_status_keys_seen');
  const { packet } = known!;
  const text = (name: string): string => packet.text(name) ?? '';
  const told = { fingerprint: text('_fingerprint'), time: text('_time'), state: text('_state'), nonce: 'n1' };
  expect(told).toMatchObject({ fingerprint: hexOf(fixture.keys.domain(b).fingerprint), state: 'up' });
  const publicKey = fixture.keys.suite.ed25519PublicKey(fixture.keys.domain('a.example').seed);
  const signature = new Uint8Array(packet.value('_signature')!);
  expect(fixture.keys.suite.ed25519Verify(signature, sightingBytes('a.example', 'c.example', b, told), publicKey)).toBe(
    true,
  );
  expect([unknown!.packet.text('_fingerprint'), unknown!.packet.text('_state')]).toEqual([undefined, 'unknown']);
});

test('whoever comes in a domain’s name is not what the node says that it has seen', () => {
  const fixture = met();
  const identity = fixture.keys.domain(b, 'second');
  fixture.connect('server b.example', { name: 'thief', party: { identity } });
  const c = fixture.connect('server c.example');
  fixture.say(c, {
    routing: { _source: 'psyc://c.example', _target: 'psyc://a.example', _tag: 'n1' },
    entity: { _domain: b },
    method: '_request_keys_seen',
  });
  const [answer] = fixture.hear(c).filter(({ method }) => method === '_status_keys_seen');
  expect(answer!.packet.text('_fingerprint')).toBe(hexOf(fixture.keys.domain(b).fingerprint));
});

test('a key on a circuit that has stood for long is seen now, not when it began', () => {
  const fixture = met();
  const c = fixture.connect('server c.example');
  const { witnessSeenMs, recheckSoonMs } = trustLimits;
  for (let passedMs = 0; passedMs <= witnessSeenMs; passedMs += 60_000) {
    fixture.pass(60_000);
    for (const circuit of [`server ${b}`, c]) fixture.sayBytes(circuit, encodeText('|\n'));
  }
  fixture.hear(c);
  fixture.say(c, {
    routing: { _source: 'psyc://c.example', _target: 'psyc://a.example', _tag: 'n1' },
    entity: { _domain: b },
    method: '_request_keys_seen',
  });
  const [answer] = fixture.hear(c).filter(({ method }) => method === '_status_keys_seen');
  expect(answer!.packet.text('_state')).toBe('up');
  const ageMs = beginUnixMs + fixture.nowMs - Number(answer!.packet.text('_time'));
  expect(ageMs).toBeLessThanOrEqual(recheckSoonMs);
});

test('looksMax, lookUpsMax, stepsMax, witnessesAskedMax', () => {
  const full = new NodeFixture({ looksMax: 0 });
  expect(full.methods(full.connect('server b.example'))).toEqual(['_error_trust_unavailable']);
  const unheard = new NodeFixture({ lookUpsMax: 0 });
  go(unheard);
  expect(unheard.notices).toContainEqual({ kind: 'refused', code: '_trust_unvouched', domain: b });
  const forgetful = new NodeFixture({}, { options: { trustLimits: { ...trustLimits, stepsMax: 0 } } });
  forgetful.connect('server b.example');
  expect(forgetful.methods(comeNext(forgetful, 'next'))).toEqual(['_error_trust_changed_key']);
  const shy = new NodeFixture({ witnessesAskedMax: 1 });
  for (const domain of [b, 'c.example', 'd.example']) shy.connect(`server ${domain}`);
  comeNext(shy, 'next');
  const asked = ['c.example', 'd.example'].filter((domain) =>
    shy.methods(`server ${domain}`).includes('_request_keys_seen'),
  );
  expect(asked).toHaveLength(1);
});

test('whom the admin blocks nobody here speaks to, and he is not let in; policyBytesMax; it is kept', () => {
  const fixture = new NodeFixture({ policyBytesMax: 40 });
  const server = fixture.connect('server b.example');
  const ask = (question: AdminQuestion): void => fixture.tell({ kind: 'asked', request: 1, question });
  const line = { rule: 'block', domain: b, fingerprint: null } as const;
  ask({ kind: 'change', unknown: null, changes: [line] });
  expect(fixture.told).toEqual([{ kind: 'done' }]);
  expect(fixture.methods(server)).toContain('_error_trust_blocked');
  const phone = fixture.connect('client ada phone');
  fixture.say(phone, said(ada, 'psyc://b.example/~zoe', 1, '_message_private_sealed', 'x'));
  expect(fixture.methods(phone)).toContain('_error_trust_blocked');
  const life = new NodeFixture({}, { store: fixture.store, keys: fixture.keys, life: 2 });
  expect(life.methods(life.connect('server b.example'))).toEqual(['_error_trust_blocked']);
  life.tell({ kind: 'asked', request: 1, question: { kind: 'change', unknown: 'closed', changes: [] } });
  expect(life.methods(life.connect('server c.example'))).toEqual(['_error_trust_blocked']);
  ask({ kind: 'change', unknown: null, changes: [{ ...line, fingerprint: 'ab'.repeat(20) }] });
  expect(fixture.told.at(-1)).toEqual({ kind: 'refused', code: '_excessive_rules' });
});
