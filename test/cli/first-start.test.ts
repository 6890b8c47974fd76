/** `npm start` where there is nothing yet: a person at a terminal is told what to type next, types it, and it works. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, symlinkSync } from 'node:fs';
import { chmod, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { project, root, run } from '../house/fixture.ts';
import { needs, onPath } from '../needs.ts';
import { freePort } from '../server/free-port.ts';

needs({ name: 'script', apt: 'bsdutils', probe: () => onPath('script') })('the first start', () => {
  test('makes localhost, says how to speak to it, and what it says can be typed; a second start has its port', async () => {
    const P3DO_HOME = project({});
    await chmod(P3DO_HOME, 0o711);
    const bin = join(project({}), 'bin');
    mkdirSync(bin);
    symlinkSync(join(root, 'bin/p3do.js'), join(bin, 'p3do'));
    const passphrase = 'a passphrase that is long enough';
    const env = { PATH: `${bin}:${process.env['PATH'] ?? ''}`, P3DO_HOME, P3DO_PASSPHRASE: passphrase };
    const port = String(await freePort());

    // What people see they see at a terminal, which script(1) makes.
    const server = spawn('script', ['-qefc', `p3do serve --port ${port} 2>/dev/null`, '/dev/null'], {
      env: { ...process.env, ...env, DATABASE_URL: undefined },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    let said = '';
    const isOver = once(server, 'close');
    const isTold = new Promise<void>((resolve) => {
      server.stdout.setEncoding('utf8').on('data', (text: string) => {
        said += text;
        if (said.includes('listen --as')) resolve();
      });
    });
    try {
      await Promise.race([isTold, isOver]);
      const lines = said.split('\r\n');
      expect(lines[0]).toBe(
        `first start: made the domain localhost, for this machine only; its configuration is ${P3DO_HOME}/domains/localhost/config.json`,
      );
      expect(lines[1]).toMatch(new RegExp(`^ready localhost at 127\\.0\\.0\\.1:${port}`));
      const typed = lines.filter((line) => line.startsWith('  ')).map((line) => line.trim());
      expect(typed.map((line) => line.split(' ')[1])).toEqual(['register', 'enter', 'say', 'listen']);
      for (const line of typed) {
        const { status, stdout, stderr } = await run('bash', ['-c', line.replace('listen ', 'listen --count 1 ')], {
          env,
        });
        expect({ line, status, stderr: status === 0 ? '' : stderr }).toEqual({ line, status: 0, stderr: '' });
        if (line.includes(' listen ')) expect(stdout).toContain('hello');
      }
      const again = await run('p3do', ['serve', '--port', port], { env: { ...env, PATH: env.PATH } });
      expect(again.stderr).toContain(`its port is in ${P3DO_HOME}/domains/localhost/config.json`);
      const config = JSON.parse(await readFile(join(P3DO_HOME, 'domains/localhost/config.json'), 'utf8')) as object;
      expect(config).toMatchObject({ listen: { port: Number(port) } });
    } finally {
      server.stdin.write('\u0003');
      await isOver;
    }
    expect(readdirSync(join(P3DO_HOME, 'domains'))).toEqual(['localhost']);
  });
});
