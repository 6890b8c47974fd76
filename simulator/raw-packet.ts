/** Whole packets read a second way, without the parser under test: what checkers and plants go by. docs/simulator.md#checkers */

const { fromCharCode } = String;
const LF = 0x0a;

/** A packet in two parts. */
export interface RawPacket {
  /** Lines of the routing header, by name; one unit a byte. */
  readonly routing: ReadonlyMap<string, string>;
  /** Everything between the length line and the terminator; no bytes when there is none. */
  readonly content: Uint8Array;
}

/** Bytes as text, one unit a byte. */
export function textOfBytes(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += fromCharCode(byte);
  return text;
}

/** Reads the bytes of one whole packet; what is none gives something too, and never an exception. */
export function readRaw(bytes: Uint8Array): RawPacket {
  const routing = new Map<string, string>();
  let at = 0;
  while (bytes[at] === 0x3a || bytes[at] === 0x3d) {
    const end = lineEnd(bytes, at);
    const [name = '', ...value] = textOfBytes(bytes.subarray(at + 1, end)).split('\t');
    routing.set(name, value.join('\t'));
    at = end + 1;
  }
  const isEmpty = bytes[at] === 0x7c;
  return { routing, content: isEmpty ? new Uint8Array(0) : bytes.subarray(lineEnd(bytes, at) + 1, -2) };
}

function lineEnd(bytes: Uint8Array, from: number): number {
  const end = bytes.indexOf(LF, from);
  return end === -1 ? bytes.length : end;
}

/** How what was said is known again in its packets and in what acknowledges them. */
export interface KeyReader {
  /** What names a packet that somebody said; null when it has no such name. */
  keyOf(bytes: Uint8Array): string | null;
  /** The key of what a packet acknowledges, null when it acknowledges nothing. */
  keyAcknowledged(bytes: Uint8Array): string | null;
}

/** What names a packet that somebody said: source, target, counter; null when one is missing. */
export function keyOf(bytes: Uint8Array): string | null {
  const { routing } = readRaw(bytes);
  return keyFrom(routing.get('_source'), routing.get('_target'), routing.get('_counter'));
}

/** The key of what a packet acknowledges, null when it acknowledges nothing. */
export function keyAcknowledged(bytes: Uint8Array): string | null {
  const { routing, content } = readRaw(bytes);
  if (!routing.has('_tag_relay')) return null;
  const match = /^:_counter_relay\t(\d+)\n_echo\n$/.exec(textOfBytes(content.subarray(0, 100)));
  return match === null ? null : keyFrom(routing.get('_target'), routing.get('_source'), match[1]);
}

const keyFrom = (source = '', target = '', counter = ''): string | null =>
  source === '' || target === '' || counter === '' ? null : `${source} ${target} ${counter}`;

/** By source, target and counter, which is what makes a packet the same. */
export const byCounter: KeyReader = { keyOf, keyAcknowledged };

/** By the tag, where the counter of what a place passes on is the place's; a scene that uses it gives each tag once. */
export const byTag: KeyReader = {
  keyOf: (bytes) => readRaw(bytes).routing.get('_tag') ?? null,
  keyAcknowledged: (bytes) => {
    const { routing, content } = readRaw(bytes);
    // What a device has of its person's log is for this log alone.
    if (routing.get('_source')?.startsWith(`${routing.get('_target')}#`) === true) return null;
    // The method is the first line that begins with an underscore: values with line feeds are not said in that scene.
    const method = /^_\w+$/m.exec(textOfBytes(content))?.[0] ?? '';
    return method.startsWith('_echo') ? (routing.get('_tag_relay') ?? null) : null;
  },
};
