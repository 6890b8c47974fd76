/** What is wrong with bytes that are not PSYC: one class, a stable code each. docs/spec/psyc.md#errors */

/** The stable codes, by the layer that gives them; docs/spec/psyc.md#errors says what each means. */
export type PsycCode =
  // packet: the grammar
  | '_truncated'
  | '_obsolete_syntax'
  | '_invalid_line'
  | '_invalid_name'
  | '_invalid_separator'
  | '_invalid_length'
  | '_invalid_length_routing'
  | '_invalid_length_content'
  | '_invalid_value'
  | '_invalid_method'
  | '_invalid_sync'
  | '_invalid_terminator'
  | '_oversized_name'
  | '_oversized_length'
  | '_oversized_value'
  | '_oversized_routing'
  | '_oversized_content'
  | '_excessive_modifiers'
  // routing: which variables may stand where
  | '_routing_name_in_entity'
  | '_foreign_name_in_routing'
  | '_duplicate_routing'
  | '_invalid_operator_routing'
  | '_invalid_usage'
  | '_oversized_tag'
  | '_unsupported_state_persistent'
  // values
  | '_invalid_list'
  | '_invalid_element'
  | '_invalid_list_generation'
  | '_invalid_dict'
  | '_invalid_type'
  | '_excessive_elements'
  | '_invalid_uniform'
  | '_oversized_uniform'
  | '_invalid_domain'
  | '_invalid_nick'
  | '_invalid_identification'
  // state of a context
  | '_unsupported_operator'
  | '_excessive_state'
  // fragments and counters
  | '_invalid_counter'
  | '_invalid_fragment'
  | '_excessive_fragments';

/** Bytes that are not PSYC, or ask for more than the limits allow. */
export class PsycError extends Error {
  override readonly name = 'PsycError';
  /** What is wrong, for programs. */
  readonly code: PsycCode;
  /** Where: a byte offset from the first byte ever fed to a parser, or from the start of a value. */
  readonly offset: number;

  /** `detail` is one sentence for people, without the offset. */
  constructor(code: PsycCode, offset: number, detail: string) {
    super(detail);
    this.code = code;
    this.offset = offset;
  }
}
