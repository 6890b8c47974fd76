/** What dishonest servers do to frames that they send. docs/simulator.md#dishonest-servers */
import type { Frame } from '../../listener-bots/frame.ts';
import type { Random } from '../random.ts';
import { type CellName, idleFrame, nameOfCell } from './names.ts';
import type { DishonestKind } from './setting.ts';

const heldMs = 5_000;
const tagShare = 0.25;
const replayShare = 0.02;
const oldMax = 200;
/** A byte of an enveloped onion's ciphertext, of a bare one's β. */
const TAGGED = 300;

/** One dishonest server's conduct: what leaves in place of a frame, now and later. */
export class Dishonest {
  readonly kind: DishonestKind;
  readonly #random: Random;
  readonly #heard = new Set<CellName>();
  readonly #old: Uint8Array[] = [];

  constructor(kind: DishonestKind, random: Random) {
    this.kind = kind;
    this.#random = random;
  }

  heard(cell: Uint8Array): void {
    this.#heard.add(nameOfCell(cell));
    if (this.kind !== 'replay') return;
    if (this.#old.length < oldMax) this.#old.push(cell.slice());
    else this.#old[this.#random.below(oldMax)] = cell.slice();
  }

  /** Frames with how much later they leave. Its own cells it puts out like others. */
  send(frame: Frame): readonly (readonly [Frame, number])[] {
    const isOthers = frame.kind === 'cell' && this.#heard.has(nameOfCell(frame.data));
    switch (this.kind) {
      case 'log':
        break;
      case 'drop':
        if (isOthers) return [[idleFrame, 0]];
        break;
      case 'delay':
        if (isOthers)
          return [
            [idleFrame, 0],
            [frame, heldMs],
          ] as const;
        break;
      case 'tag':
        if (isOthers && this.#random.chance(tagShare)) {
          const data = frame.data.slice();
          data[TAGGED]! ^= 1;
          return [[{ kind: 'cell', data }, 0]];
        }
        break;
      case 'replay':
        if (frame.kind === 'idle' && this.#old.length > 0 && this.#random.chance(replayShare)) {
          const data = this.#random.pick(this.#old).slice();
          // Another filler, so that nobody takes it for what he has seen.
          data[40]! ^= 1 + this.#random.below(255);
          return [[{ kind: 'cell', data }, 0]];
        }
        break;
    }
    return [[frame, 0]];
  }
}
