/** HPKE on the suite is RFC 9180's, and @hpke/core's. */
import type { webcrypto } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { Chacha20Poly1305 } from '@hpke/chacha20poly1305';
import { CipherSuite, DhkemX25519HkdfSha256, HkdfSha256 } from '@hpke/core';
import { hexOf, joinBytes, textBytes } from '../../crypto/bytes.ts';
import { HPKE_OVERHEAD_BYTES, hpkeOpen, hpkeSeal } from '../../crypto/hpke.ts';
import { readVectors, suites, unhex } from './vectors.ts';

interface Vector {
  readonly info: string;
  readonly secretOnce: string;
  readonly secret: string;
  readonly publicKey: string;
  readonly aad: string;
  readonly plaintext: string;
  readonly enc: string;
  readonly ciphertext: string;
}

const [vector] = readVectors<Vector[]>('rfc9180-hpke.json');
const info = textBytes('p3do-person-v1');
const aad = textBytes('for whom');
const plaintext = textBytes('hello');

/** The same bytes in a buffer of their own, as WebCrypto wants them. */
const buffer = (bytes: Uint8Array): ArrayBuffer => new Uint8Array(bytes).buffer;

const rival = new CipherSuite({
  kem: new DhkemX25519HkdfSha256(),
  kdf: new HkdfSha256(),
  aead: new Chacha20Poly1305(),
});

describe.each(suites)('%s', (_, suite) => {
  test('the vector of RFC 9180 A.2.1', () => {
    const v = vector!;
    const sealed = hpkeSeal(
      suite,
      unhex(v.publicKey),
      unhex(v.info),
      unhex(v.aad),
      unhex(v.plaintext),
      unhex(v.secretOnce),
    );
    expect(hexOf(sealed!)).toBe(v.enc + v.ciphertext);
    expect(hexOf(hpkeOpen(suite, unhex(v.secret), unhex(v.info), unhex(v.aad), sealed!)!)).toBe(v.plaintext);
  });

  test('what it seals @hpke/core opens, and the reverse', async () => {
    const secret = suite.random(32);
    const publicKey = suite.x25519PublicKey(secret);
    const recipientPublicKey = (await rival.kem.deserializePublicKey(buffer(publicKey))) as webcrypto.CryptoKey;
    const recipientKey = (await rival.kem.deserializePrivateKey(buffer(secret))) as webcrypto.CryptoKey;

    const sealed = hpkeSeal(suite, publicKey, info, aad, plaintext)!;
    expect(sealed).toHaveLength(plaintext.length + HPKE_OVERHEAD_BYTES);
    const opened = await rival.open(
      { recipientKey, enc: buffer(sealed.subarray(0, 32)), info: buffer(info) },
      buffer(sealed.subarray(32)),
      buffer(aad),
    );
    expect(new Uint8Array(opened)).toEqual(plaintext);

    const { enc, ct } = await rival.seal({ recipientPublicKey, info: buffer(info) }, buffer(plaintext), buffer(aad));
    const theirs = joinBytes(new Uint8Array(enc), new Uint8Array(ct));
    expect(hpkeOpen(suite, secret, info, aad, theirs)).toEqual(plaintext);
  });

  test('nothing else opens it', () => {
    const secret = suite.random(32);
    const sealed = hpkeSeal(suite, suite.x25519PublicKey(secret), info, aad, plaintext)!;
    expect(hpkeOpen(suite, suite.random(32), info, aad, sealed)).toBeNull();
    expect(hpkeOpen(suite, secret, textBytes('p3do-person-v2'), aad, sealed)).toBeNull();
    expect(hpkeOpen(suite, secret, info, textBytes('for others'), sealed)).toBeNull();
    expect(hpkeOpen(suite, secret, info, aad, sealed.subarray(0, -1))).toBeNull();
    expect(hpkeOpen(suite, secret, info, aad, new Uint8Array(0))).toBeNull();
    expect(hpkeOpen(suite, secret, info, aad, new Uint8Array(64))).toBeNull();
  });

  test('nothing is sealed to a key of small order, or to none', () => {
    expect(hpkeSeal(suite, new Uint8Array(32), info, aad, plaintext)).toBeNull();
    expect(hpkeSeal(suite, new Uint8Array(31), info, aad, plaintext)).toBeNull();
  });
});
