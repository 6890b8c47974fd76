/** Reading the vectors of test/vectors/crypto, and the three implementations that must give them. */
import { readFileSync } from 'node:fs';
import { bytesOfHex } from '../../crypto/bytes.ts';
import { nobleSuite } from '../../crypto/noble.ts';
import type { Suite } from '../../crypto/suite.ts';
import { nodeSuite } from '../../server/suite-node.ts';
import { sodiumSuite } from '../../server/suite-sodium.ts';

/** The vectors of one file. */
export const readVectors = <T>(name: string): T =>
  JSON.parse(readFileSync(new URL(`../vectors/crypto/${name}`, import.meta.url), 'utf8')) as T;

/** The bytes a vector means. */
export function unhex(hex: string): Uint8Array {
  const bytes = bytesOfHex(hex);
  if (bytes === null) throw new Error(`no hexadecimal: ${hex}`);
  return bytes;
}

const sodium = sodiumSuite();

/** All implementations that there are on this machine, by name. */
export const suites: readonly (readonly [string, Suite])[] = [
  ['noble', nobleSuite(nodeSuite.random)],
  ['node', nodeSuite],
  ...(sodium === null ? [] : [['sodium', sodium] as const]),
];
