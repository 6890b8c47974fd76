/** A node's circuits until they are proved: whose proof it takes, which key it trusts, and when it waits no longer. */
import { expect, test } from '@jest/globals';
import { proveServer } from '../../circuit/proof.ts';
import { proofLimits } from '../../circuit/proof-limits.ts';
import { renderProof } from '../../circuit/proof-packet.ts';
import type { ServerIdentity } from '../../circuit/server-handshake.ts';
import { hexOf } from '../../crypto/bytes.ts';
import { render } from '../../psyc/render.ts';
import { channel, NodeFixture, said } from './node-fixture.ts';

const hall = 'psyc://a.example/@hall';
const ada = channel('ada', 'phone');

/** The proof of a server that opens a circuit of this name to a.example. */
function proofOf(fixture: NodeFixture, identity: ServerIdentity, circuit: string, key: Uint8Array | null): Uint8Array {
  const { domain: from, fingerprint, seed } = identity;
  const claim = { role: 'initiator', from, to: 'a.example', fingerprint, peerFingerprint: null } as const;
  const signature = proveServer(fixture.keys.suite, claim, fixture.keys.exported(circuit).initiator, seed);
  return renderProof({ kind: 'server', claim, signature, evidence: { key, statement: null } });
}

test('a first key is taken and pinned, and the admin is told; another one later is not taken', () => {
  const fixture = new NodeFixture();
  const server = fixture.connect('server b.example');
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
      { kind: 'refused', code: '_trust_changed_key' },
    ]);
  }
  expect(fixture.closed).toEqual(['other']);
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
  expect(fixture.notices.at(-1)).toEqual({ kind: 'refused', code: '_proof_foreign_target' });
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
  expect([fixture.closed, fixture.notices]).toEqual([['raw'], [{ kind: 'refused', code: '_trust_changed_key' }]]);
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
  fixture.sayRaw('raw', { method: '_request_proof_server', data: new Uint8Array(200_000) });
  expect(fixture.methods('raw')).toEqual(['_error_oversized_content']);
  const server = fixture.connect('server b.example');
  const draft = said('psyc://b.example/~zoe', 'psyc://a.example/~nobody', 1, '_message_private');
  fixture.sayRaw(server, { ...draft, data: new Uint8Array(200_000) });
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
