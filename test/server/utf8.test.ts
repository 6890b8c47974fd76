/** Node's decoder gives what the portable one gives, whatever the bytes. */
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { decodeRange } from '../../psyc/bytes.ts';
import { decodeUtf8 } from '../../server/utf8.ts';

/** Bytes among which leads and continuations of UTF-8 are frequent, broken ones too. */
const nearUtf8 = fc
  .array(
    fc.oneof(
      fc.constantFrom(0xc2, 0xe2, 0x82, 0xac, 0xf0, 0x9f, 0x98, 0x80, 0xed, 0xa0, 0xef, 0xbb, 0xbf),
      fc.nat(255),
    ),
    { maxLength: 40 },
  )
  .map((bytes) => Uint8Array.from(bytes));

test('the same text', () => {
  fc.assert(
    fc.property(nearUtf8, fc.nat(40), fc.nat(40), (bytes, a, b) => {
      const from = Math.min(a, b, bytes.length);
      const to = Math.min(Math.max(a, b), bytes.length);
      expect(decodeUtf8(bytes, from, to)).toBe(decodeRange(bytes, from, to));
      expect(decodeUtf8(Buffer.from(bytes), from, to)).toBe(decodeRange(bytes, from, to));
    }),
    { numRuns: 2000 },
  );
});
