/** Why a town of domains does not come to stand: one class, a stable code. docs/operating.md#town-errors */

/** The stable codes; docs/operating.md#town-errors says what each means. */
export type TownCode = '_town_unstarted' | '_town_no_port' | '_town_closed' | '_town_reachable';

/** A town that is not; `message` is one sentence for people. */
export class TownError extends Error {
  override readonly name = 'TownError';
  /** What is wrong, for programs. */
  readonly code: TownCode;

  constructor(code: TownCode, detail: string) {
    super(detail);
    this.code = code;
  }
}
