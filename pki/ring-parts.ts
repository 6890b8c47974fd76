/** The parts of one key that may be on a ring, out of copies that anybody has added to. docs/spec/key-server.md#ring */
import { decodeTextStrict, keyOfBytes } from '../psyc/bytes.ts';
import { PkiError } from './error.ts';
import { parsePublic } from './key-packet.ts';
import { limits } from './limits.ts';
import { type Packet, splitPackets, tags } from './packets.ts';
import { checkPublicTag } from './parts.ts';
import { parseSignature, type Signature } from './signature.ts';
import { domainOf, personOf } from './user-id.ts';

/** A packet, and the signatures on it in all copies, each once. Nobody has checked them. */
export type LoosePart = Packet & { readonly signatures: readonly Signature[] };

/** The parts of copies of one key, each once. */
export type LooseParts = {
  readonly primary: LoosePart;
  /** Those that name a person or a domain. */
  readonly userIds: readonly (LoosePart & { readonly text: string })[];
  readonly subkeys: readonly LoosePart[];
};

/** Whom a user id names: a person, or with null a domain itself. */
export type Owner = { readonly nick: string | null; readonly domain: string };

/** Whom a user id names; null: nobody that a ring could know. */
export function ownerOf(userId: string): Owner | null {
  const domain = domainOf({ userIds: [{ text: userId }] });
  if (domain !== null) return { nick: null, domain };
  try {
    return personOf(userId);
  } catch (error) {
    if (error instanceof PkiError) return null;
    throw error;
  }
}

/**
 * The parts of copies of one key. What means nothing on a ring is left out: markers, trust packets, signatures that cannot be
 * read (among them those of version 6, for one of which GnuPG 2.2 would refuse the key) or do not say who made them, user
 * ids that name nobody. Throws PkiError: what `splitPackets` throws over `limits.sentBytesMax`, `_invalid_key` for no key,
 * two keys, or copies of different keys, `_secret_packet`, `_user_attribute`, `_unsupported_packet`, `_designated_revoker`
 * for a signature said to be the key's own, and what `parsePublic` throws for the primary key.
 */
export function looseParts(copies: readonly Uint8Array[]): LooseParts {
  const found = new Map<string, Packet & { readonly signatures: Map<string, Signature> }>();
  let fingerprint: string | null = null;
  for (const copy of copies) {
    let last: { readonly signatures: Map<string, Signature> } | null = null;
    for (const packet of splitPackets(copy, limits.sentBytesMax)) {
      const { tag, body } = packet;
      if (tag === tags.marker || tag === tags.trust) continue;
      if (tag === tags.signature) {
        if (last === null) throw new PkiError('_invalid_key', 'a key begins with a key, not with a signature');
        const signature = readable(body);
        if (signature === null || signature.issuer === '') continue;
        if (signature.hasRevoker && signature.issuer === fingerprint) {
          throw new PkiError('_designated_revoker', 'no other key may revoke this one');
        }
        last.signatures.set(keyOfBytes(body), signature);
        continue;
      }
      checkPublicTag(tag);
      if ((last === null) !== (tag === tags.publicKey)) {
        throw new PkiError('_invalid_key', 'one key at a time, and it begins with its primary key');
      }
      if (tag === tags.publicKey) {
        const primary = parsePublic(body).fingerprint;
        if (fingerprint !== null && fingerprint !== primary) throw new PkiError('_invalid_key', 'another key');
        fingerprint = primary;
      }
      const name = `${tag} ${keyOfBytes(body)}`;
      const part = found.get(name) ?? { ...packet, signatures: new Map<string, Signature>() };
      found.set(name, part);
      last = part;
    }
  }
  // In an order of their own, so that of two with one date always the same one counts.
  const parts = [...found.values()].map((part) => ({
    ...part,
    signatures: [...part.signatures].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, signature]) => signature),
  }));
  const [primary] = parts;
  if (primary === undefined) throw new PkiError('_invalid_key', 'there is no key');
  const userIds = parts.flatMap((part) => {
    const text = part.tag === tags.userId ? decodeTextStrict(part.body) : null;
    return text === null || ownerOf(text) === null ? [] : [{ ...part, text }];
  });
  return { primary, userIds, subkeys: parts.filter(({ tag }) => tag === tags.publicSubkey) };
}

function readable(body: Uint8Array): Signature | null {
  try {
    return parseSignature(body);
  } catch (error) {
    if (error instanceof PkiError) return null;
    throw error;
  }
}

/** What a ring has to look up before it can judge a key: fingerprints of 40 lower-case hex digits. */
export type Wanted = {
  readonly fingerprint: string;
  /** Domains that its user ids name. */
  readonly domains: readonly string[];
  /** Keys that are said to have signed the user ids of domains, as many as the ring may have, and as many more. */
  readonly issuers: readonly string[];
};

/** What there is to look up for a key that was sent. Nothing is checked, and little is computed. Throws as `looseParts`. */
export function wantedFor(sent: Uint8Array): Wanted {
  const { primary, userIds } = looseParts([sent]);
  const named = userIds.slice(0, limits.userIdsMax).map(({ text, signatures }) => ({ ...ownerOf(text)!, signatures }));
  const issuers = named.flatMap(({ nick, signatures }) =>
    nick === null ? signatures.map(({ issuer }) => issuer) : [],
  );
  return {
    fingerprint: parsePublic(primary.body).fingerprint,
    domains: [...new Set(named.map(({ domain }) => domain))],
    issuers: [...new Set(issuers)].slice(0, 2 * limits.ringIssuersMax),
  };
}
