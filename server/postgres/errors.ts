/** Why the store on PostgreSQL does not start: codes, and sentences for the admin. docs/operating.md#store-start-errors */

/** What is wrong with the machine, the database or its folder; the message is one sentence that says what to do. */
export type StoreStartCode =
  | '_store_unreachable'
  | '_store_in_use'
  | '_store_unsafe_settings'
  | '_store_old_server'
  | '_store_newer_schema'
  | '_store_migration'
  | '_store_no_binary'
  | '_store_other_version'
  | '_store_long_socket_path'
  | '_store_blocked_folder'
  | '_store_no_account'
  | '_store_initdb'
  | '_store_no_start'
  | '_store_upgrade';

/** The store does not start. */
export class StoreStartError extends Error {
  readonly code: StoreStartCode;

  constructor(code: StoreStartCode, message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'StoreStartError';
    this.code = code;
  }
}

/** The message of whatever was thrown. */
export const reasonOf = (thrown: unknown): string => (thrown instanceof Error ? thrown.message : String(thrown));
