/** A dishonest server: it drops and holds back what it should pass on, spoils copies, and puts old cells out again. docs/simulator.md#onions */
import { sizes } from '../../onion/sizes.ts';
import { joinBytes } from '../../crypto/bytes.ts';
import { renderFrame } from '../../listener-bots/frame.ts';
import type { Suite } from '../../crypto/suite.ts';
import { fieldsOf, onionOf } from '../../onion/cell.ts';
import { KnownKeys } from '../../onion/hint.ts';
import type { Machine, NodeEffect, NodeEvent } from '../machine.ts';
import type { Random } from '../random.ts';
import { cellIn } from '../raw-cell.ts';

/** How many old cells it remembers. */
const oldMax = 200;
/** So many of them greet a peer that has opened another circuit: it may have forgotten what it has opened. */
const greetings = 14;
/** How long a cell is held back. */
const heldMs = 3_000;

const HELD = 'held ';

/** Stands around a node that would be honest, and changes what it writes. What it remembers outlives its node. */
export class Dishonesty {
  readonly #domain: string;
  /** Whether a cell is for some server: everybody knows their keys. */
  readonly #isForServer: (cell: Uint8Array) => boolean;
  readonly #random: Random;
  /** It drops and delays until everything calms down; the rest it does always. */
  readonly #isCalm: () => boolean;
  readonly #old: Uint8Array[] = [];
  readonly #circuits = new Set<string>();
  readonly #held = new Map<string, NodeEffect>();
  #count = 0;

  constructor(
    domain: string,
    random: Random,
    isCalm: () => boolean,
    suite: Suite,
    keys: readonly { readonly publicKey: Uint8Array }[],
  ) {
    const known = new KnownKeys(
      suite,
      keys.map(({ publicKey }) => ({ publicKey, value: true })),
    );
    this.#isForServer = (cell) => {
      const { alpha, hint } = fieldsOf(onionOf(cell));
      return known.recognise(suite, alpha, hint).length > 0;
    };
    this.#domain = domain;
    this.#random = random;
    this.#isCalm = isCalm;
  }

  /** The machine with its bad manners. */
  around(machine: Machine): Machine {
    return {
      step: (event, nowMs) => this.#step(machine, event, nowMs),
      queues: () => machine.queues(),
    };
  }

  #step(machine: Machine, event: NodeEvent, nowMs: number): NodeEffect[] {
    if (event.kind !== 'timer' || !event.name.startsWith(HELD)) {
      return machine.step(event, nowMs).flatMap((effect) => this.#changed(effect));
    }
    const late = this.#held.get(event.name);
    this.#held.delete(event.name);
    return late === undefined ? [] : [late];
  }

  #changed(effect: NodeEffect): NodeEffect[] {
    const cell = effect.kind === 'write' ? cellIn(effect.bytes) : null;
    if (effect.kind !== 'write' || cell === null) return [effect];
    const random = this.#random;
    const own = new Uint8Array(cell);
    if (this.#isForServer(own) && this.#old.push(own) > oldMax) this.#old.splice(random.below(oldMax), 1);
    const write = (other: Uint8Array): NodeEffect => ({
      kind: 'write',
      circuit: effect.circuit,
      bytes: renderFrame(this.#domain, { kind: 'cell', data: other }),
    });
    const written: NodeEffect[] = [];
    if (!this.#circuits.has(effect.circuit)) {
      this.#circuits.add(effect.circuit);
      for (const old of random.shuffle([...this.#old]).slice(0, greetings)) written.push(write(this.#refilled(old)));
    }
    if (random.chance(0.1)) written.push(write(this.#spoilt(own)));
    if (random.chance(0.05) && this.#old.length > 0) written.push(write(this.#refilled(random.pick(this.#old))));
    if (!this.#isCalm() && random.chance(0.1)) return written;
    if (!this.#isCalm() && random.chance(0.1)) {
      const name = `${HELD}${++this.#count}`;
      this.#held.set(name, effect);
      return [...written, { kind: 'timer', name, delayMs: random.below(heldMs) }];
    }
    return [...written, effect];
  }

  /** One bit changed in what an opener checks. */
  #spoilt(cell: Uint8Array): Uint8Array {
    const spoilt = new Uint8Array(cell);
    const at = this.#random.pick([128, 140, 150, 400, 645, 700, 4000]);
    spoilt[at]! ^= 1 << this.#random.below(7);
    return spoilt;
  }

  /** The same onion behind other filler: another cell, which goes round again. */
  #refilled(cell: Uint8Array): Uint8Array {
    const filler = Uint8Array.from({ length: sizes.envelope }, () => this.#random.below(128));
    return joinBytes(filler, cell.subarray(sizes.envelope));
  }
}
