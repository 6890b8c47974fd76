/** What `p3do cell` finds wrong with what it is given. docs/spec/onion.md#command-errors */

type CellCode = '_cell_invalid_input' | '_cell_oversized_input' | '_cell_foreign' | '_cell_missing_shards';

/** Ends the command with its code. */
export class CellError extends Error {
  override readonly name = 'CellError';
  readonly code: CellCode;

  /** `detail` is one sentence for people. */
  constructor(code: CellCode, detail: string) {
    super(detail);
    this.code = code;
  }
}
