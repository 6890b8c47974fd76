/** Maps and sets that are nearly always empty: a thousand idle people have tens of thousands of them, and an empty `Map` takes 184 bytes. */

/**
 * A map that takes memory only while something is in it; otherwise as `Map`, in the order in which keys came. An iteration does
 * not see what is added after it was emptied.
 */
export class SparseMap<Key, Value> implements ReadonlyMap<Key, Value> {
  #map: Map<Key, Value> | null = null;

  get size(): number {
    return this.#map === null ? 0 : this.#map.size;
  }

  get(key: Key): Value | undefined {
    return this.#map?.get(key);
  }

  has(key: Key): boolean {
    return this.#map !== null && this.#map.has(key);
  }

  set(key: Key, value: Value): void {
    (this.#map ??= new Map()).set(key, value);
  }

  delete(key: Key): boolean {
    if (this.#map === null || !this.#map.delete(key)) return false;
    if (this.#map.size === 0) this.#map = null;
    return true;
  }

  clear(): void {
    this.#map?.clear();
    this.#map = null;
  }

  keys(): MapIterator<Key> {
    return (this.#map ?? nothing<Key, Value>()).keys();
  }

  values(): MapIterator<Value> {
    return (this.#map ?? nothing<Key, Value>()).values();
  }

  entries(): MapIterator<[Key, Value]> {
    return (this.#map ?? nothing<Key, Value>()).entries();
  }

  [Symbol.iterator](): MapIterator<[Key, Value]> {
    return (this.#map ?? nothing<Key, Value>()).entries();
  }

  forEach(each: (value: Value, key: Key, map: ReadonlyMap<Key, Value>) => void): void {
    this.#map?.forEach((value, key) => each(value, key, this));
  }
}

/** A set of the same kind. */
export class SparseSet<Key> {
  #set: Set<Key> | null = null;

  get size(): number {
    return this.#set === null ? 0 : this.#set.size;
  }

  has(key: Key): boolean {
    return this.#set !== null && this.#set.has(key);
  }

  add(key: Key): void {
    (this.#set ??= new Set()).add(key);
  }

  delete(key: Key): boolean {
    if (this.#set === null || !this.#set.delete(key)) return false;
    if (this.#set.size === 0) this.#set = null;
    return true;
  }

  clear(): void {
    this.#set?.clear();
    this.#set = null;
  }

  [Symbol.iterator](): SetIterator<Key> {
    return (this.#set ?? (noKeys as ReadonlySet<Key>)).values();
  }
}

/** One for all that are empty; nothing is ever put into them. */
const noPairs: ReadonlyMap<unknown, unknown> = new Map();
const noKeys: ReadonlySet<unknown> = new Set();

const nothing = <Key, Value>(): ReadonlyMap<Key, Value> => noPairs as ReadonlyMap<Key, Value>;
