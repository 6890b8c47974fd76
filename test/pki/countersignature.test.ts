/** Countersignatures: one domain's word for another, for its own people only, made and judged as GnuPG does. */
import { expect, test } from '@jest/globals';
import { type Certificate, readCertificate } from '../../pki/certificate.ts';
import { certStatus, revoke } from '../../pki/certification.ts';
import { countersign, countersignStatus, isCountersignatureDue, scopeOf } from '../../pki/countersignature.ts';
import { sign } from '../../pki/openpgp.ts';
import { tags } from '../../pki/packets.ts';
import { signatureTypes } from '../../pki/signature.ts';
import { encodeText } from '../../psyc/bytes.ts';
import { craft, packet, userIdData, withPackets } from './crafted.ts';
import { inGpgHome, withGpg } from './gpg.ts';
import { certified, DAY, domainKey, identityKey, NOW, seed } from './keys.ts';
import { imported, validity } from './validity.ts';

const PEER = 'P3DO <p3do@peer.example>';
const home = await domainKey('home.example');
const peer = await domainKey('peer.example', 41);
const evil = await domainKey('evil.example', 51);
const countersigned = async (by = home, now = NOW): Promise<Certificate> =>
  readCertificate(await countersign(by, peer.certificate, now));
const once = await countersigned();

const status = async (target: Certificate, now = NOW): Promise<string> => {
  const verdict = await countersignStatus(target, home.certificate, now);
  return verdict.isValid ? 'valid' : verdict.code;
};

/** The peer's key with a certification that claims something else. */
async function claiming(trust: { depth: number; amount: number; scope: string } | null): Promise<Certificate> {
  const subject = { kind: 'user id', key: peer.certificate.key.body, userId: PEER } as const;
  const claims = { type: signatureTypes.certPositive, created: NOW - 60, ...(trust === null ? {} : { trust }) };
  return readCertificate(
    withPackets(peer.certificate.bytes, [packet(tags.signature, await sign(home.signer, subject, claims))]),
  );
}

/** The same by hand: depth and amount as they are, and a scope of these bytes. */
async function scoped(scope: Uint8Array): Promise<Certificate> {
  const hashed: [number, Uint8Array][] = [
    [5, Uint8Array.of(1, 120)],
    [6, scope],
  ];
  const { fingerprint } = home.certificate.key;
  const body = craft(seed(1), fingerprint, { type: 0x13, created: NOW, hashed }, userIdData(peer.certificate, PEER));
  return readCertificate(withPackets(peer.certificate.bytes, [packet(tags.signature, body)]));
}

test('180 days to the second, renewed at sixty days left', async () => {
  const until = NOW + 180 * DAY;
  expect(await countersignStatus(once, home.certificate, NOW)).toEqual({ isValid: true, from: NOW - 60, until });
  expect(await status(once, until - 1)).toBe('valid');
  expect(await status(once, until)).toBe('_expired_certification');
  expect(isCountersignatureDue(until, until - 60 * DAY)).toBe(false);
  expect(isCountersignatureDue(until, until - 60 * DAY + 1)).toBe(true);
});

test('taken back, and given again', async () => {
  const revoked = await readCertificate(await revoke(home, once, PEER, NOW + 1));
  expect(await status(revoked, NOW + 1)).toBe('_revoked_certification');
  const again = await readCertificate(await countersign(home, revoked, NOW + 2));
  expect(await status(again, NOW + 2)).toBe('valid');
});

test.each([
  ['no trust at all', () => claiming(null), '_foreign_scope'],
  ['depth 2', () => claiming({ depth: 2, amount: 120, scope: scopeOf('peer.example') }), '_foreign_scope'],
  ['amount 60', () => claiming({ depth: 1, amount: 60, scope: scopeOf('peer.example') }), '_foreign_scope'],
  ['another domain', () => claiming({ depth: 1, amount: 120, scope: scopeOf('home.example') }), '_foreign_scope'],
  ['everybody', () => claiming({ depth: 1, amount: 120, scope: '.' }), '_foreign_scope'],
  [
    'a dot that is any letter',
    () => claiming({ depth: 1, amount: 120, scope: '<[^>]+[@.]peer.example>$' }),
    '_foreign_scope',
  ],
  ['no zero at its end', () => scoped(encodeText(scopeOf('peer.example'))), '_foreign_scope'],
  ['the same with it', () => scoped(encodeText(`${scopeOf('peer.example')}\0`)), 'valid'],
  ['by somebody else', () => countersigned(evil), '_uncertified'],
  ['of nobody', () => Promise.resolve(peer.certificate), '_uncertified'],
])('%s', async (_, target, code) => {
  expect(await status(await target())).toBe(code);
});

test('one that says it never ends does all the same', async () => {
  const endless = await claiming({ depth: 1, amount: 120, scope: scopeOf('peer.example') });
  expect(await status(endless, NOW + 180 * DAY - 1)).toBe('valid');
  expect(await status(endless, NOW + 180 * DAY)).toBe('_expired_certification');
});

test('only domains countersign, and only domains are', async () => {
  const alice = await identityKey('alice', 'home.example');
  await expect(countersign(alice, peer.certificate, NOW)).rejects.toMatchObject({ code: '_invalid_authority' });
  await expect(countersign(home, alice.certificate, NOW)).rejects.toMatchObject({ code: '_foreign_user_id' });
  expect(await status(alice.certificate)).toBe('_foreign_user_id');
  const young = (await domainKey('peer.example', 41, NOW + DAY)).certificate;
  await expect(countersign(home, young, NOW)).rejects.toMatchObject({ code: '_expired_key' });
});

withGpg('GnuPG', () => {
  test('agrees: people of the peer are valid, those out of its scope are not, and nobody when it is taken back', async () => {
    const carol = await identityKey('carol', 'peer.example', 61);
    const mallory = await identityKey('mallory', 'home.example', 71);
    const named = await certified(peer, carol.certificate, 'carol <carol@peer.example>');
    // The peer certifies somebody of our domain, which our own code would never do.
    const userId = 'mallory <mallory@home.example>';
    const subject = { kind: 'user id', key: mallory.certificate.key.body, userId } as const;
    const claims = { type: signatureTypes.certPositive, created: NOW - 60 };
    const forged = await readCertificate(
      withPackets(mallory.certificate.bytes, [packet(tags.signature, await sign(peer.signer, subject, claims))]),
    );
    const revoked = await readCertificate(await revoke(home, once, PEER, NOW + 1));
    const again = await readCertificate(await countersign(home, revoked, NOW + 2));
    const cases: [Certificate, number, string][] = [
      [once, NOW, 'f'],
      [revoked, NOW + 1, '-'],
      [again, NOW + 2, 'f'],
      [again, NOW + 2 + 180 * DAY, '-'],
    ];
    for (const [target, now, letter] of cases) {
      await inGpgHome(async (gpg) => {
        await imported(gpg, now, home.certificate.bytes, target.bytes, named.bytes, forged.bytes);
        expect(await validity(gpg, now, home.certificate, PEER)).toBe(letter);
        // Certifications of people last thirty days.
        if (now < NOW + DAY) expect(await validity(gpg, now, home.certificate, 'carol')).toBe(letter);
        expect(await validity(gpg, now, home.certificate, 'mallory')).toBe('-');
      });
      expect((await countersignStatus(target, home.certificate, now)).isValid).toBe(letter === 'f');
    }
    expect((await certStatus(named, 'carol <carol@peer.example>', peer.certificate, NOW)).isValid).toBe(true);
  });
});
