/** Why a domain's folder is not made or not used: one class, a stable code each. docs/operating.md#domain-errors */

/** The stable codes; docs/operating.md#domain-errors says what each means. */
export type DomainCode =
  | '_domain_invalid_name'
  | '_domain_existing'
  | '_domain_unfinished'
  | '_domain_unknown'
  | '_domain_invalid_key'
  | '_domain_rotating'
  | '_domain_early'
  | '_domain_excessive_invites';

/** A domain of this machine that is not there as it should be; `message` is for the admin. */
export class DomainError extends Error {
  override readonly name = 'DomainError';
  readonly code: DomainCode;

  constructor(code: DomainCode, message: string, cause?: unknown) {
    super(message, { cause });
    this.code = code;
  }
}
