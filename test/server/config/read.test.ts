/** A configuration: what it means, and everything that is wrong with it, in one go. docs/operating.md#configuration */
import { chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { warningsOf } from '../../../server/config/config.ts';
import { readConfig } from '../../../server/config/read.ts';
import { keysAt } from '../../../server/config/schema.ts';
import { writeKey } from '../../../server/domain/key-file.ts';
import { selfSigned } from '../../../server/transport/certificate.ts';
import { identityKey, NOW } from '../../pki/keys.ts';
import { domainWith } from './folder.ts';
import { said, saidOf } from './mistakes.ts';

const FINGERPRINT = 'AB'.repeat(20);

test('only the domain must be there', async () => {
  const { folder, file } = await domainWith({ domain: 'example.org' });
  const config = await readConfig(file, {});
  expect(config).toEqual({
    file,
    folder,
    domain: 'example.org',
    listen: { hosts: ['::'], port: 9404 },
    tls: null,
    store: { kind: 'embedded', folder: join(folder, 'postgres'), programs: undefined },
    peers: new Map(),
    plain: null,
    proxy: null,
    web: null,
    keys: null,
    dns: { resolvers: null, authority: null, keyServers: [], update: null, responder: null },
    recovery: null,
    registration: 'invited',
    origins: [],
    log: { level: 'info' },
    ...{ mor: null, pigeonhole: null, mailbox: null, mail: null, pages: { people: 'own', places: 'published' } },
    policy: { timeScale: 1 },
    limits: { connections: 10_000, connectionsPerAddress: 128 },
  });
  expect(warningsOf(config)).toEqual([]);
});

test('everything said; paths become absolute, fingerprints lower case; a byte order mark is passed over', async () => {
  const { folder, file } = await domainWith({});
  const { key, cert } = selfSigned('example.org', NOW * 1000);
  mkdirSync(join(folder, 'tls'));
  writeFileSync(join(folder, 'tls', 'key.pem'), key);
  writeFileSync(join(folder, 'tls', 'cert.pem'), cert);
  const text = JSON.stringify({
    domain: 'example.org',
    listen: { hosts: ['127.0.0.1', '::1'], port: 0 },
    tls: { certificate: 'tls/cert.pem', key: join(folder, 'tls', 'key.pem') },
    store: { memory: true },
    peers: {
      'b.test': { at: '127.0.0.2:9404', fingerprint: FINGERPRINT },
      'c.test': { at: '[2001:db8::1]:1' },
      'd.test': {},
    },
    recovery: FINGERPRINT,
    registration: 'open',
    origins: ['https://chat.example.org', 'http://localhost:5173'],
    log: { level: 'debug' },
    limits: { connections: 64 },
  });
  writeFileSync(file, `\ufeff${text}`);
  const config = await readConfig(file, {});
  expect(config).toMatchObject({
    tls: { certificate: join(folder, 'tls', 'cert.pem'), key: join(folder, 'tls', 'key.pem') },
    store: { kind: 'memory' },
    peers: new Map([
      ['b.test', { at: { host: '127.0.0.2', port: 9404 }, fingerprint: FINGERPRINT.toLowerCase() }],
      ['c.test', { at: { host: '2001:db8::1', port: 1 }, fingerprint: null }],
      ['d.test', { at: null, fingerprint: null }],
    ]),
    recovery: FINGERPRINT.toLowerCase(),
    registration: 'open',
    limits: { connections: 64, connectionsPerAddress: 128 },
  });
  expect(warningsOf(config)).toEqual([expect.stringContaining('NOTHING IS KEPT')]);
  expect(
    warningsOf({
      ...config,
      listen: { hosts: ['127.0.0.1', '::'], port: 1 },
      store: { kind: 'database', url: '', from: 'config.json' },
    }),
  ).toEqual([expect.stringContaining('registration is open, and :: can be reached')]);
});

test('DATABASE_URL outranks the file; an empty one does not', async () => {
  const { file } = await domainWith({ domain: 'example.org', store: { url: 'postgres://one/db' } });
  chmodSync(file, 0o644);
  const url = 'postgresql://two/db';
  expect((await readConfig(file, { DATABASE_URL: url })).store).toEqual({
    kind: 'database',
    url,
    from: 'DATABASE_URL',
  });
  expect((await readConfig(file, { DATABASE_URL: '' })).store).toMatchObject({ url: 'postgres://one/db' });
  expect(await said(file, { DATABASE_URL: 'mysql://u:secret@h/d' })).toEqual([
    '_config_invalid null: DATABASE_URL of the environment is no URL of a database; it must be postgres://user@host/database',
  ]);
});

test('all mistakes at once, in the order of the file', async () => {
  const { file } = await domainWith(`{
  "domain": "Example.org",
  "listne": {},
  "listen": { "hosts": ["::", "127.0.0.1"], "port": "9404" }, "store": { "folder": 5, "programs": "." },
  "peers": {
    "b.test": { "at": "b.test", "finger": 3 },
    "B.test": {}
  },
  "tls": { "certificate": "nowhere.pem", "key": "nowhere.pem" },
  "log": { "level": "loud" }
}`);
  expect(await said(file)).toEqual([
    '_config_invalid 2: domain is "Example.org"; it must be a domain in lower case (an international one as xn--…), or localhost',
    '_config_unknown_key 3: listne is no key of the configuration; did you mean listen?',
    '_config_invalid 4: listen.port is "9404"; it must be a whole number from 0 to 65535',
    '_config_invalid 4: store.folder is 5; it must be a path',
    '_config_conflict 4: listen.hosts[1] is one of ::, which stands in the list too',
    '_config_invalid 6: peers["b.test"].at is "b.test"; it must be host:port, as 192.0.2.1:9404, b.example:9404 or [2001:db8::1]:9404',
    '_config_unknown_key 6: peers["b.test"].finger is no key of the configuration; the keys here are at, fingerprint',
    '_config_invalid 7: peers["B.test"] is no domain; it must be one in lower case (an international one as xn--…)',
    expect.stringMatching(/^_config_certificate 9: tls does not work: .*nowhere\.pem cannot be read: ENOENT$/),
    '_config_invalid 10: log.level is "loud"; it must be one of fatal, error, warn, info, debug, trace, silent',
  ]);
  await expect(readConfig(file, {})).rejects.toThrow(`${file}:2: domain is "Example.org"`);
});

test.each([
  ['nothing', {}, []],
  ['no domain', { domain: undefined }, [expect.stringMatching(/^_config_invalid domain is missing; it must be/)]],
  [
    'a port too high',
    { listen: { port: 65_536 } },
    ['_config_invalid listen.port is 65536; it must be a whole number from 0 to 65535'],
  ],
  ['half a port', { listen: { port: 1.5 } }, [expect.stringContaining('listen.port is 1.5')]],
  ['no host', { listen: { hosts: [] } }, ['_config_invalid listen.hosts is []; it must be a list of 1 to 64']],
  [
    'a name for a host',
    { listen: { hosts: ['localhost'] } },
    [expect.stringContaining('listen.hosts[0] is "localhost"; it must be an IPv4 or IPv6 address')],
  ],
  [
    'a host twice',
    { listen: { hosts: ['::1', '0:0::1'] } },
    ['_config_conflict listen.hosts[1] is the address of listen.hosts[0] again'],
  ],
  [
    'more than all',
    { listen: { hosts: ['127.0.0.1', '::'] } },
    ['_config_conflict listen.hosts[0] is one of ::, which stands in the list too'],
  ],
  [
    'more than all of IPv4',
    { listen: { hosts: ['0.0.0.0', '127.0.0.1', '::1'] } },
    ['_config_conflict listen.hosts[1] is one of 0.0.0.0, which stands in the list too'],
  ],
  ['half of TLS', { tls: { key: 'x' } }, ['_config_invalid tls.certificate is missing; it must be a path']],
  [
    'two stores',
    { store: { folder: 'x', memory: true } },
    [expect.stringMatching(/^_config_conflict store names more than one/)],
  ],
  [
    'programs of no store',
    { store: { url: 'postgres://h/d', programs: 'x' } },
    [expect.stringMatching(/^_config_conflict store names more than one/)],
  ],
  [
    'memory, or not',
    { store: { memory: false } },
    ['_config_invalid store.memory is false; it must be true, or no such key'],
  ],
  [
    'another database',
    { store: { url: 'mysql://u:secret@h/d' } },
    ['_config_invalid store.url is "…"; it must be a URL: postgres://user@host/database'],
  ],
  [
    'programs that are none',
    { store: { programs: '.' } },
    [expect.stringMatching(/^_config_store store\.programs cannot be used: .* holds no postgres and initdb/)],
  ],
  [
    'a path too long for a socket',
    { store: { folder: 'x'.repeat(120) } },
    [expect.stringMatching(/^_config_store store\.folder cannot be used: the path of the store's socket has/)],
  ],
  [
    'a file for a folder',
    { store: { folder: 'invites/postgres' } },
    [expect.stringMatching(/^_config_store store\.folder cannot be used: .*invites is no folder$/)],
  ],
  [
    'peers as a list',
    { peers: ['b.test'] },
    [expect.stringMatching(/^_config_invalid peers is \["b\.test"\]; it must be an object of domains/)],
  ],
  [
    'a peer without its braces',
    { peers: { 'b.test': '127.0.0.1:1' } },
    [expect.stringContaining('it must be an object with keys of at, fingerprint')],
  ],
  [
    'itself for a peer',
    { peers: { 'example.org': {} } },
    ['_config_conflict peers["example.org"] is this domain itself'],
  ],
  [
    'one key for two',
    { peers: { 'a.test': { fingerprint: FINGERPRINT }, 'b.test': { fingerprint: FINGERPRINT.toLowerCase() } } },
    ['_config_conflict peers["b.test"].fingerprint is that of a.test; a key is of one domain'],
  ],
  [
    'a short fingerprint',
    { recovery: 'ab' },
    [expect.stringContaining('recovery is "ab"; it must be a domain key\'s fingerprint')],
  ],
  [
    'registration',
    { registration: 'closed' },
    ['_config_invalid registration is "closed"; it must be "invited" or "open"'],
  ],
  [
    'an origin with a path',
    { origins: ['https://chat.example.org/'] },
    [expect.stringContaining('origins[0] is "https://chat.example.org/"; it must be an origin')],
  ],
  [
    'a trial under a name that others reach',
    { policy: { timeScale: 1000 } },
    ['_config_conflict policy.timeScale is for names that end in .test or .localhost, and example.org does not'],
  ],
  [
    'too many boxes and values, for too much work',
    { pigeonhole: { boxes: 65_537, workBits: 25 }, mailbox: { workBits: 21 } },
    [
      '_config_invalid pigeonhole.boxes is 65537; it must be a whole number from 1 to 65536',
      '_config_invalid pigeonhole.workBits is 25; it must be a whole number from 1 to 24',
      '_config_invalid mailbox.workBits is 21; it must be a whole number from 1 to 20',
    ],
  ],
  [
    'no connections',
    { limits: { connections: 0 } },
    ['_config_invalid limits.connections is 0; it must be a whole number from 1 to 1000000'],
  ],
  [
    'a swapped key',
    { limits: { conectionsPerAdress: 1 } },
    [
      '_config_unknown_key limits.conectionsPerAdress is no key of the configuration; did you mean connectionsPerAddress?',
    ],
  ],
  [
    'a long value',
    { registration: 'x'.repeat(1000) },
    [expect.stringMatching(/^_config_invalid registration is "x{59}…; it must be/)],
  ],
])('%s', async (_, keys, expected) => {
  expect(await saidOf(keys)).toEqual(expected);
});

test('a password in a file that others may read, which is never shown', async () => {
  for (const url of ['postgres://u:secret@h/d', 'postgres://h/d?user=u&password=secret']) {
    const { file } = await domainWith({ domain: 'example.org', store: { url } });
    expect(await said(file)).toEqual([]);
    chmodSync(file, 0o640);
    expect(await said(file)).toEqual([expect.stringMatching(/^_config_exposed \d: store\.url holds a password/)]);
  }
});

describe('the file as a whole', () => {
  test('no object', async () => {
    const { file } = await domainWith('[]');
    expect(await said(file)).toEqual([
      expect.stringMatching(/^_config_invalid 1: is \[\]; it must be an object with keys of domain, listen/),
    ]);
  });

  test('no JSON: line and column, and nothing else is said', async () => {
    const { file } = await domainWith('{\n  "domain": "example.org",\n  "domain": "a.org"\n}');
    expect(await said(file)).toEqual(['_config_syntax 3: domain stands twice']);
    await expect(readConfig(file, {})).rejects.toThrow(`${file}:3:3: domain stands twice`);
  });

  test('not there, a folder, not UTF-8, too long', async () => {
    const { folder, file } = await domainWith({});
    expect(await said(join(folder, 'none.json'))).toEqual(['_config_unreadable null: cannot be read: ENOENT']);
    expect(await said(folder)).toEqual(['_config_unreadable null: cannot be read: EISDIR']);
    writeFileSync(file, Uint8Array.of(0x7b, 0xff));
    expect(await said(file)).toEqual(['_config_unreadable null: is not UTF-8']);
    writeFileSync(file, ' '.repeat(1_048_577));
    expect(await said(file)).toEqual(['_config_oversized null: has 1048577 bytes; it may have 1048576']);
  });

  test('more peers than may be', async () => {
    const peers = Object.fromEntries(Array.from({ length: 4097 }, (_, at) => [`p${at}.test`, {}]));
    expect(await saidOf({ peers })).toEqual(['_config_invalid peers are 4097; they may be 4096']);
  });
});

describe("the domain's key", () => {
  const config = { domain: 'example.org' };

  test('missing, open to others, no key, and a person', async () => {
    const { folder, file } = await domainWith(config);
    const key = join(folder, 'domain.key');
    chmodSync(key, 0o644);
    expect(await said(file)).toEqual([expect.stringMatching(/^_config_key null: the domain's key: others may read/)]);
    rmSync(key);
    expect(await said(file)).toEqual([expect.stringMatching(/domain\.key cannot be read: ENOENT$/)]);
    writeFileSync(key, 'nothing', { mode: 0o600 });
    expect(await said(file)).toEqual([expect.stringMatching(/domain\.key holds none: not the text form/)]);
    rmSync(key);
    await writeKey(key, (await identityKey('alice', 'example.org')).bytes);
    expect(await said(file)).toEqual([expect.stringMatching(/domain\.key is that of no domain, not of example\.org$/)]);
  });

  test('of another domain', async () => {
    const { file } = await domainWith({ domain: 'example.net' });
    expect(await said(file)).toEqual([
      expect.stringMatching(/domain\.key is that of example\.org, not of example\.net$/),
    ]);
  });
});

test('PEM files that do not belong together', async () => {
  const { folder, file } = await domainWith({ domain: 'example.org', tls: { certificate: 'cert', key: 'key' } });
  writeFileSync(join(folder, 'key'), selfSigned('example.org', NOW * 1000).key);
  writeFileSync(join(folder, 'cert'), selfSigned('example.org', NOW * 1000).cert);
  expect(await said(file)).toEqual([
    expect.stringMatching(/^_config_certificate \d: tls does not work: .*key is not the key of/),
  ]);
});

test('nothing is made or changed by looking', async () => {
  const { folder, file } = await domainWith({ domain: 'example.org', store: { folder: 'deep/below' } });
  await readConfig(file, {});
  expect(() => readFileSync(join(folder, 'deep'))).toThrow('ENOENT');
});

test('the table of keys in docs/operating.md has every key, and no other', () => {
  const text = readFileSync(new URL('../../../docs/operating.md', import.meta.url), 'utf8');
  const rows = /\n\| key \|(.*?)\n\n/s.exec(text)![1]!.split('\n').slice(2);
  const named = rows.flatMap((row) => [...row.split('|')[1]!.matchAll(/`([^`]+)`/g)].map(([, key]) => key!));
  const keys = keysAt([]).flatMap((top) => {
    const below = keysAt([top]).filter((key) => key !== 'peers');
    const prefix = top === 'peers' ? 'peers.DOMAIN' : top;
    const hosts = top === 'plain' ? keysAt([top, 'peers']).map((key) => `plain.peers.HOST.${key}`) : [];
    const named = below.flatMap((key) => {
      const inner = ['update', 'responder'].includes(key) ? keysAt([top, key]) : [];
      return inner.length === 0 ? [`${prefix}.${key}`] : inner.map((name) => `${prefix}.${key}.${name}`);
    });
    return below.length === 0 ? [top] : [...named, ...hosts];
  });
  expect(named.sort()).toEqual(keys.sort());
});
