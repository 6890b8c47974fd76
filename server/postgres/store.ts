/** The store on PostgreSQL: rows are answered for once they are on the disk. docs/spec/federation.md#store */
import type { ClientConfig } from 'pg';
import { checkRequest } from '../../store/check.ts';
import type { Store, StoreOutcome, StoreRequest } from '../../store/store.ts';
import { Claim } from './claim.ts';
import { reasonOf, StoreStartError } from './errors.ts';
import { type Admission, Link, type LinkEvents } from './link.ts';
import { migrate } from './migrations.ts';
import { Reader } from './reader.ts';
import { Writer } from './writer.ts';

/** Milliseconds that a predecessor may take to let go of the database. */
const CLAIM_MS_MAX = 5_000;

/** How a store is opened, and who is told of its connection. */
export interface StoreOptions extends LinkEvents {
  /** Whether no other server may open the database while this one has it: true unless said otherwise. */
  readonly exclusive?: boolean;
  /** Milliseconds to wait for another that has it: one that was killed needs a moment to end. */
  readonly claimMsMax?: number;
}

/** A store that has its database to itself, or shares it; leases say who writes what. */
export class PostgresStore implements Store {
  readonly #writes: Link;
  readonly #reads: Link;
  readonly #writer: Writer;
  readonly #reader: Reader;
  readonly #isTaken: () => boolean;

  private constructor(writes: Link, reads: Link, writer: Writer, isTaken: () => boolean) {
    this.#writes = writes;
    this.#reads = reads;
    this.#writer = writer;
    this.#reader = new Reader(reads);
    this.#isTaken = isTaken;
  }

  /**
   * Connects, brings the schema up to date, and is ready. Throws StoreStartError when the database cannot be reached, is
   * too old, would lose rows, was written by a newer program, or is in use. Later losses heal by themselves and go to
   * `down` and `up`; but if another server opened the database during one, `taken` is told, and every write from then on is
   * refused with `_store_lease`.
   */
  static async open(config: ClientConfig, options: StoreOptions = {}): Promise<PostgresStore> {
    const claim = options.exclusive === false ? null : new Claim(options.claimMsMax ?? CLAIM_MS_MAX);
    let isTaken = false;
    let writer: Writer | undefined;
    const down = (reason: string): void => {
      writer?.forget();
      options.down?.(reason);
    };
    const taken = (reason: string): void => {
      isTaken = true;
      options.taken?.(reason);
    };
    const links: Link[] = [];
    const link = async (told: LinkEvents, admit?: Admission): Promise<Link> => {
      const opened = await Link.open(config, told, admit);
      links.push(opened);
      return opened;
    };
    try {
      const writes = await link({ ...options, down, taken }, async (client) => claim?.take(client));
      await migrate(config);
      await claim?.count(writes);
      const reads = await link({});
      writer = new Writer(writes);
      return new PostgresStore(writes, reads, writer, () => isTaken);
    } catch (error) {
      await Promise.all(links.map(async (opened) => opened.close()));
      if (error instanceof StoreStartError) throw error;
      throw new StoreStartError('_store_unreachable', `the database does not answer: ${reasonOf(error)}`, error);
    }
  }

  /** Never rejects. */
  async perform(request: StoreRequest): Promise<StoreOutcome> {
    const code = checkRequest(request);
    if (code !== null) return { kind: 'refused', request: request.request, code };
    if (request.kind !== 'write' && request.kind !== 'erase') return this.#reader.read(request);
    if (this.#isTaken()) return { kind: 'refused', request: request.request, code: '_store_lease' };
    return request.kind === 'erase' ? this.#writer.erase(request) : this.#writer.write(request);
  }

  /** Answers what was asked, then lets go of the database. What is asked later is refused with `_store_lost`. */
  async close(): Promise<void> {
    await Promise.all([this.#writes.close(), this.#reads.close()]);
  }
}
