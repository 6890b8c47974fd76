/** Another domain’s server that is nothing but a link: it proves itself, takes whoever it has met as a member, and sends frames. */
import type { ServerIdentity } from '../../circuit/server-handshake.ts';
import { readFrame, renderFrame } from '../../listener-bots/frame.ts';
import { bareCell, envelopeFiller } from '../../onion/cell.ts';
import { newPair } from '../../onion/keys.ts';
import { sealOnion } from '../../onion/seal.ts';
import { stationIn } from '../../pki/station.ts';
import { textBytes } from '../../crypto/bytes.ts';
import { readDomainKey } from '../../server/domain/key-file.ts';
import { suite } from '../../server/suite.ts';
import type { Endpoint } from '../../server/transport/resolve.ts';
import type { RawPeer } from './node/raw-peer.ts';
import { provedPeer } from './node/server-peer.ts';

/** Says to a server that it is a member; it says so too, as soon as it has met this domain. */
export async function linkTo(endpoint: Endpoint, identity: ServerIdentity, to: string): Promise<RawPeer> {
  const peer = await provedPeer(endpoint, identity, to);
  peer.say(textBytes(`:_source\tpsyc://${identity.domain}\n:_target\tpsyc://${to}\n\n_notice_mor\n|\n`));
  for (;;) {
    const packet = await peer.hear();
    if (packet === null) throw new Error('the link is over before it stands');
    // The first frame: both have taken each other.
    if (readFrame(to, packet, (name) => packet.ownRoute(name)) !== null) return peer;
  }
}

/** A cell in the frame of a neighbour. */
export const framed = (domain: string, cell: Uint8Array): Uint8Array =>
  renderFrame(domain, { kind: 'cell', data: cell });

/** The onion key of a domain that is served from a folder. */
export async function onionKeyOf(folder: string, domain: string): Promise<Uint8Array> {
  const { certificate } = await readDomainKey(folder, domain);
  return stationIn(certificate, Math.floor(Date.now() / 1000))!.keys[0]!.publicKey;
}

/** A bare cell for a server, which relays what is in it: an onion for a key that nobody has. */
export function cellFor(publicKey: Uint8Array): Uint8Array {
  const hop = (key: Uint8Array) => ({
    whom: { kind: 'server', key, pair: newPair(suite, suite.random) } as const,
    delayMs: 0,
    isDeposit: false,
  });
  const route = [hop(publicKey), hop(newPair(suite, suite.random).publicKey)];
  const { onion } = sealOnion(suite, route, 'discard', new Uint8Array(), Math.floor(Date.now() / 1000), suite.random);
  return bareCell(onion, envelopeFiller(suite, suite.random));
}
