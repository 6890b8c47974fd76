/** What nobody has seen yet leaves here, and nowhere else: one cell at each strike of one clock. docs/spec/listener-bots.md#origin-clock */
import { drawBelow } from '../onion/chance.ts';
import type { Random } from '../onion/keys.ts';
import type { ListenerLimits } from './limits.ts';

/** Something that waits to be put out for the first time. */
export interface Novel {
  /** The whole cell once it is known; null: its onion waits for an envelope. */
  readonly cell: Uint8Array | null;
  readonly onion: Uint8Array;
  /** Whose it is; null: it was opened or unwrapped here. */
  readonly client: string | null;
  readonly sinceMs: number;
}

/** The mean time between two strikes, milliseconds: all servers together stay below a share of one link, in coarse steps. */
export function originMsMean({ linkMsMean, novelShare }: ListenerLimits, servers: number): number {
  let steps = 1;
  while (steps < servers) steps *= 2;
  return linkMsMean * novelShare * steps;
}

/** Those that wait. */
export class Origin {
  readonly #limits: ListenerLimits;
  #waiting: Novel[] = [];
  /** How many of them have no envelope yet. */
  #unready = 0;

  constructor(limits: ListenerLimits) {
    this.#limits = limits;
  }

  /** How many wait. */
  get length(): number {
    return this.#waiting.length;
  }

  /** Takes one; false: there is no room, for it or for its client. */
  add(novel: Novel): boolean {
    const { originCellsMax, originOpenedMax, originCellsOfOneMax } = this.#limits;
    if (this.#waiting.length >= originCellsMax) return false;
    const ofOne = this.#waiting.filter(({ client }) => client === novel.client);
    if (ofOne.length >= (novel.client === null ? originOpenedMax : originCellsOfOneMax)) return false;
    this.#waiting.push(novel);
    if (novel.cell === null) this.#unready++;
    return true;
  }

  /** Gives those that need one an envelope, by `wrap`; null of which means that there is none yet. */
  prepare(wrap: (onion: Uint8Array) => Uint8Array | null): void {
    for (let at = 0; this.#unready > 0; at++) {
      const novel = this.#waiting[at]!;
      if (novel.cell !== null) continue;
      const cell = wrap(novel.onion);
      // None for one is none for the others: they are not looked at in every step.
      if (cell === null) return;
      this.#waiting[at] = { ...novel, cell };
      this.#unready--;
    }
  }

  /** Drops what has waited too long. Gives how much that was. */
  tidy(nowMs: number): number {
    const before = this.#waiting.length;
    this.#waiting = this.#waiting.filter(({ sinceMs }) => nowMs - sinceMs <= this.#limits.queuedMsMax);
    this.#unready = this.#waiting.filter(({ cell }) => cell === null).length;
    return before - this.#waiting.length;
  }

  /** One of those that are ready, each equally likely, whatever came first; null: none is. Draws 4 bytes. */
  take(random: Random): Uint8Array | null {
    const ready = this.#waiting.filter(({ cell }) => cell !== null);
    if (ready.length === 0) return null;
    const taken = ready[drawBelow(random, ready.length)]!;
    this.#waiting.splice(this.#waiting.indexOf(taken), 1);
    return taken.cell;
  }
}
