/** One more signature on a user id, dated after all that its issuer said before. docs/spec/pki.md#certification */
import { concatBytes } from '@noble/hashes/utils.js';
import { type Certificate, isCertification, newest } from './certificate.ts';
import { limits } from './limits.ts';
import { type Claims, sign, type Subject } from './openpgp.ts';
import { renderPacket, splitPackets, tags } from './packets.ts';
import { textOf } from './parts.ts';
import { reasons } from './revocation.ts';
import type { SecretKey } from './secret-key.ts';
import { parseSignature, type Signature, signatureTypes } from './signature.ts';

/** Whether a signature takes a certification back. */
export const isRevocation = ({ type }: Signature): boolean => type === signatureTypes.certRevocation;

/** A user id of a key, to be signed. */
export const subjectOf = (target: Certificate, userId: string): Subject => ({
  kind: 'user id',
  key: target.key.body,
  userId,
});

/** What an authority says of a user id: a certification until then, Unix seconds, or that it takes its own back. */
type Word = { readonly until: number; readonly trust?: Claims['trust'] } | 'revocation';

/**
 * The target's bytes with one more signature on this user id, which is on it, in place of those of the same issuer and
 * sort. `now` in Unix seconds. Whether the authority may say it is the caller's to check.
 */
export async function issue(
  authority: SecretKey,
  target: Certificate,
  userId: string,
  now: number,
  word: Word,
): Promise<Uint8Array> {
  const created = await dateAfter(authority, target, userId, now);
  const body = await sign(authority.signer, subjectOf(target, userId), claimsOf(word, created));
  return withSignature(target.bytes, userId, parseSignature(body));
}

function claimsOf(word: Word, created: number): Claims {
  if (word === 'revocation') {
    return { type: signatureTypes.certRevocation, created, reason: { code: reasons.userIdInvalid, text: '' } };
  }
  const { until, trust } = word;
  return {
    type: signatureTypes.certPositive,
    created,
    seconds: until - created,
    ...(trust === undefined ? {} : { trust }),
  };
}

/** Backdated, but after all that the authority said before, or it would not count: its clock may have been set back. */
async function dateAfter(authority: SecretKey, target: Certificate, userId: string, now: number): Promise<number> {
  const { key, verifier } = authority.certificate;
  const foreign = target.userIds.find(({ text }) => text === userId)?.foreign ?? [];
  const isSaid = (one: Signature): boolean => isCertification(one) || isRevocation(one);
  const before = await newest(verifier, subjectOf(target, userId), foreign, isSaid);
  return Math.max(now - limits.backdateSeconds, key.created, (before?.created ?? 0) + 1);
}

/** A key's bytes with one more signature on a user id, in place of those of the same issuer and sort. */
function withSignature(bytes: Uint8Array, userId: string, signature: Signature): Uint8Array {
  const packets: Uint8Array[] = [];
  const added = renderPacket({ tag: tags.signature, body: signature.body });
  let isHere = false;
  for (const packet of splitPackets(bytes)) {
    if (packet.tag === tags.signature) {
      const other = parseSignature(packet.body);
      const isSame = other.issuer === signature.issuer && isRevocation(other) === isRevocation(signature);
      if (isHere && isSame) continue;
    } else {
      if (isHere) packets.push(added);
      isHere = packet.tag === tags.userId && textOf(packet) === userId;
    }
    packets.push(renderPacket(packet));
  }
  return concatBytes(...packets, ...(isHere ? [added] : []));
}
