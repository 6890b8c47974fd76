/** GnuPG takes the files of a domain's first start, and the revocation revokes. docs/operating.md#files-of-a-domain */
import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { quickstart } from '../../../server/domain/quickstart.ts';
import { inGpgHome, withGpg } from '../../pki/gpg.ts';
import { NOW } from '../../pki/keys.ts';
import { emptyFolder } from '../config/folder.ts';

withGpg('GnuPG', () => {
  test('imports domain.key with [SC], [A] and [E], recovery.key, and revocation.asc, which revokes', async () => {
    const folder = emptyFolder();
    const { fingerprint, recovery } = await quickstart(folder, { domain: 'example.org', now: NOW });
    await inGpgHome(async ({ gpg, file }) => {
      const imported = async (name: string): Promise<void> => {
        const path = file(name, readFileSync(`${folder}/${name}`, 'utf8'));
        expect(await gpg(NOW, '--import', path)).toMatchObject({ status: 0 });
      };
      const keys = async (): Promise<string> => (await gpg(NOW, '--list-secret-keys', 'example.org')).stdout;
      await imported('domain.key');
      await imported('recovery.key');
      const before = await keys();
      const flags = [...before.matchAll(/^(sec|ssb) +(\w+) .*\[([A-Z]+)\](?: \[expires: ([-0-9]+)\])?/gm)];
      expect(flags.map(([, ...parts]) => parts.join(' ').trim())).toEqual([
        'sec ed25519 SC',
        'ssb ed25519 A',
        'ssb cv25519 E 2027-01-29',
        'sec ed25519 SC',
      ]);
      for (const print of [fingerprint, recovery]) expect(before).toContain(print.toUpperCase());
      expect(before).not.toContain('revoked');
      await imported('revocation.asc');
      const after = await keys();
      expect(after).toMatch(
        /^sec .*\[revoked: 2027-01-15\]\n +[0-9A-F]{40}\nuid +\[ revoked\] P3DO <p3do@example\.org>$/m,
      );
      expect(after).toMatch(/^uid +\[ unknown\] P3DO recovery <p3do@example\.org>$/m);
    });
  });
});
