/** The keys of people whose home is not reached, and what becomes of a home that is silent. */
import { expect, test } from '@jest/globals';
import type { AdminQuestion, DomainShown } from '../../federation/admin-questions.ts';
import { sightingBytes } from '../../federation/trust/sightings.ts';
import { type TrustLimits, trustLimits } from '../../pki/trust-limits.ts';
import { decodeText, encodeText } from '../../psyc/bytes.ts';
import { beginUnixMs } from '../../simulator/scenes/circuit-end.ts';
import { channel, NodeFixture } from './node-fixture.ts';
import { said } from './said.ts';

const DAY = 86_400_000;
const b = 'b.example';
const zoe = 'psyc://b.example/~zoe';
const ada = channel('ada', 'phone');

/** A node that had a circuit to b.example, which is gone, and nobody takes another. */
function alone(options: Partial<TrustLimits> = {}): NodeFixture {
  const fixture = new NodeFixture({}, { options: { trustLimits: { ...trustLimits, ...options } } });
  fixture.connect('server b.example');
  fixture.tell({ kind: 'ended', circuit: 'server b.example' });
  return fixture;
}

/** Other key servers have zoe's key, with the word of her domain. */
function publish(fixture: NodeFixture, identity = fixture.keys.domain(b)): void {
  const { key, statement } = fixture.identityOf('zoe', b);
  fixture.keys.published.set(zoe, { key: fixture.keys.certified(key, identity), statement });
}

function askKeys(fixture: NodeFixture, tag = 'k1', person = zoe): void {
  fixture.sayRaw('client ada phone', {
    routing: { _source: ada, _target: person, _tag: tag },
    method: '_request_keys',
  });
}

function show(fixture: NodeFixture): DomainShown {
  const question: AdminQuestion = { kind: 'show', domain: b };
  fixture.tell({ kind: 'asked', request: 1, question });
  const answer = fixture.told.at(-1)!;
  if (answer.kind !== 'domains') throw new Error(answer.kind);
  return answer.domains[0]!;
}

test('whoever asks for the keys of somebody whose home is not reached is told them, as others have them', () => {
  const fixture = alone();
  publish(fixture);
  const phone = fixture.connect('client ada phone');
  fixture.hear(phone);
  askKeys(fixture);
  const [answer] = fixture.hear(phone);
  expect(answer).toMatchObject({ method: '_status_keys', routing: { _source: zoe, _target: ada, _tag_relay: 'k1' } });
  const { key, statement } = fixture.keys.published.get(zoe)!;
  const { certificate } = fixture.keys.domain(b);
  for (const [name, bytes] of Object.entries({ _key: key, _statement: statement, _key_domain: certificate })) {
    expect(decodeText(new Uint8Array(answer!.packet.value(name)!))).toBe(decodeText(bytes));
  }
});

test('not where her home is there; not what another domain vouches for; not who is another than she was', () => {
  const there = new NodeFixture();
  there.tellsKeys = false;
  const server = there.connect('server b.example');
  publish(there);
  const phone = there.connect('client ada phone');
  there.hear(phone);
  askKeys(there);
  expect(there.methods(phone)).toEqual([]);
  expect(there.methods(server)).toContain('_request_keys');

  const foreign = alone();
  publish(foreign, foreign.keys.domain('c.example'));
  foreign.connect('client ada phone');
  foreign.hear('client ada phone');
  askKeys(foreign);
  expect(foreign.methods('client ada phone')).toEqual([]);

  const changed = alone();
  publish(changed);
  changed.store.perform({
    kind: 'write',
    request: 0,
    operations: [{ op: 'record', context: zoe, lease: 1, name: 'fingerprint', value: new Uint8Array(20).fill(7) }],
  });
  changed.connect('client ada phone');
  changed.hear('client ada phone');
  askKeys(changed);
  expect(changed.methods('client ada phone')).toEqual([]);
});

test('a word that came before its home fell silent is kept: its author’s keys are found elsewhere', () => {
  const fixture = new NodeFixture();
  const server = fixture.connect('server b.example');
  const phone = fixture.connect('client ada phone');
  fixture.tellsKeys = false;
  publish(fixture);
  fixture.say(server, said(channel('zoe', 'phone', b), 'psyc://a.example/~ada', 1, '_message_private_sealed', 'x'));
  expect(fixture.methods(phone)).toEqual([]);
  fixture.pass(11_000);
  expect(fixture.methods(phone)).toContain('_message_private_sealed');
});

test('who is pinned is looked for by that key; his home is asked first, whoever came before it', () => {
  const fixture = new NodeFixture();
  for (const domain of ['c.example', 'd.example', b, 'e.example']) fixture.connect(`server ${domain}`);
  publish(fixture);
  const asked: object[] = [];
  const answer = fixture.keys.answer.bind(fixture.keys);
  fixture.keys.answer = (question, ...more) => {
    if (question.kind === 'find') asked.push({ fingerprint: question.fingerprint, servers: question.servers });
    return answer(question, ...more);
  };
  const servers = [b, 'c.example', 'd.example', 'e.example'];
  const find = (): void => {
    fixture.tell({ kind: 'asked', request: 1, question: { kind: 'find', person: zoe } });
    fixture.nowMs += DAY;
  };
  find();
  const { fingerprint } = fixture.identityOf('zoe', b);
  const pin = { op: 'record', context: zoe, lease: 1, name: 'fingerprint', value: fingerprint } as const;
  fixture.store.perform({ kind: 'write', request: 0, operations: [pin] });
  find();
  expect(asked).toEqual([
    { fingerprint: null, servers },
    { fingerprint, servers },
  ]);
});

test('searchesMax, searchedMax, keyServersAskedMax', () => {
  const asked = (fixture: NodeFixture): unknown[] =>
    (fixture.held.pki ?? []).flatMap(([, question]) => (question.kind === 'find' ? [question] : []));
  const busy = new NodeFixture({ searchesMax: 1, keyServersAskedMax: 1, searchedMax: 1 });
  for (const domain of [b, 'c.example', 'd.example']) busy.connect(`server ${domain}`);
  busy.tell({ kind: 'ended', circuit: 'server b.example' });
  const phone = busy.connect('client ada phone');
  busy.held.pki = [];
  for (const nick of ['zoe', 'zoe', 'yan']) askKeys(busy, 'k1', `psyc://b.example/~${nick}`);
  expect(asked(busy)).toEqual([expect.objectContaining({ person: zoe, servers: ['c.example'] })]);
  publish(busy);
  busy.hear(phone);
  busy.release();
  expect(busy.methods(phone)).toEqual(['_status_keys', '_status_keys']);
  // What was found is remembered for a while, of so many.
  busy.held.pki = [];
  askKeys(busy);
  expect(asked(busy)).toEqual([]);
  askKeys(busy, 'k2', 'psyc://b.example/~yan');
  busy.release();
  busy.held.pki = [];
  askKeys(busy);
  expect(asked(busy)).toHaveLength(1);
});

test('searchesOfDomainMax: people of one domain leave room for those of others', () => {
  const fixture = new NodeFixture({ searchesMax: 4, searchesOfDomainMax: 2 });
  for (const domain of [b, 'c.example', 'd.example']) fixture.connect(`server ${domain}`);
  for (const domain of [b, 'c.example']) fixture.tell({ kind: 'ended', circuit: `server ${domain}` });
  fixture.connect('client ada phone');
  fixture.held.pki = [];
  for (const nick of ['one', 'two', 'three', 'four']) askKeys(fixture, nick, `psyc://b.example/~${nick}`);
  askKeys(fixture, 'five', 'psyc://c.example/~five');
  const asked = fixture.held.pki.flatMap(([, question]) => (question.kind === 'find' ? [question.person] : []));
  expect(asked).toEqual(['psyc://b.example/~one', 'psyc://b.example/~two', 'psyc://c.example/~five']);
});

test('a home that nobody reaches is asked after; once another finds so too it is silent since it was proved last', () => {
  const fixture = alone({ recheckSoonMs: 2_000 });
  const sinceMs = beginUnixMs + fixture.nowMs;
  const witness = fixture.connect('server c.example');
  fixture.pass(2_000);
  expect(show(fixture).silentSinceMs).toBeNull();
  const question = fixture.hear(witness).find(({ method }) => method === '_request_keys_seen')!;
  expect(question.packet.text('_domain')).toBe(b);
  const nonce = question.routing['_tag']!;
  const none = { fingerprint: '', time: '0', state: 'silent', nonce };
  const bytes = sightingBytes('c.example', 'a.example', b, none);
  fixture.sayRaw(witness, {
    routing: { _source: 'psyc://c.example', _target: 'psyc://a.example', _tag_relay: nonce },
    entity: {
      _domain: b,
      _time: '0',
      _state: 'silent',
      _signature: fixture.keys.suite.ed25519Sign(bytes, fixture.keys.domain('c.example').seed),
    },
    method: '_status_keys_seen',
  });
  fixture.pass(2_000);
  expect(show(fixture).silentSinceMs).toBe(sinceMs);
  expect(fixture.notices).toContainEqual({ kind: 'key', domain: b, row: '7a', alarm: 'home silent' });
});

test('what its people were certified with when it fell silent counts on, and ends with the silence', () => {
  const fixture = alone();
  fixture.keys.untilMs = beginUnixMs + 30 * DAY;
  publish(fixture);
  const trust = fixture.store.perform({ kind: 'records', request: 0, context: `psyc://${b}` });
  const kept = trust.kind === 'records' ? trust.records.find(({ name }) => name === 'trust')! : null;
  const silent = { ...(JSON.parse(decodeText(kept!.value)) as object), silentSinceMs: beginUnixMs };
  const value = encodeText(JSON.stringify(silent));
  const operations = [{ op: 'record', context: `psyc://${b}`, lease: 1, name: 'trust', value } as const];
  fixture.store.perform({ kind: 'write', request: 0, operations });
  const found = (): unknown => {
    fixture.tell({ kind: 'asked', request: 1, question: { kind: 'find', person: zoe } });
    return fixture.told.at(-1);
  };
  fixture.nowMs = 31 * DAY;
  expect(found()).toMatchObject({ kind: 'found', untilMs: beginUnixMs + trustLimits.silentMsMax });
  fixture.nowMs = trustLimits.silentMsMax;
  expect(found()).toEqual({ kind: 'refused', code: '_keys_unknown' });
});
