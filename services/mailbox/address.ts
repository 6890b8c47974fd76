/** Addresses of a mailbox: each is an Ed25519 public key, and what lies there is signed by it. docs/spec/mailbox.md#addresses */
import { joinBytes, textBytes } from '../../crypto/bytes.ts';
import { lengths, type Suite } from '../../crypto/suite.ts';

const SIGNED = textBytes('p3do-mailbox-v1');
const NAME = textBytes('p3do-mailbox-name-v1');
const NOTHING = new Uint8Array(1);
const NAME_BYTES = 32;

/** Bytes of an address. */
export const addressBytes = lengths.ed25519;

/** A value at its address, with the signature that lets it lie there. */
export interface Signed {
  readonly address: Uint8Array;
  readonly value: Uint8Array;
  readonly proof: Uint8Array;
}

/** The entity that keeps the values of a domain. */
export const mailboxOf = (domain: string): string => `psyc://${domain}/$mailbox`;

/** What the server knows an address by, 32 bytes: whoever has it cannot ask for what lies there. */
export const nameOf = (suite: Suite, address: Uint8Array): Uint8Array =>
  suite.blake2b(joinBytes(NAME, address), NAME_BYTES);

const signedBytes = (address: Uint8Array, value: Uint8Array): Uint8Array => joinBytes(SIGNED, NOTHING, address, value);

/** A value for the address of this Ed25519 seed. */
export function signValue(suite: Suite, seed: Uint8Array, value: Uint8Array): Signed {
  const address = suite.ed25519PublicKey(seed);
  return { address, value, proof: suite.ed25519Sign(signedBytes(address, value), seed) };
}

/** Whether the owner of the address wants it to lie there. */
export const isSigned = (suite: Suite, { address, value, proof }: Signed): boolean =>
  suite.ed25519Verify(proof, signedBytes(address, value), address);
