/** One connection to a server, and what it shows: TLS, the proof of its key over it, and the time it has. docs/operating.md#doctor */
import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls';
import { exportedBy } from '../../circuit/exporting.ts';
import { checkServer, checkServerClaim } from '../../circuit/proof.ts';
import { ProofError } from '../../circuit/proof-errors.ts';
import { parseProof, renderProof } from '../../circuit/proof-packet.ts';
import { hexOf } from '../../crypto/bytes.ts';
import { circuitKey, faultOf, readCertificate } from '../../pki/certificate.ts';
import { PkiError } from '../../pki/error.ts';
import { domainOf } from '../../pki/user-id.ts';
import { PsycError } from '../../psyc/error.ts';
import { encodeText } from '../../psyc/bytes.ts';
import { Parser } from '../../psyc/parse.ts';
import { suite } from '../suite.ts';
import type { Endpoint } from '../transport/resolve.ts';
import { type Proxy, throughProxy } from '../transport/socks.ts';
import { ALPN_HTTP, diallingTls, exporter } from '../transport/tls.ts';
import { doctorLimits } from './limits.ts';

/** What proves its key, 40 hex digits, or why it does not. */
type Proof =
  | { readonly kind: 'proved'; readonly fingerprint: string }
  | { readonly kind: 'refused'; readonly reason: string };

/** What was seen. `clock`: seconds that its clock is ahead of ours; null: it does not say. */
export type Probed =
  | { readonly kind: 'unreachable'; readonly reason: string }
  | {
      readonly kind: 'reached';
      readonly version: string;
      /** Of the key exchange; null: this Node.js does not tell. */
      readonly group: string | null;
      readonly proof: Proof;
      readonly clock: number | null;
    };

/** Never rejects. */
export async function probe(domain: string, at: Endpoint, proxy: Proxy | null, unixMs: () => number): Promise<Probed> {
  const signal = AbortSignal.timeout(doctorLimits.probeMsMax);
  let socket: TLSSocket;
  try {
    socket = await connected(domain, at, proxy, {}, signal);
  } catch (error) {
    return { kind: 'unreachable', reason: signal.aborted ? 'no answer in time' : (error as Error).message };
  }
  const { name } = socket.getEphemeralKeyInfo() as { name?: string };
  const version = socket.getProtocol() ?? 'no TLS';
  const proof = await proved(domain, socket, signal).catch((error: unknown): Proof => {
    if (error instanceof ProofError || error instanceof PkiError || error instanceof PsycError) {
      return { kind: 'refused', reason: `${error.message} (${error.code})` };
    }
    return { kind: 'refused', reason: signal.aborted ? 'no proof in time' : (error as Error).message };
  });
  socket.destroy();
  const clock = await clockOf(domain, at, proxy, unixMs).catch(() => null);
  return { kind: 'reached', version, group: name ?? null, proof, clock };
}

async function connected(
  domain: string,
  { host, port }: Endpoint,
  proxy: Proxy | null,
  options: ConnectionOptions,
  signal: AbortSignal,
): Promise<TLSSocket> {
  const socket =
    proxy === null ? connectTcp({ host, port }) : await throughProxy(proxy, { host, port }, domain, signal);
  const servername = isIP(domain) === 0 ? { servername: domain } : {};
  const secure = connect({ ...diallingTls, ...servername, ...options, socket });
  await standing(secure, socket, signal);
  return secure;
}

function standing(secure: TLSSocket, socket: Socket, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (error: Error): void => {
      secure.destroy();
      socket.destroy();
      reject(error);
    };
    // For good: whatever it says later concerns nobody.
    socket.on('error', fail);
    secure.on('error', fail);
    secure.once('close', () => reject(new Error('the connection closed')));
    signal.addEventListener('abort', () => fail(new Error('no answer in time')), { once: true });
    secure.once('secureConnect', resolve);
  });
}

/** Asks for the server's proof as a client does, and checks it. Rejects with ProofError, PkiError, PsycError. */
async function proved(domain: string, socket: TLSSocket, signal: AbortSignal): Promise<Proof> {
  const exported = exportedBy(exporter(socket));
  if (exported === null) throw new Error('the connection closed');
  socket.write(Buffer.concat([encodeText('|\n'), renderProof({ kind: 'server request' })]));
  const parser = new Parser();
  let size = 0;
  for await (const chunk of socket) {
    const bytes = chunk as Buffer;
    size += bytes.length;
    if (signal.aborted || size > doctorLimits.proofBytesMax) break;
    parser.feed(new Uint8Array(bytes));
    for (let packet = parser.next(); packet !== null; packet = parser.next()) {
      const message = parseProof(packet);
      if (message?.kind !== 'server') continue;
      const check = { role: 'device', domain: '', peerDomain: domain, fingerprint: null } as const;
      // Before its key is read: who it is, it says itself.
      checkServerClaim(check, message.claim);
      const { key } = message.evidence;
      if (key === null) return { kind: 'refused', reason: 'it shows no key' };
      const certificate = await readCertificate(key);
      const { fingerprint } = certificate.key;
      const now = Math.floor(Date.now() / 1000);
      const fault = faultOf(certificate, now);
      if (fault !== null) return { kind: 'refused', reason: `its key ${fingerprint} is not good now (${fault})` };
      const publicKey = circuitKey(certificate, now);
      if (domainOf(certificate) !== domain || publicKey === null || fingerprint !== hexOf(message.claim.fingerprint)) {
        return { kind: 'refused', reason: `the key that it shows, ${fingerprint}, is none of ${domain}` };
      }
      checkServer(suite, check, message.claim, exported.host, publicKey, message.signature);
      return { kind: 'proved', fingerprint };
    }
  }
  return { kind: 'refused', reason: 'it says something else than its proof' };
}

/** From the Date that it puts under any answer over HTTP (RFC 9110 section 6.6.1), which is to the second. */
async function clockOf(
  domain: string,
  at: Endpoint,
  proxy: Proxy | null,
  unixMs: () => number,
): Promise<number | null> {
  const signal = AbortSignal.timeout(doctorLimits.probeMsMax);
  const socket = await connected(domain, at, proxy, { ALPNProtocols: [ALPN_HTTP] }, signal);
  const askedMs = unixMs();
  socket.write(`GET /p3do-doctor HTTP/1.1\r\nHost: ${domain}\r\nConnection: close\r\n\r\n`);
  let came = '';
  for await (const chunk of socket) {
    came += (chunk as Buffer).toString('latin1');
    if (came.includes('\r\n\r\n') || came.length > doctorLimits.proofBytesMax) break;
  }
  socket.destroy();
  const said = Date.parse(/^Date: (.+)$/im.exec(came)?.[1] ?? '');
  if (Number.isNaN(said)) return null;
  const here = (askedMs + unixMs()) / 2;
  const ahead = (said - here) / 1000;
  // Cut off to a second there, and half a way old here.
  return Math.abs(ahead) < 2 ? 0 : ahead;
}
