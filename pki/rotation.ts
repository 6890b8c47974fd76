/** Rotations signed by old and new key, and checked by those who know the old one. docs/spec/pki.md#rotation-statement */
import { type Certificate } from './certificate.ts';
import { PkiError } from './error.ts';
import { limits } from './limits.ts';
import type { Signer } from './openpgp.ts';
import {
  NO_ROTATION,
  type Rotation,
  renderRotation,
  rotationHash,
  type SignedRotation,
  splitRotation,
} from './rotation-statement.ts';
import { hasSigned, joinSigned, signText } from './signed-text.ts';
import type { RotationHeard } from './trust-state.ts';
import { domainOf } from './user-id.ts';

/**
 * The rotation's bytes with both signatures: `giver` is the old key, or the recovery key in its place. `now` in Unix
 * seconds. Throws PkiError as `renderRotation`, and `_foreign_rotation` where `taker` is not the new key.
 */
export async function signRotation(giver: Signer, taker: Signer, rotation: Rotation, now: number): Promise<Uint8Array> {
  if (taker.key.fingerprint !== rotation.new) throw new PkiError('_foreign_rotation', 'it names another new key');
  const bytes = renderRotation(rotation);
  return joinSigned(bytes, [await signText(giver, bytes, now), await signText(taker, bytes, now)]);
}

/** The keys that a rotation is checked by; `recovery`: the recovery key that is known of the domain, or null. */
export type RotationKeys = {
  /** null: it is not at hand; then only the recovery key speaks. */
  readonly old: Certificate | null;
  readonly new: Certificate;
  readonly recovery: Certificate | null;
};

/** A rotation that holds, and by whose word. */
export type CheckedRotation = SignedRotation & { readonly by: 'old' | 'recovery' };

/**
 * Reads a rotation and checks both signatures. `now` in Unix seconds: it has not ended; whether its time has come is the
 * caller's to judge, and so is whether the old key was revoked, since what was seen before counts. Throws PkiError: what
 * `splitRotation` throws, `_foreign_rotation` for other keys than those named, or a new one that is not of that domain,
 * `_revoked_key` for a new one that is revoked, `_forged_rotation`, `_expired_rotation`.
 */
export async function readRotation(bytes: Uint8Array, keys: RotationKeys, now: number): Promise<CheckedRotation> {
  const signed = splitRotation(bytes);
  const { rotation } = signed;
  const isOld =
    keys.old === null || (keys.old.key.fingerprint === rotation.old && domainOf(keys.old) === rotation.domain);
  if (!isOld || keys.new.key.fingerprint !== rotation.new || domainOf(keys.new) !== rotation.domain) {
    throw new PkiError('_foreign_rotation', 'a rotation of other keys, or of another domain');
  }
  if (keys.new.revocation !== null) throw new PkiError('_revoked_key', 'the new key is revoked');
  const by = await giverOf(signed, keys);
  if (by === null || !(await hasSigned(keys.new, signed.signed, signed.taken))) {
    throw new PkiError('_forged_rotation', 'it is not signed by the old key, or the recovery key, and by the new one');
  }
  if (now >= rotation.expires) throw new PkiError('_expired_rotation', 'the rotation came too late');
  return { ...signed, by };
}

/** The same as the table of continuity hears it; `recovery`: fingerprint of the recovery key that it was checked with, where that has signed. */
export function heardIn(
  { rotation, signed, by }: CheckedRotation,
  recovery: string | null,
): Omit<RotationHeard, 'seenMs'> {
  const { old: from, new: to, seq, prev, notBefore, expires, recovery: named } = rotation;
  return {
    from,
    to,
    seq,
    previous: prev === NO_ROTATION ? null : prev,
    notBeforeMs: notBefore * 1000,
    expiresMs: expires * 1000,
    signer: by === 'old' ? 'old key' : { recovery: recovery! },
    hash: rotationHash(signed),
    recovery: named,
  };
}

async function giverOf({ signed, given }: SignedRotation, keys: RotationKeys): Promise<'old' | 'recovery' | null> {
  if (keys.old !== null && (await hasSigned(keys.old, signed, given))) return 'old';
  return keys.recovery !== null && (await hasSigned(keys.recovery, signed, given)) ? 'recovery' : null;
}

/** A domain's key with its number, and `rotationHash` of the rotation that made it the domain's; `NO_ROTATION` of the first. */
export type NumberedKey = { readonly fingerprint: string; readonly seq: number; readonly prev: string };

/** The rotation that a domain makes next; it may be taken for `limits.rotationSeconds` from its beginning, Unix seconds. */
export const nextRotation = (
  domain: string,
  known: NumberedKey,
  next: string,
  notBefore: number,
  recovery: string | null = null,
): Rotation => ({
  domain,
  old: known.fingerprint,
  new: next,
  seq: known.seq + 1,
  prev: known.prev,
  notBefore,
  expires: notBefore + limits.rotationSeconds,
  recovery,
});
