/** A map in which a list of names is looked up at once: a multicast goes to the same thousand again and again. */

interface Found<Value> {
  readonly stamp: number;
  readonly values: readonly (Value | undefined)[];
}

/** As `Map`. What a list of names led to is kept with it until anything comes or goes; who gives a list must not change it afterwards. */
export class GroupMap<Value> {
  readonly #map = new Map<string, Value>();
  readonly #found = new WeakMap<readonly string[], Found<Value>>();
  /** Changes whenever a name leads to something else. */
  #stamp = 0;

  get size(): number {
    return this.#map.size;
  }

  get(name: string): Value | undefined {
    return this.#map.get(name);
  }

  set(name: string, value: Value): void {
    this.#stamp++;
    this.#map.set(name, value);
  }

  delete(name: string): boolean {
    this.#stamp++;
    return this.#map.delete(name);
  }

  clear(): void {
    this.#stamp++;
    this.#map.clear();
  }

  values(): MapIterator<Value> {
    return this.#map.values();
  }

  entries(): MapIterator<[string, Value]> {
    return this.#map.entries();
  }

  /** One value for each of the names, in their order; undefined where there is none. */
  group(names: readonly string[]): readonly (Value | undefined)[] {
    const found = this.#found.get(names);
    if (found !== undefined && found.stamp === this.#stamp) return found.values;
    const values = names.map((name) => this.#map.get(name));
    this.#found.set(names, { stamp: this.#stamp, values });
    return values;
  }
}
