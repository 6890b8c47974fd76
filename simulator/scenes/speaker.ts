/** What a device is told to say, numbered, signed and shown to the checkers. docs/simulator.md#federation */
import { joinBytes, textBytes } from '../../crypto/bytes.ts';
import { render } from '../../psyc/render.ts';
import { renderLine } from '../../publication/fields.ts';
import { renderPublication, signedContent } from '../../publication/packet.ts';
import { Host } from '../host.ts';
import type { IdealPerson } from '../ideal.ts';
import type { Random } from '../random.ts';
import type { Author } from './author.ts';
import { circuitBounds } from './bounds.ts';
import { beginUnixMs } from './circuit-end.ts';
import type { Confidant } from './confidant.ts';
import { Device } from './device.ts';
import { noDisk, nobody, type PeopledRun } from './federation-run.ts';
import { byName } from './guests.ts';
import type { DevicePlan } from './town.ts';

/** Method and data, each with its line feed; from what was meant, not from what was rendered. */
const contentOf = (line: Uint8Array, method: string, data: Uint8Array): Uint8Array =>
  joinBytes(line, textBytes(`${method}\n`), data, textBytes(data.length === 0 ? '' : '\n'));

/** One channel of a device, on a host of its own. */
export class Speaker {
  readonly plan: DevicePlan;
  readonly author: Author;
  readonly machine: Device;
  /** What it does in the members-only place; null: it is not there. */
  readonly confidant: Confidant | null;
  /** Whether its person is registered before the play. */
  readonly isKnown: boolean;
  /** Draws tags here, and what else it does at what time. */
  readonly random: Random;
  readonly #run: PeopledRun;
  readonly #host: Host;
  readonly #counters = new Map<string, number>();
  /** What to do when something is answered, by its tag. */
  readonly #echoes = new Map<string, () => void>();
  #isClosing = false;

  constructor(run: PeopledRun, plan: DevicePlan, identity: IdealPerson, author: Author) {
    const { world, keys, registered } = run;
    const { host, person } = plan;
    this.#run = run;
    this.plan = plan;
    this.author = author;
    this.random = world.random.stream(host);
    const invite = run.town.inviteOf(person);
    this.isKnown = invite === null;
    this.confidant = run.town.confidantOf(plan, identity, author, (target) => this.#number(target));
    this.machine = new Device({
      confidant: this.confidant,
      plan,
      keys,
      identity,
      invite,
      party: run.town.partyOf?.(plan, identity),
      circuitMsMax: run.town.circuitMsMax,
      hearing: run.town.hearingOf?.(plan),
      circuitLimits: circuitBounds,
      observe: world.observe.bind(world),
      registered: () => {
        registered.add(person);
        run.town.proved?.(plan);
      },
      echoed: (tag) => {
        this.#echoes.get(tag)?.();
        this.#echoes.delete(tag);
      },
    });
    if (this.isKnown) registered.add(person);
    this.#host = new Host(world, host, () => this.machine, noDisk, nobody, byName);
    world.clock.at(0, () => this.#host.start());
  }

  /** Says something signed to a person or in a place, where it ends in its own name. */
  say(target: string, method: string, words: Uint8Array, echoed = (): void => {}): void {
    const { world, heard } = this.#run;
    const { channel: source } = this.plan;
    if (!this.#maySay(target)) return;
    const { counter, tag, routing } = this.#header(target, echoed);
    const data = this.#run.town.isPlace(target) ? joinBytes(words, textBytes(` ${tag}`)) : words;
    const said = this.author.sign(target, { method, data }, beginUnixMs + world.clock.nowMs);
    const content = contentOf(renderLine(said), method, data);
    world.observe({ kind: 'said', key: tag, author: source, target, tag, counter, content });
    heard.push({ source, address: target, counter, content: signedContent(said) });
    this.tell(renderPublication(said, routing));
  }

  /** Asks a place for something that changes who is there; with variables it is an act, and signed. */
  request(
    target: string,
    method: string,
    variables: Readonly<Record<string, string>> = {},
    echoed = (): void => {},
  ): void {
    const { world } = this.#run;
    if (!this.#maySay(target)) return;
    const { tag, routing } = this.#header(target, echoed);
    const whom = variables['_uniform_member'] ?? null;
    world.observe({ kind: 'asked', key: tag, author: this.plan.person, target, method, whom });
    if (Object.keys(variables).length === 0) this.tell(render({ routing, method }));
    else {
      const act = this.author.sign(target, { entity: variables, method }, beginUnixMs + world.clock.nowMs);
      this.tell(renderPublication(act, routing));
    }
  }

  /** Asks its own home for something that is not numbered. */
  ask(tag: string, packet: Uint8Array, echoed: () => void): void {
    this.#echoes.set(tag, echoed);
    this.tell(packet);
  }

  /** Closes the account: it says nothing more. */
  close(packet: Uint8Array): void {
    this.#isClosing = true;
    this.tell(packet);
  }

  /** Gives its device what is to be said until it is answered. */
  tell(packet: Uint8Array): void {
    this.#host.tell({ kind: 'said', packet });
  }

  #maySay(target: string): boolean {
    return !this.#isClosing && (this.#run.town.isPlace(target) || this.#run.registered.has(target));
  }

  #number(target: string): { counter: number; tag: string } {
    const counter = (this.#counters.get(target) ?? 0) + 1;
    this.#counters.set(target, counter);
    return { counter, tag: `t${this.random.word().toString(36)}-${this.plan.host}-${counter}` };
  }

  #header(target: string, echoed: () => void) {
    const { counter, tag } = this.#number(target);
    this.#echoes.set(tag, echoed);
    const routing = { _source: this.plan.channel, _target: target, _tag: tag, _counter: String(counter) };
    return { counter, tag, routing };
  }
}
