/** Why bytes are refused: one class, a stable code each, named after the stage that refuses. docs/spec/onion.md#errors */

/** The stable codes; docs/spec/onion.md#errors says what each means. */
export type OnionCode =
  // link
  | '_onion_invalid_length'
  | '_onion_invalid_point'
  // layer
  | '_onion_invalid_mac'
  | '_onion_invalid_seal'
  | '_onion_invalid_block'
  | '_onion_expired'
  | '_onion_invalid_expiry'
  | '_onion_invalid_content'
  // ticket
  | '_onion_invalid_armour'
  | '_onion_invalid_ticket'
  // parts
  | '_onion_invalid_shard'
  | '_onion_spoilt_shard'
  | '_onion_excessive_shards'
  // sender
  | '_onion_invalid_key'
  | '_onion_invalid_route'
  | '_onion_oversized_content'
  | '_onion_oversized_message';

/** Bytes that are no cell, ticket or content, or wishes that no cell can carry. */
export class OnionError extends Error {
  override readonly name = 'OnionError';
  /** What is wrong, for programs. */
  readonly code: OnionCode;

  /** `detail` is one sentence for people. */
  constructor(code: OnionCode, detail: string) {
    super(detail);
    this.code = code;
  }
}
