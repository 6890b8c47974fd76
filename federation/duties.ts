/** What the last life of a node left to be done: peers to whom something is on its way, places with members elsewhere, who has places to leave, whose publications are followed. docs/spec/federation.md#entities */
import { isFeed } from '../publication/feed.ts';
import type { Desk } from './desk.ts';
import type { Entities } from './entities.ts';
import { domainOf, entityIn } from './letter.ts';
import type { Peers } from './peers.ts';
import type { PlainPeers } from './plain/plain-peers.ts';
import { Roll } from './places/roll.ts';
import { nodeUniform } from './waking.ts';

/** Those who are to be woken. */
export interface DutiesOwner {
  readonly desk: Desk;
  readonly entities: Entities;
  readonly plain: PlainPeers;
  readonly peers: Peers;
}

/** One node's. */
export class Duties {
  readonly #owner: DutiesOwner;
  readonly #roll: Roll;

  constructor(owner: DutiesOwner) {
    this.#owner = owner;
    const { desk } = owner;
    this.#roll = new Roll(
      nodeUniform(desk.domain),
      desk,
      () => this.#wake([...this.#roll.members.keys()]),
      () => {},
    );
  }

  load(): void {
    this.#owner.entities.start();
    this.#roll.load();
  }

  /** What finds no room is woken when there is some. */
  #wake(names: readonly string[]): void {
    const { desk, entities, plain, peers } = this.#owner;
    const left = names.filter((name) => {
      if (isFeed(name)) return entities.feed(name) === null;
      const kind = entityIn(name)?.kind;
      if (kind === 'place' && domainOf(name) === desk.domain) return entities.place(name) === null;
      // A mirror of a plain peer's place.
      if (kind === 'place') return plain.get(domainOf(name))?.wake(name) === false;
      if (kind === 'person') return entities.person(name) === null;
      return typeof peers.reach(domainOf(name), null) === 'string';
    });
    if (left.length > 0) desk.timer('wake', desk.options.deliveryLimits.retryMsMax, () => this.#wake(left));
  }
}
