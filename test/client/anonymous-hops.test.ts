/** A home that lies about servers: what it makes up comes into no route of somebody who knows another domain. */
import { expect, test } from '@jest/globals';
import { hexOf } from '../../crypto/bytes.ts';
import { type Pins, stationsIn, type Told, vouchedFor } from '../../client/anonymous/stations.ts';
import { drawRoute } from '../../onion/route.ts';
import { type Certificate, readCertificate } from '../../pki/certificate.ts';
import { revoke } from '../../pki/certification.ts';
import { countersign } from '../../pki/countersignature.ts';
import { admit } from '../../pki/ring.ts';
import type { SecretKey } from '../../pki/secret-key.ts';
import { renderDomainUserId } from '../../pki/user-id.ts';
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

test('a lying home: inventions that it and they themselves vouch for are on no route', async () => {
  const inventions = await Promise.all(
    Array.from({ length: 8 }, (_, at) => domainKey(`invented-${at}.test`, 101 + 10 * at)),
  );
  const lies = await Promise.all(
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
    ...lies,
  );
  const known = new Map([...pins, ...pinsOf(['sister.home.test', sister])]);
  const vouched = (await vouchedFor(told, known, HOME, NOW))!;
  expect(domainsOf(vouched)).toEqual([HOME, 'sister.home.test', 'b.test', 'c.test', 'd.test']);
  const last = vouched.find(({ domain }) => domain === 'b.test')!;
  for (let time = 0; time < 20; time++) {
    const hops = drawRoute(suite, vouched, 3, last, NOW * 1000)!;
    const invented = new Set(inventions.map(({ certificate }) => hexOf(certificate.subkeys[0]!.key.raw)));
    for (const { whom } of hops)
      expect(invented.has(hexOf(whom.kind === 'one-time' ? whom.secret : whom.key))).toBe(false);
  }
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
