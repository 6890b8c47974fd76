/** What clients asked to be given copies of: cells with certain tags, or all. docs/spec/listener-bots.md#clients */
import { keyOfBytes } from '../psyc/bytes.ts';
import type { ListenerLimits } from './limits.ts';

const nobody: readonly string[] = [];

/** In memory only: nothing of it is ever written down. */
export class Watches {
  readonly #limits: ListenerLimits;
  readonly #clients = new Map<string, Set<string>>();
  /** Whose hint is watched by whom. */
  readonly #tags = new Map<string, Set<string>>();
  readonly #overhearers = new Set<string>();

  constructor(limits: ListenerLimits) {
    this.#limits = limits;
  }

  /** How many tags are watched, by all. */
  get size(): number {
    let size = 0;
    for (const tags of this.#clients.values()) size += tags.size;
    return size;
  }

  /** Watches a tag of 16 bytes for a client; false: one too many. */
  watch(client: string, tag: Uint8Array): boolean {
    const name = keyOfBytes(tag);
    const tags = this.#clients.get(client) ?? new Set();
    if (tags.has(name)) return true;
    if (tags.size >= this.#limits.watchesOfOneMax || this.size >= this.#limits.watchesMax) return false;
    this.#clients.set(client, tags.add(name));
    this.#tags.set(name, (this.#tags.get(name) ?? new Set()).add(client));
    return true;
  }

  /** Watches it no more. */
  unwatch(client: string, tag: Uint8Array): void {
    this.#forget(client, keyOfBytes(tag));
  }

  /** Gives a client everything from now on, or no more; false: there are too many such. */
  overhear(client: string, isOn: boolean): boolean {
    if (!isOn) this.#overhearers.delete(client);
    else if (this.#overhearers.size >= this.#limits.overhearersMax && !this.#overhearers.has(client)) return false;
    else this.#overhearers.add(client);
    return true;
  }

  /** The client is gone. */
  leave(client: string): void {
    this.#overhearers.delete(client);
    for (const tag of this.#clients.get(client) ?? []) this.#forget(client, tag);
    this.#clients.delete(client);
  }

  /** Who gets a copy of a cell with this hint; nearly always nobody. */
  hearersOf(hint: Uint8Array): readonly string[] {
    if (this.#overhearers.size + this.#tags.size === 0) return nobody;
    return [...new Set([...this.#overhearers, ...(this.#tags.get(keyOfBytes(hint)) ?? [])])];
  }

  #forget(client: string, tag: string): void {
    this.#clients.get(client)?.delete(tag);
    const watchers = this.#tags.get(tag);
    watchers?.delete(client);
    if (watchers?.size === 0) this.#tags.delete(tag);
  }
}
