/** The other domains of a node: room for those that come, and no more of it taken by what nobody reaches than one share. docs/spec/federation.md#router */
import type { Desk } from './desk.ts';
import type { FederationCode } from './error.ts';
import { type Circuits, Peer } from './peer.ts';
import { sweep } from './sweep.ts';

/** All peers, by domain. */
export class Peers {
  readonly #desk: Desk;
  readonly #circuits: Circuits;
  readonly #peers = new Map<string, Peer>();
  /** Domains that were not reached when a person said something to them. */
  readonly #wished = new Map<string, Set<string>>();

  constructor(desk: Desk, circuits: Circuits) {
    this.#desk = desk;
    this.#circuits = circuits;
  }

  get size(): number {
    return this.#peers.size;
  }

  values(): IterableIterator<Peer> {
    return this.#peers.values();
  }

  /** Domains to which a circuit is ready. */
  up(): string[] {
    return [...this.#peers].filter(([, { isUp }]) => isUp).map(([domain]) => domain);
  }

  /** The peer, if it is awake. */
  get(domain: string): Peer | undefined {
    return this.#peers.get(domain);
  }

  /** The peer of a domain that is here, or must be heard; null when there are too many, and none of them idle. */
  open(domain: string): Peer | null {
    let peer = this.#peers.get(domain);
    if (peer === undefined) {
      const { peersMax } = this.#desk.options.federationLimits;
      if (this.#peers.size >= peersMax) sweep(this.#peers, (idle) => idle.leave());
      if (this.#peers.size >= peersMax) return null;
      peer = new Peer(domain, this.#desk, this.#circuits);
      this.#peers.set(domain, peer);
    }
    return peer;
  }

  /** The peer of a domain to which somebody here says something; `person`: who, where it is a person; or why not. */
  reach(domain: string, person: string | null): Peer | FederationCode {
    const { peersUnreachedMax, unreachedOfPersonMax } = this.#desk.options.federationLimits;
    const known = this.#peers.get(domain);
    if (known?.isUp === true) return known;
    const wished = person === null ? null : this.#wishedBy(person);
    if (wished !== null && !wished.has(domain) && wished.size >= unreachedOfPersonMax) return '_excessive_domains';
    if (known === undefined && this.#unreached() >= peersUnreachedMax) sweep(this.#peers, (idle) => idle.leave());
    if (known === undefined && this.#unreached() >= peersUnreachedMax) return '_excessive_peers';
    const peer = this.open(domain);
    if (peer === null) return '_excessive_peers';
    wished?.add(domain);
    return peer;
  }

  #unreached(): number {
    let count = 0;
    for (const { isUp } of this.#peers.values()) if (!isUp) count++;
    return count;
  }

  /** What a person has said goes on counting until its domain is reached, or nothing is left to be said there. */
  #wishedBy(person: string): Set<string> {
    // A person is forgotten with his last domain; whoever is silent is looked at when the table is full.
    const isFull = this.#wished.size >= this.#desk.options.federationLimits.peersMax;
    for (const one of isFull ? [...this.#wished.keys()] : [person]) this.#forgetReached(one);
    const domains = this.#wished.get(person) ?? new Set();
    this.#wished.set(person, domains);
    return domains;
  }

  #forgetReached(person: string): void {
    const domains = this.#wished.get(person);
    for (const domain of domains ?? []) {
      const peer = this.#peers.get(domain);
      if (peer === undefined || peer.isUp || peer.isIdle) domains!.delete(domain);
    }
    if (domains?.size === 0) this.#wished.delete(person);
  }
}
