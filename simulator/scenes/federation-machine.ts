/** A server of the scene: a node with ideal keys, as the simulator's hosts run machines. docs/simulator.md#ideal-keys */
import type { AdminAnswer } from '../../federation/admin-questions.ts';
import type { NodeEffect as Effect, NodeEvent as Told, NodeOptions, Notice } from '../../federation/events.ts';
import { FederationNode } from '../../federation/node.ts';
import type { MorEffect, MorEvent } from '../../federation/onions/mor-events.ts';
import type { EpochKey } from '../../listener-bots/events.ts';
import type { openCell } from '../../listener-bots/opening.ts';
import type { Station } from '../../onion/route.ts';
import type { DnsStatement } from '../../pki/dns-statement.ts';
import type { PkiQuestion } from '../../federation/keys/pki.ts';
import type { IdealKeys } from '../ideal.ts';
import type { Machine, NodeEffect, NodeEvent } from '../machine.ts';
import { beginUnixMs } from './circuit-end.ts';
import { MorShell } from './mor-shell.ts';

/** How long OpenPGP takes at least, and how much longer it may take: answers overtake each other. */
const pkiMs = 3;
const pkiMsMore = 5;

const TIMER = 'pki ';

/** How long the DNS takes. */
const dnsMs = 20;
const DNS = 'dns ';

/** What is around a server's listener. */
export interface MorSurroundings {
  readonly open: typeof openCell;
  readonly keys: readonly EpochKey[];
  /** A linked server, with the keys that its certificate names. */
  stationOf(domain: string): Station;
}

/** What is around a server. */
export interface Surroundings {
  /** What the DNS says of a domain's key, each time that it is asked. */
  dns(domain: string): DnsStatement;
  /** How far its clock is ahead. */
  readonly skewMs?: number;
  /** Whom a stream to a domain reaches; without, the domain. */
  hostOf?(domain: string): string;
  /** The admin is told something. */
  noticed?(notice: Notice): void;
  /** The admin is answered. */
  told?(request: number, answer: AdminAnswer): void;
  /** Where its node has a listener. */
  readonly mor?: MorSurroundings;
}

/** One life of a server. */
export class FederationMachine implements Machine {
  readonly #options: NodeOptions;
  readonly #keys: IdealKeys;
  readonly #node: FederationNode;
  readonly #around: Surroundings;
  readonly #asked = new Map<number, PkiQuestion>();
  readonly #lookedUp = new Map<number, string>();
  /** null: it has no listener. */
  readonly #cells: MorShell | null;
  /** What is yet to be told to the node in this step. */
  #untold: Told[] = [];
  #effects: NodeEffect[] = [];

  constructor(options: NodeOptions, keys: IdealKeys, around: Surroundings) {
    this.#around = around;
    this.#options = options;
    this.#keys = keys;
    this.#node = new FederationNode(options);
    this.#cells = around.mor === undefined ? null : this.#shellOf(around.mor);
  }

  step(event: NodeEvent, nowMs: number): readonly NodeEffect[] {
    const unixMs = beginUnixMs + nowMs + (this.#around.skewMs ?? 0);
    this.#effects = [];
    const told = this.#cells?.take(event) === true ? null : this.#told(event, unixMs);
    if (told !== null) this.#untold.push(told);
    if (event.kind === 'started') this.#cells?.start();
    for (let next = this.#untold.shift(); next !== undefined; next = this.#untold.shift()) {
      for (const effect of this.#node.step(next, nowMs, unixMs)) this.#effects.push(...this.#done(effect));
    }
    return this.#effects;
  }

  #shellOf({ open, keys }: MorSurroundings): MorShell {
    const { suite, identity } = this.#options;
    const tell = (event: MorEvent): void => void this.#untold.push({ kind: 'mor', event });
    return new MorShell({
      domain: identity.domain,
      suite,
      open,
      effect: (effect) => void this.#effects.push(effect),
      tell: (event) => {
        tell(event);
        if (event.kind === 'loaded') tell({ kind: 'keys', keys });
      },
    });
  }

  #performMor(effect: MorEffect): void {
    const { mor } = this.#around;
    if (effect.kind === 'linked to') {
      const stations = mor === undefined ? [] : effect.domains.map((domain) => mor.stationOf(domain));
      this.#untold.push({ kind: 'mor', event: { kind: 'stations', stations } });
    } else if (effect.kind !== 'key shown') this.#cells?.perform(effect);
  }

  queues(): (readonly [string, number])[] {
    return this.#node.queues();
  }

  /** What the node is told of it; null: nothing. */
  #told(event: NodeEvent, unixMs: number): Parameters<FederationNode['step']>[0] | null {
    switch (event.kind) {
      case 'datagram':
      case 'said':
      case 'attached':
        return null;
      case 'opened': {
        const { kind, circuit, stream, accepted } = event;
        if (this.#options.plain.has(event.peer)) {
          return { kind, circuit, accepted, exported: null, plain: [event.peer] };
        }
        return { kind, circuit, accepted, exported: this.#keys.exported(stream), address: addressOf(event.peer) };
      }
      case 'timer': {
        if (event.name.startsWith(DNS)) {
          const request = Number(event.name.slice(DNS.length));
          const domain = this.#lookedUp.get(request);
          this.#lookedUp.delete(request);
          return domain === undefined ? null : { kind: 'looked up', request, found: this.#around.dns(domain) };
        }
        if (!event.name.startsWith(TIMER)) return event;
        const request = Number(event.name.slice(TIMER.length));
        const question = this.#asked.get(request);
        this.#asked.delete(request);
        if (question === undefined) return null;
        return { kind: 'answered', request, answer: this.#keys.answer(question, this.#options.identity, unixMs) };
      }
      default:
        return event;
    }
  }

  #done(effect: Effect): NodeEffect[] {
    if (effect.kind === 'told') this.#around.told?.(effect.request, effect.answer);
    if (effect.kind === 'notice') this.#around.noticed?.(effect.notice);
    if (effect.kind === 'notice' || effect.kind === 'told' || effect.kind === 'full') return [];
    if (effect.kind === 'connect') return [{ ...effect, to: this.#around.hostOf?.(effect.to) ?? effect.to }];
    if (effect.kind === 'mor') this.#performMor(effect.effect);
    // Nobody here sends mail.
    if (effect.kind === 'flush' || effect.kind === 'mor' || effect.kind === 'mail') return [];
    if (effect.kind === 'write all') {
      const { circuits, bytes } = effect;
      return circuits.map((circuit) => ({ kind: 'write', circuit, bytes }));
    }
    if (effect.kind === 'look up') {
      this.#lookedUp.set(effect.request, effect.domain);
      return [{ kind: 'timer', name: `${DNS}${effect.request}`, delayMs: dnsMs }];
    }
    if (effect.kind !== 'pki') return [effect];
    const { request, question } = effect;
    this.#asked.set(request, question);
    return [{ kind: 'timer', name: `${TIMER}${request}`, delayMs: pkiMs + (request % pkiMsMore) }];
  }
}

/** Where a host is: each in a network of its own. */
const addressOf = (host: string): string => `192.0.${host.charCodeAt(0)}.1`;
