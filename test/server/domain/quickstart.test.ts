/** A domain's first start: every file of it, nothing overwritten, nothing left behind when it fails; and read again. docs/operating.md#first-start */
import { chmodSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { parseArmour } from '../../../pki/armour.ts';
import { readSecretKey } from '../../../pki/secret-key.ts';
import { ownRecord } from '../../../server/domain/own-record.ts';
import { dnsRecords } from '../../../server/domain/dns-records.ts';
import { domainFolder } from '../../../server/domain/folders.ts';
import { inviteHash } from '../../../server/domain/invites.ts';
import { loadDomain } from '../../../server/domain/load.ts';
import { type NewDomainFiles, quickstart } from '../../../server/domain/quickstart.ts';
import { NOW, WEEK } from '../../pki/keys.ts';
import { emptyFolder } from '../config/folder.ts';

const refused = (code: string): object => ({ name: 'DomainError', code });
const files = ['config.json', 'domain.key', 'invites', 'recovery.key', 'revocation.asc'];

test('a domain, whole, private, and read again', async () => {
  const folder = join(emptyFolder(), 'domains', 'example.org');
  const made = await quickstart(folder, { domain: 'example.org', now: NOW });
  expect(readdirSync(folder).sort()).toEqual(files);
  for (const file of files) expect(statSync(join(folder, file)).mode & 0o777).toBe(0o600);
  expect(made.offline).toEqual([join(folder, 'recovery.key'), join(folder, 'revocation.asc')]);
  const { config, key, invites } = await loadDomain(folder);
  expect(config).toMatchObject({ domain: 'example.org', recovery: made.recovery, registration: 'invited' });
  expect(config.listen).toEqual({ hosts: ['::'], port: 9404 });
  expect(key.certificate.key.fingerprint).toBe(made.fingerprint);
  expect(key.circuitSeed).toHaveLength(32);
  expect(key.encryption.map(({ until }) => until)).toEqual([NOW + 2 * WEEK]);
  const hash = inviteHash(made.invite);
  expect(await invites()).toEqual({ admin: hash, all: new Set([hash]) });
  const recovery = await readSecretKey(parseArmour(readFileSync(join(folder, 'recovery.key'), 'utf8')));
  expect(recovery.certificate.key.fingerprint).toBe(made.recovery);
  expect(recovery.certificate.userIds.map(({ text }) => text)).toEqual(['P3DO recovery <p3do@example.org>']);
  expect(
    dnsRecords(
      'example.org',
      ownRecord({ fingerprint: made.fingerprint, number: 1, next: null }, config.dns),
      config.listen.port,
    ),
  ).toEqual([
    `_p3do.example.org. 3600 IN TXT "v=P3DO1; fpr=${made.fingerprint}; seq=1"`,
    '_psycs._tcp.example.org. 3600 IN SRV 0 0 9404 example.org.',
  ]);
});

test('two first starts have nothing in common', async () => {
  const [one, two] = await Promise.all(
    [0, 1].map(() => quickstart(emptyFolder(), { domain: 'example.org', now: NOW })),
  );
  const secrets = [one!, two!].flatMap(({ fingerprint, recovery, invite }) => [fingerprint, recovery, invite]);
  expect(new Set(secrets).size).toBe(6);
});

const own = ['127.0.0.1', '::1'];
test.each<[string, Partial<NewDomainFiles>, readonly string[], string]>([
  ['localhost', {}, own, 'open'],
  ['b.localhost', {}, own, 'open'],
  ['b.test', {}, own, 'open'],
  ['b.test', { hosts: ['127.0.0.2'] }, ['127.0.0.2'], 'open'],
  ['b.test', { hosts: ['127.0.0.2', '192.0.2.1'] }, ['127.0.0.2', '192.0.2.1'], 'invited'],
  ['b.test', { hosts: ['::'] }, ['::'], 'invited'],
  ['b.test', { hosts: ['::'], registration: 'open' }, ['::'], 'open'],
  ['b.test', { registration: 'invited' }, own, 'invited'],
  ['example.org', {}, ['::'], 'invited'],
  ['example.org', { hosts: own }, own, 'invited'],
])('%s with %j', async (domain, given, hosts, registration) => {
  const folder = emptyFolder();
  await quickstart(folder, { domain, now: NOW, ...given });
  const { config } = await loadDomain(folder);
  expect(config).toMatchObject({ domain, listen: { hosts }, registration });
});

test('port, peers and database as told', async () => {
  const folder = emptyFolder();
  const at = { host: '::1', port: 9405 };
  const database = 'postgres://u:secret@h/d';
  await quickstart(folder, { domain: 'a.test', now: NOW, port: 1, peers: new Map([['b.test', at]]), database });
  const { config } = await loadDomain(folder);
  expect(config.listen.port).toBe(1);
  expect(config.peers).toEqual(new Map([['b.test', { at, fingerprint: null }]]));
  expect(config.store).toMatchObject({ kind: 'database', url: database });
});

test('nothing is overwritten', async () => {
  const folder = emptyFolder();
  const domain = { domain: 'example.org', now: NOW };
  await quickstart(folder, domain);
  const before = files.map((file) => readFileSync(join(folder, file), 'utf8'));
  await expect(quickstart(folder, domain)).rejects.toMatchObject(refused('_domain_existing'));
  rmSync(join(folder, 'config.json'));
  await expect(quickstart(folder, domain)).rejects.toMatchObject(refused('_domain_unfinished'));
  expect(files.slice(1).map((file) => readFileSync(join(folder, file), 'utf8'))).toEqual(before.slice(1));
  for (const file of files.slice(1)) {
    const other = emptyFolder();
    writeFileSync(join(other, file), 'mine');
    await expect(quickstart(other, domain)).rejects.toMatchObject(refused('_domain_unfinished'));
    expect(readdirSync(other)).toEqual([file]);
  }
});

test('of two at once in one folder one wins, whole', async () => {
  const folder = emptyFolder();
  const made = await Promise.allSettled([0, 1].map(() => quickstart(folder, { domain: 'example.org', now: NOW })));
  const winners = made.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
  expect(winners).toHaveLength(1);
  expect((await loadDomain(folder)).key.certificate.key.fingerprint).toBe(winners[0]!.fingerprint);
});

test('what fails leaves no file of it behind', async () => {
  const folder = emptyFolder();
  const start = (domain: NewDomainFiles): Promise<unknown> => quickstart(folder, domain);
  await expect(start({ domain: '../x', now: NOW })).rejects.toMatchObject(refused('_domain_invalid_name'));
  const peers = new Map([['example.org', { host: '127.0.0.1', port: 1 }]]);
  await expect(start({ domain: 'example.org', now: NOW, peers })).rejects.toMatchObject({ code: '_config_conflict' });
  await expect(start({ domain: 'example.org', now: NOW, port: -1 })).rejects.toMatchObject({ code: '_config_invalid' });
  expect(readdirSync(folder)).toEqual([]);
  const deep = join(folder, 'x'.repeat(90));
  await expect(quickstart(deep, { domain: 'example.org', now: NOW })).rejects.toMatchObject({ code: '_config_store' });
  expect(existsSync(deep)).toBe(false);
  writeFileSync(join(folder, 'file'), '');
  await expect(quickstart(join(folder, 'file', 'x'), { domain: 'example.org', now: NOW })).rejects.toMatchObject({
    code: 'ENOTDIR',
  });
});

test('a folder that holds no domain', async () => {
  await expect(loadDomain(emptyFolder())).rejects.toMatchObject(refused('_domain_unknown'));
});

test('a configuration that is wrong is told before the key', async () => {
  const folder = emptyFolder();
  await quickstart(folder, { domain: 'example.org', now: NOW });
  chmodSync(join(folder, 'domain.key'), 0o644);
  await expect(loadDomain(folder)).rejects.toMatchObject({ name: 'ConfigError', code: '_config_key' });
});

test('where domains are', () => {
  expect(domainFolder('a.test', { P3DO_HOME: '/x/y' })).toBe('/x/y/domains/a.test');
  expect(domainFolder('a.test', { P3DO_HOME: 'y' })).toBe(join(process.cwd(), 'y/domains/a.test'));
  const isRoot = process.getuid?.() === 0;
  const usual = (own: string): string => join(isRoot ? '/var/lib/p3do' : own, 'domains/a.test');
  expect(domainFolder('a.test', { XDG_DATA_HOME: '/x' })).toBe(usual('/x/p3do'));
  expect(domainFolder('a.test', { XDG_DATA_HOME: 'x', P3DO_HOME: '' })).toBe(
    usual(join(homedir(), '.local/share/p3do')),
  );
  expect(() => domainFolder('../a', {})).toThrow(expect.objectContaining(refused('_domain_invalid_name')));
});

test('a folder that is there keeps its mode', async () => {
  const folder = join(emptyFolder(), 'shared');
  mkdirSync(folder, { mode: 0o755 });
  await quickstart(folder, { domain: 'example.org', now: NOW });
  expect(statSync(folder).mode & 0o777).toBe(0o755);
});
