/** Why a mailbox says no: the codes. docs/spec/mailbox.md#errors */

/** Told to whoever asks. */
export type MailboxCode =
  | '_mailbox_invalid_request'
  | '_mailbox_invalid_proof'
  | '_mailbox_necessary_work'
  | '_mailbox_taken'
  | '_mailbox_full'
  | '_mailbox_excessive_requests'
  | '_mailbox_unavailable_store';
