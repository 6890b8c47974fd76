/** What a run shows at its boundary: all that checkers are told, and all that they may judge by. docs/simulator.md#checkers */

/** One thing that was seen from outside. `tag` is the one that the author gave the packet. */
export type Observation =
  /** An author wants this said; the first time, not each time he repeats it. */
  | {
      readonly kind: 'said';
      readonly tag: string;
      readonly author: string;
      readonly target: string;
      /** The author's number for it: 1, 2, 3 … for this target. */
      readonly counter: number;
      readonly data: Uint8Array;
    }
  /** A host told the author (`person`) or another host (`peer`) that it has the packet. */
  | { readonly kind: 'acknowledged'; readonly host: string; readonly tag: string; readonly to: 'person' | 'peer' }
  /** The disk says that a row is there to stay. */
  | { readonly kind: 'durable'; readonly host: string; readonly context: string; readonly tag: string }
  /** A reader was given a row. */
  | {
      readonly kind: 'delivered';
      readonly host: string;
      readonly context: string;
      readonly sequence: number;
      readonly tag: string;
      readonly packet: Uint8Array;
    }
  /** A queue is longer than it ever was. */
  | { readonly kind: 'queue'; readonly host: string; readonly name: string; readonly length: number }
  /** From now on nothing fails. */
  | { readonly kind: 'calm' }
  /** The run is over. `stored` is what the disks really hold: tags in order, by host and context. */
  | {
      readonly kind: 'ended';
      readonly stored: ReadonlyMap<string, ReadonlyMap<string, readonly string[]>>;
    };

/** Whoever watches a run. */
export type Observer = (observation: Observation) => void;

const { fromCharCode } = String;

/** The value of a header line in raw packets, looked for without the parser under test; those that are not empty, in order. */
export function headerValues(bytes: Uint8Array, name: string): string[] {
  const found: string[] = [];
  const needle = `${name}\t`;
  search: for (let at = bytes.indexOf(0x5f); at !== -1; at = bytes.indexOf(0x5f, at + 1)) {
    for (let i = 0; i < needle.length; i++) if (bytes[at + i] !== needle.charCodeAt(i)) continue search;
    let value = '';
    for (let end = at + needle.length; end < bytes.length && bytes[end] !== 0x0a; end++)
      value += fromCharCode(bytes[end]!);
    if (value !== '') found.push(value);
  }
  return found;
}
