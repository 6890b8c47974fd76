/** Why a key server gives no key and takes none: the codes. docs/spec/key-server.md#errors */

/** docs/spec/key-server.md#errors says what each means; others are those of a key. */
export type KeyServerCode =
  | '_keys_invalid_request'
  | '_keys_unsupported'
  | '_keys_unknown'
  | '_keys_oversized_request'
  | '_keys_excessive_requests'
  | '_keys_excessive_keys'
  | '_keys_busy'
  | '_keys_unavailable'
  // told by who asks a key server
  | '_keys_unreachable'
  | '_keys_refused';

/** What is answered by a refusal. */
export class KeyServerError extends Error {
  override readonly name = 'KeyServerError';
  readonly code: KeyServerCode;

  /** `detail` is one sentence for people. */
  constructor(code: KeyServerCode, detail: string) {
    super(detail);
    this.code = code;
  }
}
