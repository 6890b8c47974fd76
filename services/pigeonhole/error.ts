/** Why a pigeonhole says no, and why a box cannot be read: the codes. docs/spec/pigeonhole.md#errors */

/** Told to whoever asks. */
export type PigeonholeCode =
  | '_box_invalid_request'
  | '_box_unknown'
  | '_box_necessary_work'
  | '_box_invalid_proof'
  | '_box_stale_order'
  | '_box_old_number'
  | '_box_left_reader'
  | '_box_full'
  | '_box_excessive_boxes'
  | '_box_excessive_readers'
  | '_box_excessive_requests'
  | '_box_unavailable_store'
  // to the owner of a client
  | '_box_invalid_address'
  | '_box_invalid_secret'
  | '_box_oversized_message'
  | '_box_invalid_answer'
  | '_box_known'
  | '_box_nowhere';

/** Something that is no address, no secret, or too long for a box. */
export class PigeonholeError extends Error {
  override readonly name = 'PigeonholeError';
  /** What is wrong, for programs. */
  readonly code: PigeonholeCode;

  /** `detail` is one sentence for people. */
  constructor(code: PigeonholeCode, detail: string) {
    super(detail);
    this.code = code;
  }
}
