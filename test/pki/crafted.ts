/** Packets that our own code does not make: signatures put together by hand, right in all but what a test is about. */
import { ed25519 } from '@noble/curves/ed25519.js';
import { sha1 } from '@noble/hashes/legacy.js';
import { sha512 } from '@noble/hashes/sha2.js';
import { concatBytes, hexToBytes } from '@noble/hashes/utils.js';
import type { Certificate } from '../../pki/certificate.ts';
import { framedKey } from '../../pki/key-packet.ts';
import { renderPacket, renderUnsigned, splitPackets, tags } from '../../pki/packets.ts';
import { encodeText } from '../../psyc/bytes.ts';

/** A subpacket: its type (plus 128 for a critical one) and its body. */
type Subpacket = [type: number, body: Uint8Array];

/** A signature to be; SHA-512 and our usual subpackets unless told otherwise. */
export type Crafted = {
  type: number;
  created: number;
  hash?: 2 | 10;
  hashed?: Subpacket[];
  unhashed?: Subpacket[];
  issuer?: string;
};

const area = (subpackets: Subpacket[]): Uint8Array => {
  const bytes = concatBytes(...subpackets.map(([type, body]) => Uint8Array.of(body.length + 1, type, ...body)));
  return concatBytes(renderUnsigned(bytes.length, 2), bytes);
};

const integer = (bytes: Uint8Array): Uint8Array => {
  const from = bytes.findIndex((byte) => byte !== 0);
  const rest = bytes.subarray(from);
  return concatBytes(renderUnsigned(rest.length * 8 - (Math.clz32(rest[0]!) - 24), 2), rest);
};

/** The body of a signature over `data` (what is hashed before the signature's own fields), RFC 9580 section 5.2.4. */
export function craft(seed: Uint8Array, fingerprint: string, crafted: Crafted, data: Uint8Array): Uint8Array {
  const { type, created, hash = 10, hashed = [], unhashed = [], issuer = fingerprint } = crafted;
  const head = concatBytes(
    Uint8Array.of(4, type, 22, hash),
    area([
      [2, renderUnsigned(created, 4)],
      ...(issuer === '' ? [] : [[33, hexToBytes(`04${issuer}`)] as Subpacket]),
      ...hashed,
    ]),
  );
  const trailer = concatBytes(Uint8Array.of(4, 255), renderUnsigned(head.length, 4));
  const digest = (hash === 2 ? sha1 : sha512)(concatBytes(data, head, trailer));
  const signature = ed25519.sign(digest, seed);
  const keyId = hexToBytes(fingerprint.slice(24));
  return concatBytes(
    head,
    area([[16, keyId], ...unhashed]),
    digest.subarray(0, 2),
    integer(signature.subarray(0, 32)),
    integer(signature.subarray(32)),
  );
}

/** What a certification hashes of a key and a user id. */
export const userIdData = ({ key }: Certificate, userId: string): Uint8Array => {
  const text = encodeText(userId);
  return concatBytes(framedKey(key.body), Uint8Array.of(0xb4), renderUnsigned(text.length, 4), text);
};

/** A packet of a key. */
export const packet = (tag: number, body: Uint8Array): Uint8Array => renderPacket({ tag, body });

/** A key's bytes with packets put after its `at`-th (from 0), by default after its first user id. */
export function withPackets(bytes: Uint8Array, added: Uint8Array[], at?: number): Uint8Array {
  const packets = splitPackets(bytes);
  const place = (at ?? packets.findIndex(({ tag }) => tag === tags.userId)) + 1;
  const rendered = packets.map(renderPacket);
  return concatBytes(...rendered.slice(0, place), ...added, ...rendered.slice(place));
}
