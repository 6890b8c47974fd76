/** What a server does in the DNS for its own domain: keeps its record in the zone, and answers for it. docs/operating.md#publishing */
import { randomBytes } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import type { Logger } from 'pino';
import { renderRecord, stringsOf } from '../../pki/dns-record.ts';
import type { Config } from '../config/config.ts';
import { ownRecord } from '../domain/own-record.ts';
import type { Timers } from '../transport/timers.ts';
import type { Asker } from './ask.ts';
import { recordName } from './look-up.ts';
import { Publisher } from './publisher.ts';
import { ZoneReplies } from './responder/reply.ts';
import { Responder } from './responder/responder.ts';
import { readTsigKey } from './tsig-file.ts';

/** Whose duty it is. */
export interface DutyOptions {
  readonly config: Pick<Config, 'domain' | 'dns'>;
  /** Of the domain's key, 40 hex digits. */
  readonly fingerprint: string;
  readonly asker: Asker;
  readonly timers: Timers;
  readonly log: Logger;
}

const SECRET_BYTES = 32;

/** Both, as far as they are configured. */
export class DnsDuty {
  readonly #publisher: Publisher | null;
  readonly #responder: Responder | null;

  private constructor(publisher: Publisher | null, responder: Responder | null) {
    this.#publisher = publisher;
    this.#responder = responder;
  }

  /** `hosts`: where the responder listens. Rejects with DnsError and FileError for the TSIG key, and with the system's errors. */
  static async open(hosts: readonly string[], options: DutyOptions): Promise<DnsDuty> {
    const { config, fingerprint, asker, timers, log } = options;
    const { domain, dns } = config;
    const record = ownRecord(fingerprint, dns);
    const zone = dns.update === null ? null : { ...dns.update, key: await readTsigKey(dns.update.key) };
    const responder =
      dns.responder === null
        ? null
        : await Responder.open({
            hosts,
            port: dns.responder.port,
            replies: new ZoneReplies(
              {
                name: recordName(domain),
                strings: stringsOf(renderRecord(record)),
                nameServer: dns.responder.nameServer,
                // A record changes only when a server starts.
                serial: Math.floor(Date.now() / 1000),
              },
              randomBytes(SECRET_BYTES),
            ),
            timers,
            log,
          });
    const publisher = zone === null ? null : new Publisher({ asker, zone, domain, record, timers, log });
    publisher?.start();
    return new DnsDuty(publisher, responder);
  }

  /** Where it answers. */
  get addresses(): readonly AddressInfo[] {
    return this.#responder?.addresses ?? [];
  }

  async close(): Promise<void> {
    this.#publisher?.stop();
    await this.#responder?.close();
  }
}
