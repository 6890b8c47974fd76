/** The plain peers of a node: hosts that its configuration names, on circuits without TLS. docs/spec/plain.md */
import type { CircuitEvent } from '../../circuit/circuit.ts';
import type { Desk } from '../desk.ts';
import type { NodeEffect, NodeOptions } from '../events.ts';
import type { Letter } from '../letter.ts';
import { nodeUniform } from '../waking.ts';
import { PlainCircuits, type PlainCircuitsOwner } from './plain-circuits.ts';
import type { PlainCode } from './plain-errors.ts';
import { PlainPeer, type PlainWays } from './plain-peer.ts';
import { readRecords } from '../records.ts';

/** What plain peers need of their node beside its desk. */
interface Node extends Desk {
  effect(effect: NodeEffect): void;
}

/** All of them; none where none is named. */
export class PlainPeers implements PlainCircuitsOwner {
  readonly options: NodeOptions;
  readonly #node: Node;
  readonly #circuits: PlainCircuits;
  readonly #peers: ReadonlyMap<string, PlainPeer>;

  constructor(node: Node) {
    this.#node = node;
    this.options = node.options;
    const circuits = new PlainCircuits(this);
    this.#circuits = circuits;
    const ways: PlainWays = {
      dial: (host) => circuits.dial(host),
      close: (circuit) => circuits.close(circuit),
      excessive: (circuit) => circuits.giveUp(circuit, '_plain_excessive_circuits'),
      send: (circuit, bytes) => circuits.tell(circuit, { kind: 'send', bytes }),
      generationOf: (circuit) => circuits.generationOf(circuit),
    };
    this.#peers = new Map([...node.options.plain].map((host) => [host, new PlainPeer(host, node, ways)]));
  }

  get nowMs(): number {
    return this.#node.nowMs;
  }

  /** The peer of this host; undefined: it is not named. */
  get(host: string): PlainPeer | undefined {
    return this.#peers.get(host);
  }

  /** A stream without TLS stands; `hosts`: who may be there, where it was accepted. */
  opened(circuit: string, hosts: readonly string[], accepted: boolean): void {
    if (accepted) this.#circuits.accept(circuit, hosts);
    else this.#circuits.tell(circuit, { kind: 'opened' });
  }

  /** Brings a circuit an event; false: it is none of these. */
  tell(circuit: string, event: CircuitEvent): boolean {
    if (!this.#circuits.has(circuit)) return false;
    this.#circuits.tell(circuit, event);
    return true;
  }

  queues(): [string, number][] {
    return [
      ['plain circuits of the node', this.#circuits.count],
      ...[...this.#peers.values()].flatMap((peer) => peer.queues()),
    ];
  }

  effect(effect: NodeEffect): void {
    this.#node.effect(effect);
  }

  timer(name: string, delayMs: number, happen: () => void): void {
    this.#node.timer(name, delayMs, happen);
  }

  /** Whoever once proved keys is not heard without them. */
  judge(host: string, answer: (code: PlainCode | '_trust_unavailable' | null) => void): void {
    readRecords(this.#node, nodeUniform(host), (records) => {
      if (records === null) answer('_trust_unavailable');
      else answer(records.has('fingerprint') ? '_plain_proved_domain' : null);
    });
  }

  onReady(circuit: string, host: string): void {
    this.#node.notify({ kind: 'connected', domain: host });
    this.#peers.get(host)?.ready(circuit);
  }

  onLetter(letter: Letter, host: string, circuit: string): void {
    this.#peers.get(host)?.heard(letter, circuit);
  }

  onClosed(circuit: string, host: string | null, isReady: boolean): void {
    if (host === null) return;
    if (isReady) this.#node.notify({ kind: 'disconnected', domain: host });
    this.#peers.get(host)?.closed(circuit);
  }
}
