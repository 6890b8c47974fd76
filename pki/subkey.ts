/** What the signature says that binds a subkey to its key. docs/spec/pki.md#keys */
import type { KeyPacket } from './key-packet.ts';
import { readVerifier, type Subject, verify } from './openpgp.ts';
import { keyFlags, parseSignature, type Signature, signatureTypes } from './signature.ts';

/** Whether a signature binds a subkey, or takes it back. */
export const isBinding = ({ type }: Signature): boolean => type === signatureTypes.subkeyBinding;
export const isSubkeyRevocation = ({ type }: Signature): boolean => type === signatureTypes.subkeyRevocation;

/**
 * What a binding that holds says: until when, Unix seconds, and whether the subkey agreed (RFC 9580 section 5.2.1.9). A
 * subkey that signs `mayBind` only where it did. Throws PkiError where what it carries inside is no signature.
 */
export async function readBinding(
  key: KeyPacket,
  subject: Subject,
  binding: Signature,
): Promise<{ readonly until: number; readonly isMutual: boolean; readonly mayBind: boolean }> {
  const back = binding.embedded === null ? null : parseSignature(binding.embedded);
  const isMutual =
    back !== null && back.type === signatureTypes.keyBinding && (await verify(await readVerifier(key), subject, back));
  const canSign = (binding.flags & (keyFlags.sign | keyFlags.certify)) !== 0;
  const until = Math.min(binding.keySeconds === 0 ? Infinity : key.created + binding.keySeconds, binding.expires);
  return { until, isMutual, mayBind: isMutual || !canSign };
}
