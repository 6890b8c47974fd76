/** Syntax errors of the PSYC wire: one class, a stable code each. docs/spec/psyc.md#errors */

/** The stable codes; docs/spec/psyc.md#errors says what each means. */
export type PsycCode = `_${string}`;

/** Bytes that are not PSYC. `offset` counts from the first byte ever fed, and points at the byte that broke the rule. */
export class PsycError extends Error {
  override readonly name = 'PsycError';
  readonly code: PsycCode;
  readonly offset: number;

  constructor(code: PsycCode, offset: number, detail: string) {
    super(detail);
    this.code = code;
    this.offset = offset;
  }
}
