/** Hints: by which whoever knows a key sees that a cell is for its owner, and nobody else does. docs/spec/onion.md#layers */
import type { Suite } from '../crypto/suite.ts';
import { keyId } from './keys.ts';
import { sizes } from './sizes.ts';

/** The hint of 16 bytes for the key with this id, under α (Davies and Meyer's compression of α with the id). */
export function hintOf(suite: Suite, alpha: Uint8Array, id: Uint8Array): Uint8Array {
  const hint = suite.aes256Ecb(alpha, id);
  return hint.map((byte, at) => byte ^ id[at]!);
}

/** Keys that a cell may be for, each with what its holder keeps of it; made anew when keys come or go. */
export class KnownKeys<T> {
  /** The ids, side by side. */
  readonly #ids: Uint8Array;
  readonly #words: Uint32Array;
  readonly #values: readonly T[];

  /** In the order in which they are to be tried: the newest first. */
  constructor(suite: Suite, known: readonly { readonly publicKey: Uint8Array; readonly value: T }[]) {
    this.#ids = new Uint8Array(known.length * sizes.hint);
    known.forEach(({ publicKey }, index) => this.#ids.set(keyId(suite, publicKey), index * sizes.hint));
    this.#words = wordsOf(this.#ids);
    this.#values = known.map(({ value }) => value);
  }

  /** What is kept of the keys that this hint is for, under this α: nearly always of none, or of one. */
  recognise(suite: Suite, alpha: Uint8Array, hint: Uint8Array): T[] {
    const found: T[] = [];
    if (this.#values.length === 0) return found;
    const ids = this.#words;
    const enciphered = wordsOf(suite.aes256Ecb(alpha, this.#ids));
    const [first, second, third, fourth] = wordsOf(hint);
    for (let at = 0; at < ids.length; at += 4) {
      // Every key takes the same time but for the one that it is; and that shows in what happens next.
      if ((enciphered[at]! ^ ids[at]! ^ first!) !== 0) continue;
      const rest =
        (enciphered[at + 1]! ^ ids[at + 1]! ^ second!) |
        (enciphered[at + 2]! ^ ids[at + 2]! ^ third!) |
        (enciphered[at + 3]! ^ ids[at + 3]! ^ fourth!);
      if (rest === 0) found.push(this.#values[at / 4]!);
    }
    return found;
  }
}

/** Bytes four at a time, in the machine's order: these words are only ever compared with each other. */
function wordsOf(bytes: Uint8Array): Uint32Array {
  const aligned = bytes.byteOffset % 4 === 0 ? bytes : new Uint8Array(bytes);
  return new Uint32Array(aligned.buffer, aligned.byteOffset, aligned.length / 4);
}
