/** Why nothing can be said anonymously: one class, a stable code each. docs/spec/people.md#anonymous-errors */

/** The stable codes; docs/spec/people.md#anonymous-errors says what each means. */
export type AnonymousCode =
  | '_anonymous_unreachable'
  | '_anonymous_excessive_hops'
  | '_anonymous_excessive_level'
  | '_anonymous_home_secrets'
  | '_anonymous_unknown_keys'
  | '_anonymous_changed_key'
  | '_anonymous_oversized_message'
  | '_anonymous_excessive_parts'
  | '_anonymous_unvouched'
  | '_mor_excessive_watches';

/** `message` is one sentence for people. */
export class AnonymousError extends Error {
  override readonly name = 'AnonymousError';
  /** What is wrong, for programs. */
  readonly code: AnonymousCode;

  constructor(code: AnonymousCode, detail: string) {
    super(detail);
    this.code = code;
  }
}
