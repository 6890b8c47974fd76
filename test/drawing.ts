/** A suite with chance that was written down: for vectors. */
import { bytesOfHex } from '../crypto/bytes.ts';
import type { Suite } from '../crypto/suite.ts';
import { suite } from '../server/suite.ts';

/** The suite, with what is drawn from these bytes, in hexadecimal. */
export function drawing(...drawn: readonly string[]): Suite {
  const bytes = bytesOfHex(drawn.join(''))!;
  let at = 0;
  return {
    ...suite,
    random: (length) => {
      at += length;
      return bytes.slice(at - length, at);
    },
  };
}
