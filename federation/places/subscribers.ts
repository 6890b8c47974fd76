/** The domains that hear a place: each gets one copy of every row over its link, until it acknowledges. docs/spec/places.md#membership */
import type { Desk, Link, LinkChange } from '../desk.ts';
import type { Letter } from '../letter.ts';
import { multicastOf, type MulticastRow } from './multicast.ts';
import { bySequence, Outbox, outgoingRow, type OutboxOwner } from '../outbox.ts';

/** What goes to a domain; null: there are too many domains just now. */
interface Way {
  readonly outbox: Outbox;
  readonly link: Link;
  readonly changed: (change: LinkChange) => void;
  readonly owner: OutboxOwner;
}

interface Subscriber {
  way: Way | null;
  /** Nobody there is a member after this row; null: somebody is. */
  until: number | null;
  /** That row has put somebody out, and must be heard whoever comes meanwhile. */
  isOwed: boolean;
}

/** The remote domains of one place. */
export class Subscribers {
  readonly #context: string;
  readonly #desk: Desk;
  readonly #parted: (domain: string) => void;
  readonly #domains = new Map<string, Subscriber>();

  /** `parted`: a domain without members has everything it was to hear, and is none of these any more. */
  constructor(context: string, desk: Desk, parted: (domain: string) => void) {
    this.#context = context;
    this.#desk = desk;
    this.#parted = parted;
  }

  get count(): number {
    return this.#domains.size;
  }

  queues(): [string, number][] {
    return [
      ['subscribers', this.#domains.size],
      ...[...this.#domains.values()].flatMap(({ way }) => way?.outbox.queues() ?? []),
    ];
  }

  /**
   * A member lives there now; the domain's mark says from where on. `entered`: the row with which the first came; null: it
   * is found out after a start.
   */
  join(domain: string, entered: number | null): void {
    if (domain === this.#desk.domain || this.#desk.options.plain.has(domain)) return;
    const known = this.#domains.get(domain);
    if (known !== undefined) {
      // What was said here while nobody there was a member is not for them: then it begins anew where the mark is.
      const isElsewhere = !known.isOwed && known.until !== null && entered !== null && entered > known.until + 1;
      known.until = null;
      known.isOwed = false;
      if (!isElsewhere) return;
      this.#give(known);
    }
    const subscriber: Subscriber = { way: null, until: null, isOwed: false };
    this.#domains.set(domain, subscriber);
    this.#open(domain, subscriber);
  }

  /** Whether it has not acknowledged yet that its last members were put out. */
  owes(domain: string): boolean {
    return this.#domains.get(domain)?.isOwed === true;
  }

  /** The last member there has left with this row, which is the last it hears; `isOwed`: others have put him out. */
  part(domain: string, sequence: number, isOwed: boolean): void {
    const subscriber = this.#domains.get(domain);
    if (subscriber === undefined) return;
    subscriber.until = sequence;
    subscriber.isOwed = isOwed;
    this.#check(domain, subscriber);
  }

  appended(row: MulticastRow): void {
    for (const { way, until } of this.#domains.values()) {
      if (until === null || row.sequence <= until) way?.outbox.appended(outgoingRow(way.owner, row));
    }
  }

  grown(last: number): void {
    for (const { way, until } of this.#domains.values()) if (until === null) way?.outbox.grown(last);
  }

  /** The log is somebody else's: nobody hears more of it from here. */
  stop(): void {
    for (const { way } of this.#domains.values()) way?.outbox.stop();
  }

  /** A domain has passed the row of this sequence on to the members there. */
  answered(domain: string, sequence: string): void {
    const subscriber = this.#domains.get(domain);
    subscriber?.way?.outbox.answeredSequence(sequence);
    if (subscriber !== undefined) this.#check(domain, subscriber);
  }

  /** Gives up, among domains without members, the one that parted first: others want to come, and it may never answer. */
  makeRoom(): void {
    let first: [string, Subscriber] | null = null;
    for (const entry of this.#domains) {
      const { until } = entry[1];
      if (until !== null && until < (first?.[1].until ?? Number.POSITIVE_INFINITY)) first = entry;
    }
    if (first !== null) this.#end(...first);
  }

  #open(domain: string, subscriber: Subscriber): void {
    const link = this.#desk.linkTo(domain);
    if (link === null) {
      const { retryMsMax } = this.#desk.options.deliveryLimits;
      this.#desk.timer(`link ${domain} ${this.#context}`, retryMsMax, () => {
        if (this.#domains.get(domain) === subscriber && subscriber.way === null) this.#open(domain, subscriber);
      });
      return;
    }
    const owner: OutboxOwner = {
      outgoing: (row) => bySequence(multicastOf(this.#context, row), row.sequence),
      // The log goes on where it has ended for those who left: that stays in the window until they have the rest.
      send: (letter) => isPast(letter, subscriber.until) || link.send(letter),
      known: () => this.#check(domain, subscriber),
    };
    const outbox = new Outbox(this.#context, domain, this.#desk, owner);
    const changed = (change: LinkChange): void => outbox.changed(change);
    subscriber.way = { outbox, link, changed, owner };
    link.watch(changed);
    outbox.start(link.isUp);
  }

  #check(domain: string, subscriber: Subscriber): void {
    const { way, until } = subscriber;
    if (until !== null && way !== null && way.outbox.acknowledged >= until) this.#end(domain, subscriber);
  }

  #end(domain: string, subscriber: Subscriber): void {
    if (this.#domains.get(domain) !== subscriber) return;
    this.#give(subscriber);
    this.#domains.delete(domain);
    this.#parted(domain);
  }

  #give({ way }: Subscriber): void {
    way?.outbox.stop();
    way?.link.unwatch(way.changed);
  }
}

const isPast = ({ routing }: Letter, until: number | null): boolean =>
  until !== null && Number(routing.get('_counter')) > until;
