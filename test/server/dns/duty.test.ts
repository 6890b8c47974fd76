/** A server that keeps its own record: in the zone of a real name server, and by answering itself. */
import { chmodSync, copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { pino } from 'pino';
import { loadDomain } from '../../../server/domain/load.ts';
import { quickstart } from '../../../server/domain/quickstart.ts';
import { Server } from '../../../server/server.ts';
import { NOW } from '../../pki/keys.ts';
import { emptyFolder } from '../config/folder.ts';
import { dig, startBind, withNameServers } from './name-servers.ts';

withNameServers('with bind and dig', () => {
  test('both ways say the key that the server has', async () => {
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
    const published = new Promise<void>((resolve) => {
      const log = pino({ base: null }, { write: (line: string) => line.includes('published') && resolve() });
      const crashed = (error: unknown): void => {
        throw error;
      };
      started = loadDomain(folder).then((domain) => Server.start(domain, { log, crashed }));
    });
    const server = await started;
    try {
      const said = `"v=P3DO1; fpr=${fingerprint}; seq=1; ks=https://ks.own.test"`;
      const [address = ''] = server.dnsAddresses;
      expect(await dig(Number(address.split(':')[1]), 'TXT', '_p3do.own.test', '+short')).toBe(said);
      await published;
      expect(await dig(bind.port, 'TXT', '_p3do.own.test', '+short')).toBe(said);
    } finally {
      await server.stop();
    }
  }, 30_000);
});

let started: Promise<Server>;
