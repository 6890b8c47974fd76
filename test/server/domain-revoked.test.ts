/** Somebody brings the revocation of a domain's key to another domain: its circuit is closed, and nothing of it counts. */
import { readFile, writeFile } from 'node:fs/promises';
import { execFile } from 'node:child_process';
import { dirname, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterEach, expect, test } from '@jest/globals';
import { parseArmour, renderArmour } from '../../pki/armour.ts';
import { readArmouredCertificate } from '../../pki/certificate.ts';
import { applyRevocation, makeRevocation } from '../../pki/revocation.ts';
import { readDomainKey } from '../../server/domain/key-file.ts';
import { inGpgHome, withGpg } from '../pki/gpg.ts';
import { Undoing } from '../undoing.ts';
import { domainKey } from '../pki/keys.ts';
import { ask, type KeyDomain, serveKeys } from './keys/fixture.ts';
import { command, freeEndpoint } from './served.ts';

const undoing = new Undoing();
afterEach(() => undoing.run());

const p3do = (...args: string[]): Promise<string> =>
  new Promise((resolve) => {
    execFile(process.execPath, [command, ...args], (_, out, complaints) => resolve(`${out}${complaints}`));
  });

const federate = ({ served }: KeyDomain, ...args: string[]): Promise<string> =>
  p3do('federate', ...args, '--folder', served.folder);

withGpg('GnuPG', () => {
  test('with the revocation that was made with the domain, as GnuPG takes it too', async () => {
    const [atA, atB] = await Promise.all([freeEndpoint(), freeEndpoint()]);
    const a = await serveKeys(undoing, 'a.test', { endpoint: atA, peers: new Map([['b.test', atB]]) });
    const b = await serveKeys(undoing, 'b.test', { endpoint: atB, peers: new Map([['a.test', atA]]) });
    const [ofA, ofB] = await Promise.all([
      readDomainKey(a.served.folder, 'a.test'),
      readDomainKey(b.served.folder, 'b.test'),
    ]);
    await federate(b, 'add', 'a.test', '--fingerprint', ofA.certificate.key.fingerprint);
    const { fingerprint } = ofB.certificate.key;
    await federate(a, 'add', 'b.test', '--fingerprint', fingerprint);
    while (!(await federate(a, 'show', 'b.test')).startsWith('b.test, connected, normal')) await wait(50);
    const file = join(b.served.folder, 'revocation.asc');
    const revocation = parseArmour(await readFile(file, 'utf8'));
    const revoked = renderArmour('public', await applyRevocation(ofB.certificate, revocation));
    const now = Math.floor(Date.now() / 1000);
    await inGpgHome(async ({ gpg, file: fileOf }) => {
      await gpg(now, '--import', fileOf('revoked', revoked));
      expect((await gpg(now, '--with-colons', '--list-keys')).stdout).toMatch(/^pub:r:/m);
    });
    // Whoever does not say that he means it has done nothing.
    const ofKey = `the key of b.test, ${fingerprint}`;
    const unsaid = await p3do('key', 'void', file, '--folder', b.served.folder);
    expect(unsaid).toContain(`This voids ${ofKey}, for good`);
    expect(unsaid).toContain('say --yes');
    // At another domain its name is to be said, which is a thing to be done by who means it.
    for (const yes of [[], ['--yes']]) {
      const elsewhere = await p3do('key', 'void', file, '--folder', a.served.folder, ...yes);
      expect(elsewhere).toContain(`This is NOT of a.test: it voids ${ofKey}`);
      expect(elsewhere).toContain('say --yes b.test');
    }
    expect(await p3do('key', 'void', file, '--folder', a.served.folder, '--yes', 'a.test')).toContain(
      'the file is of b.test',
    );
    expect(await federate(a, 'show', 'b.test')).toContain('connected, normal');
    expect(await p3do('key', 'void', file, '--yes', '--folder', b.served.folder)).toBe(
      `void at b.test: ${ofKey}\nvoid at a.test: ${ofKey}\n`,
    );
    while (!(await federate(a, 'show', 'b.test')).startsWith('b.test, away, void')) await wait(50);
    expect(await federate(a, 'test', 'b.test')).toContain('(_trust_revoked_key)');
    expect(a.served.log.some((line) => line.includes('"alarm":"revoked key"'))).toBe(true);
    // Its own admin reads it, as certain: its revocation was found.
    await b.served.logged((line) => line.includes('REVOKED') && line.includes('"isFound":true'));
    expect(await federate(b, 'list')).toMatch(
      /^YOUR OWN KEY IS REVOKED, and refused by a\.test: p3do key rotate --recovery/,
    );
    const given = await ask(a.keys, `/pks/lookup?op=get&search=0x${fingerprint}`);
    expect((await readArmouredCertificate(given.body)).revocation).toMatchObject({ isHard: true });
    // From anywhere, without the domain's folder; and nothing else than a revocation, of a key that is known there.
    const at = `${atA.host}:${atA.port}`;
    expect(await p3do('key', 'void', file, '--yes', '--at', at)).toBe(`void at ${at}: ${ofKey}\n`);
    expect(await p3do('key', 'void', join(a.served.folder, 'domain.key'), '--yes', '--at', at)).toContain(
      '(_foreign_revocation)',
    );
    const stranger = join(dirname(a.served.folder), 'stranger.asc');
    const other = await domainKey('c.test', 71, now);
    await writeFile(stranger, renderArmour('public', await makeRevocation(other.signer, now)));
    expect(await p3do('key', 'void', stranger, '--yes', '--at', at)).toContain(
      `not at ${at}: it does not know the key`,
    );
  });
});
