/** Why a letter is not taken, why a mail is not, and what became of one that was sent: the codes. docs/spec/mail.md#errors */

/** Told to whoever wants a letter sent, or asks for replies. */
export type LetterCode =
  | '_mail_invalid_request'
  | '_mail_invalid_address'
  | '_mail_invalid_subject'
  | '_mail_invalid_text'
  | '_mail_invalid_ticket'
  | '_mail_forbidden_address'
  | '_mail_necessary_work'
  | '_mail_excessive_letters'
  | '_mail_excessive_recipient'
  | '_mail_full'
  | '_mail_known'
  | '_mail_unknown'
  | '_mail_unavailable_store';

/** Told over SMTP to whoever brings a mail. */
export type ArrivalCode =
  | '_mail_foreign_address'
  | '_mail_unknown_letter'
  | '_mail_excessive_recipients'
  | '_mail_excessive_mails'
  | '_mail_excessive_headers'
  | '_mail_excessive_parts'
  | '_mail_oversized'
  | '_mail_oversized_reply'
  | '_mail_unreadable'
  | '_mail_loop'
  | '_mail_automatic'
  | '_mail_missing_ticket'
  | '_mail_spoilt_ticket'
  | '_mail_foreign_ticket'
  | '_mail_used_ticket'
  | '_mail_missing_words'
  | '_mail_excessive_replies'
  | '_mail_slow'
  | '_mail_unavailable';

/** What became of a letter, in place of its being sent. */
export type DeliveryCode = '_mail_rejected' | '_mail_undelivered' | '_mail_bounced';
