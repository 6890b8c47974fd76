/** A domain gets another key while it is served: announced ahead, put in its place at its time, followed by other domains and by people. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { Resolver } from 'node:dns/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { readArmouredCertificate } from '../../pki/certificate.ts';
import { certStatus } from '../../pki/certification.ts';
import type { SecretKey } from '../../pki/secret-key.ts';
import { readDomainKey } from '../../server/domain/key-file.ts';
import type { Endpoint } from '../../server/transport/resolve.ts';
import { Undoing } from '../undoing.ts';
import { ask, type KeyDomain, serveKeys } from './keys/fixture.ts';
import { command, freeEndpoint } from './served.ts';

const undoing = new Undoing();
let a: KeyDomain;
let b: KeyDomain;
let dns: Endpoint;
let home: string;
let old: SecretKey;
let next = '';

interface Outcome {
  readonly code: number;
  readonly out: string;
  readonly complaints: string;
}

const p3do = (...args: string[]): Promise<Outcome> =>
  new Promise((resolve) => {
    const env = { ...process.env, P3DO_HOME: home, P3DO_PASSPHRASE: 'correct horse' };
    execFile(process.execPath, [command, ...args], { env }, (error, out, complaints) => {
      resolve({ code: error === null ? 0 : Number(error.code), out, complaints });
    });
  });

/** The test's own time ends it. */
async function eventually(told: () => Promise<string>, what: RegExp): Promise<void> {
  while (!what.test(await told())) await wait(50);
}

const at = ({ served }: KeyDomain): string[] => ['--server', `${served.endpoint.host}:${served.endpoint.port}`];
const shown = async (): Promise<string> => (await p3do('federate', 'show', 'b.test', '--folder', a.served.folder)).out;

async function record(): Promise<string> {
  const resolver = new Resolver();
  resolver.setServers([`${dns.host}:${dns.port}`]);
  return (await resolver.resolveTxt('_p3do.b.test')).flat().join('');
}

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'p3do-people-'));
  undoing.add(() => rm(home, { recursive: true, force: true }));
  const [atA, atB] = await Promise.all([freeEndpoint(), freeEndpoint()]);
  dns = await freeEndpoint();
  // Three days are five seconds.
  const policy = { timeScale: 50_000 };

  const responder = { hosts: [dns.host], port: dns.port, nameServer: 'ns.b.test' };
  const open = { registration: 'open' };
  b = await serveKeys(undoing, 'b.test', {
    endpoint: atB,
    peers: new Map([['a.test', atA]]),
    config: { policy, dns: { responder }, ...open },
  });
  a = await serveKeys(undoing, 'a.test', {
    endpoint: atA,
    peers: new Map([['b.test', atB]]),
    config: { policy, dns: { resolvers: [`udp://${dns.host}:${dns.port}`] }, ...open },
  });
  old = await readDomainKey(b.served.folder, 'b.test');
  await p3do(
    'federate',
    'add',
    'b.test',
    '--fingerprint',
    old.certificate.key.fingerprint,
    '--folder',
    a.served.folder,
  );
  const ofA = (await readDomainKey(a.served.folder, 'a.test')).certificate.key.fingerprint;
  await p3do('federate', 'add', 'a.test', '--fingerprint', ofA, '--folder', b.served.folder);
  for (const [name, domain] of [
    ['bob@b.test', b],
    ['eve@b.test', b],
    ['mal@b.test', b],
    ['ada@a.test', a],
  ] as const) {
    expect(await p3do('register', name, ...at(domain))).toMatchObject({ code: 0 });
  }
  for (const name of ['bob@b.test', 'eve@b.test', 'ada@a.test']) {
    expect(await p3do('enter', '@hall@b.test', '--as', name)).toMatchObject({ code: 0 });
  }
  for (const name of ['bob@b.test', 'eve@b.test']) {
    expect(await p3do('say', '@hall@b.test', '--as', name, 'before')).toMatchObject({ code: 0 });
  }
  expect(await p3do('key', 'revoke', 'mal', '--folder', b.served.folder)).toMatchObject({ code: 0 });
  const { out } = await p3do('history', '@hall@b.test', '--as', 'ada@a.test');
  expect(out).toMatch(/bob@b\.test.*before/);
});
afterAll(() => undoing.run());

test('it is announced in the DNS at once, and one at a time; not sooner than others wait', async () => {
  expect(await record()).toBe(`v=P3DO1; fpr=${old.certificate.key.fingerprint}; seq=1`);
  const early = await p3do('key', 'rotate', '--at', '2020-01-01T00:00Z', '--folder', b.served.folder);
  expect([early.code, early.complaints]).toEqual([1, expect.stringContaining('(_domain_early)')]);
  const made = await p3do('key', 'rotate', '--folder', b.served.folder);
  [, next = ''] = /^key ([0-9a-f]{40}) takes its place at /.exec(made.out) ?? [];
  expect(made).toMatchObject({ code: 0, complaints: '' });
  expect(made.out).toContain(`"v=P3DO1; fpr=${old.certificate.key.fingerprint}; nfpr=${next}; seq=1"`);
  expect(await record()).toBe(`v=P3DO1; fpr=${old.certificate.key.fingerprint}; nfpr=${next}; seq=1`);
  const again = await p3do('key', 'rotate', '--folder', b.served.folder);
  expect([again.code, again.complaints]).toEqual([1, expect.stringContaining('(_domain_rotating)')]);
});

test('at its time it is in its place; the other domain, who has heard of it before, follows at once', async () => {
  await b.served.logged((line) => line.includes('ROTATED') && line.includes(next));
  await eventually(shown, /^b\.test, connected, normal, rotated, allow\n/);
  expect((await shown()).replace(/ /g, '').toLowerCase()).toContain(`key${next}`);
  expect(await record()).toBe(`v=P3DO1; fpr=${next}; seq=2`);
  expect(existsSync(join(b.served.folder, 'former', `${old.certificate.key.fingerprint}.key`))).toBe(true);
  expect(['next.key', 'rotation.next'].some((name) => existsSync(join(b.served.folder, name)))).toBe(false);
  // Each countersigns the other's present key.
  await eventually(shown, /by us {3}countersigned until .*\n {2}by them countersigned until/);
});

test('people follow their home, and those elsewhere its people; who was not there is certified anew when he is asked for', async () => {
  const said = await p3do('say', '@hall@b.test', '--as', 'bob@b.test', 'after');
  expect(said).toMatchObject({ code: 0 });
  expect(said.complaints).toContain(`b.test has another key now, as its old one says: ${next}`);
  const { out, complaints } = await p3do('history', '@hall@b.test', '--as', 'ada@a.test');
  for (const line of [/bob@b\.test.*before/, /eve@b\.test.*before/, /bob@b\.test.*after/]) expect(out).toMatch(line);
  expect(out).not.toMatch(/NOT |according to .*: /);
  expect(complaints).toContain(`b.test has another key now, as its old one says: ${next}`);
  expect((await p3do('say', '@hall@b.test', '--as', 'bob@b.test', 'once more')).complaints).toBe('');
  // Both words are on her key: nobody who still goes by the old one loses her.
  const { body } = await ask(b.keys, '/pks/lookup?op=get&search=eve@b.test');
  const key = await readArmouredCertificate(body);
  const now = Math.floor(Date.now() / 1000);
  const present = await readDomainKey(b.served.folder, 'b.test');
  expect(present.certificate.key.fingerprint).toBe(next);
  for (const authority of [old.certificate, present.certificate]) {
    expect(await certStatus(key, 'eve <eve@b.test>', authority, now)).toMatchObject({ isValid: true });
  }
  expect((await ask(b.keys, `/pks/lookup?op=get&search=0x${old.certificate.key.fingerprint}`)).status).toBe(200);
});

test.each(['mal', 'eve'])('%s, who was taken back, before or since, is not let in', async (nick) => {
  if (nick === 'eve') {
    expect(await p3do('key', 'revoke', nick, '--folder', b.served.folder)).toMatchObject({ code: 0 });
  }
  const { code, complaints } = await p3do('say', '@hall@b.test', '--as', `${nick}@b.test`, 'me too');
  expect([code, complaints]).toEqual([1, expect.stringContaining('refused (_revoked_certification')]);
});

test('domain.key is lost: the recovery key puts another one in its place, by the public half that others have, and they follow', async () => {
  await b.served.kill();
  const { folder } = b.served;
  await rm(join(folder, 'domain.key'));
  const { body } = await ask(a.keys, `/pks/lookup?op=get&search=0x${next}`);
  expect((await readArmouredCertificate(body)).key.fingerprint).toBe(next);
  const file = join(home, 'old.asc');
  await writeFile(file, body);
  const recovery = ['--recovery', join(folder, 'recovery.key'), '--folder', folder];
  expect((await p3do('key', 'rotate', ...recovery)).complaints).toContain('(_config_key)');
  const made = await p3do('key', 'rotate', ...recovery, '--lost', file);
  const [, found = ''] = /^key ([0-9a-f]{40}) is in its place/.exec(made.out) ?? [];
  expect(made.out).toContain(`"v=P3DO1; fpr=${found}; seq=3"`);
  b.served.start();
  await b.served.ready;
  const followed = new RegExp(`^b\\.test, connected, normal, rotated, allow\\n.*${found}`, 's');
  await eventually(
    async () =>
      (await shown())
        .replaceAll(/(?<=[0-9A-F]) (?=[0-9A-F])/g, '')
        .replaceAll(/[0-9A-F]{40}/g, (hex) => hex.toLowerCase()),
    followed,
  );
  expect(await record()).toBe(`v=P3DO1; fpr=${found}; seq=3`);
});
