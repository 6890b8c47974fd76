/** Which 32 bytes may be a point of a signature: the checks that libraries do differently. docs/spec/crypto.md#ed25519 */

/**
 * The y coordinates of the eight points of small order, big-endian: of order 4, 1, 2, and the two of order 8. (p - 1 is the
 * one of order 2; a point and its negative share theirs.)
 */
const smallOrder = [
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0000000000000000000000000000000000000000000000000000000000000001',
  '7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffec',
  '7a03ac9277fdc74ec6cc392cfa53202a0f67100d760b3cba4fd84d3d706a17c7',
  '05fc536d880238b13933c6d305acdfd5f098eff289f4c345b027b2c28f95e826',
].map((hex) => BigInt(`0x${hex}`));

/** Each as eight words of 32 bits, little-endian: comparing numbers is several times faster than comparing big ones. */
const smallOrderWords = smallOrder.map((y) =>
  Array.from({ length: 8 }, (_, index) => Number((y >> BigInt(32 * index)) & 0xffff_ffffn)),
);

/**
 * Whether the 32 bytes from `at` on may encode a point A or R: a y below p = 2^255 - 19 that no point of small order has. The
 * sign, the top bit, needs no look: only points of small order have x = 0, where it would be ambiguous. Whether there is a
 * point with this y is left to the library. (RFC 8032 5.1.3; "Taming the many EdDSAs", 2020, section 5.)
 */
export function mayBePoint(bytes: Uint8Array, at: number): boolean {
  const view = new DataView(bytes.buffer, bytes.byteOffset + at, 32);
  const words = Array.from({ length: 8 }, (_, index) => view.getUint32(4 * index, true));
  words[7] = words[7]! & 0x7fff_ffff;
  if (words[7] === 0x7fff_ffff && words[0]! >= 0xffff_ffed && words.slice(1, 7).every((word) => word === 0xffff_ffff)) {
    return false;
  }
  return !smallOrderWords.some((known) => known.every((word, index) => word === words[index]));
}

/** Whether signature and public key have the lengths and encodings that a signature we accept can have. */
export function mayBeSignature(signature: Uint8Array, publicKey: Uint8Array): boolean {
  return signature.length === 64 && publicKey.length === 32 && mayBePoint(signature, 0) && mayBePoint(publicKey, 0);
}
