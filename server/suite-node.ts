/** The suite on node:crypto, where libsodium has no prebuilt library; BLAKE2b is portable code. docs/spec/crypto.md#suite */
import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  type KeyObject,
  randomBytes,
  sign,
  timingSafeEqual,
  verify,
} from 'node:crypto';
import { joinBytes } from '../crypto/bytes.ts';
import { nobleSuite } from '../crypto/noble.ts';
import { mayBeSignature } from '../crypto/points.ts';
import { checkAes, checkBlocks, checkLength, lengths, type Suite } from '../crypto/suite.ts';

const random = (length: number): Uint8Array => plain(randomBytes(length));

const AEAD = 'chacha20-poly1305';

/** The suite. */
export const nodeSuite: Suite = {
  random,

  equal: (a, b) => a.length === b.length && timingSafeEqual(a, b),

  sha256: (message) => plain(createHash('sha256').update(message).digest()),

  // Node offers BLAKE2b with 64 bytes and without a key only.
  blake2b: nobleSuite(random).blake2b,

  blake2bInto: nobleSuite(random).blake2bInto,

  chacha20(key, nonce, message, counter = 0) {
    checkCipher(key, nonce);
    checkBlocks(counter, message.length);
    const start = new Uint8Array(4);
    new DataView(start.buffer).setUint32(0, counter, true);
    return plain(createCipheriv('chacha20', key, joinBytes(start, nonce)).update(message));
  },

  chacha20InPlace: (key, nonce, bytes) => bytes.set(nodeSuite.chacha20(key, nonce, bytes)),

  chacha20poly1305Seal(key, nonce, plaintext, aad) {
    checkCipher(key, nonce);
    const cipher = createCipheriv(AEAD, key, nonce, { authTagLength: lengths.tag });
    cipher.setAAD(aad, { plaintextLength: plaintext.length });
    return joinBytes(cipher.update(plaintext), cipher.final(), cipher.getAuthTag());
  },

  chacha20poly1305Open(key, nonce, sealed, aad) {
    checkCipher(key, nonce);
    const end = sealed.length - lengths.tag;
    if (end < 0) return null;
    const decipher = createDecipheriv(AEAD, key, nonce, { authTagLength: lengths.tag });
    decipher.setAAD(aad, { plaintextLength: end });
    decipher.setAuthTag(sealed.subarray(end));
    const plaintext = decipher.update(sealed.subarray(0, end));
    try {
      decipher.final();
    } catch {
      return null;
    }
    return plain(plaintext);
  },

  aes256Ecb(key, blocks) {
    checkAes(key, blocks);
    const cipher = createCipheriv('aes-256-ecb', key, null);
    cipher.setAutoPadding(false);
    return plain(cipher.update(blocks));
  },

  x25519PublicKey: (secret) => publicPart(secretKey('X25519', secret)),

  x25519(secret, publicKey) {
    const privateKey = secretKey('X25519', secret);
    if (publicKey.length !== lengths.x25519) return null;
    try {
      return plain(diffieHellman({ privateKey, publicKey: publicKeyOf('X25519', publicKey) }));
    } catch {
      // OpenSSL refuses a shared secret of zeros.
      return null;
    }
  },

  ed25519PublicKey: (seed) => publicPart(secretKey('Ed25519', seed)),

  ed25519Sign: (message, seed) => plain(sign(null, message, secretKey('Ed25519', seed))),

  ed25519Verify(signature, message, publicKey) {
    if (!mayBeSignature(signature, publicKey)) return false;
    try {
      return verify(null, message, publicKeyOf('Ed25519', publicKey), signature);
    } catch {
      return false;
    }
  },
};

/** The same bytes as what the interface promises: the platform's own type behaves otherwise in some functions. */
const plain = (bytes: Buffer): Uint8Array => new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64url');

// As JWK (RFC 8037): the other import, DER, takes ten times as long. A secret's `x` must be there, but is not looked at.
function secretKey(crv: string, secret: Uint8Array): KeyObject {
  checkLength(`the secret for ${crv}`, secret, 32);
  return createPrivateKey({ key: { kty: 'OKP', crv, d: base64(secret), x: '' }, format: 'jwk' });
}

const publicKeyOf = (crv: string, publicKey: Uint8Array): KeyObject =>
  createPublicKey({ key: { kty: 'OKP', crv, x: base64(publicKey) }, format: 'jwk' });

const publicPart = (key: KeyObject): Uint8Array =>
  plain(Buffer.from(createPublicKey(key).export({ format: 'jwk' }).x!, 'base64url'));

function checkCipher(key: Uint8Array, nonce: Uint8Array): void {
  checkLength('a ChaCha20 key', key, lengths.key);
  checkLength('a ChaCha20 nonce', nonce, lengths.nonce);
}
