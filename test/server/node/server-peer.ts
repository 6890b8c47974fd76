/** Another domain's server that proves itself over TLS and then says what a test tells it to. */
import { proveServer } from '../../../circuit/proof.ts';
import { parseProof, type ProofMessage, renderProof } from '../../../circuit/proof-packet.ts';
import type { ServerIdentity } from '../../../circuit/server-handshake.ts';
import { suite } from '../../../server/suite.ts';
import type { Endpoint } from '../../../server/transport/resolve.ts';
import { RawPeer } from './raw-peer.ts';

/** What a server that has dialled says of itself on this connection. */
export function proofOf(identity: ServerIdentity, to: string, peer: RawPeer): ProofMessage {
  const { domain, fingerprint, certificate, seed } = identity;
  const claim = { role: 'initiator', from: domain, to, fingerprint, peerFingerprint: null } as const;
  const signature = proveServer(suite, claim, peer.exported.initiator, seed);
  return { kind: 'server', claim, signature, evidence: { key: certificate, statement: null } };
}

/** A circuit to the server of `to` on which both are proved. Rejects with the method that refused it. */
export async function provedPeer(endpoint: Endpoint, identity: ServerIdentity, to: string): Promise<RawPeer> {
  const peer = await RawPeer.open(endpoint);
  peer.say(renderProof(proofOf(identity, to, peer)));
  for (const kind of ['server', 'proved']) {
    const packet = await peer.hear();
    if (packet === null || parseProof(packet)?.kind !== kind) throw new Error(packet?.method ?? '_circuit_lost');
  }
  peer.say(renderProof({ kind: 'proved', uniform: `psyc://${to}`, key: null, statement: null }));
  return peer;
}
