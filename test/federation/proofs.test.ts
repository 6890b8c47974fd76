/** A node's circuits until they are proved: whose proof it takes, which key it trusts, and when it waits no longer. */
import { expect, test } from '@jest/globals';
import { proveServer } from '../../circuit/proof.ts';
import { proofLimits } from '../../circuit/proof-limits.ts';
import { renderProof } from '../../circuit/proof-packet.ts';
import type { ServerIdentity } from '../../circuit/server-handshake.ts';
import { hexOf } from '../../crypto/bytes.ts';
import { render } from '../../psyc/render.ts';
import { beginUnixMs } from '../../simulator/scenes/circuit-end.ts';
import { channel, NodeFixture } from './node-fixture.ts';
import { said } from './said.ts';

const hall = 'psyc://a.example/@hall';
const ada = channel('ada', 'phone');

/** The proof of a server that opens a circuit of this name to a.example. */
function proofOf(fixture: NodeFixture, identity: ServerIdentity, circuit: string, key: Uint8Array | null): Uint8Array {
  const { domain: from, fingerprint, seed } = identity;
  const claim = { role: 'initiator', from, to: 'a.example', fingerprint, peerFingerprint: null } as const;
  const signature = proveServer(fixture.keys.suite, claim, fixture.keys.exported(circuit).initiator, seed);
  return renderProof({ kind: 'server', claim, signature, evidence: { key, statement: null } });
}

/** A node that wants to go to b.example, and the name of its circuit there. */
function dialling(): NodeFixture {
  const fixture = new NodeFixture();
  const phone = fixture.connect('client ada phone');
  fixture.say(phone, said(ada, 'psyc://b.example/~zoe', 1, '_message_private_sealed', 'x'));
  expect(fixture.dialled).toEqual(['out 1.1 b.example']);
  return fixture;
}

test('a first key is taken and pinned of whom the node went to, and the admin is told; another one later is not taken', () => {
  const fixture = dialling();
  const server = fixture.accept('out 1.1', 'server b.example');
  expect(fixture.isProved(server)).toBe(true);
  const { fingerprint } = fixture.keys.domain('b.example');
  expect(fixture.notices).toEqual([
    { kind: 'first contact', domain: 'b.example', fingerprint: hexOf(fingerprint) },
    { kind: 'connected', domain: 'b.example' },
  ]);
  const identity = fixture.keys.domain('b.example', 'second');
  for (const life of [fixture, new NodeFixture({}, { store: fixture.store, keys: fixture.keys, life: 2 })]) {
    const other = life.connect('server b.example', { name: 'other', party: { identity } });
    expect(life.methods(other)).toEqual(['_error_trust_changed_key']);
    expect(life.notices.slice(-2)).toEqual([
      {
        kind: 'foreign key',
        domain: 'b.example',
        fingerprint: hexOf(identity.fingerprint),
        expected: hexOf(fingerprint),
      },
      { kind: 'refused', code: '_trust_changed_key', domain: null },
    ]);
  }
  expect(fixture.closed).toEqual(['other']);
});

test('who comes unknown is not pinned but gone to; he hears the node’s proof, and next time he is let in', () => {
  const fixture = new NodeFixture();
  const [impostor, real] = [fixture.keys.domain('b.example', 'second'), fixture.keys.domain('b.example')];
  const first = fixture.connect('server b.example', { name: 'first', isUnmet: true, party: { identity: impostor } });
  expect([fixture.isProved(first), fixture.methods(first)]).toEqual([false, ['_error_trust_unmet']]);
  expect(fixture.dialled).toEqual(['out 1.1 b.example']);
  fixture.open('raw');
  fixture.sayBytes('raw', proofOf(fixture, real, 'raw', real.certificate));
  expect(fixture.methods('raw')).toEqual(['_notice_proof_server']);
  fixture.sayBytes('raw', renderProof({ kind: 'proved', uniform: 'psyc://a.example', key: null, statement: null }));
  expect(fixture.methods('raw')).toEqual(['_error_trust_unmet']);
  // Once is enough, however often they come.
  expect([fixture.dialled.length, fixture.queue('meetings')]).toEqual([1, 1]);
  fixture.accept('out 1.1', 'server b.example');
  expect([fixture.isProved('out 1.1'), fixture.queue('meetings')]).toEqual([true, 0]);
  const again = fixture.connect('server b.example', { name: 'again', isUnmet: true });
  expect(fixture.isProved(again)).toBe(true);
  const late = fixture.connect('server b.example', { name: 'late', isUnmet: true, party: { identity: impostor } });
  expect(fixture.methods(late)).toEqual(['_error_trust_changed_key']);
});

test('who waits for the node’s proof to be taken says nothing else', () => {
  const fixture = new NodeFixture();
  const { certificate, ...identity } = fixture.keys.domain('b.example');
  fixture.open('raw');
  fixture.sayBytes('raw', proofOf(fixture, { certificate, ...identity }, 'raw', certificate));
  fixture.sayRaw('raw', { method: '_request_challenge' });
  expect(fixture.methods('raw')).toEqual(['_notice_proof_server', '_error_proof_excessive']);
});

test('the admin who asks for a domain does not wait for what failed a short while ago; one dial at a time all the same', () => {
  const fixture = new NodeFixture();
  const meet = (request: number): number => {
    fixture.tell({ kind: 'asked', request, question: { kind: 'meet', domain: 'b.example' } });
    return fixture.dialled.length;
  };
  const fail = (): void => fixture.tell({ kind: 'failed', circuit: fixture.dialled.at(-1)!.split(' b.')[0]! });
  expect([meet(1), meet(2)]).toEqual([1, 1]);
  // By then it is waited for long until the next.
  for (let tries = 0; tries < 6; tries++) {
    fail();
    fixture.pass(30_000);
    meet(3);
  }
  fail();
  const { length } = fixture.dialled;
  fixture.pass(1_000);
  expect(fixture.dialled).toHaveLength(length);
  expect(meet(4)).toBe(length + 1);
  // The rest that was broken off ends while another is under way.
  fail();
  fixture.pass(1_000);
  expect(fixture.dialled).toHaveLength(length + 1);
});

test('meetingsMax, meetingMsMax; a configured key needs no meeting', () => {
  const store = new NodeFixture();
  const configured = store.keys.domain('d.example');
  const pins = new Map([['d.example', hexOf(configured.fingerprint)]]);
  const fixture = new NodeFixture({ meetingsMax: 1 }, { keys: store.keys, options: { pins } });
  const come = (domain: string): void =>
    void fixture.connect(`server ${domain}`, { name: `${domain} ${fixture.nowMs}`, isUnmet: true });
  for (const domain of ['b.example', 'c.example', 'd.example']) come(domain);
  expect([fixture.isProved('d.example 0'), fixture.queue('meetings')]).toEqual([true, 1]);
  expect(fixture.dialled).toEqual(['out 1.1 b.example']);
  fixture.tell({ kind: 'failed', circuit: 'out 1.1' });
  fixture.pass(30_000);
  expect(fixture.queue('meetings')).toBe(0);
  const { length } = fixture.dialled;
  fixture.pass(60_000);
  expect(fixture.dialled).toHaveLength(length);
  come('c.example');
  expect(fixture.dialled.at(-1)).toContain('c.example');
});

test('meetingsOfStrangersMax, meetingsForAdmin: strangers give way to whom this node knows, and to whom the admin asks for', () => {
  const fixture = new NodeFixture({ meetingsMax: 4, meetingsOfStrangersMax: 3, meetingsForAdmin: 1 });
  const gone = (): string[] => fixture.dialled.splice(0).map((line) => line.split(' ')[2]!.split('.')[0]!);
  const ask = (domain: string): unknown => {
    fixture.tell({ kind: 'asked', request: 1, question: { kind: 'meet', domain } });
    return fixture.told.at(-1);
  };
  fixture.tell({ kind: 'ended', circuit: fixture.connect('server known.example') });
  for (const name of ['s1', 's2', 's3', 's4']) fixture.connect(`server ${name}.example`, { isUnmet: true });
  expect(gone()).toEqual(['s1', 's2', 's3']);
  // Its key has named a successor, and it is not there to hear of that.
  const [old, next] = [undefined, 'next'].map((name) => fixture.keys.domain('known.example', name));
  const rotation = fixture.keys.rotation(old!, next!, 2, beginUnixMs, beginUnixMs + 86_400_000);
  fixture.connect('server known.example', { name: 'knocks', party: { identity: { ...next!, rotation } } });
  // What was there a moment ago is not dialled at once.
  fixture.pass(2_000);
  expect(gone()).toEqual(['known']);
  expect(['w', 'x', 'y', 'z'].map((name) => ask(`${name}.example`))).toEqual([
    { kind: 'done' },
    { kind: 'done' },
    { kind: 'done' },
    { kind: 'refused', code: '_excessive_peers' },
  ]);
  expect([gone(), fixture.queue('meetings')]).toEqual([['w', 'x', 'y'], 4]);
});

test('pinnedKeyBytesMax', () => {
  const fixture = dialling();
  const limited = new NodeFixture({ pinnedKeyBytesMax: 8 }, { keys: fixture.keys });
  const phone = limited.connect('client ada phone');
  limited.say(phone, said(ada, 'psyc://b.example/~zoe', 1, '_message_private_sealed', 'x'));
  limited.accept('out 1.1', 'server b.example');
  expect(limited.notices).toContainEqual({ kind: 'refused', code: '_trust_oversized_key', domain: 'b.example' });
});

test('a configured key is the only one, also where another is pinned', () => {
  const store = new NodeFixture();
  store.connect('server b.example');
  const configured = store.keys.domain('b.example', 'second');
  const pins = new Map([['b.example', hexOf(configured.fingerprint)]]);
  const fixture = new NodeFixture({}, { store: store.store, keys: store.keys, life: 2, options: { pins } });
  expect(fixture.methods(fixture.connect('server b.example'))).toEqual(['_error_trust_foreign_key']);
  const renewed = fixture.connect('server b.example', { name: 'renewed', party: { identity: configured } });
  expect(fixture.isProved(renewed)).toBe(true);
});

test('a key need not come along when it is known; it must be the one that is named', () => {
  const fixture = new NodeFixture();
  const identity = fixture.keys.domain('b.example');
  const say = (name: string, key: Uint8Array | null, of = identity): (string | null)[] => {
    fixture.open(name);
    fixture.sayBytes(name, proofOf(fixture, of, name, key));
    return fixture.methods(name);
  };
  expect(say('unknown', null)).toEqual(['_error_trust_unknown_key']);
  fixture.meet('b.example');
  expect(say('garbled', new Uint8Array([1]))).toEqual(['_error_foreign_user_id']);
  expect(say('another', fixture.keys.domain('b.example', 'second').certificate)).toEqual(['_error_trust_unknown_key']);
  expect(say('good', identity.certificate)).toEqual(['_notice_proof_server', '_notice_proved']);
  expect(say('known', null)).toEqual(['_notice_proof_server', '_notice_proved']);
  expect(say('stolen', null, { ...identity, seed: fixture.keys.device('thief') })).toEqual([
    '_error_proof_invalid_signature',
  ]);
});

test('a proof of one circuit is none on another, and none when it comes back', () => {
  const fixture = new NodeFixture();
  const identity = fixture.keys.domain('b.example');
  const proof = proofOf(fixture, identity, 'first', identity.certificate);
  fixture.meet('b.example');
  fixture.open('first');
  fixture.sayBytes('first', proof);
  expect(fixture.methods('first')).toEqual(['_notice_proof_server', '_notice_proved']);
  fixture.open('second');
  fixture.sayBytes('second', proof);
  expect(fixture.methods('second')).toEqual(['_error_proof_invalid_signature']);
  // The node’s own, as it goes to a client.
  fixture.open('third');
  fixture.sayRaw('third', { method: '_request_proof_server' });
  const [own] = fixture.hear('third');
  fixture.sayBytes('third', own!.packet.raw);
  expect(fixture.methods('third')).toEqual(['_error_proof_invalid_role']);
  fixture.open('fourth');
  fixture.sayBytes('fourth', proofOf(fixture, fixture.keys.domain('a.example'), 'fourth', null));
  expect(fixture.methods('fourth')).toEqual(['_error_proof_reflected']);
});

test('a stream that exports nothing proves no server', () => {
  const fixture = new NodeFixture();
  const identity = fixture.keys.domain('b.example');
  fixture.open('plain', null);
  fixture.sayBytes('plain', proofOf(fixture, identity, 'plain', identity.certificate));
  expect(fixture.methods('plain')).toEqual(['_error_proof_unbound']);
});

test('whom a node has gone to must be who answers', () => {
  const fixture = new NodeFixture();
  const phone = fixture.connect('client ada phone');
  fixture.say(phone, said(ada, 'psyc://c.example/~eve', 1, '_message_private_sealed', 'x'));
  fixture.accept('out 1.1', 'server d.example');
  expect(fixture.notices.at(-1)).toEqual({ kind: 'refused', code: '_proof_foreign_target', domain: 'c.example' });
  fixture.pass(1_000);
  expect(fixture.dialled).toEqual(['out 1.1 c.example', 'out 1.2 c.example']);
  fixture.accept('out 1.2', 'server c.example');
  expect(fixture.isProved('out 1.2')).toBe(true);
});

test.each([
  [
    'a message',
    render({ routing: { _source: ada, _target: hall, _tag: 't', _counter: '1' }, method: '_message_public' }),
  ],
  ['a proof with a source', render({ routing: { _source: ada }, method: '_request_proof_server' })],
  ['something else', render({ method: '_request_dance' })],
  ['what only a server sends', render({ entity: { _challenge: new Uint8Array(32) }, method: '_notice_challenge' })],
])('nothing before the proof: %s', (_what, bytes) => {
  const fixture = new NodeFixture();
  fixture.open('raw');
  fixture.sayBytes('raw', bytes);
  expect(fixture.methods('raw')).toEqual(['_error_proof_necessary']);
  expect(fixture.closed).toEqual(['raw']);
});

test('a peer’s own error before the proof is not answered', () => {
  const fixture = new NodeFixture();
  fixture.open('raw');
  fixture.sayRaw('raw', { entity: { _code: '_trust_changed_key' }, method: '_error_trust_changed_key' });
  expect(fixture.hear('raw')).toEqual([]);
  expect([fixture.closed, fixture.notices]).toEqual([
    ['raw'],
    [{ kind: 'refused', code: '_trust_changed_key', domain: null }],
  ]);
});

test('who has not proved himself in time, or tries too often, is sent away', () => {
  const fixture = new NodeFixture();
  fixture.open('slow');
  const proved = fixture.connect('server b.example');
  fixture.pass(proofLimits.provingMsMax - 1);
  expect(fixture.closed).toEqual([]);
  fixture.pass(1);
  expect(fixture.methods('slow')).toEqual(['_error_proof_timeout']);
  expect(fixture.isProved(proved)).toBe(true);
  fixture.open('eager');
  for (let times = 0; times <= proofLimits.proofsMax; times++) {
    fixture.sayRaw('eager', { method: '_request_proof_server' });
  }
  expect(fixture.methods('eager').at(-1)).toBe('_error_proof_excessive');
});

test('a packet may be long only once its sender is proved', () => {
  const fixture = new NodeFixture();
  fixture.open('raw');
  fixture.sayRaw('raw', { method: '_request_proof_server', data: new Uint8Array(210_000) });
  expect(fixture.methods('raw')).toEqual(['_error_oversized_content']);
  const server = fixture.connect('server b.example');
  const draft = said('psyc://b.example/~zoe', 'psyc://a.example/~nobody', 1, '_message_private');
  fixture.sayRaw(server, { ...draft, data: new Uint8Array(210_000) });
  expect(fixture.methods(server)).toEqual(['_error_unknown_target']);
});

test('one circuit a domain: where both have dialled, that of the first name stays', () => {
  const fixture = new NodeFixture();
  const phone = fixture.connect('client ada phone');
  fixture.say(phone, said(ada, 'psyc://c.example/~eve', 1, '_message_private_sealed', 'x'));
  fixture.connect('server c.example', { name: 'in' });
  fixture.accept('out 1.1', 'server c.example');
  fixture.say(phone, said(ada, 'psyc://c.example/~eve', 2, '_message_private_sealed', 'y'));
  expect(fixture.methods('out 1.1')).toContain('_message_private_sealed');
});

test('of a circuit that is proved no deadline is left, and of one that is over nothing', () => {
  const fixture = new NodeFixture();
  const before = fixture.timers;
  const proving = fixture.open('proving');
  const phone = fixture.connect('client ada phone', { name: 'phone' });
  expect(fixture.timers).toEqual(expect.arrayContaining(['circuit proving', 'prove proving', 'circuit phone']));
  expect(fixture.timers).not.toContain('prove phone');
  fixture.tell({ kind: 'failed', circuit: proving });
  fixture.tell({ kind: 'ended', circuit: phone });
  // But that its person may come back in a moment.
  expect(fixture.timers.filter((name) => !name.startsWith('presence grace '))).toEqual(before);
});
