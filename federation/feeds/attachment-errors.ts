/** Why a server does not take or give a piece of a file: the codes. docs/spec/attachments.md#errors */

/** Told to whoever asked. */
export type AttachmentCode =
  | '_attachment_unknown'
  | '_attachment_incomplete'
  | '_attachment_invalid_request'
  | '_attachment_invalid_chunk'
  | '_attachment_missing_chunk'
  | '_excessive_attachments';
