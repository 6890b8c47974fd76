/** What tests of nodes say, and how they spoil what others said. */
import type { Draft } from '../../psyc/render.ts';

/** What a device says to a target, numbered. */
export const said = (
  source: string,
  target: string,
  counter: number,
  method: string,
  data: string | null = null,
): Draft => ({
  routing: { _source: source, _target: target, _tag: `t${counter}`, _counter: String(counter) },
  method,
  data,
});

/** A copy with one bit changed; of a content, in the last byte that is not its line feed. */
export const spoilt = (bytes: Uint8Array, at = bytes.length - 2): Uint8Array =>
  bytes.map((byte, index) => (index === at ? byte ^ 1 : byte));
