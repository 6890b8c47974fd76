/** What a body holds for its last reader: zeros, a length, the content, padding. docs/spec/onion.md#content */
import { lengths, type Suite } from '../crypto/suite.ts';
import { NONCE } from './body.ts';
import { OnionError } from './error.ts';
import type { Random } from './keys.ts';
import { onionLimits } from './limits.ts';
import { sizes } from './sizes.ts';

const { contentBytesMax } = onionLimits;
const START = sizes.zeros + sizes.length;

/** A body with this content; its padding is the stream of a seed of 32 bytes, which it draws. Throws OnionError `_onion_oversized_content`. */
export function renderContent(suite: Suite, content: Uint8Array, random: Random): Uint8Array {
  const { length } = content;
  if (length > contentBytesMax) {
    throw new OnionError('_onion_oversized_content', `a cell carries ${contentBytesMax} bytes, not ${length}`);
  }
  const body = new Uint8Array(sizes.body);
  body.set([length >>> 8, length], sizes.zeros);
  body.set(content, START);
  suite.chacha20InPlace(random(lengths.key), NONCE, body.subarray(START + length));
  return body;
}

/** The content of a body; null where it is none: `_onion_invalid_content`. */
export function parseContent(body: Uint8Array): Uint8Array | null {
  const isZero = body.subarray(0, sizes.zeros).every((byte) => byte === 0);
  const length = body[sizes.zeros]! * 256 + body[sizes.zeros + 1]!;
  return isZero && length <= contentBytesMax ? body.slice(START, START + length) : null;
}
