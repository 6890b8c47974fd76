/** What a store tells the log: once when it is lost or full, once when it is well again, and when it is somebody else's. docs/operating.md#log */
import type { Logger } from 'pino';
import type { Store, StoreRequest } from '../store/store.ts';
import type { LinkEvents } from './postgres/link.ts';

/** Told of one store. It is tried again every second: a line for each would bury what else is in the log. */
export class StoreWatch implements Required<LinkEvents> {
  readonly #log: Logger;
  readonly #taken: (error: Error) => void;
  #isLost = false;
  #isFull = false;
  #isDatabaseDown = false;

  /** `taken`: another server has the database, and this one can keep nothing any more. */
  constructor(log: Logger, taken: (error: Error) => void) {
    this.#log = log;
    this.#taken = taken;
  }

  readonly down = (reason: string): void => {
    if (!this.#isLost) this.#log.error('the store is lost; nothing is acknowledged until it is back');
    this.#isLost = true;
    // It may name a host.
    this.#log.debug({ reason }, 'the store is lost');
  };

  readonly up = (): void => {
    if (this.#isLost) this.#log.info('the store is back');
    this.#isLost = false;
  };

  /** The embedded PostgreSQL, which is started again and again. */
  readonly databaseDown = (reason: string): void => {
    const level = this.#isDatabaseDown ? 'debug' : 'error';
    this.#log[level]({ reason }, 'the embedded PostgreSQL is down; it is being started again');
    this.#isDatabaseDown = true;
  };

  readonly databaseUp = (pid: number): void => {
    this.#isDatabaseDown = false;
    this.#log.debug({ pid }, 'the embedded PostgreSQL runs');
  };

  readonly taken = (reason: string): void => this.#taken(new Error(reason));

  /** The same store, its refusals seen. */
  over(store: Store): Store {
    return { perform: async (request) => this.#seen(request, await store.perform(request)) };
  }

  #seen<Outcome extends Awaited<ReturnType<Store['perform']>>>({ kind }: StoreRequest, outcome: Outcome): Outcome {
    if (outcome.kind === 'refused' && outcome.code === '_store_full') {
      if (!this.#isFull) this.#log.error('the store is full: nothing is acknowledged until there is room');
      this.#isFull = true;
    } else if (kind === 'write' && outcome.kind === 'written') {
      if (this.#isFull) this.#log.info('the store has room again');
      this.#isFull = false;
    }
    return outcome;
  }
}
