/** A key's packets in their order: the key, its user ids and subkeys, each with its signatures. docs/spec/pki.md#keys */
import { decodeTextStrict } from '../psyc/bytes.ts';
import { PkiError } from './error.ts';
import { limits } from './limits.ts';
import { type Packet, splitPackets, tags } from './packets.ts';
import { parseSignature, type Signature } from './signature.ts';

/** One packet and the signatures that follow it. */
export type Part = { readonly packet: Packet; readonly signatures: readonly Signature[] };

/** A transferable key (RFC 9580 section 10.1), public or secret. */
export type Parts = { readonly primary: Part; readonly userIds: readonly Part[]; readonly subkeys: readonly Part[] };

/** Packet types of a public and of a secret key. */
const publicTags = { primary: tags.publicKey, subkey: tags.publicSubkey };
const secretTags = { primary: tags.secretKey, subkey: tags.secretSubkey };

/**
 * The parts of one public key, or of one secret key. Its signatures are read and not checked. Throws PkiError: what
 * `splitPackets` and `parseSignature` throw, `_secret_packet`, `_user_attribute`, `_unsupported_packet`,
 * `_designated_revoker`, `_excessive_…`, `_invalid_key`.
 */
export function parseParts(bytes: Uint8Array, kind: 'public' | 'secret'): Parts {
  const own = kind === 'public' ? publicTags : secretTags;
  const parts: { packet: Packet; signatures: Signature[] }[] = [];
  let signatures = 0;
  for (const packet of splitPackets(bytes)) {
    // Markers mean nothing, and trust packets are GnuPG's notes to itself (RFC 9580 sections 5.8 and 5.10).
    if (packet.tag === tags.marker || packet.tag === tags.trust) continue;
    if (packet.tag !== tags.signature) {
      checkTag(packet.tag, own);
      parts.push({ packet, signatures: [] });
      continue;
    }
    if (++signatures > limits.signaturesMax) {
      throw new PkiError('_excessive_signatures', `a key has at most ${limits.signaturesMax} signatures`);
    }
    const signature = parseSignature(packet.body);
    if (signature.hasRevoker) throw new PkiError('_designated_revoker', 'no other key may revoke this one');
    const last = parts.at(-1);
    if (last === undefined) throw new PkiError('_invalid_key', 'a key begins with a key, not with a signature');
    last.signatures.push(signature);
  }
  const [primary, ...rest] = parts;
  const userIds = rest.filter(({ packet }) => packet.tag === tags.userId);
  const subkeys = rest.filter(({ packet }) => packet.tag === own.subkey);
  if (primary?.packet.tag !== own.primary || userIds.length + subkeys.length < rest.length) {
    throw new PkiError('_invalid_key', 'one key at a time, and it begins with its primary key');
  }
  if (userIds.length === 0) throw new PkiError('_invalid_key', 'a key has a user id');
  if (userIds.length > limits.userIdsMax) {
    throw new PkiError('_excessive_user_ids', `a key has at most ${limits.userIdsMax} user ids`);
  }
  if (new Set(userIds.map(({ packet }) => textOf(packet))).size < userIds.length) {
    throw new PkiError('_invalid_key', 'a user id stands once');
  }
  if (subkeys.length > limits.subkeysMax) {
    throw new PkiError('_excessive_subkeys', `a key has at most ${limits.subkeysMax} subkeys`);
  }
  return { primary, userIds, subkeys };
}

/** Throws PkiError for a packet that is no part of a public key. */
export const checkPublicTag = (tag: number): void => checkTag(tag, publicTags);

function checkTag(tag: number, own: typeof publicTags | typeof secretTags): void {
  if (tag === own.primary || tag === own.subkey || tag === tags.userId) return;
  if (tag === tags.secretKey || tag === tags.secretSubkey) {
    throw new PkiError('_secret_packet', 'a secret key where a public one belongs: treat it as known to all');
  }
  if (tag === tags.userAttribute) throw new PkiError('_user_attribute', 'keys carry no pictures');
  if (tag === tags.publicKey || tag === tags.publicSubkey) throw new PkiError('_invalid_key', 'the key is not secret');
  throw new PkiError('_unsupported_packet', `packets of type ${tag} are no part of a key`);
}

/** A user id's text. Throws PkiError `_invalid_key` for what is not UTF-8. */
export function textOf(packet: Packet): string {
  const text = decodeTextStrict(packet.body);
  if (text === null) throw new PkiError('_invalid_key', 'a user id is UTF-8');
  return text;
}
