/** Keys of domains and persons for tests, made from numbers, at one moment. */
import { certify } from '../../pki/certification.ts';
import { type Certificate, readCertificate } from '../../pki/certificate.ts';
import { makeDomainKey, makeIdentityKey } from '../../pki/make-key.ts';
import { readSecretKey, type SecretKey } from '../../pki/secret-key.ts';

/** 2027-01-15 08:00:00 UTC, Unix seconds. */
export const NOW = 1_800_000_000;
export const DAY = 86_400;
export const WEEK = 7 * DAY;

/** 32 bytes that differ for different numbers. */
export const seed = (number: number): Uint8Array =>
  Uint8Array.from({ length: 32 }, (_, i) => (number * 37 + i * 11) & 255);

/** A domain's secret key; `number` sets its seeds. */
export const domainKey = async (domain: string, number = 1, now = NOW): Promise<SecretKey> =>
  readSecretKey(
    await makeDomainKey({
      domain,
      seed: seed(number),
      circuitSeed: seed(number + 1),
      epochSeed: seed(number + 2),
      epochUntil: now + 2 * WEEK,
      now,
    }),
  );

/** A person's secret key; `number` sets its seeds. */
export const identityKey = async (nick: string, domain: string, number = 11, now = NOW): Promise<SecretKey> =>
  readSecretKey(await makeIdentityKey({ nick, domain, seed: seed(number), encryptionSeed: seed(number + 1), now }));

/** A person's public key with one certification more. */
export const certified = async (
  authority: SecretKey,
  target: Certificate,
  userId: string,
  now = NOW,
): Promise<Certificate> => readCertificate(await certify(authority, target, userId, now));
