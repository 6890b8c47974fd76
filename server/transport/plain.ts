/** What a peer hears who speaks without TLS on a port of TLS. docs/spec/transport.md#http */
import { render } from '../../psyc/render.ts';
import { answer } from './http.ts';

/** The first byte of a TLS connection: a handshake record (RFC 8446 section 5.1). */
const HANDSHAKE = 0x16;
const PIPE = 0x7c;

const TLS_ONLY = 'This port speaks TLS 1.3 only.';

/** Whether a connection begins like TLS. */
export const isTls = (first: number): boolean => first === HANDSHAKE;

/** Whether it begins like a request of HTTP/1: a method in capitals (RFC 9110 section 9.1). No circuit begins so. */
export const isHttp = (first: number): boolean => first >= 0x41 && first <= 0x5a;

/** A short answer in the language of the first byte; null for one that we do not know. */
export function plainAnswer(first: number): string | Uint8Array | null {
  if (isHttp(first)) return answer(400, `${TLS_ONLY} Use https:// or wss://.\n`);
  if (first !== PIPE) return null;
  return Buffer.concat([Buffer.from('|\n'), render({ method: '_error_transport_plain', data: TLS_ONLY })]);
}
