/** The keys of one box, made for it alone, and the address by which it is known. docs/spec/pigeonhole.md#keys */
import { bytesOfHex, hexOf, joinBytes, textBytes } from '../../crypto/bytes.ts';
import { lengths, type Suite } from '../../crypto/suite.ts';
import { PsycError } from '../../psyc/error.ts';
import { parseEntity } from '../../psyc/uniform.ts';
import { PigeonholeError } from './error.ts';

const SERVICE = 'pigeonhole';
const NAME_BYTES = 32;
const SECRET_BYTES = 32;

/** Bytes of a box's public keys: Ed25519, then X25519. */
export const boxKeysBytes = lengths.ed25519 + lengths.x25519;

/** What everybody may know of a box. */
export interface BoxAddress {
  /** Of the server that keeps it, in lower case. */
  readonly domain: string;
  /** 64 bytes: the Ed25519 key that signs orders, the X25519 key that deposits are sealed to. */
  readonly keys: Uint8Array;
}

/** What its owner has. */
export interface BoxSecrets extends BoxAddress {
  /** Ed25519 seed and X25519 secret, 32 bytes each. */
  readonly seed: Uint8Array;
  readonly secret: Uint8Array;
}

/** The entity that keeps the boxes of a domain. */
export const pigeonholeOf = (domain: string): string => `psyc://${domain}/$${SERVICE}`;

/** All keys of the box at `domain` whose one secret this is, 32 random bytes. */
export function boxSecrets(suite: Suite, domain: string, root: Uint8Array): BoxSecrets {
  if (root.length !== SECRET_BYTES)
    throw new PigeonholeError('_box_invalid_secret', 'the secret of a box has 32 bytes');
  const derived = (label: string): Uint8Array => suite.blake2b(textBytes(label), SECRET_BYTES, root);
  const [seed, secret] = [derived('p3do-pigeonhole-sign-v1'), derived('p3do-pigeonhole-seal-v1')];
  const keys = joinBytes(suite.ed25519PublicKey(seed), suite.x25519PublicKey(secret));
  return { domain, keys, seed, secret };
}

/** Of 64 bytes: those that orders are checked by, and deposits sealed to. */
export const signingKeyOf = (keys: Uint8Array): Uint8Array => keys.subarray(0, lengths.ed25519);
export const sealingKeyOf = (keys: Uint8Array): Uint8Array => keys.subarray(lengths.ed25519);

/** What the server knows a box by, 32 bytes: whoever has it does not have the keys. */
export const boxName = (suite: Suite, keys: Uint8Array): Uint8Array =>
  suite.blake2b(joinBytes(textBytes('p3do-pigeonhole-box-v1'), keys), NAME_BYTES);

/** `psyc://domain/$pigeonhole#` and 128 hexadecimal digits. */
export const renderAddress = ({ domain, keys }: BoxAddress): string => `${pigeonholeOf(domain)}#${hexOf(keys)}`;

/** The box that an address names. Throws PigeonholeError `_box_invalid_address`. */
export function parseAddress(text: string): BoxAddress {
  try {
    const { kind, name, host, channel = '' } = parseEntity(text);
    const keys = bytesOfHex(channel);
    if (kind === 'service' && name === SERVICE && keys?.length === boxKeysBytes) return { domain: host, keys };
  } catch (error) {
    if (!(error instanceof PsycError)) throw error;
  }
  throw new PigeonholeError('_box_invalid_address', 'that is not the address of a box: psyc://domain/$pigeonhole#…');
}
