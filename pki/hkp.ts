/** What a key server tells of keys that are on its ring: lines for machines, and one user id alone. docs/spec/key-server.md#index */
import { sha1 } from '@noble/hashes/legacy.js';
import { concatBytes } from '@noble/hashes/utils.js';
import { encodeText } from '../psyc/bytes.ts';
import { isDomain, isNick } from '../psyc/names.ts';
import { isCertification } from './certificate.ts';
import { isRevocation } from './issuing.ts';
import { parsePublic } from './key-packet.ts';
import { renderPacket, splitPackets, tags } from './packets.ts';
import { parseParts, textOf } from './parts.ts';
import { type Signature, signatureTypes } from './signature.ts';

/** EdDSALegacy on a curve of 256 bits. */
const ALGORITHM = '22:256';

/** What stands in a line between colons: per cent and two digits for these two, line breaks and what is not ASCII. */
const escaped = (text: string): string =>
  Array.from(encodeText(text), (byte) => {
    const isPlain = byte >= 0x20 && byte < 0x7f && byte !== 0x25 && byte !== 0x3a;
    return isPlain ? String.fromCharCode(byte) : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }).join('');

const newestOf = (signatures: readonly Signature[], isWanted: (one: Signature) => boolean): Signature | null =>
  signatures.filter(isWanted).reduce<Signature | null>((a, b) => (a !== null && a.created >= b.created ? a : b), null);

/** Lines of a machine-readable index (draft-shaw-openpgp-hkp-00 section 5.2) for keys as `admit` leaves them. */
export function renderIndex(keys: readonly Uint8Array[]): string {
  return [`info:1:${keys.length}`, ...keys.flatMap(linesOf), ''].join('\n');
}

function linesOf(key: Uint8Array): string[] {
  const { primary, userIds } = parseParts(key, 'public');
  const { fingerprint, created } = parsePublic(primary.packet.body);
  const isOwn = ({ issuer }: Signature): boolean => issuer === fingerprint;
  const isRevoked = primary.signatures.some(({ type }) => type === signatureTypes.keyRevocation);
  const users = userIds.map((part) => {
    const self = newestOf(part.signatures, (one) => isOwn(one) && isCertification(one));
    const taken = newestOf(part.signatures, (one) => isOwn(one) && isRevocation(one));
    const isGone = taken !== null && taken.created >= (self?.created ?? 0);
    return { text: textOf(part.packet), created: self?.created ?? 0, keySeconds: self?.keySeconds ?? 0, isGone };
  });
  const newest = users.reduce((a, b) => (b.created > a.created ? b : a));
  const expires = newest.keySeconds === 0 ? '' : String(created + newest.keySeconds);
  return [
    `pub:${fingerprint.toUpperCase()}:${ALGORITHM}:${created}:${expires}:${isRevoked ? 'r' : ''}`,
    ...users.map((user) => `uid:${escaped(user.text)}:${user.created}::${user.isGone ? 'r' : ''}`),
  ];
}

/** By what keys are looked for: 40 lower-case hex digits, or `nick@domain` in lower case. */
export type RingSearch = { readonly fingerprint: string } | { readonly address: string };

/** A whole fingerprint, perhaps behind `0x`, or a whole address, and no more than that; null: neither. Who can search for parts finds out who lives here. */
export function readSearch(text: string): RingSearch | null {
  const [, digits] = /^(?:0x)?([0-9a-f]{40})$/i.exec(text) ?? [];
  if (digits !== undefined) return { fingerprint: digits.toLowerCase() };
  const address = text.toLowerCase();
  const cut = address.lastIndexOf('@');
  return cut > 0 && isNick(address.slice(0, cut)) && isDomain(address.slice(cut + 1)) ? { address } : null;
}

/** A key without the user ids of other addresses, `nick@domain`: who asks for one need not learn of the others. */
export function onlyAddress(key: Uint8Array, address: string): Uint8Array {
  let isLeft = true;
  const packets = splitPackets(key).filter(({ tag, body }) => {
    if (tag === tags.userId) isLeft = textOf({ tag, body }).endsWith(`<${address}>`);
    else if (tag !== tags.signature) isLeft = true;
    return isLeft;
  });
  return concatBytes(...packets.map(renderPacket));
}

// The letters of z-base-32, five bits each.
const LETTERS = 'ybndrfg8ejkmcpqxot1uwisza345h769';

/** The name of a local part in a web key directory: SHA-1 of it in lower case, 32 letters (draft-koch-openpgp-webkey-service section 3.1). */
export function directoryName(local: string): string {
  const bits = Array.from(sha1(encodeText(local.toLowerCase())), (byte) => byte.toString(2).padStart(8, '0')).join('');
  return (bits.match(/.{5}/g) ?? []).map((five) => LETTERS[Number.parseInt(five, 2)]!).join('');
}
