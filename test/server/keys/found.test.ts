/** Somebody's home is killed: his key is found on the ring, by the DNS of his domain, and at another domain's key server. */
import { execFile } from 'node:child_process';
import { setTimeout as wait } from 'node:timers/promises';
import { afterEach, expect, test } from '@jest/globals';
import { readArmouredCertificate, readCertificate } from '../../../pki/certificate.ts';
import { certStatus } from '../../../pki/certification.ts';
import { readDomainKey } from '../../../server/domain/key-file.ts';
import { Undoing } from '../../undoing.ts';
import { startBind, withNameServers } from '../dns/name-servers.ts';
import { newSpeakerKeys, Sayings, Speaker } from '../node/speaker.ts';
import type { Endpoint } from '../../../server/transport/resolve.ts';
import { command, freeEndpoint, type ServedOptions } from '../served.ts';
import { ask, type KeyDomain, serveKeys } from './fixture.ts';

const undoing = new Undoing();
afterEach(() => undoing.run());

const p3do = ({ served }: KeyDomain, ...args: string[]): Promise<string> =>
  new Promise((resolve) => {
    const all = [command, ...args, '--folder', served.folder];
    execFile(process.execPath, all, (_, out, complaints) => resolve(`${out}${complaints}`));
  });

/** The test's own time ends it. */
async function eventually(told: () => Promise<string>, what: RegExp): Promise<void> {
  while (!what.test(await told())) await wait(50);
}

withNameServers('with bind', () => {
  test('on the ring, where the DNS points, and at a known key server; nowhere else', async () => {
    const ends = await Promise.all(['a.test', 'b.test', 'c.test', 'd.test', 'e.test'].map(freeEndpoint));
    const [atA, atB, atC, atD, atE] = ends as [Endpoint, Endpoint, Endpoint, Endpoint, Endpoint];
    // Who is met must find whoever came.
    const all = new Map(['a.test', 'b.test', 'c.test', 'd.test', 'e.test'].map((name, at) => [name, ends[at]!]));
    const but = (own: string): Map<string, Endpoint> => new Map([...all].filter(([name]) => name !== own));
    const bind = await startBind({ 'b.test': `_p3do TXT "v=P3DO1; fpr=${'0'.repeat(40)}; seq=1"\n` }, false);
    const toB = new Map([['b.test', atB]]);
    const b = await serveKeys(undoing, 'b.test', { endpoint: atB, peers: but('b.test') });
    const home = await readDomainKey(b.served.folder, 'b.test');
    const { fingerprint } = home.certificate.key;
    // Only now is it known what the record says.
    const record = `_p3do TXT "v=P3DO1; fpr=${fingerprint}; seq=1; ks=hkps://ks.b.test:${atA.port}"`;
    const pointing = await startBind({ 'b.test': `${record}\nks A ${atA.host}\n` }, false);
    const begin = (domain: string, options: ServedOptions): Promise<KeyDomain> => serveKeys(undoing, domain, options);
    const a = await begin('a.test', { endpoint: atA, peers: but('a.test') });
    const resolving = (port: number): NonNullable<ServedOptions['config']> => ({
      dns: { resolvers: [`udp://127.0.0.1:${port}`] },
    });
    const byDns = await begin('c.test', { endpoint: atC, peers: toB, config: resolving(pointing.port) });
    const byOthers = await begin('d.test', { endpoint: atD, peers: but('d.test'), config: resolving(bind.port) });
    const alone = await begin('e.test', { endpoint: atE, peers: toB, config: resolving(bind.port) });

    const hall = 'psyc://a.test/@hall';
    const bob = await newSpeakerKeys('bob', 'b.test');
    const bobs = await Speaker.open(atB, bob, { invite: null });
    const sayings = new Sayings(bob, hall);
    bobs.say(sayings.ask('_request_context_enter'));
    await bobs.method('_echo_context_enter');
    bobs.say(sayings.say('_message_public', 'hello'));
    await bobs.method('_echo_message_public');
    bobs.close();
    for (const one of [byDns, byOthers, alone]) {
      expect(await p3do(one, 'federate', 'add', 'b.test', '--fingerprint', fingerprint)).toContain('confirmed');
    }
    const ofA = (await readDomainKey(a.served.folder, 'a.test')).certificate.key.fingerprint;
    expect(await p3do(byOthers, 'federate', 'add', 'a.test', '--fingerprint', ofA)).toContain('confirmed');
    const own = (await readCertificate(bob.key)).key.fingerprint;
    await eventually(async () => (await ask(a.keys, `/pks/lookup?op=index&search=bob@b.test`)).body, /^pub:/m);
    const devices = await ask(a.keys, '/pks/lookup?op=x-p3do-devices&search=bob@b.test');
    expect(devices.body).toMatch(/^P3DO-DEVICES-v1\nuser bob <bob@b\.test>\n/);

    await b.served.kill();
    const line = new RegExp(`^bob@b\\.test, key ${own}, vouched for until \\d{4}-\\d\\d-\\d\\d\n$`);
    for (const one of [a, byDns, byOthers]) {
      expect(await p3do(one, 'key', 'find', 'bob@b.test')).toMatch(line);
      const text = await p3do(one, 'key', 'find', 'bob@b.test', '--armor');
      const status = await certStatus(
        await readArmouredCertificate(text),
        'bob <bob@b.test>',
        home.certificate,
        Math.floor(Date.now() / 1000),
      );
      expect(status.isValid).toBe(true);
      // What was found once is on the ring from then on.
      await eventually(async () => (await ask(one.keys, `/pks/lookup?op=index&search=bob@b.test`)).body, /^pub:/m);
    }
    expect(await p3do(alone, 'key', 'find', 'bob@b.test')).toContain('(_keys_unknown)');
    expect(await p3do(a, 'key', 'find', 'nobody@b.test')).toContain('(_keys_unknown)');
    const log = [a, byDns, byOthers, alone].flatMap(({ served }) => served.log);
    expect(log.filter((text) => text.includes('bob'))).toEqual([]);
  });
});
