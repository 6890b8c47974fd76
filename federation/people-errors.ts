/** Why a person is not registered, let in, believed or heard: the codes. docs/spec/people.md#people-errors */

/** Of registration and login the circuit's last packet; of what somebody says a negative answer. */
export type PeopleCode =
  | '_registration_invalid_nick'
  | '_registration_foreign_domain'
  | '_registration_taken'
  | '_registration_confusable'
  | '_registration_reserved'
  | '_registration_closed'
  | '_registration_invalid_invite'
  | '_registration_used_invite'
  | '_login_foreign_domain'
  | '_login_unknown_person'
  | '_login_invalid_channel'
  | '_closed_account'
  | '_necessary_revocation'
  | '_trust_foreign_key'
  | '_trust_changed_key'
  | '_trust_unknown_key'
  | '_trust_oversized_key'
  | '_trust_unmet'
  | '_trust_unavailable'
  | '_necessary_signature'
  | '_necessary_seal'
  | '_unknown_author';
