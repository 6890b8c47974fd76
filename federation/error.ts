/** Why a node or an entity says no: the codes. docs/spec/federation.md#federation-errors */
import type { AttachmentCode } from './feeds/attachment-errors.ts';
import type { PeopleCode } from './people/people-errors.ts';
import type { PlainCode } from './plain/plain-errors.ts';

/** What is answered to whoever asked; the circuit stays, unless it is not proved yet. */
export type FederationCode =
  | PeopleCode
  | PlainCode
  | AttachmentCode
  // routing
  | '_invalid_entity'
  | '_invalid_target'
  | '_unknown_target'
  | '_closed_target'
  | '_unsupported_method'
  | '_necessary_counter'
  | '_settled_counter'
  | '_used_counter'
  | '_missing_counter'
  | '_delivery_timeout'
  // places
  | '_necessary_membership'
  | '_necessary_invitation'
  | '_necessary_owner'
  | '_necessary_aide'
  | '_banned_member'
  | '_silenced_member'
  | '_protected_member'
  | '_unknown_member'
  | '_unknown_move'
  | '_last_owner'
  | '_stale_key'
  | '_invalid_act'
  | '_invalid_act_members_only'
  | '_invalid_act_missing_row'
  | '_stale_act'
  | '_invalid_page'
  | '_excessive_members'
  | '_excessive_places'
  | '_excessive_requests'
  // persons
  | '_filter_strangers'
  | '_excessive_strangers'
  | '_excessive_friends'
  | '_invalid_presence'
  | '_future_presence'
  | '_invalid_drawer'
  | '_oversized_drawer'
  | '_stale_version'
  | '_excessive_drawers'
  // the node
  | '_excessive_devices'
  | '_excessive_entities'
  | '_excessive_peers'
  | '_excessive_domains'
  // in place of the store's
  | '_oversized_message'
  | '_excessive_entries'
  | '_unavailable_store';
