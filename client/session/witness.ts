/** Whether a key in a members-only place was sealed to somebody whom we do not see there. docs/spec/places.md#sender-keys */
import type { Output, Status } from './events.ts';

interface Sealed {
  readonly author: string;
  readonly epoch: number;
  readonly readers: readonly string[];
}

/** What one session sees. */
export class Witness {
  readonly #ask: (place: string) => void;
  readonly #output: (output: Output) => void;
  /** The newest key of each place that is to be looked at. */
  readonly #sealed = new Map<string, Sealed>();

  /** `ask` asks a place for its status, which is given to `told`. */
  constructor(ask: (place: string) => void, output: (output: Output) => void) {
    this.#ask = ask;
    this.#output = output;
  }

  /** Somebody's key came. */
  sealed(place: string, author: string, epoch: number, readers: readonly string[]): void {
    const isAsked = this.#sealed.has(place);
    this.#sealed.set(place, { author, epoch, readers });
    if (!isAsked) this.#ask(place);
  }

  /** What the place says; somebody may have come or gone since, and then there is nothing to compare. */
  told(place: string, answer: Status | string): void {
    const sealed = this.#sealed.get(place);
    this.#sealed.delete(place);
    if (sealed === undefined || typeof answer === 'string' || answer.members === null) return;
    if (answer.epoch !== sealed.epoch || answer.members.length !== answer.amount) return;
    const { author, readers } = sealed;
    const { members } = answer;
    const unseen = readers.filter((reader) => !members.includes(reader));
    if (unseen.length > 0) this.#output({ kind: 'unseen readers', place, author, readers: unseen });
  }
}
