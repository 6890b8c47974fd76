/** One-time secrets: as what a burnt one is remembered. docs/spec/onion.md#one-time-secrets */
import { joinBytes, textBytes } from '../crypto/bytes.ts';
import type { Suite } from '../crypto/suite.ts';
import { sizes } from './sizes.ts';

const SPENT = textBytes('p3do-spent-v1');

/**
 * What is kept of a burnt secret until it would have expired, 16 bytes: of the secret and not of its tag, which everybody who
 * heard the cell has seen.
 */
export const spentMark = (suite: Suite, secret: Uint8Array): Uint8Array =>
  suite.blake2b(joinBytes(SPENT, secret), sizes.replayTag);
