/** A server that keeps its own record: in the zone of a real name server, and by answering itself. */
import { chmodSync, copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { pino } from 'pino';
import { Asker } from '../../../server/dns/ask.ts';
import { publish } from '../../../server/dns/publish.ts';
import { readTsigKey } from '../../../server/dns/tsig-file.ts';
import { loadDomain } from '../../../server/domain/load.ts';
import { quickstart } from '../../../server/domain/quickstart.ts';
import { Server } from '../../../server/server.ts';
import { systemTimers } from '../../../server/transport/timers.ts';
import { type Outcome, run } from '../../house/fixture.ts';
import { NOW } from '../../pki/keys.ts';
import { emptyFolder } from '../config/folder.ts';
import { command } from '../served.ts';
import { dig, startBind, withNameServers } from './name-servers.ts';

const OTHER = '0123456789abcdef0123456789abcdef01234567';

withNameServers('with bind and dig', () => {
  test('both ways say the key that the server has, and the command puts it there again', async () => {
    const bind = await startBind({ 'own.test': '' }, false);
    const folder = emptyFolder();
    const { config: file, fingerprint } = await quickstart(folder, { domain: 'own.test', now: NOW });
    copyFileSync(bind.key, join(folder, 'tsig.key'));
    chmodSync(join(folder, 'tsig.key'), 0o600);
    const config = JSON.parse(readFileSync(file, 'utf8')) as object;
    const dns = {
      update: { server: `127.0.0.1:${bind.port}`, key: 'tsig.key' },
      responder: { hosts: ['127.0.0.1'], port: 0, nameServer: 'ns.own.test' },
      keyServers: ['https://ks.own.test'],
    };
    const listen = { hosts: ['127.0.0.1'], port: 0 };
    writeFileSync(file, JSON.stringify({ ...config, listen, store: { memory: true }, dns }));
    let told = (): void => {};
    const published = new Promise<void>((resolve) => (told = resolve));
    const log = pino({ base: null }, { write: (line: string) => line.includes('published') && told() });
    const crashed = (error: unknown): void => {
      throw error;
    };
    const server = await Server.start(await loadDomain(folder), { log, crashed });
    try {
      const said = `"v=P3DO1; fpr=${fingerprint}; seq=1; ks=https://ks.own.test"`;
      const [address = ''] = server.further.dns;
      expect(await dig(Number(address.split(':')[1]), 'TXT', '_p3do.own.test', '+short')).toBe(said);
      await published;
      expect(await dig(bind.port, 'TXT', '_p3do.own.test', '+short')).toBe(said);
      // By hand: it is there already; and once more, when it is not.
      const p3do = (...args: string[]): Promise<Outcome> =>
        run(process.execPath, [command, ...args, '--folder', folder]);
      expect(await p3do('dns', 'publish')).toMatchObject({
        status: 0,
        stdout: `_p3do.own.test names ${fingerprint}: it did already\n`,
      });
      const taken = { fpr: OTHER, nfpr: null, seq: 2, ks: [], x: null, isTest: false };
      const zone = {
        server: { host: '127.0.0.1', port: bind.port },
        zone: 'own.test',
        key: await readTsigKey(bind.key),
      };
      await publish(new Asker({ proxy: null }, systemTimers), zone, 'own.test', taken, true);
      const refused = await p3do('dns', 'publish');
      expect(refused).toMatchObject({ status: 1, stdout: '' });
      expect(refused.stderr).toContain(`the DNS names another key, ${OTHER} (seq 2)`);
      // What is printed for pasting another name server takes as it is.
      const pasted = await startBind({ 'own.test': (await p3do('dns', 'show')).stdout }, false);
      expect(await dig(pasted.port, 'TXT', '_p3do.own.test', '+short')).toBe(said);
      expect(await dig(pasted.port, 'SRV', '_psycs._tcp.own.test', '+short')).toMatch(/^0 0 \d+ own\.test\.$/);
      const replaced = await p3do('dns', 'publish', '--replace', '--json');
      expect(JSON.parse(replaced.stdout)).toEqual({ domain: 'own.test', fingerprint, seq: 1, published: true });
      expect(await dig(bind.port, 'TXT', '_p3do.own.test', '+short')).toBe(said);
    } finally {
      await server.stop();
    }
  });
});
