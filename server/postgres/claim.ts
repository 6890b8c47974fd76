/** One server at a time on one database: a lock that goes with a connection, and a count of the servers that had it. docs/spec/federation.md#store */
import { type Client, DatabaseError } from 'pg';
import { StoreStartError } from './errors.ts';
import type { Link } from './link.ts';

/** The lock's number, "p3do"; locks are counted for each database by itself. */
const LOCK = 0x7033_646f;

/** PostgreSQL's word for a lock that did not come in time. */
const NOT_IN_TIME = '55P03';

/** What tells PostgreSQL within half a minute that a server's machine is gone, and the lock with it; TCP would take hours. */
const keepalives = { tcp_keepalives_idle: '10', tcp_keepalives_interval: '5', tcp_keepalives_count: '3' };

/** Whether the lock is this session's now. Who waits for it has it the moment it is free. */
async function isLocked(client: Client, waitMs: number): Promise<boolean> {
  const settings = { ...keepalives, lock_timeout: String(waitMs) };
  for (const [name, value] of Object.entries(settings)) {
    await client.query('SELECT set_config($1, $2, false)', [name, value]);
  }
  try {
    await client.query('SELECT pg_advisory_lock($1)', [LOCK]);
  } catch (error) {
    if (error instanceof DatabaseError && error.code === NOT_IN_TIME) return false;
    throw error;
  }
  await client.query('RESET lock_timeout');
  return true;
}

/** A server's claim to a database, over all connections that it writes through, one after another. */
export class Claim {
  readonly #waitMs: number;
  /** Which of the database's openings is ours; null until it is counted. */
  #opening: number | null = null;

  /** `waitMs`: how long a predecessor may take to let go. */
  constructor(waitMs: number) {
    this.#waitMs = waitMs;
  }

  /**
   * Takes the lock for a new session. Throws StoreStartError `_store_in_use` if another server has it, or had it since our
   * opening; another Error, where it may only be a session of our own that has not ended yet.
   */
  async take(client: Client): Promise<void> {
    const isOurs = await isLocked(client, this.#waitMs);
    if (this.#opening === null) {
      if (isOurs) return;
      throw new StoreStartError(
        '_store_in_use',
        'another server works on this database: stop it, or configure another database',
      );
    }
    // Looked at after the lock: who opens counts while he has it.
    const { rows } = await client.query<{ number: number }>('SELECT number FROM p3do.openings');
    if (rows[0]?.number !== this.#opening)
      throw new StoreStartError('_store_in_use', 'another server has opened this database since: this one must stop');
    if (!isOurs) throw new Error('the database is still locked by a connection that was lost');
  }

  /** Counts this opening, once the schema is there: from then on servers that were here before know that they must stop. */
  async count(link: Link): Promise<void> {
    const { rows } = await link.query<{ number: number }>({
      text: `INSERT INTO p3do.openings AS o (number) VALUES (1)
        ON CONFLICT (sole) DO UPDATE SET number = o.number + 1 RETURNING number`,
    });
    this.#opening = rows[0]!.number;
  }
}
