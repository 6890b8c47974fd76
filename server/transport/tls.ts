/** TLS 1.3 as both sides use it: no older version, no resumption, no certificate to be trusted. docs/spec/transport.md#tls */
import { constants } from 'node:crypto';
import type { ConnectionOptions, TLSSocket, TlsOptions } from 'node:tls';
import type { Credentials } from './certificate.ts';
import type { Channel } from './stream.ts';

/** RFC 7301 names: PSYC 1.0 with nothing between, and HTTP for WebSocket. */
export const ALPN_PSYC = 'psyc/1';
export const ALPN_HTTP = 'http/1.1';

/** `psycs`. */
export const DEFAULT_PORT = 9404;

/** For proxies that end TLS. */
export const WEB_PORT = 9480;

/** Where GnuPG asks for keys (draft-shaw-openpgp-hkp-00 section 2). */
export const HKP_PORT = 11371;

/** `psyc`, without TLS. */
export const PLAIN_PORT = 4404;

/**
 * The accepting side's options. The key exchange groups are left to the library, whose newer versions bring post-quantum ones.
 * Tickets are never kept, so that every connection is a handshake of its own.
 */
export const acceptingTls = ({ key, cert }: Credentials, handshakeTimeout: number): TlsOptions => ({
  key,
  cert,
  minVersion: 'TLSv1.3',
  ALPNProtocols: [ALPN_PSYC, ALPN_HTTP],
  secureOptions: constants.SSL_OP_NO_TICKET,
  handshakeTimeout,
});

/** The dialling side's. The peer proves who he is over the exported keying material, so that any certificate will do. */
export const diallingTls = {
  minVersion: 'TLSv1.3',
  ALPNProtocols: [ALPN_PSYC],
  rejectUnauthorized: false,
  checkServerIdentity: () => undefined,
} satisfies ConnectionOptions;

/** 32 bytes for two parties to sign (RFC 9266 section 2 has as many). */
const EXPORT_BYTES = 32;

/** `Channel.exportKey` over this socket. */
export const exporter =
  (socket: TLSSocket): Channel['exportKey'] =>
  (label, context) =>
    socket.destroyed ? null : socket.exportKeyingMaterial(EXPORT_BYTES, label, Buffer.from(context));
