/** Who brings places into being: so many for each person here, and for each other domain's people together. docs/spec/places.md */
import type { Desk } from '../desk.ts';
import { domainOf, entityOf } from '../letter.ts';

/** The context whose members are the places that somebody made. */
export const placesOf = (founder: string): string => `places of ${founder}`;

/** Who counts as the one who makes it: the person, where he lives here; else his domain. */
export const founderOf = (source: string, own: string): string =>
  domainOf(source) === own ? entityOf(source) : domainOf(source);

type Answer = (isGranted: boolean | null) => void;

/** How many places were made by whom, as far as somebody asked lately. */
export class Founders {
  readonly #desk: Desk;
  /** Least recently asked first. What is granted counts at once, written or not. */
  readonly #known = new Map<string, Set<string>>();
  readonly #waiting = new Map<string, (() => void)[]>();

  constructor(desk: Desk) {
    this.#desk = desk;
  }

  /** Whether the founder may make this place, now or later; null: the store does not tell. */
  ask(founder: string, place: string, answer: Answer): void {
    const { foundedMax } = this.#desk.options.federationLimits;
    const made = this.#known.get(founder);
    if (made !== undefined) {
      const isGranted = made.has(place) || made.size < foundedMax;
      if (isGranted) made.add(place);
      answer(isGranted);
      return;
    }
    const goOn = (): void => (this.#known.has(founder) ? this.ask(founder, place, answer) : answer(null));
    const waiting = this.#waiting.get(founder);
    if (waiting !== undefined) {
      waiting.push(goOn);
      return;
    }
    this.#waiting.set(founder, [goOn]);
    const asked = { kind: 'members', context: placesOf(founder), above: '', rowsMax: foundedMax } as const;
    this.#desk.ask(asked, (outcome) => {
      if (outcome.kind === 'members') this.#remember(founder, new Set(outcome.members.map(({ name }) => name)));
      const all = this.#waiting.get(founder) ?? [];
      this.#waiting.delete(founder);
      for (const each of all) each();
    });
  }

  #remember(founder: string, made: Set<string>): void {
    this.#known.set(founder, made);
    for (const oldest of this.#known.keys()) {
      if (this.#known.size <= this.#desk.options.federationLimits.foundersKnownMax) return;
      this.#known.delete(oldest);
    }
  }
}
