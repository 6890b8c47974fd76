/** `$pigeonhole`: boxes that anybody makes without saying who he is, fills, and empties with the box's own key. docs/spec/pigeonhole.md */
import { hexOf, joinBytes } from '../../crypto/bytes.ts';
import {
  type Box,
  newBox,
  onDay,
  renderBox,
  withDeposit,
  withoutReader,
  withReader,
} from '../../services/pigeonhole/box.ts';
import type { PigeonholeCode } from '../../services/pigeonhole/error.ts';
import { boxName, pigeonholeOf } from '../../services/pigeonhole/keys.ts';
import type { PigeonholeOptions } from '../../services/pigeonhole/limits.ts';
import {
  type BoxRequest,
  isSignedBy,
  orderDigest,
  type OrderRequest,
  readerName,
  readRequest,
} from '../../services/pigeonhole/request.ts';
import { dayOf } from '../../services/coarse-time.ts';
import { bitsAt, digestOf, isWorked, makingDigest } from '../../services/work.ts';
import type { Operation } from '../../store/store.ts';
import type { BoxesShown } from '../admin-questions.ts';
import { BoxFiles } from './box-files.ts';
import { type Desk, type Entity, lease } from '../desk.ts';
import { NamedTurns } from '../named-turns.ts';
import { keepLetter, type Letter } from '../letter.ts';
import { answerService, refuseMethod, type ServiceAnswer } from './service-answer.ts';

type Done = (answer: ServiceAnswer<PigeonholeCode>) => void;

/** One box as it is now, on disk, and as the day makes it. */
interface Found {
  readonly box: Box;
  readonly kept: Box;
  /** The newest sequence of its log. */
  readonly last: number;
  /** The context with its log. */
  readonly context: string;
}

/** One domain's. */
export class Pigeonhole implements Entity {
  readonly uniform: string;
  readonly #desk: Desk;
  readonly #options: PigeonholeOptions;
  readonly #files: BoxFiles;
  /** One thing at a time for each box, by its name. */
  readonly #turns: NamedTurns;
  /** The day of which everything that is too old is gone; a new life looks again. */
  #lookedDay = 0;

  constructor(desk: Desk, options: PigeonholeOptions) {
    this.uniform = pigeonholeOf(desk.domain);
    this.#desk = desk;
    this.#options = options;
    const { waitingMax, waitingOfBoxMax } = options.limits;
    this.#turns = new NamedTurns({ ofName: waitingOfBoxMax, all: waitingMax });
    this.#files = new BoxFiles(this.uniform, desk);
  }

  /** The life begins. */
  start(): void {
    this.#files.load(() => this.#look());
  }

  take(letter: Letter): void {
    if (refuseMethod(this.#desk, this.uniform, letter, '_request_box_')) return;
    // Whoever asks before it is known which boxes there are asks again.
    if (!this.#files.isKnown || !letter.routing.has('_source')) return;
    const kept = keepLetter(letter);
    const request = readRequest(kept.packet);
    const done: Done = (answer) => answerService(this.#desk, this.uniform, kept, answer);
    if (request === null) done('_box_invalid_request');
    else this.#judge(request, done);
  }

  /** It is asked by people of whom nothing is known: there is no telling that nobody will. */
  readonly isIdle = false;

  /** For the admin: there is nothing else to be shown of them. */
  shown(): BoxesShown {
    return { count: this.#files.count, most: this.#options.boxesMax, workBits: this.#makeBits };
  }

  queues(): [string, number][] {
    return [
      ['boxes', this.#files.count],
      ['box requests', this.#turns.count],
    ];
  }

  /** What needs no look at the box comes first: it costs least. */
  #judge(request: BoxRequest, done: Done): void {
    const { options, domain, unixMs } = this.#desk;
    const { limits } = this.#options;
    const { suite } = options;
    if (request.kind === 'terms' && request.keys === null) {
      // Nobody is to work for nothing.
      done(this.#isFull ? '_box_excessive_boxes' : { _bits_make: String(this.#makeBits) });
      return;
    }
    const name = boxName(suite, request.keys!);
    const key = hexOf(name);
    if (request.kind === 'order') {
      if (Math.abs(request.day - dayOf(unixMs)) > limits.orderDays) {
        done('_box_stale_order');
        return;
      }
      if (!isSignedBy(suite, domain, request)) {
        done('_box_invalid_proof');
        return;
      }
      if (request.order.kind === 'make' && !this.#files.has(key)) {
        const work = { service: 'pigeonhole', domain, name, digest: makingDigest } as const;
        if (!isWorked(suite, work, request.work!, this.#makeBits, limits.workHours, unixMs)) {
          done('_box_necessary_work');
          return;
        }
      }
    }
    const job = (finish: () => void): void => {
      const answer: Done = (given) => {
        finish();
        done(given);
      };
      this.#find(key, (found) => {
        if (request.kind === 'order') this.#obey(key, request, found, answer);
        else if (found === null) answer('_box_unknown');
        else if (found === 'later') answer(null);
        else if (request.kind === 'terms')
          answer({ _bits_make: String(this.#makeBits), _bits: String(found.box.bits) });
        else this.#deposit(name, request, found, answer);
      });
    };
    if (!this.#turns.take(key, job)) done('_box_excessive_requests');
  }

  /** The box of this name today; null: there is none, or none any more. */
  #find(key: string, found: (found: Found | 'later' | null) => void): void {
    this.#files.read(key, (file) => {
      if (file === null || file === 'later') {
        found(file);
        return;
      }
      const day = dayOf(this.#desk.unixMs);
      if (file.box.until > day) found({ ...file, kept: file.box, box: onDay(file.box, day, this.#options.limits) });
      else this.#files.remove(key, (isGone) => found(isGone ? null : 'later'));
    });
  }

  #obey(key: string, request: OrderRequest, found: Found | 'later' | null, done: Done): void {
    const { order } = request;
    if (found === 'later') done(null);
    else if (order.kind === 'make') {
      // Whoever has heard no answer asks again.
      if (found !== null) done({ _until: untilOf(found.box) });
      else this.#make(key, order.bits, done);
    } else if (found === null) done('_box_unknown');
    else if (order.kind === 'close') {
      this.#files.remove(key, (isGone) => done(isGone ? {} : null));
    } else {
      const { limits } = this.#options;
      const { options, domain, unixMs } = this.#desk;
      const day = dayOf(unixMs);
      const name = readerName(order.reader);
      if (order.kind === 'leave') {
        const box = withoutReader(found.box, name, day, limits);
        if (typeof box === 'string') done(box);
        else this.#keep({ ...found, box: onDay(box, day, limits) }, [], () => done({}), done);
        return;
      }
      const reading = { ...order, name, digest: orderDigest(options.suite, domain, request) };
      const box = withReader(found.box, reading, found.last, day, options.suite.equal, limits);
      if (typeof box === 'string') done(box);
      else {
        const next = { ...found, box: onDay(box, day, limits) };
        this.#keep(next, [], () => this.#page(next, order.after, order.limit, done), done);
      }
    }
  }

  #make(key: string, bits: number, done: Done): void {
    if (this.#isFull) {
      done('_box_excessive_boxes');
      return;
    }
    const box = newBox(bits, dayOf(this.#desk.unixMs), this.#options.limits);
    this.#files.make(key, renderBox(box), (isMade) =>
      done(isMade ? { _until: untilOf(box) } : '_box_unavailable_store'),
    );
  }

  #deposit(name: Uint8Array, request: BoxRequest & { kind: 'deposit' }, found: Found, done: Done): void {
    const { options, domain, unixMs } = this.#desk;
    const { limits } = this.#options;
    const { deposit, work } = request;
    const digest = digestOf(options.suite, deposit);
    const subject = { service: 'pigeonhole', domain, name, digest } as const;
    if (!isWorked(options.suite, subject, work, found.box.bits, limits.workHours, unixMs)) {
      done('_box_necessary_work');
      return;
    }
    // Each is its own author, so that it can be looked up: no two of one box are the same.
    this.#desk.ask({ kind: 'latest', context: found.context, author: digest }, (outcome) => {
      if (outcome.kind !== 'rows') done(null);
      else if (outcome.rows.length > 0) done({});
      else {
        const sequence = found.last + 1;
        const box = withDeposit(found.box, sequence, dayOf(unixMs), limits);
        if (typeof box === 'string') {
          done(box);
          return;
        }
        const row: Operation = {
          op: 'append',
          context: found.context,
          lease,
          author: digest,
          id: digest,
          packet: deposit,
        };
        this.#keep({ ...found, box }, [row], () => done({}), done);
      }
    });
  }

  /** Makes the box durable as it is now, with rows beside it. */
  #keep({ box, kept, context }: Found, rows: readonly Operation[], written: () => void, done: Done): void {
    const [value, before] = [renderBox(box), renderBox(kept)];
    if (rows.length === 0 && this.#desk.options.suite.equal(value, before)) {
      written();
      return;
    }
    const operations: Operation[] = [...rows, { op: 'record', context, lease, name: 'box', value }];
    if (box.gone > kept.gone) operations.push({ op: 'trim', context, lease, sequence: box.gone });
    this.#files.write(context, operations, (isWritten) => {
      if (isWritten) written();
      else done('_box_unavailable_store');
    });
  }

  #page({ box, last, context }: Found, after: number, limit: number, done: Done): void {
    const heading = { _until: untilOf(box), _last: String(last) };
    if (limit === 0 || Math.max(after, box.gone) >= last) {
      done(heading);
      return;
    }
    const wanted = { kind: 'read', context, after: Math.max(after, box.gone), rowsMax: limit } as const;
    this.#desk.ask(wanted, (outcome) => {
      const first = outcome.kind === 'rows' ? outcome.rows[0] : undefined;
      if (outcome.kind !== 'rows') done(null);
      else if (first === undefined) done(heading);
      else {
        const deposits = joinBytes(...outcome.rows.map(({ packet }) => packet));
        done({ ...heading, _first: String(first.sequence), _deposits: deposits });
      }
    });
  }

  get #isFull(): boolean {
    return this.#files.count >= this.#options.boxesMax;
  }

  /** The emptier the pigeonhole, the less it takes: from half of the boxes on it gets harder. */
  get #makeBits(): number {
    const { limits, boxesMax } = this.#options;
    return bitsAt(this.#files.count, boxesMax, limits.makeBitsMin, limits.makeBitsMore);
  }

  /** Once a day all boxes are looked at, one after the other. */
  #look(): void {
    const day = dayOf(this.#desk.unixMs);
    if (day !== this.#lookedDay) {
      this.#lookedDay = day;
      this.#lookAt(this.#files.names());
    }
    this.#desk.timer('pigeonhole look', this.#options.limits.lookMs, () => this.#look());
  }

  #lookAt(names: readonly string[], from = 0): void {
    for (let at = from; at < names.length; at++) {
      const name = names[at]!;
      const job = (finish: () => void): void => {
        const next = (): void => {
          finish();
          this.#lookAt(names, at + 1);
        };
        this.#find(name, (found) => {
          if (found === null || found === 'later' || found.box.gone === found.kept.gone) next();
          else this.#keep(found, [], next, next);
        });
      };
      // Who has so much to do is looked at by the way.
      if (this.#turns.take(name, job)) return;
    }
  }
}

/** Until when a box stays, Unix seconds. */
const untilOf = ({ until }: Box): string => String(until * 86_400);
