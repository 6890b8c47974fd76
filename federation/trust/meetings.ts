/** Domains that are gone to, since only who is found where his domain says he is gets taken at his word: strangers, those that are known, those that the admin asks for. docs/spec/people.md#trust */
import type { Desk, LinkChange, MetFor } from '../desk.ts';

interface Meeting {
  readonly whose: MetFor;
  /** Gives up. */
  readonly over: () => void;
}

/** Whom one node goes to meet. */
export class Meetings {
  readonly #desk: Desk;
  /** By domain. */
  readonly #going = new Map<string, Meeting>();

  constructor(desk: Desk) {
    this.#desk = desk;
  }

  get count(): number {
    return this.#going.size;
  }

  /** Wants a circuit of our own to the domain, for a while; how often it is dialled is the link's to say. False: there is no room. */
  meet(domain: string, whose: MetFor): boolean {
    if (this.#going.has(domain)) return true;
    if (!this.#hasRoom(whose)) return false;
    const link = this.#desk.linkTo(domain);
    if (link === null) return false;
    const over = (): void => {
      if (this.#going.delete(domain)) link.unwatch(changed);
    };
    const changed = (change: LinkChange): void => {
      if (change === 'connected') over();
    };
    this.#going.set(domain, { whose, over });
    this.#desk.timer(`meet ${domain}`, this.#desk.options.federationLimits.meetingMsMax, over);
    link.watch(changed);
    return true;
  }

  /** Anybody can come in as many names as he likes: strangers have a share, and give way to all others. */
  #hasRoom(whose: MetFor): boolean {
    const { meetingsMax, meetingsOfStrangersMax, meetingsForAdmin } = this.#desk.options.federationLimits;
    const strangers = [...this.#going.values()].filter((one) => one.whose === 'stranger');
    if (whose === 'stranger') return this.count < meetingsMax && strangers.length < meetingsOfStrangersMax;
    const max = whose === 'admin' ? meetingsMax : meetingsMax - meetingsForAdmin;
    if (this.count >= max) strangers[0]?.over();
    return this.count < max;
  }
}
