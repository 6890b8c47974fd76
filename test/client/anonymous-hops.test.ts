/** A home that lies about servers: what it makes up comes into no route of somebody who knows another domain. */
import { expect, test } from '@jest/globals';
import { hexOf } from '../../crypto/bytes.ts';
import { type AskedHome, Asking } from '../../client/anonymous/asking.ts';
import { Believed, type Pins, stationsIn, type Told, vouchedFor } from '../../client/anonymous/stations.ts';
import { Client } from '../../client/client.ts';
import { fieldsOf, onionOf } from '../../onion/cell.ts';
import { KnownKeys } from '../../onion/hint.ts';
import { drawRoute } from '../../onion/route.ts';
import { type Certificate, readCertificate } from '../../pki/certificate.ts';
import { revoke } from '../../pki/certification.ts';
import { countersign } from '../../pki/countersignature.ts';
import { admit } from '../../pki/ring.ts';
import type { SecretKey } from '../../pki/secret-key.ts';
import { renderDomainUserId } from '../../pki/user-id.ts';
import { Asker } from '../../round-trips/asker.ts';
import { suite } from '../../server/suite.ts';
import { DAY, domainKey, NOW } from '../pki/keys.ts';

const HOME = 'p3do.home.test';
const home = await domainKey(HOME);
const [b, c, d] = [await domainKey('b.test', 11), await domainKey('c.test', 21), await domainKey('d.test', 31)];
/** Another name of the home's owner. */
const sister = await domainKey('sister.home.test', 41);

/** A key with the words of these on it, at a time. */
async function keyWith(key: SecretKey, by: readonly SecretKey[], now = NOW): Promise<Certificate> {
  const copies = await Promise.all(by.map((one) => countersign(one, key.certificate, now)));
  const authorities = by.map(({ certificate }) => certificate);
  const all = [key.certificate.bytes, ...copies];
  return readCertificate((await admit(all, [key.certificate, ...authorities], now)).bytes);
}

const toldOf = (...certificates: readonly (readonly [string, Certificate])[]): Promise<readonly Told[]> =>
  stationsIn(
    certificates.map(([domain, { bytes }]) => ({ domain, key: bytes })),
    NOW,
  );
const pinsOf = (...keys: readonly (readonly [string, SecretKey])[]): Pins =>
  new Map(keys.map(([domain, { certificate }]) => [domain, { fingerprint: certificate.key.fingerprint }]));
const own = pinsOf([HOME, home]);
const pins = pinsOf([HOME, home], ['b.test', b]);
const domainsOf = (stations: readonly Told[] | null): string[] | undefined => stations?.map(({ domain }) => domain);

test('who knows no domain but his home, or the people of one, can only believe it', async () => {
  const told = await toldOf([HOME, home.certificate], ['b.test', b.certificate]);
  expect(await vouchedFor(told, own, HOME, NOW)).toBeNull();
  expect(await vouchedFor(told, pinsOf([HOME, home], ['sister.home.test', sister]), HOME, NOW)).toBeNull();
  const person: Pins = new Map([...own, ['psyc://b.test/~bob', { fingerprint: b.certificate.key.fingerprint }]]);
  expect(await vouchedFor(told, person, HOME, NOW)).toBeNull();
});

test('known keys, and those that they countersign', async () => {
  const told = await toldOf(
    [HOME, home.certificate],
    ['b.test', b.certificate],
    ['c.test', await keyWith(c, [home, b])],
    ['d.test', await keyWith(d, [home, c])],
  );
  // The word of c.test is not that of somebody known: nobody vouches for it in a chain.
  expect(domainsOf(await vouchedFor(told, pins, HOME, NOW))).toEqual([HOME, 'b.test', 'c.test']);
});

/** What a lying home shows: itself and three others that there are, and inventions that it and they themselves vouch for. */
async function lies(): Promise<{ readonly told: readonly Told[]; readonly invented: readonly Told[] }> {
  const inventions = await Promise.all(
    Array.from({ length: 8 }, (_, at) => domainKey(`invented-${at}.test`, 101 + 10 * at)),
  );
  const shown = await Promise.all(
    inventions.map(async (key, at): Promise<[string, Certificate]> => {
      const friend = inventions[(at + 1) % inventions.length]!;
      return [`invented-${at}.test`, await keyWith(key, [home, sister, friend])];
    }),
  );
  const told = await toldOf(
    [HOME, home.certificate],
    ['sister.home.test', sister.certificate],
    ['b.test', b.certificate],
    ['c.test', await keyWith(c, [b])],
    ['d.test', await keyWith(d, [b])],
    ...shown,
  );
  return { told, invented: told.filter(({ domain }) => domain.startsWith('invented')) };
}

test('a lying home: inventions that it and they themselves vouch for are on no route', async () => {
  const { told, invented } = await lies();
  const known = new Map([...pins, ...pinsOf(['sister.home.test', sister])]);
  const vouched = (await vouchedFor(told, known, HOME, NOW))!;
  expect(domainsOf(vouched)).toEqual([HOME, 'sister.home.test', 'b.test', 'c.test', 'd.test']);
  const last = vouched.find(({ domain }) => domain === 'b.test')!;
  const keys = new Set(invented.flatMap((one) => one.keys.map(({ publicKey }) => hexOf(publicKey))));
  for (let time = 0; time < 20; time++) {
    const hops = drawRoute(suite, vouched, 3, last, NOW * 1000)!;
    for (const { whom } of hops) expect(keys.has(hexOf(whom.kind === 'one-time' ? whom.secret : whom.key))).toBe(false);
  }
});

/** Who asks as nobody at a lying home, and the servers that the cells which he hands in go to first. */
async function asker(isUnvouched: boolean, hops = 3, elsewhere: readonly string[] = []) {
  const shown = await lies();
  const told = shown.told.map((one) => ({ ...one, isFirst: !elsewhere.includes(one.domain) }));
  const keys = told.flatMap(({ domain, keys: own }) => own.map(({ publicKey }) => ({ publicKey, value: domain })));
  const known = new KnownKeys(suite, keys);
  const firsts: string[] = [];
  const at: AskedHome = {
    ask: async ({ entity }) => {
      const cell = entity?.['_cell'];
      // What is wished for does not come.
      if (!(cell instanceof Uint8Array)) return new Promise(() => {});
      const { alpha, hint } = fieldsOf(onionOf(cell));
      firsts.push(...known.recognise(suite, alpha, hint));
      return [];
    },
  };
  const believed = await Believed.of(told, { home: HOME, pins, isUnvouched }, NOW);
  const asking = new Asking({
    asker: new Asker({ suite, home: HOME, kept: [], wish: { level: 0, hops, tickets: 2 } }),
    home: at,
    mor: `psyc://${HOME}/$mor`,
    isAll: false,
    stations: async () => believed,
    keep: async () => {},
    now: () => ({ monotoneMs: 0, wallMs: NOW * 1000 }),
    after: () => () => {},
  });
  expect(await asking.begin()).toBe(true);
  const client = new Client(at, asking);
  const ask = (domain: string, hops: number) =>
    client.request(`psyc://${domain}/$keys`, { method: '_request_keys' }, { anonymous: { hops, level: 0 } });
  return { firsts, asking, ask };
}

test('a lying home: neither a secret nor a question goes over its inventions', async () => {
  const { firsts, asking, ask } = await asker(false);
  expect(firsts).toHaveLength(6);
  for (const first of firsts) expect(['b.test', 'c.test', 'd.test']).toContain(first);
  const few = 'domains that you know vouch for 4 of the 13 servers that your home shows, too few for ';
  const code = '_anonymous_unvouched';
  await expect(ask('invented-1.test', 3)).rejects.toMatchObject({
    code,
    message: `${few}3 hops to invented-1.test; --unvouched believes your home`,
  });
  // There over c.test and d.test to the home's own server, and back over b.test too: four there are none.
  await expect(ask(HOME, 4)).rejects.toMatchObject({ code, message: expect.stringContaining(`${few}4 hops;`) });
  await expect(ask('b.test', 4)).rejects.toMatchObject({ code });
  // Whom the home does not show at all, nor so many, nobody could vouch for.
  expect(await ask('away.test', 3)).toMatchObject({ kind: 'failure', code: '_anonymous_unreachable' });
  expect(await ask('b.test', 12)).toMatchObject({ kind: 'failure', code: '_anonymous_excessive_hops' });
  await asking.stop();
});

test('who asks goes over the home’s first context only: one-time layers are passed to no other', async () => {
  const elsewhere = ['b.test', 'c.test', 'd.test'];
  const { firsts, asking, ask } = await asker(true, 3, elsewhere);
  expect(firsts).toHaveLength(6);
  for (const first of firsts) expect(first).toMatch(/^invented-/);
  expect(await ask('b.test', 3)).toMatchObject({ kind: 'failure', code: '_anonymous_unreachable' });
  await asking.stop();
});

test('a stock for more hops than servers are vouched for is not waited for', async () => {
  const { firsts, asking } = await asker(false, 4);
  expect(firsts).toEqual([]);
  await expect(asking.filled()).rejects.toMatchObject({ code: '_anonymous_unvouched' });
  await asking.stop();
});

test('who knows nobody else goes over all that his home shows, and can be told so', async () => {
  const { told } = await lies();
  const alone = await Believed.of(told, { home: HOME, pins: own, isUnvouched: false }, NOW);
  expect(alone).toMatchObject({ isAlone: true, stations: told });
  expect(() => alone.check(4, 'invented-1.test')).not.toThrow();
});

test('who wants to believes his home', async () => {
  const { firsts, asking } = await asker(true);
  expect(firsts).toHaveLength(6);
  const { told } = await lies();
  const believed = await Believed.of(told, { home: HOME, pins, isUnvouched: true }, NOW);
  expect(believed).toMatchObject({ isAlone: false, stations: told });
  expect(() => believed.check(5, 'invented-1.test')).not.toThrow();
  await asking.stop();
});

test('a known domain under another key vouches for nobody, nor is it let in', async () => {
  const another = await domainKey('b.test', 91);
  const told = await toldOf(['b.test', another.certificate], ['c.test', await keyWith(c, [another])]);
  expect(await vouchedFor(told, pins, HOME, NOW)).toEqual([]);
});

test('words that are over or taken back count for nothing', async () => {
  const long = NOW - 181 * DAY;
  const old = await domainKey('old.test', 111, long);
  const witness = await domainKey('b.test', 121, long);
  const taken = await readCertificate(await revoke(b, await keyWith(c, [b]), renderDomainUserId('c.test'), NOW + 1));
  const after = NOW + 2;
  const told = await toldOf(['b.test', b.certificate], ['c.test', taken]);
  expect(domainsOf(await vouchedFor(told, pins, HOME, after))).toEqual(['b.test']);
  const stale = await readCertificate(await countersign(witness, old.certificate, long));
  const each = [witness.certificate, stale].map((certificate) => ({
    ...told[0]!,
    domain: certificate === stale ? 'old.test' : 'b.test',
    fingerprint: certificate.key.fingerprint,
    certificate,
  }));
  expect(domainsOf(await vouchedFor(each, pinsOf(['b.test', witness]), HOME, NOW))).toEqual(['b.test']);
  expect(domainsOf(await vouchedFor(each, pinsOf(['b.test', witness]), HOME, NOW - 2 * DAY))).toEqual([
    'b.test',
    'old.test',
  ]);
});
