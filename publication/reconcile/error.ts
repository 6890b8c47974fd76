/** Why a frame is refused: one class, a stable code each. docs/spec/reconciliation.md#reconciliation-errors */

/** The stable codes; docs/spec/reconciliation.md#reconciliation-errors says what each means. */
export type ReconciliationCode =
  | '_reconciliation_unsupported_version'
  | '_reconciliation_oversized_frame'
  | '_reconciliation_truncated_frame'
  | '_reconciliation_invalid_number'
  | '_reconciliation_invalid_bound'
  | '_reconciliation_invalid_mode'
  | '_reconciliation_excessive_rounds';

/** Bytes that are no frame, or a peer that does not come to an end. */
export class ReconciliationError extends Error {
  override readonly name = 'ReconciliationError';
  /** What is wrong, for programs. */
  readonly code: ReconciliationCode;

  /** `detail` is one sentence for people. */
  constructor(code: ReconciliationCode, detail: string) {
    super(detail);
    this.code = code;
  }
}
