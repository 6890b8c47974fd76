/** GnuPG gets and brings keys: its own requests, at the real command's key server. */
import { afterEach, expect, test } from '@jest/globals';
import { renderArmour } from '../../../pki/armour.ts';
import { readArmouredCertificate, readCertificate } from '../../../pki/certificate.ts';
import { certify, certStatus } from '../../../pki/certification.ts';
import { makeIdentityKey } from '../../../pki/make-key.ts';
import { applyRevocation, makeRevocation } from '../../../pki/revocation.ts';
import { readSecretKey } from '../../../pki/secret-key.ts';
import { readDomainKey } from '../../../server/domain/key-file.ts';
import { type Gpg, inGpgHome } from '../../pki/gpg.ts';
import { identityKey, seed } from '../../pki/keys.ts';
import { needs, onPath } from '../../needs.ts';
import { Undoing } from '../../undoing.ts';
import { newSpeakerKeys, Speaker } from '../node/speaker.ts';
import { ask, type KeyDomain, serveKeys } from './fixture.ts';

const undoing = new Undoing();
afterEach(() => undoing.run());

const withDirmngr = needs({
  name: 'GnuPG with dirmngr',
  apt: 'gnupg dirmngr',
  probe: () => onPath('gpg') && onPath('gpgconf') && onPath('dirmngr'),
});

const seconds = (): number => Math.floor(Date.now() / 1000);

/** GnuPG in a home of its own, with this domain's key server. */
const withKeyServer = (
  { keys }: KeyDomain,
  body: (gpg: (...args: string[]) => ReturnType<Gpg['gpg']>, home: Gpg) => Promise<void>,
): Promise<void> =>
  inGpgHome(async (home) => {
    const server = `hkp://${keys.host}:${keys.port}`;
    // Its own resolver takes no address that has no name.
    home.file('dirmngr.conf', 'standard-resolver\n');
    await body((...args) => home.gpg(seconds(), '--keyserver', server, ...args), home);
  });

withDirmngr('GnuPG', () => {
  test('searches, receives and refreshes; the certification comes with it, and later its revocation', async () => {
    const domain = await serveKeys(undoing, 'home.test');
    const { served } = domain;
    const alice = await newSpeakerKeys('alice', 'home.test');
    (await Speaker.open(served.endpoint, alice, { invite: null })).close();
    const own = await readDomainKey(served.folder, 'home.test');
    const fingerprint = (await readCertificate(alice.key)).key.fingerprint.toUpperCase();
    await withKeyServer(domain, async (gpg, { file }) => {
      const found = await gpg('--with-colons', '--search-keys', 'alice@home.test');
      expect(found.stdout).toContain(`pub:${fingerprint}:22:256:`);
      expect(found.stdout).toContain('uid:alice <alice@home.test>:');
      const keep = ['--keyserver-options', 'no-self-sigs-only'];
      const received = await gpg(...keep, '--recv-keys', own.certificate.key.fingerprint, fingerprint);
      expect(received).toMatchObject({ status: 0 });
      expect(received.stderr).toContain('imported: 2');
      await gpg('--import-ownertrust', file('trust', `${own.certificate.key.fingerprint.toUpperCase()}:6:\n`));
      const sigs = async (): Promise<string> => (await gpg('--with-colons', '--check-sigs', 'alice')).stdout;
      await gpg('--check-trustdb');
      expect(await sigs()).toMatch(/^uid:f:.*alice/m);
      expect(await gpg(...keep, '--refresh-keys')).toMatchObject({ status: 0 });
      expect(await gpg('--recv-keys', 'A'.repeat(40))).toMatchObject({ status: 2 });
      expect((await gpg('--search-keys', 'nobody@home.test')).stderr).toContain('not found');
      // Parts of an address find nobody.
      expect((await gpg('--search-keys', 'alice')).status).toBe(2);
    });
  });

  test('brings a revocation of a key, which is given out to everybody from then on', async () => {
    const domain = await serveKeys(undoing, 'home.test');
    const own = await readDomainKey(domain.served.folder, 'home.test');
    const now = seconds();
    const bob = await readSecretKey(
      await makeIdentityKey({ nick: 'bob', domain: 'home.test', seed: seed(61), encryptionSeed: seed(62), now }),
    );
    const certified = await readCertificate(await certify(own, bob.certificate, 'bob <bob@home.test>', now));
    const dead = await applyRevocation(certified, await makeRevocation(bob.signer, now));
    const fingerprint = bob.certificate.key.fingerprint;
    await withKeyServer(domain, async (gpg, { file }) => {
      for (const [name, bytes] of [
        ['alive', certified.bytes],
        ['dead', dead],
      ] as const) {
        expect(await gpg('--import', file(name, bytes))).toMatchObject({ status: 0 });
        expect(await gpg('--send-keys', fingerprint)).toMatchObject({ status: 0 });
        const { status, body } = await ask(domain.keys, `/pks/lookup?op=get&search=0x${fingerprint}`);
        const got = await readArmouredCertificate(body);
        expect([status, got.revocation?.isHard]).toEqual([200, name === 'dead' ? true : undefined]);
        expect((await certStatus(got, 'bob <bob@home.test>', own.certificate, now)).isValid).toBe(name === 'alive');
      }
      const index = await ask(domain.keys, '/pks/lookup?op=index&options=mr&search=bob@home.test');
      expect(index.body).toMatch(/^pub:[0-9A-F]{40}:22:256:\d+::r$/m);
    });
    await withKeyServer(domain, async (gpg) => {
      expect(await gpg('--recv-keys', fingerprint)).toMatchObject({ status: 0 });
      expect((await gpg('--with-colons', '--list-keys')).stdout).toMatch(/^pub:r:/m);
    });
  });

  test('is refused a key that nobody here vouches for', async () => {
    const domain = await serveKeys(undoing, 'home.test');
    const eve = await identityKey('eve', 'home.test', 81, seconds());
    await withKeyServer(domain, async (gpg, { file }) => {
      await gpg('--import', file('eve', renderArmour('public', eve.certificate.bytes)));
      const sent = await gpg('--send-keys', eve.certificate.key.fingerprint);
      expect(sent.status).toBe(2);
      expect(sent.stderr).toContain('keyserver send failed');
    });
  });
});
