/** What docs/operating.md tells an admin to write into torrc, Tor takes. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { needs, onPath } from '../../needs.ts';

needs({ name: 'Tor', apt: 'tor', probe: () => onPath('tor') })('torrc', () => {
  test('is valid as it is documented, but for its folder', () => {
    const folder = mkdtempSync(join(tmpdir(), 'p3do-tor-'));
    try {
      const page = readFileSync(new URL('../../../docs/operating.md', import.meta.url), 'utf8');
      const [, documented = ''] = /```\n(SocksPort .*?)```/s.exec(page) ?? [];
      expect(documented).toContain('HiddenServicePort 9404');
      const verify = (torrc: string): string => {
        const file = join(folder, 'torrc');
        writeFileSync(file, torrc.replace('/var/lib/tor/p3do', join(folder, 'p3do')));
        const { stdout, status } = spawnSync(
          'tor',
          ['--verify-config', '--defaults-torrc', '/dev/null', '--DataDirectory', folder, '-f', file],
          { encoding: 'utf8' },
        );
        return status === 0 ? 'valid' : stdout;
      };
      expect(verify(documented)).toBe('valid');
      expect(verify(documented.replace('HiddenServicePort 9404', 'HiddenServicePort many'))).toMatch(
        /HiddenServicePort|port/i,
      );
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
