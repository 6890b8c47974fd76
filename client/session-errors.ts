/** Why something is not said, not believed or not shown as its author's word. docs/spec/people.md#session-errors */

/** The stable codes of a client's own; docs/spec/people.md#session-errors says what each means. */
export type SessionCode =
  // commands
  | '_session_excessive_commands'
  | '_session_excessive_addresses'
  | '_session_oversized_message'
  | '_session_only_listens'
  | '_session_foreign_drawer'
  | '_session_excessive_answer'
  | '_session_unsealed_place'
  | '_session_stale_place'
  | '_session_excessive_readers'
  // what is heard
  | '_session_excessive_places'
  | '_session_unanswered_keys'
  // the session itself
  | '_session_excessive_pins'
  | '_session_excessive_effects'
  | '_session_conflicting_pin';

/** A session that cannot go on; `message` is one sentence for people. */
export class SessionError extends Error {
  override readonly name = 'SessionError';
  /** What is wrong, for programs. */
  readonly code: SessionCode;

  constructor(code: SessionCode, detail: string) {
    super(detail);
    this.code = code;
  }
}
