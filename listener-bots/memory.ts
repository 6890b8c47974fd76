/** What the listeners of one server have in common: what its keys have opened, and its one-time secrets. docs/spec/listener-bots.md#several-contexts */
import type { Suite } from '../crypto/suite.ts';
import type { ListenerLimits } from './limits.ts';
import { ReplayMemory } from './replay.ts';
import { Slots } from './slots.ts';

/** One life's. A cell that was opened in one context opens in no other. */
export class OpenedMemory {
  /** By the server's own keys; those of contexts are each listener's own. */
  readonly replay: ReplayMemory;
  readonly slots: Slots;
  readonly #keyNames: (() => readonly string[])[] = [];

  constructor(suite: Suite, { replayTagsMax, slotsMax, spentMax }: ListenerLimits) {
    this.replay = new ReplayMemory(replayTagsMax);
    this.slots = new Slots(suite, slotsMax, spentMax);
  }

  /** One more listener has it; `keyNames`: of the keys that it opens with. */
  share(keyNames: () => readonly string[]): void {
    this.#keyNames.push(keyNames);
  }

  /** Forgets what was opened with keys that no listener has any more; gives their names. */
  forgetKeys(): string[] {
    const own = new Set(this.#keyNames.flatMap((names) => names()));
    const over = this.replay.keys().filter((key) => !own.has(key));
    for (const key of over) this.replay.forget(key);
    return over;
  }
}
