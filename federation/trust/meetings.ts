/** Domains that came unknown: gone to, since only who is found where his domain says he is gets taken at his word. docs/spec/people.md#trust */
import type { Desk, LinkChange } from '../desk.ts';

/** Whom one node goes to meet. */
export class Meetings {
  readonly #desk: Desk;
  /** By domain: gives up. */
  readonly #going = new Map<string, () => void>();

  constructor(desk: Desk) {
    this.#desk = desk;
  }

  get count(): number {
    return this.#going.size;
  }

  /** Wants a circuit of our own to the domain, for a while; how often it is dialled is the link's to say. */
  meet(domain: string): void {
    const { meetingsMax, meetingMsMax } = this.#desk.options.federationLimits;
    if (this.#going.has(domain) || this.#going.size >= meetingsMax) return;
    const link = this.#desk.linkTo(domain);
    if (link === null) return;
    const over = (): void => {
      if (this.#going.delete(domain)) link.unwatch(changed);
    };
    const changed = (change: LinkChange): void => {
      if (change === 'connected') over();
    };
    this.#going.set(domain, over);
    this.#desk.timer(`meet ${domain}`, meetingMsMax, over);
    link.watch(changed);
  }
}
