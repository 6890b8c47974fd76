/** Why a plain peer is not listened to, or cannot be asked: the codes. docs/spec/plain.md#plain-errors */

/** Of a circuit the last packet; of what somebody says a negative answer. */
export type PlainCode =
  | '_plain_unnamed'
  | '_invalid_uniform_source'
  | '_invalid_uniform_target'
  | '_plain_necessary_authorization'
  | '_plain_timeout_authorization'
  | '_plain_foreign_source'
  | '_plain_proved_domain'
  | '_plain_excessive_packets'
  | '_plain_excessive_circuits'
  | '_plain_refused'
  | '_plain_person'
  | '_trust_plain_domain';
