/** The suite that a server uses: libsodium, or what Node has where that is not to be had. docs/spec/crypto.md#suite */
import type { Suite } from '../crypto/suite.ts';
import { nodeSuite } from './suite-node.ts';
import { sodiumSuite } from './suite-sodium.ts';

/** The fastest there is on this machine. */
export const suite: Suite = sodiumSuite() ?? nodeSuite;
