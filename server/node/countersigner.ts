/** What a domain says of another's key: made, taken back, and read in what the other says. docs/spec/pki.md#countersignature */
import type { PkiAnswer, PkiQuestion } from '../../federation/keys/pki.ts';
import { bytesOfHex } from '../../crypto/bytes.ts';
import { type Certificate, readCertificate } from '../../pki/certificate.ts';
import { revoke } from '../../pki/certification.ts';
import { countersign, countersignStatus, isCountersignatureDue } from '../../pki/countersignature.ts';
import { PkiError } from '../../pki/error.ts';
import { admit } from '../../pki/ring.ts';
import type { SecretKey } from '../../pki/secret-key.ts';
import { domainOf, renderDomainUserId } from '../../pki/user-id.ts';

/** A question about countersignatures. */
export type CountersignQuestion = PkiQuestion & {
  readonly kind: 'countersign' | 'uncountersign' | 'read countersignature';
};

/** Answers as the domain with this key; `now` in Unix seconds. Throws PkiError for what others sent. */
export async function answerCountersign(
  own: SecretKey,
  question: CountersignQuestion,
  now: number,
): Promise<PkiAnswer> {
  switch (question.kind) {
    case 'countersign': {
      const peer = await readCertificate(question.key);
      if (domainOf(peer) !== question.domain) throw new PkiError('_foreign_user_id', 'the key of another domain');
      const known = await together([question.key, question.kept], [peer, own.certificate], now);
      const before = await countersignStatus(known, own.certificate, now);
      if (before.isValid && !isCountersignatureDue(before.until, now)) return told(known, before.until);
      const made = await together([await countersign(own, known, now)], [peer, own.certificate], now);
      const { until } = await countersignStatus(made, own.certificate, now);
      return told(made, until ?? 0);
    }
    case 'uncountersign': {
      const peer = await readCertificate(question.key);
      const domain = domainOf(peer);
      if (domain === null) throw new PkiError('_foreign_user_id', 'not the key of a domain');
      const revoked = await revoke(own, peer, renderDomainUserId(domain), now);
      return told(await together([revoked], [peer, own.certificate], now), 0);
    }
    case 'read countersignature': {
      const authority = await readCertificate(question.authority);
      const key = await together([question.key, question.kept], [own.certificate, authority], now);
      const isOurs = key.key.fingerprint === own.certificate.key.fingerprint;
      if (!isOurs) throw new PkiError('_foreign_user_id', 'another key than that of this domain');
      const status = await countersignStatus(key, authority, now);
      if (status.isValid) return told(key, status.until);
      if (status.code === '_revoked_certification') return told(key, 0);
      throw new PkiError(status.code, 'it does not countersign this domain');
    }
  }
}

/** Copies of a key as one, with what these say of it and nobody else. */
async function together(
  copies: readonly (Uint8Array | null)[],
  authorities: readonly Certificate[],
  now: number,
): Promise<Certificate> {
  const all = copies.filter((copy) => copy !== null);
  return readCertificate((await admit(all, authorities, now)).bytes);
}

const told = ({ bytes, key }: Certificate, until: number): PkiAnswer => ({
  kind: 'countersigned',
  key: bytes,
  fingerprint: bytesOfHex(key.fingerprint)!,
  untilMs: until * 1000,
});
