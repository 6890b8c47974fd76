/** Why a listener refuses a client, or drops what came out of a cell. docs/spec/listener-bots.md#errors */

/** The stable codes; docs/spec/listener-bots.md#errors says what each means. Those of cells are the onion's. */
export type ListenerCode =
  // to a client
  | '_mor_full'
  | '_mor_invalid_hints'
  | '_mor_invalid_cell'
  | '_mor_unknown_keys'
  | '_mor_excessive_watches'
  // counted, and nothing is said
  | '_mor_invalid_packet'
  | '_mor_claimed_authority'
  | '_mor_changed_state'
  | '_mor_foreign_target'
  | '_mor_closed_target'
  | '_mor_invalid_request';
