/** The keys a listener knows: its own, other servers', contexts' that it is a member of. docs/spec/listener-bots.md#keys */
import { hexOf } from '../crypto/bytes.ts';
import type { Suite } from '../crypto/suite.ts';
import { drawOne } from '../onion/chance.ts';
import { wrapOnion } from '../onion/envelope.ts';
import { keyId } from '../onion/keys.ts';
import type { Station } from '../onion/route.ts';
import { registrableOf } from '../pki/network.ts';
import { ContextKeys } from './context-key.ts';
import type { ToldKey } from './context-packets.ts';
import type { EpochKey } from './events.ts';
import type { ListenerLimits } from './limits.ts';
import { type NewRecogniser, type OwnedKeys, Owners, type Recogniser } from './owners.ts';

/** The name of a key in the replay memory: its id in hexadecimal. */
export const keyName = (suite: Suite, publicKey: Uint8Array): string => hexOf(keyId(suite, publicKey));

const newOwnersUsual: NewRecogniser = (...known) => new Owners(...known);

interface Context {
  readonly publicKey: Uint8Array;
  readonly untilMs: number;
  readonly isWide: boolean;
  /** The key before it: envelopes for it are still under way, and its server may hear of them by forwards only. */
  readonly former: Uint8Array | null;
}

/** All keys of one life. */
export class Keyring {
  readonly #suite: Suite;
  readonly #limits: ListenerLimits;
  readonly #domain: string;
  readonly #own: ContextKeys;
  #keys: readonly EpochKey[] = [];
  #stations: readonly Station[] = [];
  readonly #contexts = new Map<string, Context>();
  /** Of servers: contexts' keys come one by one, and these are many. */
  #servers: OwnedKeys | null = null;
  #owners: Recogniser | null = null;
  readonly #newOwners: NewRecogniser;

  constructor(suite: Suite, limits: ListenerLimits, domain: string, nowMs: number, newOwners = newOwnersUsual) {
    this.#suite = suite;
    this.#limits = limits;
    this.#domain = domain;
    this.#newOwners = newOwners;
    this.#own = new ContextKeys(suite, limits, nowMs);
  }

  /** What hints are held against. */
  get owners(): Recogniser {
    // Once for each cell: what is known changes seldom.
    if (this.#owners !== null) return this.#owners;
    this.#servers ??= {
      own: this.#keys.map(({ pair }) => pair),
      others: this.#stations.flatMap(({ domain, keys }) => keys.map(({ publicKey }) => ({ domain, publicKey }))),
    };
    const contexts = [...this.#contexts].flatMap(([domain, { publicKey, former }]) => [
      { domain, publicKey },
      ...(former === null ? [] : [{ domain, publicKey: former }]),
    ]);
    this.#owners = this.#newOwners(this.#suite, { own: this.#own.pairs, others: contexts }, this.#servers);
    return this.#owners;
  }

  /** Names of this server's keys, contexts' included. */
  get ownNames(): string[] {
    return [...this.#keys.map(({ pair }) => pair), ...this.#own.pairs].map((pair) =>
      keyName(this.#suite, pair.publicKey),
    );
  }

  /** Whether this is the name of a key of this server's context. */
  isContext(name: string): boolean {
    return this.#own.pairs.some(({ publicKey }) => keyName(this.#suite, publicKey) === name);
  }

  /** The other servers. */
  get stations(): readonly Station[] {
    return this.#stations;
  }

  /** This server, as the last hop of its loops. */
  get self(): Station {
    const keys = this.#keys.map(({ pair, beginsMs }) => ({ publicKey: pair.publicKey, beginsMs }));
    return { domain: this.#domain, group: registrableOf(this.#domain), keys };
  }

  /** The contexts that envelopes can be for now. */
  reachable(nowMs: number): readonly { readonly publicKey: Uint8Array }[] {
    return [...this.#contexts.values()].filter(({ isWide, untilMs }) => isWide && untilMs > nowMs);
  }

  setKeys(keys: readonly EpochKey[]): void {
    this.#keys = keys.slice(0, this.#limits.stationKeysMax);
    this.#servers = this.#owners = null;
  }

  setStations(stations: readonly Station[]): void {
    this.#stations = stations
      .filter(({ domain }) => domain !== this.#domain)
      .slice(0, this.#limits.stationsMax)
      .map((station) => ({ ...station, keys: station.keys.slice(0, this.#limits.stationKeysMax) }));
    this.#servers = this.#owners = null;
  }

  /** Takes what a context says of itself to a member; false: its key is none. Tries it with a secret of 32 bytes that it draws. */
  learn(domain: string, { publicKey, seconds, isWide }: ToldKey, nowMs: number): boolean {
    const isPoint = publicKey[31]! < 0x80 && this.#suite.x25519(this.#suite.random(32), publicKey) !== null;
    if (!isPoint) return false;
    const untilMs = nowMs + Math.min(1000 * seconds, this.#limits.contextKeyMs);
    const known = this.#contexts.get(domain);
    const isSame = known !== undefined && this.#suite.equal(known.publicKey, publicKey);
    const former = isSame ? known.former : (known?.publicKey ?? null);
    this.#contexts.set(domain, { publicKey, untilMs, isWide, former });
    this.#owners = null;
    return true;
  }

  /** This server hears the context no more, or not now. */
  unlearn(domain: string): void {
    if (this.#contexts.delete(domain)) this.#owners = null;
  }

  /** How long a context's key is good for yet; 0: it is not known. Milliseconds. */
  lastsMs(domain: string, nowMs: number): number {
    return Math.max(0, (this.#contexts.get(domain)?.untilMs ?? nowMs) - nowMs);
  }

  /** What members are told of this server's context. */
  told(isWide: boolean, nowMs: number): ToldKey {
    return { ...this.#own.told(nowMs), isWide };
  }

  /** The key of a context, drawn uniformly from those that reach the whole network; null: none is known, nothing may leave. */
  drawContext(nowMs: number): Uint8Array | null {
    const wide = this.reachable(nowMs);
    return wide.length === 0 ? null : drawOne(this.#suite.random, wide).publicKey;
  }

  /** The enveloped cell of an onion (4000 bytes) for a context's key. */
  wrapFor(publicKey: Uint8Array, onion: Uint8Array): Uint8Array {
    return wrapOnion(this.#suite, publicKey, onion, this.#suite.random);
  }

  /** The same for a context that is drawn; null: none is known. */
  wrap(onion: Uint8Array, nowMs: number): Uint8Array | null {
    const key = this.drawContext(nowMs);
    return key === null ? null : this.wrapFor(key, onion);
  }

  /** Turns keys whose time has come, forgets contexts' keys that are over. */
  tidy(nowMs: number, unixMs: number): void {
    if (this.#own.turn(nowMs)) this.#owners = null;
    for (const [domain, { untilMs }] of this.#contexts) if (untilMs <= nowMs) this.unlearn(domain);
    if (this.#keys.some(({ endsMs }) => endsMs <= unixMs))
      this.setKeys(this.#keys.filter(({ endsMs }) => endsMs > unixMs));
  }
}
