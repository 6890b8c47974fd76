/** A running server's mail gateway: SMTP in and out for the entity that knows letters. docs/spec/mail.md#in-a-server */
import type { Logger } from 'pino';
import type { MailEffect, MailEvent } from '../../federation/mail/mail-events.ts';
import type { ArrivalCode } from '../../services/mail/error.ts';
import { mailLimits } from '../../services/mail/limits.ts';
import type { Config } from '../config/config.ts';
import type { Credentials } from '../transport/certificate.ts';
import { hostsHere } from '../transport/hosts.ts';
import type { Timers } from '../transport/timers.ts';
import { MailDoor } from './door.ts';
import { hand } from './relay.ts';

/** What it works with. */
export interface MailDutyOptions {
  readonly config: NonNullable<Config['mail']>;
  readonly credentials: Credentials;
  readonly timers: Timers;
  readonly log: Logger;
  readonly tell: (event: MailEvent) => void;
}

type Asked = MailEvent extends infer E ? (E extends { request: number } ? Omit<E, 'request'> : never) : never;

/** One life's. */
export class MailDuty {
  readonly #options: MailDutyOptions;
  readonly #waiting = new Map<number, (code: ArrivalCode | null) => void>();
  #requests = 0;
  #door: MailDoor | null = null;
  #isOver = false;

  private constructor(options: MailDutyOptions) {
    this.#options = options;
  }

  /** Rejects with the system's error when an address is taken or not ours. */
  static async open(options: MailDutyOptions): Promise<MailDuty> {
    const { config, log, ...shared } = options;
    const duty = new MailDuty(options);
    duty.#door = await MailDoor.open({
      hosts: hostsHere(config.hosts, log),
      port: config.port,
      gateway: config.address,
      limits: mailLimits,
      log,
      credentials: shared.credentials,
      timers: shared.timers,
      named: (letter) => duty.#ask({ kind: 'named', letter }),
      arrived: (letter, arrival) => duty.#ask({ kind: 'arrived', letter, arrival }),
    });
    return duty;
  }

  /** Where it listens for mail. */
  get addresses() {
    return this.#door?.addresses ?? [];
  }

  /** Does what the gateway has done over SMTP. */
  perform(effect: MailEffect): void {
    if (effect.kind === 'answered') {
      this.#waiting.get(effect.request)?.(effect.code);
      this.#waiting.delete(effect.request);
      return;
    }
    const { config, log, tell } = this.#options;
    const { letter } = effect;
    void hand(config.relay, config.address.domain, effect.mail).then(({ outcome, reason }) => {
      // Neither whose letter, nor to whom: what the relay says may name him.
      if (outcome !== 'taken') log.warn({ outcome, relay: config.relay.host }, 'the relay has not taken a mail');
      if (reason !== null) log.debug({ reason }, 'what the relay said');
      if (!this.#isOver) tell({ kind: 'handed', letter, outcome });
    });
  }

  /** Takes no mail any more; what is not acknowledged is brought again. */
  async stop(): Promise<void> {
    this.#isOver = true;
    await this.#door?.close();
    for (const answer of this.#waiting.values()) answer('_mail_unavailable');
    this.#waiting.clear();
  }

  #ask(event: Asked): Promise<ArrivalCode | null> {
    if (this.#isOver) return Promise.resolve('_mail_unavailable');
    const request = ++this.#requests;
    return new Promise((resolve) => {
      this.#waiting.set(request, resolve);
      this.#options.tell({ ...event, request });
    });
  }
}
