/** Letters on their way to the relay: some at a time, again later those that it does not take now, and never for ever. docs/spec/mail.md#mail */
import { backoffMs } from '../../circuit/backoff.ts';
import type { DeliveryCode } from '../../services/mail/error.ts';
import type { MailOptions } from '../../services/mail/options.ts';
import type { MailLetter } from '../../services/mail/letter.ts';
import { outgoingMail } from '../../services/mail/outgoing.ts';
import { settled } from '../../services/mail/record.ts';
import { sealTold } from '../../services/mail/sealed.ts';
import type { Desk } from '../desk.ts';
import type { Task } from '../turns.ts';
import type { Letters } from './letters.ts';
import type { MailEffect, MailEvent } from './mail-events.ts';

/** What it needs of its gateway. */
export interface PostmanOwner {
  readonly desk: Desk;
  readonly letters: Letters;
  readonly options: MailOptions;
  effect(effect: MailEffect): void;
  /** Does something about a letter when nothing else is done about it; false: there is no room. */
  turn(id: string, task: Task): boolean;
  /** What came of a letter goes over one of its tickets too. */
  failed(letter: MailLetter, number: number, sealed: Uint8Array): void;
}

type Outcome = Extract<MailEvent, { kind: 'handed' }>['outcome'];

/** How soon it is tried again to write down what the relay has said. */
const SETTLE_MS = 1_000;

/** One gateway's. */
export class Postman {
  readonly #owner: PostmanOwner;
  readonly #waiting = new Set<string>();
  /** With the relay, or about to be. */
  readonly #out = new Set<string>();
  /** How often each was not taken. */
  readonly #failures = new Map<string, number>();

  constructor(owner: PostmanOwner) {
    this.#owner = owner;
  }

  get count(): number {
    return this.#waiting.size + this.#out.size;
  }

  /** Is to be sent. */
  add(id: string): void {
    this.#waiting.add(id);
    this.#next();
  }

  /** The relay has told. */
  handed(id: string, outcome: Outcome): void {
    if (this.#out.has(id)) this.#settle(id, outcome);
  }

  /** By what is kept of it now: an answer may have come before the relay had said that it is sent, or its owner has closed it. */
  #settle(id: string, outcome: Outcome): void {
    const { desk, letters, options } = this.#owner;
    const isTaken = this.#owner.turn(id, (finish) =>
      letters.read(id, (kept) => {
        const done = (): void => {
          finish();
          this.#done(id);
        };
        if (kept === 'later') {
          finish();
          this.#settleLater(id, outcome);
        } else if (kept === null || kept.letter === null) done();
        else {
          const { record, letter, last } = kept;
          const isOver = record.since + options.limits.trySeconds <= Math.floor(desk.unixMs / 1000);
          if (outcome === 'taken') letters.settle(id, settled(record, 'sent'), null, done);
          else if (outcome === 'later' && !isOver) {
            finish();
            this.#again(id);
          } else {
            const code: DeliveryCode = outcome === 'refused' ? '_mail_rejected' : '_mail_undelivered';
            const told = { kind: 'failure', code, status: null } as const;
            const sealed = sealTold(desk.options.suite, desk.domain, record.key, told);
            letters.settle(id, settled(record, 'failed'), sealed, () => {
              if (sealed !== null) this.#owner.failed(letter, last + 1, sealed);
              done();
            });
          }
        }
      }),
    );
    if (!isTaken) this.#settleLater(id, outcome);
  }

  #settleLater(id: string, outcome: Outcome): void {
    this.#owner.desk.timer(`mail settle ${id}`, SETTLE_MS, () => this.#settle(id, outcome));
  }

  #done(id: string): void {
    this.#out.delete(id);
    this.#failures.delete(id);
    this.#next();
  }

  #again(id: string): void {
    const failures = this.#failures.get(id) ?? 0;
    this.#failures.set(id, failures + 1);
    this.#out.delete(id);
    const { retryMsMin, retryMsMax } = this.#owner.options.limits;
    const delayMs = backoffMs(failures, retryMsMin, retryMsMax);
    this.#owner.desk.timer(`mail again ${id}`, delayMs, () => this.add(id));
    this.#next();
  }

  #next(): void {
    const { letters, options, desk } = this.#owner;
    for (const id of this.#waiting) {
      if (this.#out.size >= options.limits.sendingMax) return;
      this.#waiting.delete(id);
      this.#out.add(id);
      letters.read(id, (kept) => {
        if (kept === 'later') this.#again(id);
        else if (kept === null || kept.letter === null || kept.record.state !== 'waiting') this.#done(id);
        else {
          const mail = outgoingMail(desk.options.suite, kept.letter, options.gateway);
          this.#owner.effect({ kind: 'hand', letter: id, mail });
        }
      });
    }
  }
}
