/** Keys made from seeds: a domain's, its recovery key, a person's identity. docs/spec/pki.md#keys */
import { concatBytes } from '@noble/hashes/utils.js';
import { renderUserId } from '../psyc/names.ts';
import { type Curve, parseSecret, renderSecret } from './key-packet.ts';
import { limits } from './limits.ts';
import { readSigner, sign, type Signer } from './openpgp.ts';
import { renderPacket, tags } from './packets.ts';
import { keyFlags, signatureTypes } from './signature.ts';
import { personOf, renderDomainUserId, renderRecoveryUserId } from './user-id.ts';

/** A subkey to be made; times in Unix seconds, seed of 32 random bytes. */
export type NewSubkey = {
  readonly curve: Curve;
  readonly seed: Uint8Array;
  /** Bits of `keyFlags`. */
  readonly flags: number;
  readonly from: number;
  /** Infinity for one that does not end. */
  readonly until: number;
};

/** What a domain key is made of: three seeds of 32 random bytes, none used for anything else; times in Unix seconds. */
export type NewDomain = {
  readonly domain: string;
  readonly seed: Uint8Array;
  readonly circuitSeed: Uint8Array;
  readonly epochSeed: Uint8Array;
  readonly epochUntil: number;
  readonly now: number;
};

/**
 * A domain's secret key: primary [SC], a subkey [A] for circuits, an X25519 subkey for the first onion epoch, which begins
 * with the key. Throws PsycError `_invalid_domain`.
 */
export function makeDomainKey(domain: NewDomain): Promise<Uint8Array> {
  const from = domain.now - limits.backdateSeconds;
  return makeKey(renderDomainUserId(domain.domain), domain.seed, from, [
    { curve: 'ed25519', seed: domain.circuitSeed, flags: keyFlags.authenticate, from, until: Infinity },
    { curve: 'x25519', seed: domain.epochSeed, flags: keyFlags.encrypt, from, until: domain.epochUntil },
  ]);
}

/** The secret key that may answer for a domain whose key is lost or stolen; kept off the machine. `now` in Unix seconds. */
export function makeRecoveryKey(domain: string, seed: Uint8Array, now: number): Promise<Uint8Array> {
  return makeKey(renderRecoveryUserId(domain), seed, now - limits.backdateSeconds, []);
}

/** What an identity key is made of: two seeds of 32 random bytes; time in Unix seconds. */
export type NewIdentity = {
  readonly nick: string;
  readonly domain: string;
  readonly seed: Uint8Array;
  readonly encryptionSeed: Uint8Array;
  readonly now: number;
};

/**
 * A person's secret identity key: primary [SC], and an X25519 subkey for what is sealed to the person. Throws PsycError
 * `_invalid_nick`, `_invalid_domain`, PkiError `_foreign_user_id` for the domain's own nick.
 */
export async function makeIdentityKey(identity: NewIdentity): Promise<Uint8Array> {
  const userId = renderUserId(identity.nick, identity.domain);
  personOf(userId);
  const from = identity.now - limits.backdateSeconds;
  const { encryptionSeed: seed } = identity;
  return makeKey(userId, identity.seed, from, [
    { curve: 'x25519', seed, flags: keyFlags.encrypt, from, until: Infinity },
  ]);
}

/** A transferable secret key (RFC 9580 section 10.2) with one user id. */
async function makeKey(
  userId: string,
  seed: Uint8Array,
  created: number,
  subkeys: readonly NewSubkey[],
): Promise<Uint8Array> {
  const secret = renderSecret('ed25519', seed, created);
  const signer = await readSigner(secret);
  const flags = keyFlags.certify | keyFlags.sign;
  const claims = { type: signatureTypes.certPositive, created, flags, isSelf: true };
  const self = await sign(signer, { kind: 'user id', key: signer.key.body, userId }, claims);
  const bound = await Promise.all(subkeys.map((subkey) => makeSubkey(signer, subkey)));
  return concatBytes(
    renderPacket({ tag: tags.secretKey, body: secret }),
    renderPacket({ tag: tags.userId, body: new TextEncoder().encode(userId) }),
    renderPacket({ tag: tags.signature, body: self }),
    ...bound,
  );
}

/**
 * A secret subkey's packet and the signature that binds it, dated when the subkey begins. A subkey of Ed25519 signs the
 * binding too, whatever its flags: nobody can pass another's off as his own (RFC 9580 section 5.2.1.9 asks it of those
 * that sign). A subkey's flags are what its binding says; OpenPGP.js alone cannot make one with [A] only.
 */
export async function makeSubkey(signer: Signer, subkey: NewSubkey): Promise<Uint8Array> {
  const { curve, seed, flags, from: created, until } = subkey;
  const secret = renderSecret(curve, seed, created);
  const subject = { kind: 'subkey', key: signer.key.body, subkey: parseSecret(secret).body } as const;
  const { subkeyBinding, keyBinding } = signatureTypes;
  const back =
    curve === 'ed25519' ? await sign(await readSigner(secret), subject, { type: keyBinding, created }) : undefined;
  const binding = await sign(signer, subject, {
    type: subkeyBinding,
    created,
    flags,
    ...(until === Infinity ? {} : { keySeconds: until - created }),
    ...(back === undefined ? {} : { embedded: back }),
  });
  return concatBytes(
    renderPacket({ tag: tags.secretSubkey, body: secret }),
    renderPacket({ tag: tags.signature, body: binding }),
  );
}
