/** The key server of a running domain: its ring, its thread, and its ports. docs/spec/key-server.md */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Logger } from 'pino';
import { bytesOfHex } from '../../crypto/bytes.ts';
import type { AmendedKey } from '../../federation/events.ts';
import { readCertificate } from '../../pki/certificate.ts';
import { certStatus } from '../../pki/certification.ts';
import type { RingSearch } from '../../pki/hkp.ts';
import type { RingKey } from '../../pki/ring.ts';
import { keyOfBytes } from '../../psyc/bytes.ts';
import { renderUserId } from '../../psyc/names.ts';
import { parseEntity } from '../../psyc/uniform.ts';
import type { Store } from '../../store/store.ts';
import type { SoughtKeys } from '../node/notary.ts';
import type { TransportLimits } from '../transport/limits.ts';
import type { Timers } from '../transport/timers.ts';
import { Clerk } from './clerk.ts';
import { KeyHttp } from './http.ts';
import { keyServerLimits } from './limits.ts';
import { KeyListener } from './listen.ts';
import { Ring, type RingFound } from './ring.ts';

/** What it works with. */
export interface KeyServerOptions {
  readonly store: Store;
  readonly domain: string;
  /** The domain's own public keys, the present one first. */
  readonly own: readonly Uint8Array[];
  /** Unix seconds. */
  readonly now: () => number;
  readonly timers: Timers;
  readonly log: Logger;
  readonly limits: TransportLimits;
  /** Told of a person who lives here, and what has become of his key. */
  readonly amended: (amended: AmendedKey) => void;
  /** Told of another domain, of whose key somebody has brought more. */
  readonly domainAmended: (domain: string) => void;
}

/** One domain's. */
export class KeyServer {
  readonly #options: KeyServerOptions;
  readonly #clerk: Clerk;
  readonly #ring: Ring;
  readonly #http: KeyHttp;
  /** Keys of other domains' people that are on the ring, the one longest not seen first. */
  readonly #learned = new Set<string>();
  #listener: KeyListener | null = null;

  constructor(options: KeyServerOptions) {
    const { timers, domain, log } = options;
    this.#options = options;
    this.#clerk = new Clerk(keyServerLimits, timers);
    this.#ring = new Ring({ ...options, clerk: this.#clerk, limits: keyServerLimits });
    const amended = (person: string, key: RingKey): void => void this.#amend(person, key);
    const { domainAmended } = options;
    this.#http = new KeyHttp({
      domain,
      ring: this.#ring,
      limits: keyServerLimits,
      timers,
      log,
      amended,
      domainAmended,
    });
  }

  /** Answers a request for keys; false: it is none. */
  take(request: IncomingMessage, response: ServerResponse): boolean {
    return this.#http.take(request, response);
  }

  /** Puts the domain's own keys on the ring. Without a store it is done at the next start. */
  async start(): Promise<void> {
    await this.#ring.keepOwn().catch((error: unknown) => this.#options.log.warn({ reason: String(error) }, 'own key'));
  }

  /** Puts a domain's pinned key on the ring; in its own time. */
  learn(domain: string): void {
    this.#ring.learn(domain).catch((error: unknown) => {
      this.#options.log.warn({ domain, reason: String(error) }, 'its key is not on the ring yet');
    });
  }

  /** Puts the key of another domain's person on the ring; in its own time, and not again while it is as it was. */
  learnPerson(key: Uint8Array): void {
    const name = keyOfBytes(key);
    if (this.#learned.delete(name)) {
      this.#learned.add(name);
      return;
    }
    this.#learned.add(name);
    if (this.#learned.size > keyServerLimits.learnedMax) this.#learned.delete(this.#learned.values().next().value!);
    this.#ring.take(key).catch((error: unknown) => {
      this.#learned.delete(name);
      this.#options.log.debug({ reason: String(error) }, 'a key is not on the ring yet');
    });
  }

  /** What the ring has of somebody, by his address and one key, or any; nothing where the store does not answer. */
  async copiesOf(address: string, fingerprint: string | null): Promise<SoughtKeys[]> {
    try {
      const [one, statement] = await Promise.all([
        fingerprint === null ? this.#ring.byAddress(address) : this.#ring.byFingerprint(fingerprint),
        this.#ring.statementOf(address),
      ]);
      const keys = one === null ? [] : one instanceof Uint8Array ? [one] : one;
      return keys.map((key) => ({ key, statement }));
    } catch (error) {
      this.#options.log.debug({ reason: String(error) }, 'the ring does not answer');
      return [];
    }
  }

  /** What the ring has by a fingerprint or an address; null: it does not answer. */
  async found(search: RingSearch): Promise<RingFound | null> {
    try {
      if ('address' in search) {
        const { address } = search;
        const [keys, statement] = await Promise.all([this.#ring.byAddress(address), this.#ring.statementOf(address)]);
        return { keys, statement };
      }
      const key = await this.#ring.byFingerprint(search.fingerprint);
      return { keys: key === null ? [] : [key], statement: null };
    } catch (error) {
      this.#options.log.debug({ reason: String(error) }, 'the ring does not answer');
      return null;
    }
  }

  /** Judges anew whether a person is let in by his key, and tells it. */
  async #amend(person: string, { bytes, fingerprint }: RingKey): Promise<void> {
    const { own, now, amended } = this.#options;
    const { name, host } = parseEntity(person);
    const key = await readCertificate(bytes);
    const status = await certStatus(key, renderUserId(name, host), await readCertificate(own[0]!), now());
    const code = status.isValid ? null : status.code;
    const isOut = code === '_revoked_key' || code === '_revoked_certification';
    amended({ person, fingerprint: bytesOfHex(fingerprint)!, key: bytes, code: isOut ? code : null });
  }

  /** Begins to listen without TLS. Throws the system's error for an address that is taken or not ours. */
  async open(hosts: readonly string[], port: number): Promise<void> {
    const { log, limits } = this.#options;
    this.#listener = await KeyListener.open({ hosts, port, keys: this.#http, log, limits });
  }

  /** Where it listens without TLS. */
  get addresses(): { address: string; port: number }[] {
    return this.#listener?.addresses ?? [];
  }

  async close(): Promise<void> {
    await this.#listener?.close();
    await this.#clerk.close();
  }
}
