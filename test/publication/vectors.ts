/** The people of the publication's tests, and the vectors of test/vectors/publication. */
import { readFileSync } from 'node:fs';
import { bytesOfHex, textBytes } from '../../crypto/bytes.ts';
import { parseOne } from '../../circuit/one-packet.ts';
import type { Packet } from '../../psyc/packet.ts';
import { suite } from '../../server/suite.ts';
import type { Statement } from '../../publication/fields.ts';
import type { Author } from '../../publication/sign.ts';

/** The vectors of one file. */
export const readVectors = <T>(name: string): T =>
  JSON.parse(readFileSync(new URL(`../vectors/publication/${name}`, import.meta.url), 'utf8')) as T;

/** The bytes a vector means. */
export function unhex(hex: string): Uint8Array {
  const bytes = bytesOfHex(hex);
  if (bytes === null) throw new Error(`no hexadecimal: ${hex}`);
  return bytes;
}

/** Ed25519 seed of Alice's device. */
export const seed = new Uint8Array(32).fill(0x11);
export const alice: Author = {
  uniform: 'psyc://home.example/~alice',
  fingerprint: new Uint8Array(20).fill(0xa1),
  deviceKey: suite.ed25519PublicKey(seed),
};

/** What Alice says first in a place. */
export const statement: Statement = {
  address: 'psyc://b.example/@hall',
  fingerprint: alice.fingerprint,
  device: new Uint8Array(16).fill(0xd1),
  counter: 1,
  previous: new Uint8Array(32),
  timeMs: 1_760_000_000_000,
  content: textBytes(':_nick\talice\n_message_public\nhello\n'),
};

/** The packet in these bytes. */
export const parse = (bytes: Uint8Array): Packet => parseOne(bytes);

/** Its routing variables. */
export const routeOf =
  (packet: Packet) =>
  (name: string): string | undefined =>
    packet.ownRoute(name);
