/** Why a question to the DNS has no answer, or a record is not published. docs/spec/dns.md#errors */

/** The stable codes; docs/spec/dns.md#errors says what each means. */
export type DnsCode =
  // asking
  | '_dns_timeout'
  | '_dns_unreachable'
  | '_dns_invalid_message'
  | '_dns_failed'
  | '_dns_aliases'
  // publishing
  | '_dns_invalid_key'
  | '_dns_conflict'
  | '_dns_changed'
  | '_dns_refused'
  | '_dns_unsigned';

/** `message` is for people, and may name a resolver. */
export class DnsError extends Error {
  override readonly name = 'DnsError';
  readonly code: DnsCode;

  constructor(code: DnsCode, message: string, cause?: unknown) {
    super(message, { cause });
    this.code = code;
  }
}
