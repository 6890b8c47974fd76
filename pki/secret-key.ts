/** A secret key: its public half, the signer, and the seeds that are used raw. docs/spec/pki.md#raw-keys */
import { bytesToHex, concatBytes } from '@noble/hashes/utils.js';
import { type Certificate, type EncryptionKey, readCertificate } from './certificate.ts';
import { parseSecret } from './key-packet.ts';
import { readSigner, type Signer } from './openpgp.ts';
import { renderPacket, splitPackets, tags } from './packets.ts';
import { parseParts } from './parts.ts';
import { keyFlags } from './signature.ts';

/** A secret key as its file has it, unprotected. */
export type SecretKey = {
  readonly bytes: Uint8Array;
  readonly certificate: Certificate;
  /** The primary key; it signs OpenPGP packets only. */
  readonly signer: Signer;
  /** Ed25519 seed of the newest [A] subkey, 32 bytes, for raw signatures; null where there is none. */
  readonly circuitSeed: Uint8Array | null;
  /** The X25519 subkeys with their secrets of 32 bytes (clamped, RFC 7748 section 5), in their order, whatever their times. */
  readonly encryption: readonly (EncryptionKey & { readonly seed: Uint8Array })[];
};

/** The public key of a secret key's bytes. Throws PkiError as `readSecretKey`. */
export function publicPart(bytes: Uint8Array): Uint8Array {
  const packets = splitPackets(bytes).map(({ tag, body }) => {
    if (tag === tags.secretKey) return { tag: tags.publicKey, body: parseSecret(body).body };
    if (tag === tags.secretSubkey) return { tag: tags.publicSubkey, body: parseSecret(body).body };
    return { tag, body };
  });
  return concatBytes(...packets.map(renderPacket));
}

/** Throws PkiError: what `readCertificate` and `parseSecret` throw. */
export async function readSecretKey(bytes: Uint8Array): Promise<SecretKey> {
  const parts = parseParts(bytes, 'secret');
  const certificate = await readCertificate(publicPart(bytes));
  const seeds = new Map(
    parts.subkeys.map(({ packet }) => {
      const { seed, raw } = parseSecret(packet.body);
      return [bytesToHex(raw), seed];
    }),
  );
  const subkeys = certificate.subkeys.map(({ key, flags, until }) => {
    return { curve: key.curve, flags, raw: key.raw, from: key.created, until, seed: seeds.get(bytesToHex(key.raw))! };
  });
  const circuit = subkeys.findLast(({ curve, flags }) => curve === 'ed25519' && flags === keyFlags.authenticate);
  return {
    bytes,
    certificate,
    signer: await readSigner(parts.primary.packet.body),
    circuitSeed: circuit?.seed ?? null,
    encryption: subkeys
      .filter(({ curve }) => curve === 'x25519')
      .map(({ raw, from, until, seed }) => ({ raw, from, until, seed })),
  };
}
