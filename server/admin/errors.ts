/** Why a running server could not be asked. docs/operating.md#admin-errors */

/** The stable codes; docs/operating.md#admin-errors says what each means. */
export type AdminCode =
  | '_admin_not_running'
  | '_admin_running'
  | '_admin_refused'
  | '_admin_late'
  | '_admin_invalid_lines'
  | '_admin_own_domain'
  | '_admin_unknown_domain';

/** `message` is for people. */
export class AdminError extends Error {
  override readonly name = 'AdminError';
  readonly code: string;

  /** `code`: one of these, or what the server itself gave. */
  constructor(code: AdminCode | `_${string}`, message: string) {
    super(message);
    this.code = code;
  }
}
