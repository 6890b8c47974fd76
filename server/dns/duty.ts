/** What a server does in the DNS for its own domain: keeps its record in the zone, and answers for it. docs/operating.md#publishing */
import { randomBytes } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import type { Logger } from 'pino';
import { renderRecord, stringsOf } from '../../pki/dns-record.ts';
import type { Config } from '../config/config.ts';
import { ownRecord, type OwnKeys } from '../domain/own-record.ts';
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
  readonly keys: OwnKeys;
  readonly asker: Asker;
  readonly timers: Timers;
  readonly log: Logger;
}

const SECRET_BYTES = 32;

/** Grows with each start, and with each change as long as there is a second between. */
const serialNow = (): number => Math.floor(Date.now() / 1000);

/** Both, as far as they are configured. */
export class DnsDuty {
  readonly #publisher: Publisher | null;
  readonly #responder: Responder | null;
  readonly #replies: ZoneReplies | null;
  readonly #dns: Config['dns'];

  private constructor(
    dns: Config['dns'],
    publisher: Publisher | null,
    responder: Responder | null,
    replies: ZoneReplies | null,
  ) {
    this.#dns = dns;
    this.#publisher = publisher;
    this.#responder = responder;
    this.#replies = replies;
  }

  /** `hosts`: where the responder listens. Rejects with DnsError and FileError for the TSIG key, and with the system's errors. */
  static async open(hosts: readonly string[], options: DutyOptions): Promise<DnsDuty> {
    const { config, keys, asker, timers, log } = options;
    const { domain, dns } = config;
    const record = ownRecord(keys, dns);
    const zone = dns.update === null ? null : { ...dns.update, key: await readTsigKey(dns.update.key) };
    const strings = stringsOf(renderRecord(record));
    const { nameServer = '', port = 0 } = dns.responder ?? {};
    const name = recordName(domain);
    const replies =
      dns.responder === null
        ? null
        : new ZoneReplies({ name, strings, nameServer, serial: serialNow() }, randomBytes(SECRET_BYTES));
    const responder = replies === null ? null : await Responder.open({ hosts, port, replies, timers, log });
    const publisher = zone === null ? null : new Publisher({ asker, zone, domain, record, timers, log });
    publisher?.start();
    return new DnsDuty(dns, publisher, responder, replies);
  }

  /** From now on it says this. */
  say(keys: OwnKeys): void {
    const record = ownRecord(keys, this.#dns);
    this.#replies?.say(stringsOf(renderRecord(record)), serialNow());
    this.#publisher?.say(record);
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
