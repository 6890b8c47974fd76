/** What a node has its admin told, as lines of the log: names domains, and repeats nothing at every retry. docs/operating.md#log */
import type { Logger } from 'pino';
import type { Notice } from '../../federation/events.ts';

/** A domain that comes again and again with another key is told of so often only. */
const AGAIN_MS = 3_600_000;

/** Domains remembered to have been told of; with more, the oldest may be told again. */
const TOLD_MAX = 1024;

/** One node's. */
export class Notices {
  readonly #log: Logger;
  /** When each was told, the oldest first. */
  readonly #told = new Map<string, number>();

  constructor(log: Logger) {
    this.#log = log;
  }

  /** `nowMs` never goes back. */
  tell(notice: Notice, nowMs: number): void {
    const log = this.#log;
    switch (notice.kind) {
      case 'first contact': {
        const { domain, fingerprint } = notice;
        log.warn(
          { domain, fingerprint },
          `FIRST CONTACT: ${domain} is taken at its word and pinned; compare its fingerprint with its admin, over another way`,
        );
        break;
      }
      case 'foreign key': {
        const { domain, fingerprint, expected } = notice;
        const level = this.#isNews(domain, nowMs) ? 'error' : 'debug';
        log[level](
          { domain, fingerprint, expected },
          `ANOTHER KEY: ${domain} came with a key that is not the one we know; refused. Compare fingerprints with its admin over another way; ` +
            `if the new one is right, put it under peers.${domain}.fingerprint in config.json and start again`,
        );
        break;
      }
      case 'connected':
      case 'disconnected':
        log.info({ domain: notice.domain }, notice.kind);
        break;
      case 'refused': {
        const { code, domain } = notice;
        const isTold = /^_trust_(?:changed|foreign)_key$/.test(code) && !this.#isNews(`${code} ${domain}`, nowMs);
        log[isTold ? 'debug' : 'info'](domain === null ? { code } : { code, domain }, 'circuit refused');
        break;
      }
    }
  }

  #isNews(what: string, nowMs: number): boolean {
    const last = this.#told.get(what);
    if (last !== undefined && nowMs - last < AGAIN_MS) return false;
    this.#told.delete(what);
    this.#told.set(what, nowMs);
    if (this.#told.size > TOLD_MAX) this.#told.delete(this.#told.keys().next().value!);
    return true;
  }
}
