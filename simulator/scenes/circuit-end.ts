/** The other end of a node's circuit: bytes, proofs and then packets, for whoever plays a client or a server. docs/simulator.md#ideal-keys */
import { Challenges } from '../../circuit/challenge.ts';
import { type Circuit, type CircuitEvent, newCircuit, stepCircuit } from '../../circuit/circuit.ts';
import {
  ClientHandshake,
  type HandshakeEffect as ClientEffect,
  type HandshakeEvent,
} from '../../circuit/client-handshake.ts';
import type { CircuitLimits } from '../../circuit/limits.ts';
import {
  type HandshakeEffect as ServerEffect,
  type ServerAnswer,
  ServerHandshake,
  type ServerIdentity,
  type ServerQuestion,
} from '../../circuit/server-handshake.ts';
import { equalBytes } from '../../psyc/bytes.ts';
import type { Packet } from '../../psyc/packet.ts';
import { render } from '../../psyc/render.ts';
import type { IdealKeys, IdealPerson } from '../ideal.ts';
import type { NodeEffect } from '../machine.ts';

/** In milliseconds since 1970: when every run begins. */
export const beginUnixMs = 1_800_000_000_000;

/** What a client keeps of keys. */
export interface Pins {
  /** Of the domain it goes to; null: nothing. */
  readonly pinned: Uint8Array | null;
  /** At first, or since it follows the pinned one. */
  pin(fingerprint: Uint8Array): void;
  /** His own key, with a newer certification. */
  certified(key: Uint8Array): void;
}

/** Who proves himself. */
export type Party =
  /** A client; `invite`: how he registers first, null for without one; undefined: he is registered. */
  | {
      readonly kind: 'client';
      readonly person: string;
      readonly keys: IdealPerson;
      /** The device's seed. */
      readonly seed: Uint8Array;
      readonly channel: string;
      readonly invite?: string | null | undefined;
      /** Where it is not at home: its word that it visits. */
      readonly visit?: Uint8Array;
      readonly pins?: Pins;
    }
  /** A server that takes any peer's key. */
  | { readonly kind: 'server'; readonly identity: ServerIdentity };

/** Whom it goes to, and with what. */
export interface EndOptions {
  readonly keys: IdealKeys;
  /** The domain at the other end. */
  readonly domain: string;
  readonly party: Party;
  /** The other end has opened the stream. */
  readonly accepted?: boolean;
  readonly circuitLimits: CircuitLimits;
}

/** What its owner does with what happens. */
export interface EndOwner {
  write(bytes: Uint8Array): void;
  close(): void;
  /** Give `timer` after so long. */
  timer(delayMs: number): void;
  /** Both ends are proved: it may be spoken. */
  proved(): void;
  /** A client's home has handed him a newer statement of his devices. */
  stated?(statement: Uint8Array): void;
  /** Packets behind the proofs, and the error before the end. */
  packet(packet: Packet, routing: ReadonlyMap<string, string>): void;
  /** It is over; `heard`: the other end had proved itself. */
  closed(heard: boolean, code: string | null): void;
}

/** How a machine's end writes, closes and waits: by effects of the step under way, on a stream of this name; its timer is `circuit NAME`. */
export const onStream = (
  name: string,
  push: (effect: NodeEffect) => void,
): Pick<EndOwner, 'write' | 'close' | 'timer'> => ({
  write: (bytes) => push({ kind: 'write', circuit: name, bytes }),
  close: () => push({ kind: 'close', circuit: name }),
  timer: (delayMs) => push({ kind: 'timer', name: `circuit ${name}`, delayMs }),
});

/** What it is told; `opened` says by what name both ends know the stream. */
export type EndEvent =
  | { readonly kind: 'opened'; readonly stream: string }
  | Exclude<CircuitEvent, { readonly kind: 'opened' | 'send' }>;

/** One end. */
export class CircuitEnd {
  readonly #options: EndOptions;
  readonly #owner: EndOwner;
  readonly #circuit: Circuit;
  #client: ClientHandshake | null = null;
  #server: ServerHandshake | null = null;
  #stream = '';
  #isProved = false;
  /** Why the proofs have failed, or the other end has closed. */
  #refused: string | null = null;
  #isOver = false;
  #nowMs = 0;

  constructor(options: EndOptions, owner: EndOwner) {
    this.#options = options;
    this.#owner = owner;
    this.#circuit = newCircuit(options.accepted === true, options.circuitLimits);
  }

  /** Whether it may be spoken. */
  get isProved(): boolean {
    return this.#isProved && !this.#isOver;
  }

  /** Takes one event. */
  tell(event: EndEvent, nowMs: number): void {
    this.#nowMs = nowMs;
    if (event.kind === 'opened') this.#stream = event.stream;
    this.#step(event);
  }

  /** Says one packet, if it may be spoken and there is room. */
  send(bytes: Uint8Array, nowMs: number): void {
    this.#nowMs = nowMs;
    if (this.isProved) this.#step({ kind: 'send', bytes });
  }

  #step(event: CircuitEvent): void {
    for (const effect of stepCircuit(this.#circuit, event, this.#nowMs)) {
      switch (effect.kind) {
        case 'write':
          this.#owner.write(effect.bytes);
          break;
        case 'close':
          this.#owner.close();
          break;
        case 'timer':
          this.#owner.timer(effect.delayMs);
          break;
        case 'ready':
          this.#begin();
          break;
        case 'packet':
          this.#packet(effect.packet, effect.routing);
          break;
        case 'refused':
        case 'writable':
          // Whoever says something says it again before long.
          break;
        case 'closed':
          this.#over();
          break;
      }
    }
  }

  #begin(): void {
    const { keys, domain, party, accepted = false } = this.#options;
    const exported = keys.exported(this.#stream);
    if (party.kind === 'server') {
      this.#server = new ServerHandshake({
        suite: keys.suite,
        identity: party.identity,
        dialled: accepted ? null : { domain, expected: null },
        exported,
        origins: [],
        challenges: new Challenges(),
        circuit: '',
      });
      this.#performServer(this.#server.start());
      return;
    }
    const { person, keys: own, seed, channel, invite, visit, pins } = party;
    this.#client = new ClientHandshake({
      suite: keys.suite,
      domain,
      pinned: pins?.pinned ?? null,
      person,
      ...own,
      device: keys.idOf(seed),
      seed,
      channel,
      registration: invite === undefined ? null : { invite },
      ...(visit === undefined ? {} : { visit }),
    });
    this.#tellClient({ kind: 'opened', exported });
  }

  #packet(packet: Packet, routing: ReadonlyMap<string, string>): void {
    if (this.#isOver) return;
    const isError = packet.method?.startsWith('_error') === true && !routing.has('_source') && !routing.has('_context');
    // The last word of a circuit says why it ends.
    if (isError) this.#refused ??= packet.text('_code') ?? null;
    if (this.#isProved || isError) this.#owner.packet(packet, routing);
    else if (this.#client !== null) this.#tellClient({ kind: 'packet', packet });
    else if (this.#server !== null) {
      const route = (name: string): string | undefined => routing.get(name);
      this.#performServer(this.#server.packet(packet, route, beginUnixMs + this.#nowMs, this.#nowMs));
    }
  }

  #tellClient(event: HandshakeEvent): void {
    const events = [event];
    for (let next = events.shift(); next !== undefined; next = events.shift()) {
      for (const effect of this.#client!.step(next)) {
        const follows = this.#performClient(effect);
        if (follows !== null) events.push(follows);
      }
    }
  }

  #performClient(effect: ClientEffect): HandshakeEvent | null {
    switch (effect.kind) {
      case 'send':
        this.#step({ kind: 'send', bytes: effect.bytes });
        return null;
      case 'ask':
        return {
          kind: 'answered',
          answer: this.#options.keys.answerClient(effect.question, beginUnixMs + this.#nowMs),
        };
      case 'pin':
      case 'follow':
        this.#pins?.pin(effect.fingerprint);
        return { kind: 'pinned' };
      case 'certified':
        this.#pins?.certified(effect.key);
        return null;
      case 'stated':
        this.#owner.stated?.(effect.statement);
        return null;
      case 'proved':
        this.#proved();
        return null;
      case 'failed':
        this.#refused = effect.code;
        this.#giveUp();
        return null;
    }
  }

  #performServer(effects: readonly ServerEffect[]): void {
    for (const effect of effects) {
      if (effect.kind === 'write') this.#step({ kind: 'send', bytes: effect.bytes });
      else if (effect.kind === 'ask') this.#performServer(this.#server!.answer(this.#answerTo(effect.question)));
      else if (effect.kind === 'proved') this.#proved();
      else if (effect.kind === 'failed') this.#giveUp(effect.byPeer ? null : effect.code);
    }
  }

  get #pins(): Pins | undefined {
    const { party } = this.#options;
    return party.kind === 'client' ? party.pins : undefined;
  }

  #answerTo(question: ServerQuestion): ServerAnswer {
    if (question.kind === 'admission') return { kind: 'admitted', key: null, statement: null };
    const { keys, party } = this.#options;
    if (question.kind !== 'server key' || party.kind !== 'server') return { kind: 'refused', code: '_proof_necessary' };
    const { claim, evidence } = question;
    const key = evidence.key ?? new Uint8Array(0);
    const read = keys.answer({ kind: 'domain', domain: claim.from, key }, party.identity, beginUnixMs);
    const isIt = read.kind === 'domain' && equalBytes(read.fingerprint, claim.fingerprint);
    if (!isIt || read.circuitKey === null) return { kind: 'refused', code: '_trust_unknown_key' };
    return { kind: 'key', publicKey: read.circuitKey };
  }

  #proved(): void {
    this.#isProved = true;
    this.#owner.proved();
  }

  /** With a code that the other end has not been told yet. */
  #giveUp(code: string | null = null): void {
    if (this.#isOver) return;
    if (code !== null) {
      this.#step({ kind: 'send', bytes: render({ entity: { _code: code }, method: `_error${code}` }) });
    }
    this.#owner.close();
    this.#over();
  }

  #over(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#owner.closed(this.#isProved, this.#refused);
  }
}
