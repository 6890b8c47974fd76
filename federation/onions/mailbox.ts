/** `$mailbox`: values at addresses that whoever has the key makes up, for anybody who can name them; it knows neither who puts nor who gets. docs/spec/mailbox.md */
import { backoffMs } from '../../circuit/backoff.ts';
import { dayOf } from '../../services/coarse-time.ts';
import { isSigned, mailboxOf, nameOf } from '../../services/mailbox/address.ts';
import type { MailboxCode } from '../../services/mailbox/error.ts';
import type { MailboxOptions } from '../../services/mailbox/limits.ts';
import { mailboxPrefix, type MailboxRequest, readRequest, renderFound } from '../../services/mailbox/request.ts';
import { isOver, type MailboxRow, parseRow, renderRow } from '../../services/mailbox/row.ts';
import { bitsAt, digestOf, isWorked } from '../../services/work.ts';
import type { Operation, StoreOutcome } from '../../store/store.ts';
import { Budget } from '../budget.ts';
import { type Desk, type Entity, lease } from '../desk.ts';
import { carrierOf, entityOf, keepLetter, type Letter } from '../letter.ts';
import { answerService, refuseMethod, type ServiceAnswer } from './service-answer.ts';

type Done = (answer: ServiceAnswer<MailboxCode>) => void;
type Put = Extract<MailboxRequest, { readonly kind: 'put' }>;

/** What the store tells of an address; `'later'`: nothing now. */
type Lying = MailboxRow | 'over' | 'later' | null;

/** One domain's. All values are rows of one log, the oldest first. */
export class Mailbox implements Entity {
  readonly uniform: string;
  readonly #desk: Desk;
  readonly #options: MailboxOptions;
  readonly #budget: Budget;
  /** Sequences: the newest row, and up to which they are gone; null: not known yet. */
  #rows: { readonly last: number; readonly gone: number } | null = null;
  #running = 0;
  /** How often something was tried again: each has a timer of its own. */
  #retries = 0;

  constructor(desk: Desk, options: MailboxOptions) {
    this.uniform = mailboxOf(desk.domain);
    this.#desk = desk;
    this.#options = options;
    const { askedAtOnceMax, askedAgainMs, askersMax } = options.limits;
    this.#budget = new Budget(askedAtOnceMax, askedAgainMs, askersMax);
  }

  /** It is asked by people of whom nothing is known: there is no telling that nobody will. */
  readonly isIdle = false;

  /** The life begins. */
  start(): void {
    this.#look();
  }

  take(letter: Letter): void {
    if (refuseMethod(this.#desk, this.uniform, letter, mailboxPrefix)) return;
    // Whoever asks before it is known how many there are asks again.
    if (this.#rows === null || !letter.routing.has('_source')) return;
    const kept = keepLetter(letter);
    const done: Done = (answer) => answerService(this.#desk, this.uniform, kept, answer);
    const request = readRequest(kept.packet);
    if (request === null) done('_mailbox_invalid_request');
    else if (this.#hasSpent(letter.routing.get('_source')!)) done('_mailbox_excessive_requests');
    else this.#judge(request, done);
  }

  queues(): [string, number][] {
    return [['mailbox requests', this.#running]];
  }

  /** Who lives here is one asker, another domain is one. What comes out of cells has no link of its own; those have budgets. */
  #hasSpent(source: string): boolean {
    const { domain, nowMs } = this.#desk;
    if (entityOf(source) === `psyc://${domain}/$mor`) return false;
    const carrier = carrierOf(source);
    return !this.#budget.spend(carrier === domain ? entityOf(source) : carrier, nowMs);
  }

  /** What needs no look at the disk comes first: it costs least. */
  #judge(request: MailboxRequest, done: Done): void {
    const { limits } = this.#options;
    if (request.kind === 'terms') {
      done({ _bits: String(this.#bits) });
      return;
    }
    const { options, domain, unixMs } = this.#desk;
    const { suite } = options;
    const name = nameOf(suite, request.address);
    if (request.kind === 'put') {
      if (!isSigned(suite, request)) {
        done('_mailbox_invalid_proof');
        return;
      }
      const subject = { service: 'mailbox', domain, name, digest: digestOf(suite, request.value) } as const;
      if (!isWorked(suite, subject, request.work, this.#bits, limits.workHours, unixMs)) {
        done('_mailbox_necessary_work');
        return;
      }
    }
    if (this.#running >= limits.runningMax) {
      done('_mailbox_excessive_requests');
      return;
    }
    this.#running++;
    const answer: Done = (given) => {
      this.#running--;
      done(given);
    };
    if (request.kind === 'put') this.#put(name, request, answer);
    else {
      this.#find(name, (lying) => {
        // Nothing tells an address that never was from one whose value is over.
        if (lying === 'later') answer(null);
        else answer(renderFound(suite, lying === 'over' ? null : lying));
      });
    }
  }

  /** One question to the store, whatever lies there. */
  #find(name: Uint8Array, found: (lying: Lying) => void): void {
    this.#desk.ask({ kind: 'latest', context: this.uniform, author: name }, (outcome) => {
      if (outcome.kind !== 'rows') found('later');
      else {
        const row = outcome.rows[0] === undefined ? null : parseRow(outcome.rows[0].packet);
        found(row !== null && isOver(row, this.#today, this.#options.limits.valueDays) ? 'over' : row);
      }
    });
  }

  /** The first one stays; whoever puts the same again hears the same. */
  #put(name: Uint8Array, { value, proof }: Put, done: Done): void {
    if (this.#count >= this.#options.valuesMax) {
      this.#compare(name, value, '_mailbox_full', done);
      return;
    }
    const packet = renderRow({ day: this.#today, proof, value });
    const row = { op: 'append', context: this.uniform, lease, author: name, id: name, packet, absent: true } as const;
    this.#append(row, (outcome) => {
      if (outcome.kind === 'written') {
        const { sequence } = outcome.appended[0]!;
        this.#rows = { gone: this.#rows!.gone, last: Math.max(this.#rows!.last, sequence) };
        done({});
      } else if (outcome.kind === 'refused' && outcome.code === '_store_existing_row')
        this.#compare(name, value, '_mailbox_unavailable_store', done);
      else done('_mailbox_unavailable_store');
    });
  }

  /** Where nobody knows what became of it, the same once more tells. */
  #append(row: Operation, written: (outcome: StoreOutcome) => void, failures = 0): void {
    this.#desk.ask({ kind: 'write', operations: [row] }, (outcome) => {
      const isLost = outcome.kind === 'refused' && outcome.code === '_store_lost';
      if (isLost) this.#later(failures, () => this.#append(row, written, failures + 1));
      else written(outcome);
    });
  }

  /** `otherwise`: what is answered where nothing is there that counts. */
  #compare(name: Uint8Array, value: Uint8Array, otherwise: MailboxCode, done: Done): void {
    this.#find(name, (lying) => {
      if (lying === 'later') done(null);
      else if (lying === null || lying === 'over') done(otherwise);
      else done(this.#desk.options.suite.equal(lying.value, value) ? {} : '_mailbox_taken');
    });
  }

  get #today(): number {
    return dayOf(this.#desk.unixMs);
  }

  get #count(): number {
    return this.#rows === null ? 0 : this.#rows.last - this.#rows.gone;
  }

  get #bits(): number {
    const { limits, valuesMax } = this.#options;
    return bitsAt(this.#count, valuesMax, limits.putBitsMin, limits.putBitsMore);
  }

  /** Takes out what is too old, page by page, and counts what is left. */
  #look(failures = 0): void {
    const { lookRows, lookMs, valueDays } = this.#options.limits;
    const again = (): void => this.#later(failures, () => this.#look(failures + 1));
    this.#desk.ask({ kind: 'read', context: this.uniform, after: 0, rowsMax: lookRows }, (outcome) => {
      if (outcome.kind !== 'rows') {
        again();
        return;
      }
      const { rows, last } = outcome;
      this.#rows = { last, gone: rows.length === 0 ? last : rows[0]!.sequence - 1 };
      // They came in the order of their days; what another version has written is left to it.
      const left = rows.findIndex(({ packet }) => {
        const row = parseRow(packet);
        return row === null || !isOver(row, this.#today, valueDays);
      });
      const newest = rows.at(left === -1 ? -1 : left - 1);
      if (newest === undefined || left === 0) {
        this.#desk.timer('mailbox look', lookMs, () => this.#look());
        return;
      }
      const trim: Operation = { op: 'trim', context: this.uniform, lease, sequence: newest.sequence };
      this.#desk.ask({ kind: 'write', operations: [trim] }, (written: StoreOutcome) => {
        if (written.kind === 'written') this.#look();
        else again();
      });
    });
  }

  #later(failures: number, again: () => void): void {
    const { retryMsMin, retryMsMax } = this.#desk.options.deliveryLimits;
    this.#desk.timer(`mailbox ${++this.#retries}`, backoffMs(failures, retryMsMin, retryMsMax), again);
  }
}
