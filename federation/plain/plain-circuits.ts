/** Circuits without TLS: a named host asks to be taken for itself, and from then on its packets are its own. docs/spec/plain.md#authorization */
import { type Circuit, type CircuitEvent, newCircuit, stepCircuit } from '../../circuit/circuit.ts';
import { GREETING } from '../../circuit/errors.ts';
import { PsycError } from '../../psyc/error.ts';
import { inherits } from '../../psyc/keyword.ts';
import { type Generation, sniffGeneration } from '../../psyc/list.ts';
import type { Packet } from '../../psyc/packet.ts';
import { render } from '../../psyc/render.ts';
import type { Delivery } from '../../psyc/routing.ts';
import { parseUniform, renderUniform } from '../../psyc/uniform.ts';
import type { NodeEffect, NodeOptions } from '../events.ts';
import { domainOf, type Letter } from '../letter.ts';
import type { PlainCode } from './plain-errors.ts';
import { plainLimits } from './plain-limits.ts';

/** What plain circuits tell their owner. */
export interface PlainCircuitsOwner {
  readonly options: NodeOptions;
  readonly nowMs: number;
  effect(effect: NodeEffect): void;
  timer(name: string, delayMs: number, happen: () => void): void;
  /** Whether this host may be taken for itself without keys: null, or why not; now or later, once. */
  judge(host: string, answer: (code: PlainCode | '_trust_unavailable' | null) => void): void;
  onReady(circuit: string, host: string): void;
  /** A packet of the host's, addressed or in a context of its own, uniforms in their one form. */
  onLetter(letter: Letter, host: string, circuit: string): void;
  /** `host`: whose it is, or was to be; null: nobody has said. `isReady`: it was authorised. */
  onClosed(circuit: string, host: string | null, isReady: boolean): void;
}

type Phase = 'new' | 'judging' | 'ready';

interface Entry {
  readonly circuit: Circuit;
  /** Hosts that may be at the other end. */
  readonly hosts: readonly string[];
  /** Whom it was opened to; null: we were. */
  readonly dialled: string | null;
  phase: Phase;
  /** Who is there, once that is taken. */
  host: string | null;
  /** Which form of lists the peer speaks, by the first that told. */
  generation: Generation | null;
  tokens: number;
  tokensAtMs: number;
}

const TAG = 'authorization';
const PSYC_PORT = 4404;

const rootOf = (domain: string): string => `psyc://${domain}/`;

/**
 * The uniform in the one form that we have it: PSYC's own port and the root's slash left out. null: none that an entity can
 * have here.
 */
function plainUniform(text: string): string | null {
  try {
    const { port, transport, kind, ...rest } = parseUniform(text);
    if ((port !== undefined && port !== PSYC_PORT) || (transport !== undefined && transport !== 'c')) return null;
    return renderUniform({ ...rest, kind: kind === 'root' ? 'node' : kind });
  } catch (error) {
    if (!(error instanceof PsycError)) throw error;
    return null;
  }
}

/** The host of a node's or root's uniform; null: it is no such uniform. */
function hostIn(text: string | undefined): string | null {
  const uniform = plainUniform(text ?? '');
  return uniform === null || uniform.includes('/', 'psyc://'.length) ? null : uniform.slice('psyc://'.length);
}

/** All plain circuits, by name. */
export class PlainCircuits {
  readonly #owner: PlainCircuitsOwner;
  readonly #circuits = new Map<string, Entry>();
  #dialled = 0;

  constructor(owner: PlainCircuitsOwner) {
    this.#owner = owner;
  }

  get count(): number {
    return this.#circuits.size;
  }

  has(name: string): boolean {
    return this.#circuits.has(name);
  }

  /** Asks for a stream to a host; gives the circuit's name. */
  dial(host: string): string {
    const name = `plain ${this.#owner.options.life}.${++this.#dialled}`;
    this.#circuits.set(name, this.#newEntry([host], host));
    this.#owner.effect({ kind: 'connect', circuit: name, to: host });
    this.tell(name, { kind: 'dialled' });
    return name;
  }

  /** Somebody has opened a stream, from an address of these hosts. */
  accept(name: string, hosts: readonly string[]): void {
    if (this.#circuits.size >= this.#owner.options.federationLimits.circuitsMax) {
      this.#owner.effect({ kind: 'close', circuit: name });
      return;
    }
    this.#circuits.set(name, this.#newEntry(hosts, null));
    this.tell(name, { kind: 'opened' });
    if (hosts.length === 0) this.giveUp(name, '_plain_unnamed');
    else this.#await(name);
  }

  /** Brings a circuit an event; gives false when it did not send what it was to send. */
  tell(name: string, event: CircuitEvent): boolean {
    const entry = this.#circuits.get(name);
    if (entry === undefined) return false;
    let isTaken = true;
    for (const effect of stepCircuit(entry.circuit, event, this.#owner.nowMs)) {
      if (this.#circuits.get(name) !== entry) break;
      switch (effect.kind) {
        case 'write':
          this.#owner.effect({ kind: 'write', circuit: name, bytes: effect.bytes });
          break;
        case 'close':
          this.#owner.effect({ kind: 'close', circuit: name });
          break;
        case 'timer':
          this.#owner.effect({ kind: 'timer', name: `circuit ${name}`, delayMs: effect.delayMs });
          break;
        case 'ready':
          if (entry.dialled !== null) this.#ask(name, entry.dialled);
          break;
        case 'packet':
          this.#take(name, entry, effect.packet, effect.routing, effect.delivery);
          break;
        case 'refused':
          isTaken = false;
          this.#owner.effect({ kind: 'full', circuit: name });
          break;
        case 'writable':
          break;
        case 'closed':
          if (!['_circuit_lost', '_circuit_ended'].includes(effect.code)) this.#note(effect.code, entry);
          this.#forget(name, entry);
          break;
      }
    }
    return isTaken;
  }

  /** Which form of lists its peer speaks; psyced's until it has shown another. */
  generationOf(name: string): Generation {
    return this.#circuits.get(name)?.generation ?? 'frozen';
  }

  /** Closes a circuit without telling the owner, who wants it so. */
  close(name: string): void {
    if (this.#circuits.delete(name)) this.#owner.effect({ kind: 'close', circuit: name });
  }

  /** One error packet, then the end. */
  giveUp(name: string, code: PlainCode | '_trust_unavailable'): void {
    const entry = this.#circuits.get(name);
    if (entry === undefined) return;
    this.#note(code, entry);
    // Also to whoever has not greeted yet: after the greeting, which he is owed.
    const entity = { _code: code };
    const bytes = render({ entity, method: `_error${code}`, data: 'This circuit is closed: [_code].' });
    if (entry.circuit.phase === 'ready') this.tell(name, { kind: 'send', bytes });
    else {
      for (const part of [GREETING, bytes]) this.#owner.effect({ kind: 'write', circuit: name, bytes: part });
    }
    if (this.#circuits.get(name) !== entry) return;
    this.#owner.effect({ kind: 'close', circuit: name });
    this.#forget(name, entry);
  }

  #newEntry(hosts: readonly string[], dialled: string | null): Entry {
    const { circuitLimits, decode } = this.#owner.options;
    const { plainIdleMsMax, plainContentBytesMax, plainPacketsAtOnce } = plainLimits;
    const limits = { ...circuitLimits, idleMsMax: plainIdleMsMax };
    return {
      circuit: newCircuit(dialled === null, limits, decode, { contentBytesMax: plainContentBytesMax }),
      hosts,
      dialled,
      phase: 'new',
      host: null,
      generation: null,
      tokens: plainPacketsAtOnce,
      tokensAtMs: this.#owner.nowMs,
    };
  }

  /** A circuit that is not authorised by then never will be. */
  #await(name: string): void {
    this.#owner.timer(`authorize ${name}`, plainLimits.plainAuthorizingMsMax, () => {
      const entry = this.#circuits.get(name);
      if (entry !== undefined && entry.phase !== 'ready') this.giveUp(name, '_plain_timeout_authorization');
    });
  }

  #ask(name: string, host: string): void {
    this.#await(name);
    const bytes = render({
      routing: { _tag: TAG },
      entity: { _uniform_source: rootOf(this.#owner.options.identity.domain), _uniform_target: rootOf(host) },
      method: '_request_authorization',
    });
    this.tell(name, { kind: 'send', bytes });
  }

  #take(name: string, entry: Entry, packet: Packet, routing: ReadonlyMap<string, string>, delivery: Delivery): void {
    if (!this.#isWithinRate(entry)) {
      this.giveUp(name, '_plain_excessive_packets');
      return;
    }
    entry.generation ??= generationIn(packet);
    const { method } = packet;
    if (delivery === 'circuit') this.#own(name, entry, packet, routing);
    else if (entry.phase !== 'ready') {
      // Some say it in the name of their root.
      const isAbout = method !== null && /^_(?:request_authorization|status_|error_)/.test(method);
      if (isAbout) this.#own(name, entry, packet, routing);
      else this.giveUp(name, '_plain_necessary_authorization');
    } else this.#pass(name, entry.host!, packet, routing, delivery);
  }

  #isWithinRate(entry: Entry): boolean {
    const { plainPacketsPerSecond, plainPacketsAtOnce } = plainLimits;
    const { nowMs } = this.#owner;
    const earned = ((nowMs - entry.tokensAtMs) * plainPacketsPerSecond) / 1000;
    entry.tokens = Math.min(plainPacketsAtOnce, entry.tokens + earned) - 1;
    entry.tokensAtMs = nowMs;
    return entry.tokens >= 0;
  }

  /** A packet of the circuit itself. */
  #own(name: string, entry: Entry, packet: Packet, routing: ReadonlyMap<string, string>): void {
    const method = packet.method ?? '';
    if (inherits(method, '_request_authorization')) this.#authorize(name, entry, packet, routing.get('_tag'));
    else if (entry.dialled === null || entry.phase !== 'new') return;
    else if (inherits(method, '_status_authorization')) this.#admit(name, entry, entry.dialled, () => {});
    else if (inherits(method, '_error')) this.giveUp(name, '_plain_refused');
  }

  #authorize(name: string, entry: Entry, packet: Packet, tag: string | undefined): void {
    const target = hostIn(packet.text('_uniform_target'));
    const source = hostIn(packet.text('_uniform_source'));
    const isOther = entry.host !== null && entry.host !== source;
    if (target !== this.#owner.options.identity.domain) this.giveUp(name, '_invalid_uniform_target');
    else if (source === null || isOther || !entry.hosts.includes(source)) this.giveUp(name, '_invalid_uniform_source');
    else {
      const [from, to] = [packet.text('_uniform_source'), packet.text('_uniform_target')];
      const answer = (): void => {
        const bytes = render({
          routing: { _tag_relay: tag, _tag_reply: tag },
          entity: { _uniform_source: from, _uniform_target: to },
          method: '_status_authorization',
        });
        this.tell(name, { kind: 'send', bytes });
      };
      // Whom we went to may ask, too; that he takes us he has to say for himself.
      if (entry.dialled === null) this.#admit(name, entry, source, answer);
      else answer();
    }
  }

  #admit(name: string, entry: Entry, host: string, tell: () => void): void {
    if (entry.phase === 'ready') {
      tell();
      return;
    }
    if (entry.phase === 'judging') return;
    entry.phase = 'judging';
    this.#owner.judge(host, (code) => {
      if (this.#circuits.get(name) !== entry) return;
      if (code !== null) {
        this.giveUp(name, code);
        return;
      }
      entry.phase = 'ready';
      entry.host = host;
      tell();
      if (this.#circuits.get(name) === entry) this.#owner.onReady(name, host);
    });
  }

  /** What is said in another host's name ends the circuit. */
  #pass(name: string, host: string, packet: Packet, held: ReadonlyMap<string, string>, delivery: Delivery): void {
    const routing = new Map(held);
    for (const variable of ['_source', '_target', '_context', '_source_relay']) {
      const text = held.get(variable);
      if (text === undefined) continue;
      const uniform = plainUniform(text);
      const mustBeTheirs = variable === '_source' || variable === '_context';
      if (mustBeTheirs && (uniform === null || domainOf(uniform) !== host)) {
        this.giveUp(name, '_plain_foreign_source');
        return;
      }
      // A member that cannot be one here is told of without a name.
      if (uniform !== null) routing.set(variable, uniform);
      else if (variable === '_target') return;
      else routing.delete(variable);
    }
    if (delivery !== 'root') this.#owner.onLetter({ routing, packet }, host, name);
  }

  #note(code: string, { host, dialled }: Entry): void {
    this.#owner.effect({ kind: 'notice', notice: { kind: 'refused', code, domain: host ?? dialled } });
  }

  #forget(name: string, { host, dialled, phase }: Entry): void {
    this.#circuits.delete(name);
    this.#owner.onClosed(name, host ?? dialled, phase === 'ready');
  }
}

/** What the lists of a packet show; null: it has none, or they fit both forms. */
function generationIn(packet: Packet): Generation | null {
  for (let index = packet.routingCount; index < packet.modifierCount; index++) {
    if (!inherits(packet.nameOf(index), '_list')) continue;
    const seen = sniffGeneration(packet.valueOf(index));
    if (seen !== null) return seen;
  }
  return null;
}
