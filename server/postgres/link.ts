/** One pipelined connection to PostgreSQL that comes back by itself. docs/spec/federation.md#store */
import { Client, type ClientConfig, type QueryConfig, type QueryResult, type QueryResultRow } from 'pg';
import { reasonOf, StoreStartError } from './errors.ts';
import { checkServer } from './settings.ts';

/** Milliseconds: pauses between attempts to reconnect, and how long an attempt or a statement may take. */
const PAUSE_MS_MIN = 25;
const PAUSE_MS_MAX = 1_000;
const CONNECT_MS_MAX = 10_000;
const STATEMENT_MS_MAX = 60_000;

/** Told when the connection comes and goes; `reason` is for the log and names no rows. */
export interface LinkEvents {
  readonly up?: () => void;
  readonly down?: (reason: string) => void;
  /** Another server has the database now: the connection does not come back. */
  readonly taken?: (reason: string) => void;
}

/** What is to be done on every new connection before it is used. One that throws `_store_in_use` later is the last. */
export type Admission = (client: Client) => Promise<void>;

/** PostgreSQL's int8. */
const INT8 = 20;

/** Queries are sent at once, in order, without waiting for each other's answers. */
export class Link {
  readonly #config: ClientConfig;
  readonly #events: LinkEvents;
  readonly #admit: Admission;
  #client: Client | null = null;
  #pause: NodeJS.Timeout | undefined;
  #pauseMs = PAUSE_MS_MIN;
  #isClosed = false;

  private constructor(config: ClientConfig, events: LinkEvents, admit: Admission) {
    this.#config = {
      application_name: 'p3do',
      keepAlive: true,
      connectionTimeoutMillis: CONNECT_MS_MAX,
      query_timeout: STATEMENT_MS_MAX,
      ...config,
      pipeline: true,
    };
    this.#events = events;
    this.#admit = admit;
  }

  /** Connects; rejects if the first attempt fails, or with StoreStartError if the server is none to be trusted. */
  static async open(config: ClientConfig, events: LinkEvents, admit: Admission = async () => {}): Promise<Link> {
    const link = new Link(config, events, admit);
    await link.#connect();
    return link;
  }

  /** The answer to one statement. Rejects with DatabaseError if PostgreSQL refused it; with another Error if the connection broke. */
  async query<R extends QueryResultRow>(query: QueryConfig): Promise<QueryResult<R>> {
    if (this.#client === null) throw new Error('not connected');
    return this.#client.query<R>(query);
  }

  /** Ends the connection after what was asked is answered. */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#pause);
    const client = this.#client;
    this.#client = null;
    await client?.end();
  }

  async #connect(): Promise<void> {
    const client = new Client(this.#config);
    // Sequences are safe integers: the limits see to that.
    client.setTypeParser(INT8, Number);
    // Without a listener a stopped database ends this process.
    client.on('error', (error) => this.#drop(client, error.message));
    client.on('end', () => this.#drop(client, 'the connection ended'));
    try {
      await client.connect();
      await checkServer(client);
      await this.#admit(client);
    } catch (error) {
      client.end().catch(() => {});
      throw error;
    }
    if (this.#isClosed) return client.end();
    this.#client = client;
    this.#pauseMs = PAUSE_MS_MIN;
    this.#events.up?.();
  }

  #drop(client: Client, reason: string): void {
    if (this.#client !== client) return;
    this.#client = null;
    client.end().catch(() => {});
    this.#events.down?.(reason);
    this.#again();
  }

  #again(): void {
    if (this.#isClosed) return;
    this.#pause = setTimeout(() => {
      this.#connect().catch((error: unknown) => {
        if (error instanceof StoreStartError && error.code === '_store_in_use') {
          this.#events.taken?.(error.message);
          return;
        }
        this.#events.down?.(reasonOf(error));
        this.#pauseMs = Math.min(this.#pauseMs * 2, PAUSE_MS_MAX);
        this.#again();
      });
    }, this.#pauseMs);
  }
}
