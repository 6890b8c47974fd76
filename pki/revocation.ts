/** A key's revocation of itself, made long before it is needed. docs/spec/pki.md#revocation */
import { concatBytes } from '@noble/hashes/utils.js';
import type { Certificate } from './certificate.ts';
import { PkiError } from './error.ts';
import { limits } from './limits.ts';
import { sign, type Signer, verify } from './openpgp.ts';
import { renderPacket, splitPackets, tags } from './packets.ts';
import { parseSignature, signatureTypes } from './signature.ts';

/** Reasons for revocation (RFC 9580 section 5.2.3.31). */
export const reasons = { superseded: 1, compromised: 2, retired: 3, userIdInvalid: 32 } as const;

/**
 * A hard revocation of the key: one packet, whose text form `gpg --import` takes. It voids all that the key ever signed,
 * so whoever finds it can silence the domain: it is kept off the machine. `now` in Unix seconds.
 */
export async function makeRevocation(signer: Signer, now: number): Promise<Uint8Array> {
  const body = await sign(
    signer,
    { kind: 'key', key: signer.key.body },
    {
      type: signatureTypes.keyRevocation,
      created: now - limits.backdateSeconds,
      reason: { code: reasons.compromised, text: '' },
    },
  );
  return renderPacket({ tag: tags.signature, body });
}

/** The public key's bytes with its revocation in them. Throws PkiError `_foreign_revocation`, and what `parseSignature` throws. */
export async function applyRevocation(
  { bytes, key, verifier }: Certificate,
  revocation: Uint8Array,
): Promise<Uint8Array> {
  const [packet, ...more] = splitPackets(revocation);
  const signature = packet?.tag === tags.signature && more.length === 0 ? parseSignature(packet.body) : null;
  const isOurs =
    signature?.type === signatureTypes.keyRevocation &&
    (await verify(verifier, { kind: 'key', key: key.body }, signature));
  if (!isOurs) throw new PkiError('_foreign_revocation', 'not a revocation of this key');
  const [primary, ...rest] = splitPackets(bytes);
  return concatBytes(renderPacket(primary!), renderPacket(packet!), ...rest.map(renderPacket));
}
