/** GnuPG takes our keys for what we say they are, and comes to our verdicts. */
import { expect, test } from '@jest/globals';
import { parseArmour, renderArmour } from '../../pki/armour.ts';
import { type Certificate, readArmouredCertificate, readCertificate } from '../../pki/certificate.ts';
import { certStatus, certify, revoke } from '../../pki/certification.ts';
import { enrol, firstStatement, signStatement } from '../../pki/enrolment.ts';
import { renderPacket, tags } from '../../pki/packets.ts';
import { addEpoch } from '../../pki/epoch.ts';
import { splitStatement } from '../../pki/device-statement.ts';
import { makeIdentityKey, makeRecoveryKey } from '../../pki/make-key.ts';
import { applyRevocation, makeRevocation } from '../../pki/revocation.ts';
import { readSecretKey } from '../../pki/secret-key.ts';
import { inGpgHome, withGpg } from './gpg.ts';
import { certified, DAY, domainKey, identityKey, NOW, seed, WEEK } from './keys.ts';
import { imported, validity } from './validity.ts';

const ALICE = 'alice <alice@home.example>';

withGpg('GnuPG', () => {
  test('takes every key, and sees [SC], [A] and [E]', async () => {
    const domain = await domainKey('home.example');
    const two = await addEpoch(domain, { seed: seed(9), from: NOW + WEEK, until: NOW + 3 * WEEK });
    const { certificate } = await readSecretKey(two);
    const recovery = await readSecretKey(await makeRecoveryKey('home.example', seed(5), NOW));
    const alice = await identityKey('alice', 'home.example');
    await inGpgHome(async (gpg) => {
      const keys = [certificate, recovery.certificate, alice.certificate].map(({ bytes }) => bytes);
      await imported(gpg, NOW, ...keys.map((bytes) => renderArmour('public', bytes)));
      const { stdout } = await gpg.gpg(NOW, '--list-keys', '--with-subkey-fingerprint');
      const flags = [...stdout.matchAll(/^(pub|sub) +(\w+) .*\[([A-Z]+)\](?: \[expires: ([-0-9]+)\])?/gm)];
      expect(flags.map(([, ...parts]) => parts.join(' ').trim())).toEqual([
        'pub ed25519 SC',
        'sub ed25519 A',
        'sub cv25519 E 2027-01-29',
        'sub cv25519 E 2027-02-05',
        'pub ed25519 SC',
        'pub ed25519 SC',
        'sub cv25519 E',
      ]);
      for (const { key } of [certificate, ...certificate.subkeys]) {
        expect(stdout).toContain(key.fingerprint.toUpperCase());
      }
    });
  });

  test.each([0, 1, 2])('takes armour of any length, and its own is taken: %i', async (more) => {
    const alice = await identityKey(`alice${'x'.repeat(more)}`, 'home.example');
    const armour = renderArmour('public', alice.certificate.bytes);
    await inGpgHome(async (gpg) => {
      await imported(gpg, NOW, armour);
      const { stdout } = await gpg.gpg(NOW, '--armor', '--export');
      expect((await readArmouredCertificate(stdout)).key).toEqual(alice.certificate.key);
    });
  });

  test('and we agree: certified, revoked, certified again, expired', async () => {
    const domain = await domainKey('home.example');
    const authority = domain.certificate;
    const alice = await identityKey('alice', 'home.example');
    const once = await certified(domain, alice.certificate, ALICE);
    const revoked = await readCertificate(await revoke(domain, once, ALICE, NOW + 10));
    const again = await certified(domain, revoked, ALICE, NOW + 20);
    const cases: [Certificate, number, string, boolean][] = [
      [alice.certificate, NOW, '-', false],
      [once, NOW, 'f', true],
      [revoked, NOW + 10, '-', false],
      [again, NOW + 20, 'f', true],
      [again, NOW + 20 + 30 * DAY - 1, 'f', true],
      [again, NOW + 20 + 30 * DAY, '-', false],
    ];
    for (const [target, now, letter, isValid] of cases) {
      await inGpgHome(async (gpg) => {
        await imported(gpg, now, authority.bytes, target.bytes);
        expect(await validity(gpg, now, authority, ALICE)).toBe(letter);
      });
      expect((await certStatus(target, ALICE, authority, now)).isValid).toBe(isValid);
    }
  });

  test('finds the signatures good', async () => {
    const domain = await domainKey('home.example');
    const alice = await identityKey('alice', 'home.example');
    const once = await certify(domain, alice.certificate, ALICE, NOW);
    await inGpgHome(async (gpg) => {
      await imported(gpg, NOW, domain.certificate.bytes, once);
      const { status, stdout } = await gpg.gpg(NOW, '--with-colons', '--check-sigs', 'alice');
      expect(status).toBe(0);
      const checks = stdout.match(/^sig:.*/gm)?.map((line) => [line.split(':')[1], line.split(':')[9]]);
      expect(checks).toEqual([
        ['!', ALICE],
        ['!', 'P3DO <p3do@home.example>'],
        ['!', ALICE],
      ]);
    });
  });

  test('and we agree on a domain key that is revoked: nobody is certified', async () => {
    const domain = await domainKey('home.example');
    const alice = await identityKey('alice', 'home.example');
    const once = await certified(domain, alice.certificate, ALICE);
    const revocation = await makeRevocation(domain.signer, NOW);
    const dead = await readCertificate(await applyRevocation(domain.certificate, revocation));
    expect(dead.revocation).toEqual({ isHard: true, created: NOW - 60 });
    expect(await certStatus(once, ALICE, dead, NOW)).toMatchObject({ code: '_invalid_authority' });
    await inGpgHome(async (gpg) => {
      await imported(gpg, NOW, domain.certificate.bytes, once.bytes);
      expect(await validity(gpg, NOW, domain.certificate, ALICE)).toBe('f');
      await imported(gpg, NOW, renderArmour('public', revocation));
      expect(await validity(gpg, NOW, domain.certificate, ALICE)).toBe('-');
      const { stdout } = await gpg.gpg(NOW, '--list-keys', 'p3do');
      expect(stdout).toMatch(/^pub .*\[revoked: 2027-01-15\]/m);
    });
  });

  test('verifies a device statement', async () => {
    const alice = await identityKey('alice', 'home.example');
    const { fingerprint } = alice.certificate.key;
    const statement = enrol(firstStatement(fingerprint, ALICE, NOW), seed(77), NOW);
    const { signed, signature } = splitStatement(await signStatement(alice.signer, statement));
    await inGpgHome(async (gpg) => {
      await imported(gpg, NOW, alice.certificate.bytes);
      const text = gpg.file('statement', signed);
      const detached = gpg.file('signature', renderPacket({ tag: tags.signature, body: signature }));
      const { status, stderr } = await gpg.gpg(NOW, '--verify', detached, text);
      expect(stderr).toContain(`Good signature from "${ALICE}"`);
      expect(status).toBe(0);
      gpg.file('statement', new TextDecoder().decode(signed).replace('counter 2', 'counter 3'));
      expect((await gpg.gpg(NOW, '--verify', detached, text)).stderr).toContain('BAD signature');
    });
  });

  test.each([
    ['as it comes', seed(21), seed(22)],
    ['with zeros in front', seed(21).fill(0, 0, 3), seed(22).fill(0, 0, 3)],
    ['with zeros behind', seed(21).fill(0, 29), seed(22).fill(0, 29)],
  ])('uses our secret keys: a seed %s', async (_, primary, encryption) => {
    const names = { nick: 'alice', domain: 'home.example', now: NOW };
    const bytes = await makeIdentityKey({ ...names, seed: primary, encryptionSeed: encryption });
    await inGpgHome(async (gpg) => {
      await imported(gpg, NOW, renderArmour('secret', bytes));
      const text = gpg.file('text', 'hello');
      const signed = await gpg.gpg(NOW, '--trust-model', 'always', '-r', 'alice', '--sign', '--encrypt', text);
      expect(signed).toMatchObject({ status: 0 });
      const { stdout, stderr } = await gpg.gpg(NOW, '--decrypt', `${text}.gpg`);
      expect(stderr).toContain('Good signature');
      expect(stdout).toBe('hello');
      // What GnuPG keeps and gives back has the same seeds.
      const exported = await gpg.gpg(NOW, '--armor', '--export-secret-keys');
      const back = await readSecretKey(parseArmour(exported.stdout));
      expect(back.encryption).toEqual((await readSecretKey(bytes)).encryption);
    });
  });

  test('its own keys are read, and certified where they are of our kinds', async () => {
    const domain = await domainKey('home.example');
    await inGpgHome(async (gpg) => {
      const none = ['--pinentry-mode', 'loopback', '--passphrase', ''];
      const made = await gpg.gpg(NOW - DAY, ...none, '--quick-generate-key', ALICE, 'ed25519', 'sign,cert', '1y');
      expect(made).toMatchObject({ status: 0 });
      const { stdout: list } = await gpg.gpg(NOW, '--with-colons', '--list-keys');
      const fingerprint = /^fpr:+([0-9A-F]{40}):/m.exec(list)![1]!;
      await gpg.gpg(NOW - DAY, ...none, '--quick-add-key', fingerprint, 'cv25519', 'encr', 'never');
      const { stdout } = await gpg.gpg(NOW, '--armor', '--export');
      const key = await readArmouredCertificate(stdout);
      expect(key.key.fingerprint).toBe(fingerprint.toLowerCase());
      expect(key.until).toBe(NOW - DAY + 365 * DAY);
      const once = await certified(domain, key, ALICE);
      expect(await certStatus(once, ALICE, domain.certificate, NOW)).toMatchObject({ isValid: true });
      await imported(gpg, NOW, domain.certificate.bytes, once.bytes);
      expect(await validity(gpg, NOW, domain.certificate, ALICE)).toMatch(/[fu]/);
    });
  });
});
