/** `$mail`: letters for people who have mail only, and what comes back of them. docs/spec/mail.md */
import { hexOf } from '../../crypto/bytes.ts';
import { OnionError } from '../../onion/error.ts';
import { ticketFault, useTicket } from '../../onion/ticket.ts';
import { encodedLength } from '../../psyc/bytes.ts';
import { isWrittenTo } from '../../services/mail/address.ts';
import { type Arrival, judge, type Judged } from '../../services/mail/arrival.ts';
import { type MailDay, newDay, withLetter } from '../../services/mail/day.ts';
import type { ArrivalCode, LetterCode } from '../../services/mail/error.ts';
import {
  letterId,
  type MailLetter,
  mailOf,
  type MailRequest,
  readMailRequest,
  renderLetter,
  ticketName,
} from '../../services/mail/letter.ts';
import type { MailOptions } from '../../services/mail/options.ts';
import { settled, withUsed } from '../../services/mail/record.ts';
import { contentsFor } from '../../services/mail/returning.ts';
import { sealTold } from '../../services/mail/sealed.ts';
import { isWorked } from '../../services/work.ts';
import type { Desk, Entity } from '../desk.ts';
import { keepLetter, type Letter } from '../letter.ts';
import { NamedTurns } from '../named-turns.ts';
import { answerService, type ServiceAnswer } from '../onions/service-answer.ts';
import { type Kept, Letters } from './letters.ts';
import type { MailEffect, MailEvent } from './mail-events.ts';
import { Postman } from './postman.ts';

/** What it needs of its node. */
export interface MailOwner {
  readonly desk: Desk;
  effect(effect: MailEffect): void;
  /** Puts out an onion of 4000 bytes. */
  release(onion: Uint8Array): void;
}

type Answer = ServiceAnswer<LetterCode>;
type Done = (answer: Answer) => void;

const DAY_MS = 86_400_000;
/** Things that wait for one letter, and for all. */
const WAITING = { ofName: 8, all: 512 };

/** One domain's gateway. */
export class Mail implements Entity {
  readonly uniform: string;
  readonly #owner: MailOwner;
  readonly #desk: Desk;
  readonly #options: MailOptions;
  readonly #letters: Letters;
  readonly #postman: Postman;
  /** One thing at a time for each letter, by its id. */
  readonly #turns = new NamedTurns(WAITING);
  #day: MailDay | null = null;
  /** Letters that are being made: they count already. */
  #making = 0;

  constructor(owner: MailOwner, options: MailOptions) {
    this.uniform = mailOf(owner.desk.domain);
    this.#owner = owner;
    this.#desk = owner.desk;
    this.#options = options;
    this.#letters = new Letters(this.uniform, owner.desk);
    this.#postman = new Postman({
      desk: owner.desk,
      letters: this.#letters,
      options,
      effect: (effect) => owner.effect(effect),
      turn: (id, task) => this.#turns.take(id, task),
      failed: (letter, number, sealed) => this.#back(letter.key, letter.tickets, number, sealed),
    });
  }

  /** The life begins. */
  start(): void {
    this.#letters.load((waiting, day) => {
      this.#day = day;
      for (const id of waiting) this.#postman.add(id);
      this.#look();
    });
  }

  /** It is asked by people of whom nothing is known: there is no telling that nobody will. */
  readonly isIdle = false;

  queues(): [string, number][] {
    return [
      ['mail letters', this.#letters.count],
      ['mail letters to send', this.#postman.count],
      ['mail requests', this.#turns.count],
    ];
  }

  take(letter: Letter): void {
    // Whoever asks before it is known which letters there are asks again.
    if (!this.#letters.isKnown || !letter.routing.has('_source')) return;
    const kept = keepLetter(letter);
    const request = readMailRequest(this.#suite, kept.packet, this.#nowSeconds);
    const answer = (said: Answer): void => answerService(this.#desk, this.uniform, kept, said);
    if (typeof request === 'string') answer(request);
    else this.#judge(request, answer);
  }

  /** What comes from whoever speaks SMTP. */
  told(event: MailEvent): void {
    if (event.kind === 'handed') {
      this.#postman.handed(event.letter, event.outcome);
      return;
    }
    const { request, letter: id } = event;
    const answer = (code: ArrivalCode | null): void => this.#owner.effect({ kind: 'answered', request, code });
    if (!this.#letters.isKnown) answer('_mail_unavailable');
    else if (!this.#letters.has(id)) answer('_mail_unknown_letter');
    else if (event.kind === 'named') answer(null);
    else {
      const isTaken = this.#inTurn<ArrivalCode | null>(id, answer, (done) => this.#arrived(id, event.arrival, done));
      if (!isTaken) answer('_mail_unavailable');
    }
  }

  get #suite() {
    return this.#desk.options.suite;
  }

  get #nowSeconds(): number {
    return Math.floor(this.#desk.unixMs / 1000);
  }

  #look(): void {
    this.#letters.tidy();
    this.#desk.timer('mail look', this.#options.limits.lookMs, () => this.#look());
  }

  #inTurn<A>(id: string, done: (answer: A) => void, job: (done: (answer: A) => void) => void): boolean {
    return this.#turns.take(id, (finish) =>
      job((answer) => {
        finish();
        done(answer);
      }),
    );
  }

  #judge(request: MailRequest, done: Done): void {
    if (request.kind === 'terms') {
      const { workBits, gateway } = this.#options;
      done({ _bits: String(workBits), _domain: gateway.domain });
      return;
    }
    if (request.kind === 'send') {
      const fault = this.#fault(request);
      if (fault !== null) {
        done(fault);
        return;
      }
    }
    const id = hexOf(letterId(this.#suite, request.kind === 'send' ? request.letter.key : request.key));
    const isTaken = this.#inTurn<Answer>(id, done, (over) => {
      if (request.kind === 'send') this.#send(id, request, over);
      else if (request.kind === 'fetch') this.#fetch(id, request.after, over);
      else if (this.#letters.has(id)) this.#letters.erase([id], (isGone) => over(isGone ? {} : null));
      // Whoever has heard no answer asks again.
      else over({});
    });
    if (!isTaken) done(null);
  }

  /** What is seen without a look at what is kept. */
  #fault({ letter, work, digest }: MailRequest & { kind: 'send' }): LetterCode | null {
    const { workBits, limits } = this.#options;
    if (!isWrittenTo(this.#options, letter.to)) return '_mail_forbidden_address';
    const subject = { service: 'mail', domain: this.#desk.domain, name: letter.key, digest } as const;
    const isDone = isWorked(this.#suite, subject, work, workBits, limits.workHours, this.#desk.unixMs);
    // Nobody could read what comes back.
    if (sealTold(this.#suite, this.#desk.domain, letter.key, { kind: 'reply', text: '' }) === null)
      return '_mail_invalid_request';
    return isDone ? null : '_mail_necessary_work';
  }

  #send(id: string, { letter, work, digest }: MailRequest & { kind: 'send' }, done: Done): void {
    this.#letters.read(id, (kept) => {
      if (kept === 'later') done(null);
      else if (kept !== null) {
        const isIt = kept.record.state !== 'waiting' || this.#suite.equal(kept.record.digest, digest);
        done(isIt ? { _until: String(kept.record.until) } : '_mail_known');
      } else this.#make(id, letter, work, digest, done);
    });
  }

  #make(id: string, letter: MailLetter, work: Uint8Array, digest: Uint8Array, done: Done): void {
    const { limits } = this.#options;
    if (this.#letters.count + this.#making >= limits.lettersMax) {
      done('_mail_full');
      return;
    }
    const today = Math.floor(this.#desk.unixMs / DAY_MS);
    const before = this.#day?.day === today ? this.#day : newDay(this.#suite, today);
    const day = withLetter(this.#suite, before, `${letter.to.local}@${letter.to.domain}`, this.#options);
    if (typeof day === 'string') {
      done(day);
      return;
    }
    // It counts from here on, whatever the store says.
    this.#day = day;
    this.#making++;
    const record = {
      state: 'waiting',
      since: this.#nowSeconds,
      until: this.#nowSeconds + limits.letterSeconds,
      key: letter.key,
      digest,
      tickets: letter.tickets.map((ticket) => ({ name: ticketName(this.#suite, ticket), isUsed: false })),
    } as const;
    this.#letters.make(id, record, renderLetter(letter, work), day, (isDurable) => {
      this.#making--;
      if (isDurable) this.#postman.add(id);
      done(isDurable ? { _until: String(record.until) } : '_mail_unavailable_store');
    });
  }

  #fetch(id: string, after: number, done: Done): void {
    this.#letters.read(id, (kept) => {
      if (kept === null || kept === 'later') {
        done(kept === null ? '_mail_unknown' : null);
        return;
      }
      const { record, last } = kept;
      const heading = { _until: String(record.until), _state: record.state, _last: String(last) };
      if (after >= last) done(heading);
      else {
        this.#letters.readTold(id, after, (row) => {
          if (row === 'later') done(null);
          else done(row === null ? heading : { ...heading, _number: String(row.number), _reply: row.sealed });
        });
      }
    });
  }

  #arrived(id: string, arrival: Arrival, done: (code: ArrivalCode | null) => void): void {
    const judged = judge(this.#suite, arrival);
    if (typeof judged === 'string') {
      done(judged);
      return;
    }
    this.#letters.read(id, (kept) => {
      if (kept === null || kept === 'later') done(kept === null ? '_mail_unknown_letter' : '_mail_unavailable');
      else if (judged.kind === 'bounce') this.#bounced(id, kept, judged, done);
      else if (kept.last >= this.#options.limits.repliesMax) done('_mail_excessive_replies');
      else this.#replied(id, kept, judged, done);
    });
  }

  /** Once: a server may report as often as it likes. */
  #bounced(id: string, { record }: Kept, { status }: Judged & { kind: 'bounce' }, done: ArrivalDone): void {
    const told = { kind: 'failure', code: '_mail_bounced', status } as const;
    const sealed = sealTold(this.#suite, this.#desk.domain, record.key, told);
    // What waits to be sent is none that anybody has seen.
    if (record.state !== 'sent' || sealed === null) done(null);
    else
      this.#letters.tell(id, settled(record, 'failed'), sealed, (isDurable) =>
        done(isDurable ? null : '_mail_unavailable'),
      );
  }

  #replied(id: string, { record, last }: Kept, judged: Judged & { kind: 'reply' }, done: ArrivalDone): void {
    const suite = this.#suite;
    if (encodedLength(judged.text) > this.#options.limits.replyBytesMax) {
      done('_mail_oversized_reply');
      return;
    }
    const states = new Map(record.tickets.map(({ name, isUsed }) => [hexOf(name), isUsed]));
    const ours = judged.tickets.flatMap((ticket) => {
      const name = ticketName(suite, ticket);
      const isUsed = states.get(hexOf(name));
      return isUsed === undefined ? [] : [{ ticket, name, isUsed }];
    });
    const free = ours.filter(({ isUsed }) => !isUsed);
    if (free.length === 0) {
      done(ours.length === 0 ? '_mail_foreign_ticket' : '_mail_used_ticket');
      return;
    }
    const sealed = sealTold(suite, this.#desk.domain, record.key, { kind: 'reply', text: judged.text })!;
    // One that is over stays used by this reply, which is fetched then.
    const good = free.filter(({ ticket }) => ticketFault(ticket, this.#nowSeconds) === null);
    const returning = { key: record.key, number: last + 1, sealed };
    const contents = good.length === 0 ? [] : contentsFor(suite, this.#desk.domain, returning, good.length);
    const used = good.length === 0 ? free : good.slice(0, contents.length);
    const names = used.map(({ name }) => name);
    this.#letters.tell(id, withUsed(record, names), sealed, (isDurable) => {
      done(isDurable ? null : '_mail_unavailable');
      // What a crash takes here is fetched.
      if (isDurable) for (const [at, content] of contents.entries()) this.#use(good[at]!.ticket, content);
    });
  }

  #back(key: Uint8Array, tickets: readonly Uint8Array[], number: number, sealed: Uint8Array): void {
    const [ticket] = tickets;
    if (ticket === undefined) return;
    const [content] = contentsFor(this.#suite, this.#desk.domain, { key, number, sealed }, 1);
    this.#use(ticket, content!);
  }

  #use(ticket: Uint8Array, content: Uint8Array): void {
    try {
      this.#owner.release(useTicket(this.#suite, ticket, content, this.#nowSeconds, this.#suite.random));
    } catch (error) {
      // It has become too old meanwhile; what came is fetched.
      if (!(error instanceof OnionError)) throw error;
    }
  }
}

type ArrivalDone = (code: ArrivalCode | null) => void;
