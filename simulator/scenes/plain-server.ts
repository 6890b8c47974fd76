/** A server of the old kind: no TLS, no keys, no numbers, no disk. Of ours it has the packet alone, and writes docs/spec/plain.md a second time. docs/simulator.md#federation */
import { decodeText, encodeText } from '../../psyc/bytes.ts';
import type { Packet } from '../../psyc/packet.ts';
import { Parser } from '../../psyc/parse.ts';
import { render } from '../../psyc/render.ts';
import type { Machine, NodeEffect, NodeEvent } from '../machine.ts';

/** What it goes by. */
export interface PlainServerOptions {
  readonly host: string;
  /** The server with the place. */
  readonly peer: string;
  readonly place: string;
  /** Its people, who want to be there. */
  readonly people: readonly string[];
  /** A name for what somebody says that nothing else has, in all lives. */
  readonly nameOf: (person: string) => string;
  /** It leaves the host, and comes once at most. `said`: method and words. */
  readonly sent: (person: string, name: string, method: string) => void;
  readonly refused: (name: string) => void;
  /** Something said in the place. */
  readonly heard: (person: string, words: Uint8Array, circuit: string) => void;
}

interface Circuit {
  readonly parser: Parser;
  readonly isOurs: boolean;
  isReady: boolean;
  heardAtMs: number;
}

const turnMs = 1_000;
/** Its peer keeps circuits alive more often than that. */
const deafMs = 8_000;
const enterAgainMs = 3_000;

/** One life. */
export class PlainServer implements Machine {
  readonly #options: PlainServerOptions;
  readonly #circuits = new Map<string, Circuit>();
  readonly #here = new Set<string>();
  /** When each asked to come in. */
  readonly #asked = new Map<string, number>();
  /** Who does not want to be there now. */
  readonly #away = new Set<string>();
  #effects: NodeEffect[] = [];
  #nowMs = 0;
  #dialled = 0;

  constructor(options: PlainServerOptions) {
    this.#options = options;
  }

  queues(): [string, number][] {
    return [];
  }

  step(event: NodeEvent, nowMs: number): readonly NodeEffect[] {
    this.#effects = [];
    this.#nowMs = nowMs;
    switch (event.kind) {
      case 'started':
      case 'timer':
        this.#turn();
        break;
      case 'opened':
        this.#opened(event.circuit, !event.accepted);
        break;
      case 'bytes':
        this.#bytes(event.circuit, event.bytes);
        break;
      case 'ended':
      case 'failed':
        this.#circuits.delete(event.circuit);
        break;
      case 'said':
        this.#wish(event.packet);
        break;
      default:
        break;
    }
    return this.#effects;
  }

  /** Sees to a circuit, and to those who are not where they want to be. */
  #turn(): void {
    this.#effects.push({ kind: 'timer', name: 'turn', delayMs: turnMs });
    for (const [name, { heardAtMs }] of this.#circuits) {
      if (this.#nowMs - heardAtMs < deafMs) continue;
      this.#circuits.delete(name);
      this.#effects.push({ kind: 'close', circuit: name });
    }
    if (this.#circuits.size === 0) {
      const circuit = `out ${++this.#dialled}`;
      this.#circuits.set(circuit, this.#newCircuit(true));
      this.#effects.push({ kind: 'connect', circuit, to: this.#options.peer });
    }
    for (const person of this.#options.people) {
      const isDue = this.#nowMs - (this.#asked.get(person) ?? -enterAgainMs) >= enterAgainMs;
      if (this.#here.has(person) || this.#away.has(person) || !isDue) continue;
      if (this.#say(person, '_request_enter')) this.#asked.set(person, this.#nowMs);
    }
  }

  #newCircuit(isOurs: boolean): Circuit {
    return { parser: new Parser(), isOurs, isReady: false, heardAtMs: this.#nowMs };
  }

  #opened(name: string, isOurs: boolean): void {
    const circuit = isOurs ? this.#circuits.get(name) : this.#newCircuit(false);
    if (circuit === undefined) return;
    this.#circuits.set(name, circuit);
    this.#write(name, encodeText('|\n'));
    const { host, peer } = this.#options;
    const entity = { _uniform_source: `psyc://${host}/`, _uniform_target: `psyc://${peer}/` };
    if (isOurs) this.#write(name, render({ routing: { _tag: 'a' }, entity, method: '_request_authorization' }));
  }

  #bytes(name: string, bytes: Uint8Array): void {
    const circuit = this.#circuits.get(name);
    if (circuit === undefined) return;
    circuit.heardAtMs = this.#nowMs;
    circuit.parser.feed(bytes);
    for (let packet = circuit.parser.next(); packet !== null; packet = circuit.parser.next()) {
      this.#take(name, circuit, packet);
    }
  }

  #take(name: string, circuit: Circuit, packet: Packet): void {
    const method = packet.method ?? '';
    const person = packet.ownRoute('_target') ?? '';
    if (method === '_status_authorization' && circuit.isOurs) circuit.isReady = true;
    else if (method === '_request_authorization') this.#authorize(name, circuit, packet);
    else if (packet.ownRoute('_context') === this.#options.place) this.#hear(name, method, packet);
    else if (method.startsWith('_echo_place_enter')) this.#here.add(person);
    else if (method.startsWith('_error') || method.startsWith('_failure')) {
      if (method.startsWith('_error_necessary_membership')) this.#here.delete(person);
      const relayed = packet.ownRoute('_tag_reply');
      if (relayed !== undefined) this.#options.refused(relayed);
    }
  }

  #authorize(name: string, circuit: Circuit, packet: Packet): void {
    const tag = packet.ownRoute('_tag');
    const [_uniform_source, _uniform_target] = [packet.text('_uniform_source'), packet.text('_uniform_target')];
    const routing = { _tag_relay: tag, _tag_reply: tag };
    this.#write(
      name,
      render({ routing, entity: { _uniform_source, _uniform_target }, method: '_status_authorization' }),
    );
    circuit.isReady = true;
  }

  #hear(name: string, method: string, packet: Packet): void {
    const relay = packet.ownRoute('_source_relay') ?? '';
    if (method.startsWith('_message')) this.#options.heard(relay, (packet.data ?? new Uint8Array(0)).slice(), name);
    else if (method.startsWith('_notice_place_leave')) this.#here.delete(relay);
  }

  /** Its people: they come back, leave, or say something. */
  #wish(bytes: Uint8Array): void {
    const parser = new Parser();
    parser.feed(bytes);
    const packet = parser.next()!;
    const [person, method] = [decodeText(encodeText(packet.ownRoute('_source') ?? '')), packet.method ?? ''];
    if (method === '_request_enter') this.#away.delete(person);
    else if (method === '_request_leave') {
      this.#away.add(person);
      if (this.#say(person, method)) this.#here.delete(person);
    } else this.#say(person, method);
  }

  /** Says it once, if there is a way; its name is its tag, and its words. */
  #say(person: string, method: string): boolean {
    const [ready] = [...this.#circuits].findLast(([, { isReady }]) => isReady) ?? [];
    if (ready === undefined) return false;
    const { place, nameOf, sent } = this.#options;
    const name = nameOf(person);
    sent(person, name, method);
    this.#write(ready, render({ routing: { _source: person, _target: place, _tag: name }, method, data: name }));
    return true;
  }

  #write(circuit: string, bytes: Uint8Array): void {
    this.#effects.push({ kind: 'write', circuit, bytes });
  }
}
