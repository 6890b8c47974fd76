/** Whoever was put out of a place hears of it once, and what is refused behind it agrees with it. docs/spec/places.md#put-out */
import type { Output } from '../../client/session/events.ts';
import { expelledLine } from './acts.ts';
import { explained } from './codes.ts';

type Of<Kind> = Extract<Output, { kind: Kind }>;

/** What one command, or one turn at the prompt, has told. */
export class PutOut {
  /** By the place: whoever did it, and when. */
  readonly #told = new Map<string, string>();
  readonly #banned = new Set<string>();

  /** Its sentence; null: it was told before. */
  lineOf(output: Of<'expelled'>): string | null {
    const { place, author, act, timeMs } = output;
    const told = `${act.kind} ${author} ${timeMs}`;
    if (act.kind === 'ban') this.#banned.add(place);
    else this.#banned.delete(place);
    if (this.#told.get(place) === told) return null;
    this.#told.set(place, told);
    return expelledLine(output);
  }

  /** He was let in. */
  entered(place: string): void {
    this.#told.delete(place);
    this.#banned.delete(place);
  }

  /** Why something was refused: nobody is sent back to where he has just heard that he is kept out. */
  explained({ target, code, by }: Pick<Of<'refused'>, 'target' | 'code' | 'by'>): string {
    const sentence = explained(code, by);
    return this.#banned.has(target)
      ? sentence.replace(/: p3do enter comes first(?= \(_necessary_membership\b)/, '')
      : sentence;
  }
}
