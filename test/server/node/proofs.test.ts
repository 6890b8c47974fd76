/** Servers prove themselves over real TLS, and whoever copies, reflects or carries a proof is refused with its code. */
import { createServer, type TLSSocket } from 'node:tls';
import { afterEach, expect, test } from '@jest/globals';
import { proveServer } from '../../../circuit/proof.ts';
import { parseProof, type ProofMessage, renderProof } from '../../../circuit/proof-packet.ts';
import type { ServerIdentity } from '../../../circuit/server-handshake.ts';
import { hexOf } from '../../../crypto/bytes.ts';
import { suite } from '../../../server/suite.ts';
import { RawPeer } from './raw-peer.ts';
import { identityOf, newDomainKey, Town } from './town.ts';

const town = new Town();
afterEach(() => town.close());

/** What a.example says of itself on this connection. */
function proofOf(
  identity: ServerIdentity,
  peer: RawPeer,
  change: Partial<{ from: string; to: string }> = {},
): ProofMessage {
  const claim = {
    role: 'initiator',
    from: identity.domain,
    to: 'b.example',
    fingerprint: identity.fingerprint,
    peerFingerprint: null,
    ...change,
  } as const;
  const signature = proveServer(suite, claim, peer.exported.initiator, identity.seed);
  return { kind: 'server', claim, signature, evidence: { key: identity.certificate, statement: null } };
}

const identityOfA = async (): Promise<ServerIdentity> => identityOf('a.example', await newDomainKey('a.example'));

test('two servers prove themselves to each other, and then speak', async () => {
  const identity = await identityOfA();
  await town.open('b.example', { pins: new Map([['a.example', hexOf(identity.fingerprint)]]) });
  const peer = await RawPeer.open(town.endpoints.get('b.example')!);
  peer.say(renderProof(proofOf(identity, peer)));
  const [proof, proved] = [await peer.hear(), await peer.hear()];
  expect(parseProof(proof!)).toMatchObject({
    kind: 'server',
    claim: { role: 'acceptor', from: 'b.example', to: 'a.example' },
  });
  expect(parseProof(proved!)).toMatchObject({ kind: 'proved', uniform: 'psyc://a.example' });
  peer.say(renderProof({ kind: 'proved', uniform: 'psyc://b.example', key: null, statement: null }));
  const request = ':_source\tpsyc://a.example\n:_target\tpsyc://b.example/~nobody\n:_tag\tt\n\n_request_keys\n|\n';
  peer.say(new TextEncoder().encode(request));
  // What it asks of a domain that it has just met comes before.
  const heard = [await peer.hear(), await peer.hear()];
  expect(heard.map((packet) => packet?.method)).toContain('_error_unknown_target');
  peer.close();
});

test.each<[string, (identity: ServerIdentity, peer: RawPeer, other: RawPeer) => ProofMessage]>([
  ['_proof_invalid_signature', (identity, _peer, other) => proofOf(identity, other)],
  ['_proof_foreign_target', (identity, peer) => proofOf(identity, peer, { to: 'c.example' })],
  ['_proof_reflected', (identity, peer) => proofOf({ ...identity, domain: 'b.example' }, peer)],
  ['_foreign_user_id', (identity, peer) => proofOf(identity, peer, { from: 'c.example' })],
  [
    '_trust_unknown_key',
    (identity, peer) => ({ ...proofOf(identity, peer), evidence: { key: null, statement: null } }) as ProofMessage,
  ],
])('refuses with %s', async (code, make) => {
  await town.open('b.example');
  const identity = await identityOfA();
  const endpoint = town.endpoints.get('b.example')!;
  const [peer, other] = [await RawPeer.open(endpoint), await RawPeer.open(endpoint)];
  peer.say(renderProof(make(identity, peer, other)));
  expect(await peer.lastMethod()).toBe(`_error${code}`);
  other.close();
});

test('who says something before he has proved himself is sent away', async () => {
  await town.open('b.example');
  const peer = await RawPeer.open(town.endpoints.get('b.example')!);
  peer.say(
    new TextEncoder().encode(':_source\tpsyc://a.example\n:_target\tpsyc://b.example/@hall\n\n_request_enter\n|\n'),
  );
  expect(await peer.lastMethod()).toBe('_error_proof_necessary');
});

test('who comes unknown is told that he is, and not kept; another key than the configured one is refused', async () => {
  await town.open('b.example');
  const endpoint = town.endpoints.get('b.example')!;
  const first = await identityOfA();
  for (const identity of [first, await identityOfA()]) {
    const unknown = await RawPeer.open(endpoint);
    unknown.say(renderProof(proofOf(identity, unknown)));
    expect(parseProof((await unknown.hear())!)?.kind).toBe('server');
    unknown.say(renderProof({ kind: 'proved', uniform: 'psyc://b.example', key: null, statement: null }));
    expect(await unknown.lastMethod()).toBe('_error_trust_unmet');
  }
  const town2 = new Town();
  await town2.open('b.example', { pins: new Map([['a.example', 'aa'.repeat(20)]]) });
  const peer = await RawPeer.open(town2.endpoints.get('b.example')!);
  peer.say(renderProof(proofOf(first, peer)));
  expect(await peer.lastMethod()).toBe('_error_trust_foreign_key');
  await town2.close();
});

test('a man in the middle who ends TLS on both sides carries proofs that hold on neither', async () => {
  await town.open('b.example');
  const real = town.endpoints.get('b.example')!;
  const { selfSigned } = await import('../../../server/transport/certificate.ts');
  const carried: TLSSocket[] = [];
  const middle = createServer({
    ...selfSigned('b.example', Date.now()),
    minVersion: 'TLSv1.3',
    ALPNProtocols: ['psyc/1'],
  });
  middle.on('secureConnection', (near) => {
    void RawPeer.open(real).then(({ socket: far }) => {
      carried.push(near, far);
      // Its greeting is said already; the peer's own would be a second empty packet, which means nothing.
      near.on('data', (chunk: Buffer) => far.write(chunk));
      far.on('data', (chunk: Buffer) => near.write(chunk));
      far.on('close', () => near.destroy());
      near.on('error', () => {});
    });
  });
  await new Promise<void>((done) => void middle.listen(0, '127.0.0.1', done));
  const { port } = middle.address() as { port: number };
  const identity = await identityOfA();
  const peer = await RawPeer.open({ host: '127.0.0.1', port });
  peer.say(renderProof(proofOf(identity, peer)));
  expect(await peer.lastMethod()).toBe('_error_proof_invalid_signature');
  for (const socket of carried) socket.destroy();
  middle.close();
});
