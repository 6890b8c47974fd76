/** What a PostgreSQL must be before rows are trusted to it: new enough, and not told to forget. docs/spec/federation.md#store */
import type { Client } from 'pg';
import { StoreStartError } from './errors.ts';

/** The oldest major version whose SQL we write. */
export const majorMin = 15;

/** With one of these off, an acknowledged row may be gone after a loss of power, or the whole database. */
const mustBeOn = ['fsync', 'full_page_writes', 'synchronous_commit'] as const;

/** Throws StoreStartError unless the server of this connection is new enough and keeps what it acknowledges. */
export async function checkServer(client: Client): Promise<void> {
  const { rows } = await client.query<{ name: string; setting: string }>(
    'SELECT name, setting FROM pg_settings WHERE name = ANY ($1)',
    [[...mustBeOn, 'server_version_num']],
  );
  const settings = new Map(rows.map(({ name, setting }) => [name, setting]));
  const major = Math.floor(Number(settings.get('server_version_num')) / 10_000);
  if (major < majorMin)
    throw new StoreStartError('_store_old_server', `the store needs PostgreSQL ${majorMin} or newer, this is ${major}`);
  const off = mustBeOn.filter((name) => settings.get(name) === 'off');
  if (off.length > 0) {
    throw new StoreStartError(
      '_store_unsafe_settings',
      `PostgreSQL runs with ${off.join(' and ')} off and would lose what it acknowledged: turn ${off.length > 1 ? 'them' : 'it'} on`,
    );
  }
}
