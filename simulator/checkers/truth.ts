/** Checks that what is delivered was said, by this author, to this target and in these bytes. docs/simulator.md#checkers */
import type { Observation } from '../observation.ts';
import { readRaw } from '../raw-packet.ts';
import { type Checker, Sayings } from './checker.ts';

/** What somebody said. */
export type Said = Extract<Observation, { kind: 'said' }>;

const asSaid = ({ author, target, tag, counter }: Said): string =>
  `_source ${author},_target ${target},_tag ${tag},_counter ${counter}`;

export class TruthChecker implements Checker {
  readonly name = 'truth';
  readonly promise = 'what is delivered was said: by that author, to that target, byte for byte';
  readonly atEnd = false;
  readonly #sayings = new Sayings();
  readonly #headerOf: (said: Said, sequence: number, given: string) => string;

  /** `headerOf`: the routing header with which it must be delivered, as `_name value` with commas between. */
  constructor(headerOf: (said: Said, sequence: number, given: string) => string = asSaid) {
    this.#headerOf = headerOf;
  }

  observe(observation: Observation): string | null {
    this.#sayings.observe(observation);
    if (observation.kind === 'heard') return this.#faultOf(observation);
    if (observation.kind !== 'delivered') return null;
    const { key, context, sequence, packet } = observation;
    const said = this.#sayings.get(key);
    if (said === undefined) return `${key} was delivered to ${context}, and nobody said it`;
    if (said.target !== context) return `${key} was delivered to ${context}`;
    const { routing, content } = readRaw(packet);
    const header = [...routing].map(([name, value]) => `${name} ${value}`).join();
    // Nothing else may stand there, and nothing twice.
    if (header !== this.#headerOf(said, sequence, routing.get('_tag') ?? ''))
      return `${key} was delivered to ${context} as ${header}`;
    const isSame = content.length === said.content.length && content.every((byte, at) => byte === said.content[at]);
    return isSame ? null : `${key} was delivered to ${context} with another content than was said`;
  }

  /** Other lines may stand in it, and no signature. */
  #faultOf({ key, context, author, words }: Extract<Observation, { kind: 'heard' }>): string | null {
    const said = this.#sayings.get(key);
    if (said === undefined) return `${key} was heard in ${context}, and nobody said it`;
    if (said.target !== context || said.author.split('#', 1)[0] !== author)
      return `${key} was heard of ${author} in ${context}`;
    const ending = said.content.subarray(-words.length - 1, -1);
    const isSame = ending.length === words.length && words.every((byte, at) => byte === ending[at]);
    return isSame ? null : `${key} was heard in ${context} with other words than were said`;
  }
}
