/** Keeps the domain's record in its zone: when the server starts, and again whenever others' copies end. docs/operating.md#publishing */
import type { Logger } from 'pino';
import type { DomainRecord } from '../../pki/dns-record.ts';
import type { Timers } from '../transport/timers.ts';
import type { Asker } from './ask.ts';
import { DnsError } from './errors.ts';
import { dnsLimits } from './limits.ts';
import { publish, RECORD_TTL, type ZoneServer } from './publish.ts';

const { republishMsMin, republishMsMax } = dnsLimits;

/** What is published, and where. */
export interface PublisherOptions {
  readonly asker: Asker;
  readonly zone: ZoneServer;
  readonly domain: string;
  readonly record: DomainRecord;
  readonly timers: Timers;
  readonly log: Logger;
}

/** Publishes until it is stopped. Never takes the place of a key that ours does not follow: that is for a person to decide. */
export class Publisher {
  readonly #options: PublisherOptions;
  #record: DomainRecord;
  #cancel: () => void = () => {};
  #isStopped = false;
  #delayMs: number = republishMsMin;

  constructor(options: PublisherOptions) {
    this.#options = options;
    this.#record = options.record;
  }

  /** Publishes this from now on, at once. */
  say(record: DomainRecord): void {
    this.#record = record;
    this.#cancel();
    void this.#publish();
  }

  start(): void {
    void this.#publish();
  }

  stop(): void {
    this.#isStopped = true;
    this.#cancel();
  }

  async #publish(): Promise<void> {
    const { asker, zone, domain, log, timers } = this.#options;
    const record = this.#record;
    let nextMs = RECORD_TTL * 1000;
    try {
      const isNew = await publish(asker, zone, domain, record, false);
      if (isNew) log.info({ zone: zone.zone }, 'the DNS says our key: published');
      this.#delayMs = republishMsMin;
    } catch (error) {
      if (!(error instanceof DnsError)) throw error;
      // Whoever has the zone can name another key there: nobody would be told otherwise.
      const level = error.code === '_dns_conflict' ? 'error' : 'warn';
      log[level]({ code: error.code }, `the DNS record is not published: ${error.message}`);
      nextMs = this.#delayMs;
      this.#delayMs = Math.min(2 * this.#delayMs, republishMsMax);
    }
    // Another one may have been said meanwhile, which goes on by itself.
    if (!this.#isStopped && record === this.#record) this.#cancel = timers.after(nextMs, () => void this.#publish());
  }
}
