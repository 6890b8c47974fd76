/** Somebody brings the revocation of a domain's key to another domain: its circuit is closed, and nothing of it counts. */
import { readFile } from 'node:fs/promises';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterEach, expect, test } from '@jest/globals';
import { parseArmour, renderArmour } from '../../pki/armour.ts';
import { readArmouredCertificate } from '../../pki/certificate.ts';
import { applyRevocation } from '../../pki/revocation.ts';
import { readDomainKey } from '../../server/domain/key-file.ts';
import { inGpgHome, withGpg } from '../pki/gpg.ts';
import { Undoing } from '../undoing.ts';
import { ask, formOf, type KeyDomain, serveKeys } from './keys/fixture.ts';
import { command, freeEndpoint } from './served.ts';

const undoing = new Undoing();
afterEach(() => undoing.run());

const federate = ({ served }: KeyDomain, ...args: string[]): Promise<string> =>
  new Promise((resolve) => {
    const all = [command, 'federate', ...args, '--folder', served.folder];
    execFile(process.execPath, all, (_, out, complaints) => resolve(`${out}${complaints}`));
  });

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
    const revocation = parseArmour(await readFile(join(b.served.folder, 'revocation.asc'), 'utf8'));
    const revoked = renderArmour('public', await applyRevocation(ofB.certificate, revocation));
    const now = Math.floor(Date.now() / 1000);
    await inGpgHome(async ({ gpg, file }) => {
      await gpg(now, '--import', file('revoked', revoked));
      expect((await gpg(now, '--with-colons', '--list-keys')).stdout).toMatch(/^pub:r:/m);
    });
    expect((await ask(a.keys, '/pks/add', { form: formOf(revoked) })).status).toBe(200);
    while (!(await federate(a, 'show', 'b.test')).startsWith('b.test, away, void')) await wait(50);
    expect(await federate(a, 'test', 'b.test')).toContain('(_trust_revoked_key)');
    expect(a.served.log.some((line) => line.includes('"alarm":"revoked key"'))).toBe(true);
    const given = await ask(a.keys, `/pks/lookup?op=get&search=0x${fingerprint}`);
    expect((await readArmouredCertificate(given.body)).revocation).toMatchObject({ isHard: true });
  });
});
