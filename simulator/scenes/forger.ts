/** A hostile peer: it proves what it can, and speaks for others. docs/simulator.md#federation */
import type { CircuitLimits } from '../../circuit/limits.ts';
import type { Packet } from '../../psyc/packet.ts';
import { render } from '../../psyc/render.ts';
import type { IdealKeys, IdealPerson } from '../ideal.ts';
import type { Machine, NodeEffect, NodeEvent } from '../machine.ts';
import type { Observer } from '../observation.ts';
import { CircuitEnd, type EndEvent, onStream, type Party } from './circuit-end.ts';

/** One forged packet, with this tag; null: there is nothing to forge from yet. */
export type Forgery = (tag: string, nowMs: number) => Uint8Array | null;

/** Who forges, and how. */
export interface ForgerOptions {
  readonly host: string;
  /** Whom it goes to; null: it waits for those who come. */
  readonly server: string | null;
  /** Who it says that it is to those who come; without, it takes nobody. */
  readonly accepting?: Party;
  readonly keys: IdealKeys;
  /** As whom it tries to be let in, one after the other. */
  readonly parties: readonly Party[];
  readonly forgeries: readonly Forgery[];
  /** Keys of its own people, which it tells whoever asks. */
  readonly people: ReadonlyMap<string, IdealPerson>;
  readonly limits: CircuitLimits;
  readonly observe: Observer;
  /** How often it comes, or forges; 1.5 s unless told. */
  readonly everyMs?: number;
  /** It begins to dial. */
  readonly dialling?: () => void;
  /** What it was told when it was not let in. */
  readonly refused?: (code: string) => void;
}

const forgeMsUsual = 1_500;

/** Tries one forgery after the other, each on a new circuit if the last was closed. */
export class Forger implements Machine {
  readonly #options: ForgerOptions;
  #effects: NodeEffect[] = [];
  #circuit: { readonly name: string; readonly end: CircuitEnd } | null = null;
  readonly #accepted = new Map<string, CircuitEnd>();
  #nowMs = 0;
  #dialled = 0;
  #forged = 0;

  constructor(options: ForgerOptions) {
    this.#options = options;
  }

  step(event: NodeEvent, nowMs: number): readonly NodeEffect[] {
    this.#effects = [];
    this.#nowMs = nowMs;
    if (event.kind === 'started' || (event.kind === 'timer' && event.name === 'forge')) {
      this.#effects.push({ kind: 'timer', name: 'forge', delayMs: this.#options.everyMs ?? forgeMsUsual });
      if (this.#circuit === null) this.#dial();
      else if (this.#circuit.end.isProved) this.#forge(this.#circuit.end);
      for (const end of this.#accepted.values()) if (end.isProved) this.#forge(end);
    } else if (event.kind === 'opened' && event.accepted) {
      const { accepting } = this.#options;
      if (accepting !== undefined) this.#accepted.set(event.circuit, this.#end(event.circuit, '', accepting, true));
      this.#tell(event.circuit, event);
    } else if (event.kind === 'timer') {
      this.#tell(event.name.slice('circuit '.length), { kind: 'timer' });
    } else if ('circuit' in event) this.#tell(event.circuit, event);
    return this.#effects;
  }

  /** The host that it is. */
  get host(): string {
    return this.#options.host;
  }

  queues(): (readonly [string, number])[] {
    return [];
  }

  #dial(): void {
    const { server, parties } = this.#options;
    if (server === null) return;
    this.#options.dialling?.();
    const name = `out ${++this.#dialled}`;
    this.#circuit = { name, end: this.#end(name, server, parties[this.#dialled % parties.length]!, false) };
    this.#effects.push({ kind: 'connect', circuit: name, to: server });
    this.#tell(name, { kind: 'dialled' });
  }

  #end(name: string, domain: string, party: Party, accepted: boolean): CircuitEnd {
    const { keys, limits } = this.#options;
    const end: CircuitEnd = new CircuitEnd(
      { keys, domain, party, accepted, circuitLimits: limits },
      {
        ...onStream(name, (effect) => this.#effects.push(effect)),
        proved: () => this.#forge(end),
        packet: (packet, routing) => this.#hear(end, packet, routing),
        closed: (heard, code) => {
          if (!heard && code !== null) this.#options.refused?.(code);
          this.#accepted.delete(name);
          if (this.#circuit?.name === name) this.#circuit = null;
        },
      },
    );
    return end;
  }

  #tell(name: string, event: EndEvent): void {
    const end = this.#circuit?.name === name ? this.#circuit.end : this.#accepted.get(name);
    end?.tell(event, this.#nowMs);
  }

  #forge(end: CircuitEnd): void {
    const { forgeries, host, observe } = this.#options;
    const forgery = forgeries[this.#forged % forgeries.length];
    if (forgery === undefined) return;
    const tag = `forged-${host}-${++this.#forged}`;
    const bytes = forgery(tag, this.#nowMs);
    if (bytes === null) return;
    observe({ kind: 'forged', key: tag });
    end.send(bytes, this.#nowMs);
  }

  #hear(end: CircuitEnd, packet: Packet, routing: ReadonlyMap<string, string>): void {
    const [source, target, tag] = [routing.get('_source'), routing.get('_target') ?? '', routing.get('_tag')];
    const keys = this.#options.people.get(target);
    if (packet.method !== '_request_keys' || keys === undefined) return;
    const bytes = render({
      routing: { _source: target, _target: source, _tag_relay: tag, _tag_reply: tag },
      entity: { _key: keys.key, _statement: keys.statement },
      method: '_status_keys',
    });
    end.send(bytes, this.#nowMs);
  }
}
