/** Why something cannot be done in a conversation: the codes. docs/spec/conversations.md#errors */

/** Told to its people. */
export type ConversationCode =
  | '_conversation_invalid_invitation'
  | '_conversation_invalid_file'
  | '_conversation_unanswered'
  | '_conversation_excessive_turn'
  | '_conversation_oversized_message'
  | '_conversation_full'
  | '_conversation_stale'
  | '_conversation_taken_invitation'
  | '_conversation_altered'
  | '_conversation_unreadable'
  | '_conversation_known'
  | '_conversation_nowhere'
  | '_conversation_waiting';

/** It cannot be done as things are. */
export class ConversationError extends Error {
  override readonly name = 'ConversationError';
  /** What is wrong, for programs. */
  readonly code: ConversationCode;

  /** `detail` is one sentence for people. */
  constructor(code: ConversationCode, detail: string) {
    super(detail);
    this.code = code;
  }
}
