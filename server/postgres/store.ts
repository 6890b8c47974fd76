/** The store on PostgreSQL: rows are answered for once they are on the disk. docs/spec/federation.md#store */
import type { ClientConfig } from 'pg';
import { checkRequest } from '../../store/check.ts';
import type { StoreCode } from '../../store/errors.ts';
import type { Store, StoreOutcome, StoreRequest } from '../../store/store.ts';
import { reasonOf, StoreStartError } from './errors.ts';
import { Link, type LinkEvents } from './link.ts';
import { migrate } from './migrations.ts';
import { Reader } from './reader.ts';
import { Writer } from './writer.ts';

// UTF-8 has no half of a pair: two such names would become one.
const half = /\p{Surrogate}/u;

/** What this store cannot keep apart, though the limits allow it. */
function checkNames(request: StoreRequest): StoreCode | null {
  if (request.kind === 'members' && half.test(request.above)) return '_store_oversized_member';
  if (request.kind !== 'write') return half.test(request.context) ? '_store_oversized_context' : null;
  for (const operation of request.operations) {
    if (half.test(operation.context)) return '_store_oversized_context';
    if (operation.op === 'mark' && half.test(operation.name)) return '_store_oversized_mark';
    if (operation.op === 'member' && half.test(operation.name)) return '_store_oversized_member';
  }
  return null;
}

/** A store that others may use at the same time; leases say who writes what. */
export class PostgresStore implements Store {
  readonly #writes: Link;
  readonly #reads: Link;
  readonly #writer: Writer;
  readonly #reader: Reader;

  private constructor(writes: Link, reads: Link, writer: Writer) {
    this.#writes = writes;
    this.#reads = reads;
    this.#writer = writer;
    this.#reader = new Reader(reads);
  }

  /**
   * Connects, brings the schema up to date, and is ready. Throws StoreStartError when the database cannot be reached, is
   * too old, would lose rows, or was written by a newer program. Later losses heal by themselves and go to `events`.
   */
  static async open(config: ClientConfig, events: LinkEvents = {}): Promise<PostgresStore> {
    let writer: Writer | undefined;
    const down = (reason: string): void => {
      writer?.forget();
      events.down?.(reason);
    };
    const links: Link[] = [];
    const link = async (told: LinkEvents): Promise<Link> => {
      const opened = await Link.open(config, told);
      links.push(opened);
      return opened;
    };
    try {
      const writes = await link({ ...events, down });
      await migrate(config);
      const reads = await link({});
      writer = new Writer(writes);
      return new PostgresStore(writes, reads, writer);
    } catch (error) {
      await Promise.all(links.map(async (opened) => opened.close()));
      if (error instanceof StoreStartError) throw error;
      throw new StoreStartError('_store_unreachable', `the database does not answer: ${reasonOf(error)}`, error);
    }
  }

  /** Never rejects. */
  async perform(request: StoreRequest): Promise<StoreOutcome> {
    const code = checkRequest(request) ?? checkNames(request);
    if (code !== null) return { kind: 'refused', request: request.request, code };
    return request.kind === 'write' ? this.#writer.write(request) : this.#reader.read(request);
  }

  /** Answers what was asked, then lets go of the database. What is asked later is refused with `_store_lost`. */
  async close(): Promise<void> {
    await Promise.all([this.#writes.close(), this.#reads.close()]);
  }
}
