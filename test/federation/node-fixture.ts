/** One node on the memory twin, with ends of circuits that speak raw packets; no network, no clock but a number. */
import { createHash } from 'node:crypto';
import { circuitLimits, deliveryLimits } from '../../circuit/limits.ts';
import { type Authority, mayCome } from '../../federation/authority.ts';
import type { NodeEvent, NodeOptions } from '../../federation/events.ts';
import { federationLimits, type FederationLimits } from '../../federation/limits.ts';
import { FederationNode } from '../../federation/node.ts';
import type { Packet } from '../../psyc/packet.ts';
import { Parser } from '../../psyc/parse.ts';
import { type Draft, render } from '../../psyc/render.ts';
import { RoutingMemory } from '../../psyc/routing-memory.ts';
import { MemoryStore } from '../../store/memory.ts';

/** A packet that came out of the node, as text and variables. */
export interface Heard {
  readonly routing: Record<string, string>;
  readonly method: string | null;
  readonly data: string;
  readonly packet: Packet;
}

/** a.example, and whoever connects to it; a peer is `server DOMAIN` or `client NICK DEVICE`. */
export class NodeFixture {
  readonly store: MemoryStore;
  readonly node: FederationNode;
  nowMs = 0;
  readonly closed: string[] = [];
  readonly dialled: string[] = [];
  readonly #heard = new Map<string, Heard[]>();
  readonly #readers = new Map<string, { parser: Parser; memory: RoutingMemory }>();

  constructor(limits: Partial<FederationLimits> = {}, store = new MemoryStore(), life = 1) {
    this.store = store;
    const options: NodeOptions = {
      domain: 'a.example',
      life,
      isPerson: (nick) => ['ada', 'bob', 'cyd'].includes(nick),
      authorityOf: (peer): Authority | null => {
        const [kind, name = '', device = ''] = peer.split(' ');
        if (kind === 'server') return { kind: 'server', domain: name };
        return kind === 'client' ? { kind, person: `psyc://a.example/~${name}`, device } : null;
      },
      mayCome,
      hash: (bytes) => createHash('sha256').update(bytes).digest(),
      circuitLimits,
      deliveryLimits,
      federationLimits: { ...federationLimits, ...limits },
    };
    this.node = new FederationNode(options);
    this.tell({ kind: 'started' });
  }

  /** Brings an event, and the store's answers to whatever comes of it. */
  tell(event: NodeEvent): void {
    const events = [event];
    for (let next = events.shift(); next !== undefined; next = events.shift()) {
      for (const effect of this.node.step(next, this.nowMs)) {
        if (effect.kind === 'store') events.push({ kind: 'stored', outcome: this.store.perform(effect.request) });
        else if (effect.kind === 'close') this.closed.push(effect.circuit);
        else if (effect.kind === 'connect') this.dialled.push(`${effect.circuit} ${effect.to}`);
        else if (effect.kind === 'write') this.#read(effect.circuit, effect.bytes);
      }
    }
  }

  /** A circuit named as its peer, greeted. */
  connect(peer: string, name: string = peer): string {
    this.tell({ kind: 'opened', circuit: name, peer, accepted: true });
    this.tell({ kind: 'bytes', circuit: name, bytes: new TextEncoder().encode('|\n') });
    return name;
  }

  /** The peer says a packet. */
  say(circuit: string, draft: Draft): void {
    this.tell({ kind: 'bytes', circuit, bytes: render(draft) });
  }

  /** What the peer has heard since it was last asked, greetings left out. */
  hear(circuit: string): Heard[] {
    const heard = this.#heard.get(circuit) ?? [];
    this.#heard.set(circuit, []);
    return heard;
  }

  /** The same, methods only. */
  methods(circuit: string): (string | null)[] {
    return this.hear(circuit).map(({ method }) => method);
  }

  #read(circuit: string, bytes: Uint8Array): void {
    const reader = this.#readers.get(circuit) ?? { parser: new Parser(), memory: new RoutingMemory() };
    this.#readers.set(circuit, reader);
    reader.parser.feed(bytes);
    for (let packet = reader.parser.next(); packet !== null; packet = reader.parser.next()) {
      const routing = Object.fromEntries(reader.memory.take(packet));
      if (packet.length === 2) continue;
      const heard = this.#heard.get(circuit) ?? [];
      this.#heard.set(circuit, heard);
      heard.push({ routing, method: packet.method, data: packet.dataText, packet: packet.copy() });
    }
  }
}

/** What a device says to a target, numbered. */
export const said = (
  source: string,
  target: string,
  counter: number,
  method: string,
  data: string | null = null,
): Draft => ({
  routing: { _source: source, _target: target, _tag: `t${counter}`, _counter: String(counter) },
  method,
  data,
});
