/** The replay memory: what has been opened, by the key that opened it, until it cannot open any more. docs/spec/listener-bots.md#replay */
import { keyOfBytes } from '../psyc/bytes.ts';

/** Tags of one key. */
class TagsOfKey {
  size = 0;
  /** By the second at which they may be forgotten; those that go with their key under null. */
  readonly #until = new Map<number | null, Set<string>>();

  has(tag: string): boolean {
    for (const tags of this.#until.values()) if (tags.has(tag)) return true;
    return false;
  }

  add(tag: string, until: number | null): void {
    const tags = this.#until.get(until) ?? new Set();
    this.#until.set(until, tags.add(tag));
    this.size++;
  }

  prune(nowSeconds: number): void {
    for (const [until, tags] of this.#until) {
      if (until === null || until > nowSeconds) continue;
      this.#until.delete(until);
      this.size -= tags.size;
    }
  }
}

/** Tags of 16 bytes, by key. Nothing is ever pushed out: a key whose tags are as many as may be opens nothing more. */
export class ReplayMemory {
  readonly #tagsMax: number;
  readonly #keys = new Map<string, TagsOfKey>();

  constructor(tagsMax: number) {
    this.#tagsMax = tagsMax;
  }

  /** How many tags there are. */
  get size(): number {
    let size = 0;
    for (const tags of this.#keys.values()) size += tags.size;
    return size;
  }

  /** Whether this was opened with this key before. */
  has(key: string, tag: Uint8Array): boolean {
    return this.#keys.get(key)?.has(keyOfBytes(tag)) === true;
  }

  /** Remembers it, until so many Unix seconds; null: as long as the key. */
  add(key: string, tag: Uint8Array, untilSeconds: number | null): void {
    const tags = this.#keys.get(key) ?? new TagsOfKey();
    this.#keys.set(key, tags);
    tags.add(keyOfBytes(tag), untilSeconds);
  }

  /** How full the memory of a key is, in percent, rounded down; from 100 on it opens nothing. */
  percentOf(key: string): number {
    return Math.floor((100 * (this.#keys.get(key)?.size ?? 0)) / this.#tagsMax);
  }

  /** The key is destroyed. */
  forget(key: string): void {
    this.#keys.delete(key);
  }

  /** The keys that tags are kept for. */
  keys(): string[] {
    return [...this.#keys.keys()];
  }

  /** Forgets what could not be opened again anyway. */
  prune(nowSeconds: number): void {
    for (const tags of this.#keys.values()) tags.prune(nowSeconds);
  }
}
