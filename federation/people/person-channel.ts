/** A channel of a device that is here, and whom it has addressed: nobody else says anything to it. docs/spec/federation.md#persons */
import type { Proved } from '../../circuit/server-handshake.ts';
import { SparseSet } from '../../psyc/sparse.ts';
import { domainOf, entityOf, isNumbered, type Letter } from '../letter.ts';
import type { Outbox } from '../outbox.ts';
import { nodeUniform } from '../waking.ts';

/** The channel. */
export interface Channel {
  readonly circuit: string;
  readonly device: Uint8Array;
  /** What is for the person goes to main channels only; null: a side channel. */
  readonly outbox: Outbox | null;
  readonly addressed: Addressed;
}

/** Entities that a channel has said something to since it came; they and their nodes may answer. */
export class Addressed {
  readonly #entities = new SparseSet<string>();
  readonly #max: number;

  constructor(max: number) {
    this.#max = max;
  }

  /** It says something to this uniform. */
  add(target: string): void {
    for (const entity of [nodeUniform(domainOf(target)), entityOf(target)]) {
      this.#entities.delete(entity);
      this.#entities.add(entity);
    }
    for (const oldest of this.#entities) if (this.#entities.size > this.#max) this.#entities.delete(oldest);
  }

  /** Whether whoever says this to it was addressed by it. */
  has({ routing }: Letter): boolean {
    return this.#entities.has(entityOf(routing.get('_context') ?? routing.get('_source') ?? ''));
  }
}

/** A person who lives here, if he is awake. */
type Awake = (person: string) => { addressedBy(channel: string): Addressed | null } | undefined;

/**
 * Whether what came over a circuit is for a channel that has addressed nobody of whom it is: what is said to the person
 * himself is numbered, and counted. Notes whom a device addresses.
 */
export function isUnasked(letter: Letter, from: Proved, awake: Awake): boolean {
  const target = letter.routing.get('_target') ?? '';
  const by = from.kind === 'client' ? from.person : null;
  if (from.kind === 'client') awake(from.person)?.addressedBy(from.channel)?.add(target);
  const addressed = isNumbered(letter) ? null : awake(entityOf(target))?.addressedBy(target);
  return addressed?.has(letter) === false && by !== entityOf(target);
}
