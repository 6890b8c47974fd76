/** What the doctor says of key servers, of the web key directory, of countersignatures, of what ends and of where the server is: as it should be, and each way in which it is not. */
import { afterEach, expect, test } from '@jest/globals';
import { type Certificate, readCertificate } from '../../../pki/certificate.ts';
import { countersign } from '../../../pki/countersignature.ts';
import { addEpoch } from '../../../pki/epoch.ts';
import { makeDomainKey } from '../../../pki/make-key.ts';
import { applyRevocation, makeRevocation } from '../../../pki/revocation.ts';
import { readSecretKey, type SecretKey } from '../../../pki/secret-key.ts';
import { countersignedCheck } from '../../../server/doctor/countersigned-check.ts';
import { directoryCheck } from '../../../server/doctor/directory-check.ts';
import { expiries } from '../../../server/doctor/expiries.ts';
import type { Finding, Visit } from '../../../server/doctor/finding.ts';
import { keyServerCheck } from '../../../server/doctor/key-server-check.ts';
import { serverCheck } from '../../../server/doctor/server-checks.ts';
import { DAY, domainKey, seed, WEEK } from '../../pki/keys.ts';
import { Undoing } from '../../undoing.ts';
import { type Giving, giving } from '../keys/giving.ts';

const HOME = 'home.test';
const NOW = Math.floor(Date.now() / 1000);

const home = await domainKey(HOME, 1, NOW);
const peer = await domainKey('peer.test', 41, NOW);
const { fingerprint } = home.certificate.key;

const undoing = new Undoing();
afterEach(() => undoing.run());

const given = (name: string, keys: readonly Certificate[]): Promise<Giving> => giving(undoing, name, keys);

/** A port where nobody is. */
async function nobody(): Promise<number> {
  const { port } = await given('nobody.test', []);
  await undoing.run();
  return port;
}

/** home.test with its server there, as a stranger looks at it; `names` have addresses. */
function visit(port: number, change: Partial<Visit> = {}, ks: readonly string[] = [], names = [HOME]): Visit {
  const record = { kind: 'record', secure: true, fpr: fingerprint, nfpr: null, seq: 1, ks, x: null } as const;
  return {
    domain: HOME,
    ownKey: null,
    isAlone: false,
    looker: null,
    told: [{ resolver: 'udp://127.0.0.1', statement: { ...record, isTest: false }, ttl: 3600, reason: null }],
    hasValidator: true,
    finder: {
      services: () => Promise.resolve([{ name: '127.0.0.1', port, priority: 0, weight: 0 }]),
      addresses: (host) =>
        names.includes(host)
          ? Promise.resolve([{ address: '127.0.0.1', family: 4 }])
          : Promise.reject(new Error(`no such name: ${host}`)),
    },
    peers: new Map(),
    proxy: null,
    web: { port },
    hasOnions: null,
    unixMs: () => NOW * 1000,
    ...change,
  };
}

const lines = (findings: readonly Finding[]): string[] =>
  findings.map(({ verdict, what, text }) => `${verdict} ${what}: ${text}`.replaceAll(/port \d+/g, 'port N'));

const public_ = async (secret: SecretKey): Promise<Certificate> => readCertificate(secret.certificate.bytes);

/** The key of home.test with an onion key of two weeks, made at another time. */
const withEpoch = async (from: number): Promise<Certificate> =>
  (await readSecretKey(await addEpoch(home, { seed: seed(99), from, until: from + 2 * WEEK }))).certificate;

test('the domain’s own key server, and one that the record names: both have the key, and nothing of it ends soon', async () => {
  const own = await given('whatever.test', [await public_(home)]);
  const other = await given('ks.test', [await public_(home)]);
  const ks = [`hkps://ks.test:${other.port}`];
  const found = await keyServerCheck(
    visit(own.port, { web: { port: 1, authorities: [other.cert] } }, ks, ['ks.test']),
    [],
  );
  expect(lines(found)).toEqual([
    `good key server: 127.0.0.1 port N has the key ${fingerprint}`,
    `good key server: ks.test port N has the key ${fingerprint}`,
    'good expiry: the key does not end',
    'good expiry: the subkey that proves circuits does not end',
    `good expiry: the onion key ends ${new Date((NOW + 2 * WEEK) * 1000).toISOString().slice(0, 10)}`,
  ]);
  expect(found.every(({ remedy }) => remedy === null)).toBe(true);
});

test('nobody is there; another key is there; what is there is no key; GnuPG would not take its certificate', async () => {
  const own = await given('home.test', [await public_(home)]);
  const gone = await nobody();
  const [alone, empty] = [await given('home.test', [await public_(home)]), await given('ks.test', [])];
  expect(own.port).not.toBe(gone);
  const ks = [gone, empty.port, alone.port].map((port) => `https://ks.test:${port}`);
  const found = await keyServerCheck(visit(alone.port, {}, ks, ['ks.test']), []);
  expect(lines(found).slice(0, 4)).toEqual([
    `good key server: 127.0.0.1 port N has the key ${fingerprint}`,
    expect.stringMatching(/^bad key server: ks\.test port N: .*ECONNREFUSED/),
    `bad key server: ks.test port N has not the key ${fingerprint}`,
    'warning key server: ks.test port N has the key; of its own certificate: DEPTH_ZERO_SELF_SIGNED_CERT',
  ]);
  expect(found.slice(1, 4).every(({ remedy }) => remedy !== null)).toBe(true);
});

test('a revoked copy, and servers that have different copies', async () => {
  const revoked = await readCertificate(
    await applyRevocation(home.certificate, await makeRevocation(home.signer, NOW)),
  );
  const own = await given(HOME, [await public_(home)]);
  const other = await given('ks.test', [revoked]);
  const ks = [`hkps://ks.test:${other.port}`];
  const found = lines(await keyServerCheck(visit(own.port, {}, ks, ['ks.test']), []));
  expect(found).toContain(
    `bad key server: ks.test port N has the key ${fingerprint}, which counts no more (_revoked_key)`,
  );
  expect(found).toContain('warning key server: 127.0.0.1 port N and ks.test port N have different copies of the key');
  const all = lines(await keyServerCheck(visit(other.port), []));
  // What is over need not end.
  expect(all).toEqual([expect.stringContaining('_revoked_key')]);
});

test('what ends, and what has ended: an onion key that nobody has followed, where there is to be one', async () => {
  const at = async (key: Certificate, seconds: number, hasOnions: boolean | null): Promise<string[]> => {
    const own = await given(HOME, [key]);
    const unixMs = (): number => (NOW + seconds) * 1000;
    return lines(await keyServerCheck(visit(own.port, { hasOnions, unixMs }), [])).slice(3);
  };
  const one = await public_(home);
  const until = new Date((NOW + 2 * WEEK) * 1000).toISOString().slice(0, 10);
  expect(await at(one, 10 * DAY, true)).toEqual([`good expiry: the onion key ends ${until}`]);
  expect(await at(one, 11 * DAY, true)).toEqual([
    `warning expiry: the onion key ends ${until}, and none follows it yet`,
  ]);
  expect(await at(await withEpoch(NOW + WEEK), 11 * DAY, true)).toEqual([
    expect.stringMatching(/^good expiry: the onion/),
  ]);
  expect(await at(one, 2 * WEEK, true)).toEqual(['bad expiry: no onion key counts now: nobody sends onions here']);
  // Of a domain that never passes onions on the first epoch's key ends as well, and nothing is wrong.
  for (const hasOnions of [false, null])
    expect(await at(one, 2 * WEEK, hasOnions)).toEqual([
      'good expiry: no onion key counts now: the domain passes no onions on',
    ]);
});

test('the web key directory: advanced, direct, both, none', async () => {
  const [one, other] = [await public_(home), await public_(peer)];
  const advanced = await given(`openpgpkey.${HOME}`, [one]);
  const look = async (
    { port, cert }: Giving,
    names: readonly string[],
    change: Partial<Visit> = {},
  ): Promise<string[]> =>
    lines(await directoryCheck(visit(port, { web: { port, authorities: [cert] }, ...change }, [], [...names]), []));
  const both = [HOME, `openpgpkey.${HOME}`];
  const until = new Date((NOW + 397 * DAY) * 1000).toISOString().slice(0, 10);
  expect(await look(advanced, both)).toEqual([
    `good WKD: advanced, openpgpkey.home.test: gives out the key of home.test; its certificate ends ${until}`,
  ]);
  const direct = await given(HOME, [one]);
  expect(await look(direct, [HOME])).toEqual([
    `good WKD: direct, home.test: gives out the key of home.test; its certificate ends ${until}`,
  ]);
  const later = { unixMs: () => (NOW + 390 * DAY) * 1000 };
  expect(await look(direct, [HOME], later)).toEqual([expect.stringMatching(/^warning WKD: direct/)]);
  // Where the first name exists nobody asks the second, which is there.
  expect(await look(direct, both)).toEqual([
    'bad WKD: advanced, openpgpkey.home.test: nobody takes its certificate (ERR_TLS_CERT_ALTNAME_INVALID)',
    `good WKD: direct, home.test: gives out the key of home.test; its certificate ends ${until}`,
  ]);
  expect(await look(direct, [])).toEqual([
    'warning WKD: no directory: there is no openpgpkey.home.test, and home.test has no address',
  ]);
  expect(await look(await given(HOME, []), [HOME])).toEqual([
    'warning WKD: no directory: there is no openpgpkey.home.test, and home.test: no key of p3do@home.test is there (status 404)',
  ]);
  expect(await look(await given(HOME, [other]), [HOME])).toEqual([
    'warning WKD: no directory: there is no openpgpkey.home.test, and home.test: what is there is no key of this domain',
  ]);
  for (const domain of ['red.localhost', 'abc.onion']) expect(await look(direct, [HOME], { domain })).toEqual([]);
});

test('of a domain of this machine: whoever has countersigned its key, and whom it has; the newest key of each', async () => {
  const oldPeer = await readSecretKey(
    await makeDomainKey({
      domain: 'peer.test',
      seed: seed(71),
      circuitSeed: seed(72),
      epochSeed: seed(73),
      epochUntil: NOW,
      now: NOW - DAY,
    }),
  );
  const byOld = await readCertificate(await countersign(oldPeer, home.certificate, NOW));
  const ours = await readCertificate(await countersign(peer, byOld, NOW));
  const theirs = await readCertificate(await countersign(home, peer.certificate, NOW));
  const looking = (port: number, seconds = 0): Visit =>
    visit(port, {
      ownKey: fingerprint,
      looker: { domain: HOME, fingerprint, at: { host: '127.0.0.1', port } },
      unixMs: () => (NOW + seconds) * 1000,
    });
  const { port } = await given(HOME, [ours, theirs, oldPeer.certificate]);
  const until = new Date((NOW + 180 * DAY) * 1000).toISOString().slice(0, 10);
  expect(lines(await countersignedCheck(looking(port), []))).toEqual([
    `good federation: home.test countersigns peer.test until ${until}`,
    `good federation: peer.test countersigns home.test until ${until}`,
  ]);
  expect(lines(await countersignedCheck(looking(port, 151 * DAY), []))).toEqual([
    `warning federation: home.test countersigns peer.test until ${until} only`,
    `warning federation: peer.test countersigns home.test until ${until} only`,
  ]);
  const oneWay = await given(HOME, [ours, peer.certificate]);
  const missing = await countersignedCheck(looking(oneWay.port), []);
  expect(missing[0]?.remedy).toContain(`p3do federate add peer.test --fingerprint ${peer.certificate.key.fingerprint}`);
  expect(lines(missing)).toEqual([
    'warning federation: home.test does not countersign peer.test (_uncertified)',
    `good federation: peer.test countersigns home.test until ${until}`,
  ]);
  const alone = await given(HOME, [home.certificate]);
  expect(lines(await countersignedCheck(looking(alone.port), []))).toEqual([
    'warning federation: nobody countersigns home.test',
  ]);
});

test('the key, and the subkey that proves circuits: thirty days are enough, a second less is a warning, and what has ended is bad', async () => {
  const { certificate } = home;
  const [circuits, ...others] = certificate.subkeys;
  const verdicts = (change: Partial<Certificate>): string[] =>
    expiries({ ...certificate, ...change }, NOW, false).map(({ verdict }) => verdict);
  for (const [ends, verdict] of [
    [NOW + 30 * DAY, 'good'],
    [NOW + 30 * DAY - 1, 'warning'],
    [NOW + 1, 'warning'],
    [NOW, 'bad'],
  ] as const) {
    expect(verdicts({ until: ends })).toEqual([verdict, 'good', 'good']);
    expect(verdicts({ subkeys: [{ ...circuits!, until: ends }, ...others] })).toEqual(['good', verdict, 'good']);
  }
  for (const change of [{ isRevoked: true }, { isMutual: false }, { flags: 2 }])
    expect(verdicts({ subkeys: [{ ...circuits!, ...change }, ...others] })).toEqual(['good', 'bad', 'good']);
  const [ended, none] = [
    expiries({ ...certificate, until: NOW }, NOW, false),
    expiries({ ...certificate, subkeys: [] }, NOW, false),
  ];
  expect([ended[0], none[1]]).toMatchObject([
    {
      text: `the key ended ${new Date(NOW * 1000).toISOString().slice(0, 10)}`,
      remedy: expect.stringContaining('p3do key rotate'),
    },
    { text: 'the key has no subkey that proves circuits', remedy: expect.stringContaining('p3do key rotate') },
  ]);
});

test('countersignatures that nobody can tell of: the own server is away, or has not its own key', async () => {
  const looking = (port: number): Visit =>
    visit(port, { ownKey: fingerprint, looker: { domain: HOME, fingerprint, at: { host: '127.0.0.1', port } } });
  const away = await countersignedCheck(looking(await nobody()), []);
  expect(lines(away)).toEqual([expect.stringMatching(/^warning federation: nobody can tell: .*ECONNREFUSED/)]);
  const { port } = await given(HOME, []);
  const keyless = await countersignedCheck(looking(port), []);
  expect(lines(keyless)).toEqual(['bad federation: the key server of home.test has not its own key']);
  expect([...away, ...keyless].every(({ remedy }) => remedy !== null)).toBe(true);
});

test('where the server is: nobody answers for its SRV record, and through a proxy nobody is asked; a key server in Tor is not asked without one', async () => {
  const port = await nobody();
  const silent = {
    services: () => Promise.reject(new Error('no answer')),
    addresses: () => Promise.reject(new Error('no answer')),
  };
  expect(lines(await serverCheck(visit(port, { finder: silent }), []))).toEqual([
    'warning server: nobody answers for its SRV record: home.test port N is tried',
    'bad server: home.test has no address',
  ]);
  const proxy = { host: '127.0.0.1', port, password: 'own' };
  expect(lines(await serverCheck(visit(port, { proxy }), []))).toEqual([
    'good server: through a proxy no SRV record is asked: home.test port N is tried',
    expect.stringMatching(/^bad TLS: home\.test port N: /),
  ]);
  const onion = `${'a'.repeat(56)}.onion`;
  expect(lines(await keyServerCheck(visit(port, {}, [`hkps://${onion}`]), [])).at(-1)).toBe(
    `warning key server: ${onion} port N is not asked: it is in Tor`,
  );
});
