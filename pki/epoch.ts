/** Onion epochs: a domain key gets an X25519 subkey for each, and loses its secret when that ends. docs/spec/pki.md#onion-epochs */
import { concatBytes } from '@noble/hashes/utils.js';
import { PkiError } from './error.ts';
import { parsePublic, parseSecret } from './key-packet.ts';
import { limits } from './limits.ts';
import { makeSubkey } from './make-key.ts';
import { type Packet, renderPacket, splitPackets, tags } from './packets.ts';
import type { SecretKey } from './secret-key.ts';
import { keyFlags } from './signature.ts';

/**
 * The secret key's bytes with one more encryption subkey, from a seed of 32 random bytes, good from `from` to `until`, Unix
 * seconds. Other software takes it for one of the future before it begins. Throws PkiError `_excessive_subkeys`.
 */
export async function addEpoch(
  { bytes, signer, certificate }: SecretKey,
  epoch: { readonly seed: Uint8Array; readonly from: number; readonly until: number },
): Promise<Uint8Array> {
  if (certificate.subkeys.length >= limits.subkeysMax) {
    throw new PkiError('_excessive_subkeys', `a key has at most ${limits.subkeysMax} subkeys`);
  }
  return concatBytes(bytes, await makeSubkey(signer, { curve: 'x25519', flags: keyFlags.encrypt, ...epoch }));
}

/** The key's bytes, secret or public as they came, without the encryption subkeys that ended by `now`, Unix seconds. */
export function dropEpochs({ subkeys }: SecretKey['certificate'], bytes: Uint8Array, now: number): Uint8Array {
  const ended = new Set(
    subkeys.filter(({ key, until }) => key.curve === 'x25519' && until <= now).map(({ key }) => key.fingerprint),
  );
  let isDropping = false;
  const kept = splitPackets(bytes).filter((packet) => {
    if (packet.tag !== tags.signature) isDropping = ended.has(fingerprintOf(packet));
    return !isDropping;
  });
  return concatBytes(...kept.map(renderPacket));
}

function fingerprintOf({ tag, body }: Packet): string {
  if (tag === tags.secretSubkey) return parseSecret(body).fingerprint;
  return tag === tags.publicSubkey ? parsePublic(body).fingerprint : '';
}
