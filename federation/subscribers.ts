/** The domains that hear a place: each gets one copy of every row over its link, until it acknowledges. docs/spec/federation.md#places */
import type { Desk, Link, LinkChange } from './desk.ts';
import { multicastOf, type MulticastRow } from './multicast.ts';
import { bySequence, Outbox, outgoingRow, type OutboxOwner } from './outbox.ts';

interface Subscriber {
  readonly outbox: Outbox;
  readonly link: Link;
  readonly changed: (change: LinkChange) => void;
  readonly owner: OutboxOwner;
  /** Nobody there is a member after this row; null: somebody is. */
  until: number | null;
}

/** The remote domains of one place. */
export class Subscribers {
  readonly #context: string;
  readonly #desk: Desk;
  readonly #domains = new Map<string, Subscriber>();

  constructor(context: string, desk: Desk) {
    this.#context = context;
    this.#desk = desk;
  }

  get count(): number {
    return this.#domains.size;
  }

  has(domain: string): boolean {
    return this.#domains.get(domain)?.until === null;
  }

  queues(): [string, number][] {
    return [
      ['subscribers', this.#domains.size],
      ...[...this.#domains.values()].flatMap(({ outbox }) => outbox.queues()),
    ];
  }

  /** A member lives there now; its mark says from where on. */
  join(domain: string): void {
    const known = this.#domains.get(domain);
    if (known !== undefined) {
      known.until = null;
      return;
    }
    if (domain === this.#desk.domain) return;
    const link = this.#desk.linkTo(domain);
    if (link === null) return;
    const owner: OutboxOwner = {
      outgoing: (row) => bySequence(multicastOf(this.#context, row), row.sequence),
      send: (letter) => link.send(letter),
    };
    const outbox = new Outbox(this.#context, domain, this.#desk, owner);
    const changed = (change: LinkChange): void => outbox.changed(change);
    this.#domains.set(domain, { outbox, link, changed, owner, until: null });
    link.watch(changed);
    outbox.start(link.isUp);
  }

  /** The last member there has left with this row, which is the last it hears. */
  part(domain: string, sequence: number): void {
    const subscriber = this.#domains.get(domain);
    if (subscriber !== undefined) subscriber.until = sequence;
  }

  appended(row: MulticastRow): void {
    for (const { outbox, owner, until } of this.#domains.values()) {
      if (until === null || row.sequence <= until) outbox.appended(outgoingRow(owner, row));
    }
  }

  grown(last: number): void {
    for (const { outbox } of this.#domains.values()) outbox.grown(last);
  }

  /** The log is somebody else's: nobody hears more of it from here. */
  stop(): void {
    for (const { outbox } of this.#domains.values()) outbox.stop();
  }

  /** A domain has passed the row of this sequence on to the members there. */
  answered(domain: string, sequence: string): void {
    const subscriber = this.#domains.get(domain);
    if (subscriber === undefined) return;
    const { outbox, link, changed, until } = subscriber;
    outbox.answeredSequence(sequence);
    if (until === null || outbox.acknowledged < until) return;
    outbox.stop();
    link.unwatch(changed);
    this.#domains.delete(domain);
  }
}
