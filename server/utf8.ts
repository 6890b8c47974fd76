/** Node's own UTF-8 decoder for ranges of bytes: half the time of TextDecoder over a view. docs/spec/psyc.md#packet */
import type { DecodeRange } from '../psyc/bytes.ts';

/** The part of a Buffer that works on every array of bytes; Node has it since 0.x, its types do not. */
const { utf8Slice } = Buffer.prototype as unknown as {
  utf8Slice: (this: Uint8Array, from: number, to: number) => string;
};

/** As `decodeRange` of psyc/bytes.ts, for Node. */
export const decodeUtf8: DecodeRange = (bytes, from, to) => utf8Slice.call(bytes, from, to);
