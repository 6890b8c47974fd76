/** Why a stream did not come to stand or broke: codes for the log; the peer hears TLS's, HTTP's or WebSocket's own. docs/spec/transport.md#errors */

/** The stable codes; docs/spec/transport.md#errors says what each means. */
export type TransportCode =
  | '_transport_invalid_certificate'
  | '_transport_excessive_connections'
  | '_transport_plain'
  | '_transport_handshake'
  | '_transport_timeout'
  | '_transport_invalid_request'
  | '_transport_text_message'
  | '_transport_invalid_message'
  | '_transport_stalled'
  | '_transport_broken'
  | '_transport_unresolved'
  | '_transport_unreachable'
  | '_transport_foreign_tls'
  | '_transport_foreign_proxy'
  | '_transport_necessary_proxy'
  | '_transport_proxy_unreachable'
  | '_transport_proxy_invalid'
  | '_transport_proxy_denied';

/** The stream is over, or never was. `message` may name addresses: for the log's debug level only. */
export class TransportError extends Error {
  override readonly name = 'TransportError';
  readonly code: TransportCode;

  constructor(code: TransportCode, message: string, cause?: unknown) {
    super(message, { cause });
    this.code = code;
  }
}
