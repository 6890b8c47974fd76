/** At which address is looked next: the likely ones first, then one after the other; as nobody some that nobody has. docs/spec/conversations.md#looking */
import { hexOf } from '../../crypto/bytes.ts';
import { lengths, type Suite } from '../../crypto/suite.ts';
import { type Conversation, type Looked, looked } from './conversation.ts';
import { conversationLimits } from './limits.ts';

/** One look: `place` is null where the address is nobody's. */
export interface Look {
  readonly address: Uint8Array;
  readonly place: Looked | null;
}

/** Looks of one run: none twice. */
export class Lookout {
  readonly #suite: Suite;
  readonly #isHidden: boolean;
  readonly #done = new Set<string>();
  #turn: number;
  /** Places of the conversation as it was last: deriving them costs. */
  #known: { readonly of: Conversation; readonly places: ReturnType<typeof looked> } | null = null;

  /** `turn`: where the last run has stopped. */
  constructor(suite: Suite, isHidden: boolean, turn: number) {
    this.#suite = suite;
    this.#isHidden = isHidden;
    this.#turn = turn;
  }

  get turn(): number {
    return this.#turn;
  }

  /** null: everything was looked at; as nobody that is not shown. */
  next(conversation: Conversation): Look | null {
    if (this.#isHidden && this.#suite.random(1)[0]! % conversationLimits.randomOutOf === 0) return this.#nobodys();
    if (this.#known?.of !== conversation) this.#known = { of: conversation, places: looked(this.#suite, conversation) };
    const { places, likely } = this.#known.places;
    const isNew = ({ address }: Looked): boolean => !this.#done.has(hexOf(address));
    const place = places.slice(0, likely).find(isNew) ?? this.#another(places.slice(likely), isNew);
    if (place === null) return this.#isHidden ? this.#nobodys() : null;
    this.#done.add(hexOf(place.address));
    return { address: place.address, place };
  }

  #another(places: readonly Looked[], isNew: (place: Looked) => boolean): Looked | null {
    for (let tries = 0; tries < places.length; tries++) {
      const place = places[this.#turn++ % places.length]!;
      if (isNew(place)) return place;
    }
    return null;
  }

  /** Only half of all strings of 32 bytes are keys: one that is none would be told apart. */
  #nobodys(): Look {
    return { address: this.#suite.ed25519PublicKey(this.#suite.random(lengths.ed25519)), place: null };
  }
}
