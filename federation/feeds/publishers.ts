/** Authors of publications whose keys are asked for: any server may name anybody as one, so these questions have a share of their own. docs/spec/feeds.md#relay */
import type { Authors, Found } from '../keys/authors.ts';
import type { Desk } from '../desk.ts';

/** Of one node. */
export class Publishers {
  readonly #desk: Desk;
  readonly #authors: Authors;
  /** Questions that are not answered, by the domain that has brought what they are asked for. */
  readonly #asked = new Map<string, number>();
  #count = 0;

  constructor(desk: Desk, authors: Authors) {
    this.#desk = desk;
    this.#authors = authors;
  }

  /** Finds the author with this device, now or later; `carrier`: the domain that has brought it. */
  find(person: string, device: Uint8Array, carrier: string, found: (author: Found) => void): void {
    const known = this.#authors.remembered(person, device);
    const { publishersAskedMax, publishersAskedOfLinkMax } = this.#desk.options.federationLimits;
    const ofLink = this.#asked.get(carrier) ?? 0;
    if (known !== null) found(known);
    else if (this.#count >= publishersAskedMax || ofLink >= publishersAskedOfLinkMax) found('later');
    else {
      this.#add(carrier, 1);
      this.#authors.find(person, device, (author) => {
        this.#add(carrier, -1);
        found(author);
      });
    }
  }

  #add(carrier: string, change: number): void {
    const ofLink = (this.#asked.get(carrier) ?? 0) + change;
    this.#count += change;
    if (ofLink === 0) this.#asked.delete(carrier);
    else this.#asked.set(carrier, ofLink);
  }
}
