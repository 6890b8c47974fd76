/** Why a store refuses: the codes, and which of them may go away by themselves. docs/spec/federation.md#store-errors */

/**
 * After `_store_lost` nobody knows whether a write happened: ask again, before anything else about the same context. After
 * every other code it certainly did not, and will not.
 */
export type StoreCode =
  | '_store_full'
  | '_store_lost'
  | '_store_lease'
  | '_store_invalid_context'
  | '_store_invalid_author'
  | '_store_invalid_id'
  | '_store_invalid_mark'
  | '_store_invalid_member'
  | '_store_invalid_record'
  | '_store_oversized_context'
  | '_store_oversized_author'
  | '_store_oversized_id'
  | '_store_oversized_packet'
  | '_store_oversized_mark'
  | '_store_oversized_member'
  | '_store_oversized_record'
  | '_store_oversized_value'
  | '_store_oversized_write'
  | '_store_excessive_operations'
  | '_store_excessive_marks'
  | '_store_excessive_members'
  | '_store_excessive_records'
  | '_store_existing_record'
  | '_store_existing_row'
  | '_store_invalid_sequence'
  | '_store_invalid_page';

/**
 * What to do about a refusal. `later`: the world failed, the same request may succeed; `never`: the request is at fault,
 * asking again is of no use; `stop`: the context belongs to somebody else, nothing may be written to it any more.
 */
export function recourse(code: StoreCode): 'later' | 'never' | 'stop' {
  if (code === '_store_full' || code === '_store_lost') return 'later';
  return code === '_store_lease' ? 'stop' : 'never';
}
