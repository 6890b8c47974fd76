/** Device statements: their bytes, who may say what, which one is newer, and what a login shows. */
import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { bytesToHex } from '@noble/hashes/utils.js';
import fc from 'fast-check';
import { readCertificate } from '../../pki/certificate.ts';
import { revoke } from '../../pki/certification.ts';
import {
  deviceId,
  type DeviceStatement,
  newDevice,
  parseStatement,
  rawKey,
  renderStatement,
  splitStatement,
} from '../../pki/device-statement.ts';
import {
  deviceKey,
  enrol,
  firstStatement,
  isSuccessor,
  readStatement,
  revokeDevice,
  signStatement,
} from '../../pki/enrolment.ts';
import { joinSigned } from '../../pki/signed-text.ts';
import { checkStaple } from '../../pki/staple.ts';
import { decodeText, encodeText } from '../../psyc/bytes.ts';
import { certified, DAY, domainKey, identityKey, NOW, seed } from './keys.ts';

const ALICE = 'alice <alice@home.example>';
const domain = await domainKey('home.example');
const alice = await identityKey('alice', 'home.example');
const { certificate } = alice;
const once = await certified(domain, certificate, ALICE);
const [laptop, phone, stranger] = [seed(31), seed(32), seed(33)];

const first = firstStatement(certificate.key.fingerprint, ALICE, NOW);
const two = enrol(enrol(first, laptop, NOW), phone, NOW + 1);
const three = revokeDevice(two, phone, NOW + 2);
const signed = (statement: DeviceStatement): Promise<Uint8Array> => signStatement(alice.signer, statement);
const refused = (code: string): unknown => expect.objectContaining({ code });

type Vectors = {
  valid: { text: string; signature: string; deviceIds: Record<string, string> }[];
  invalid: { what: string; text: string; code: string }[];
};
const vectors = JSON.parse(
  readFileSync(new URL('../vectors/pki/device-statements.json', import.meta.url), 'utf8'),
) as Vectors;

test.each(vectors.valid)('vector %#: text, signature and ids', async ({ text, signature, deviceIds }) => {
  const bytes = encodeText(`${text}signature ${signature}\n`);
  const read = await readStatement(bytes, certificate, NOW + 2);
  expect(decodeText(renderStatement(read.statement))).toBe(text);
  expect(decodeText(await signed(read.statement))).toBe(decodeText(bytes));
  const { devices, revoked } = read.statement;
  const ids = [...devices, ...revoked].map((device) => [device.key, bytesToHex(deviceId(rawKey(device)))]);
  expect(Object.fromEntries(ids)).toEqual(deviceIds);
});

test.each(vectors.invalid)('vector: $what', ({ text, code }) => {
  expect(() => parseStatement(encodeText(text))).toThrow(refused(code));
});

test('enrolled, revoked, never again', () => {
  expect(two).toMatchObject({ counter: 3, devices: [newDevice(laptop, NOW), newDevice(phone, NOW + 1)] });
  expect(enrol(two, phone, NOW + 9).devices).toEqual(two.devices);
  expect(three).toMatchObject({ counter: 4, devices: [newDevice(laptop, NOW)], revoked: [newDevice(phone, NOW + 2)] });
  expect(() => enrol(three, phone, NOW)).toThrow(refused('_reinstated_device'));
  expect(() => revokeDevice(three, phone, NOW)).toThrow(refused('_unlisted_device'));
  expect(deviceKey(three, deviceId(laptop))).toEqual(laptop);
  expect(() => deviceKey(three, deviceId(phone))).toThrow(refused('_revoked_device'));
  expect(() => deviceKey(three, deviceId(stranger))).toThrow(refused('_unlisted_device'));
});

test('16 devices, and 64 revocations in a life', () => {
  let statement = first;
  for (let number = 0; number < 64; number++) {
    statement = revokeDevice(enrol(statement, seed(number), NOW), seed(number), NOW);
  }
  for (let number = 64; number < 80; number++) statement = enrol(statement, seed(number), NOW);
  expect(parseStatement(renderStatement(statement)).revoked).toHaveLength(64);
  expect(() => enrol(statement, seed(80), NOW)).toThrow(refused('_excessive_devices'));
  expect(() => revokeDevice(statement, seed(64), NOW)).toThrow(refused('_excessive_devices'));
  const many = { ...statement, devices: [...statement.devices, newDevice(seed(80), NOW)] };
  expect(() => renderStatement(many)).toThrow(refused('_excessive_devices'));
});

test('any statement is read as it was written, and signed it is read too', async () => {
  const key = fc.uint8Array({ minLength: 32, maxLength: 32 });
  const device = fc.record({ key: key.map(bytesToHex), since: fc.integer({ min: 1, max: 999_999_999_999_999 }) });
  const devices = fc.uniqueArray(device, { selector: (one) => one.key, maxLength: 16 });
  await fc.assert(
    fc.asyncProperty(devices, fc.nat(16), fc.integer({ min: 1 }), async (all, cut, counter) => {
      const ordered = (some: typeof all): typeof all => some.toSorted((a, b) => (a.key < b.key ? -1 : 1));
      const statement = { ...first, counter, devices: ordered(all.slice(0, cut)), revoked: ordered(all.slice(cut)) };
      const read = await readStatement(await signed(statement), certificate, NOW);
      expect(read.statement).toEqual(statement);
      expect(renderStatement({ ...statement, devices: statement.devices.toReversed() })).toEqual(read.signed);
    }),
    { numRuns: 30 },
  );
});

test('one byte changed anywhere: refused', async () => {
  const bytes = await signed(two);
  const read = (changed: Uint8Array): Promise<unknown> => readStatement(changed, certificate, NOW + 1);
  await expect(read(bytes)).resolves.toMatchObject({ statement: two });
  const codes = ['_invalid_statement', '_foreign_statement', '_forged_statement', '_future_statement'];
  for (let at = 0; at < bytes.length; at++) {
    const changed = Uint8Array.from(bytes);
    changed[at]! ^= 1;
    const code = await read(changed).then(
      () => 'read',
      (error: unknown) => (error as { code: string }).code,
    );
    // The area of a signature that it does not cover: what is there is not believed.
    if (code !== 'read') expect(codes).toContain(code);
    else expect(splitStatement(changed).signed).toEqual(splitStatement(bytes).signed);
  }
});

test("another's statement, another's name, the future, too long", async () => {
  const bob = await identityKey('bob', 'home.example', 41);
  const bobs = { ...two, identity: bob.certificate.key.fingerprint };
  await expect(signStatement(bob.signer, two)).rejects.toMatchObject({ code: '_foreign_statement' });
  const read = (bytes: Uint8Array, now = NOW): Promise<unknown> => readStatement(bytes, certificate, now);
  const byBob = await signStatement(bob.signer, bobs);
  await expect(read(byBob)).rejects.toMatchObject({ code: '_foreign_statement' });
  const { signature } = splitStatement(byBob);
  await expect(read(joinSigned(renderStatement(two), [signature]))).rejects.toMatchObject({
    code: '_forged_statement',
  });
  await expect(read(joinSigned(renderStatement(two), [seed(1)]))).rejects.toMatchObject({ code: '_forged_statement' });
  const elsewhere = await signed({ ...two, userId: 'alice <alice@evil.example>' });
  await expect(read(elsewhere)).rejects.toMatchObject({ code: '_foreign_statement' });
  await expect(read(await signed(two), NOW - 299)).resolves.toBeDefined();
  await expect(read(await signed(two), NOW - 300)).rejects.toMatchObject({ code: '_future_statement' });
  await expect(read(new Uint8Array(16_385))).rejects.toMatchObject({ code: '_oversized_statement' });
  await expect(read(renderStatement(two))).rejects.toMatchObject({ code: '_invalid_statement' });
});

test('the higher counter wins; two with one counter are a proof', async () => {
  const read = async (statement: DeviceStatement): Promise<ReturnType<typeof splitStatement>> =>
    splitStatement(await signed(statement));
  const [older, newer] = [await read(two), await read(three)];
  expect(isSuccessor(older, newer)).toBe(true);
  expect(isSuccessor(newer, newer)).toBe(false);
  expect(() => isSuccessor(newer, older)).toThrow(refused('_stale_statement'));
  const fork = await read(enrol(two, stranger, NOW + 2));
  expect(() => isSuccessor(newer, fork)).toThrow(refused('_conflicting_statement'));
  const forgetful = await read({ ...two, counter: 9 });
  expect(() => isSuccessor(newer, forgetful)).toThrow(refused('_reinstated_device'));
  const another = { ...newer, statement: { ...three, identity: '00'.repeat(20) } };
  expect(() => isSuccessor(newer, another)).toThrow(refused('_foreign_statement'));
});

test('a staple makes a device a person, anywhere the domain is known', async () => {
  const staple = { certificate: once.bytes, devices: await signed(three) };
  const check = (one = staple, device = laptop, now = NOW + 2, by = domain.certificate): Promise<unknown> =>
    checkStaple(one, deviceId(device), by, splitStatement(one.devices), now);
  await expect(check()).resolves.toMatchObject({
    nick: 'alice',
    domain: 'home.example',
    deviceKey: laptop,
    until: NOW + 30 * DAY,
    encryptionKey: alice.encryption[0]!.raw,
  });
  await expect(check(staple, phone)).rejects.toMatchObject({ code: '_revoked_device' });
  await expect(check(staple, stranger)).rejects.toMatchObject({ code: '_unlisted_device' });
  await expect(check(staple, laptop, NOW + 30 * DAY)).rejects.toMatchObject({ code: '_expired_certification' });
  const bare = { ...staple, certificate: certificate.bytes };
  await expect(check(bare)).rejects.toMatchObject({ code: '_uncertified' });
  const gone = { ...staple, certificate: await revoke(domain, once, ALICE, NOW) };
  await expect(check(gone)).rejects.toMatchObject({ code: '_revoked_certification' });
  const other = (await domainKey('other.example', 4)).certificate;
  await expect(check(staple, laptop, NOW + 2, other)).rejects.toMatchObject({ code: '_foreign_user_id' });
  await expect(check(staple, laptop, NOW + 2, once)).rejects.toMatchObject({ code: '_invalid_authority' });
  const old = { ...staple, devices: await signed(two) };
  const known = splitStatement(staple.devices);
  const late = checkStaple(old, deviceId(phone), domain.certificate, known, NOW + 2);
  await expect(late).rejects.toMatchObject({ code: '_stale_statement' });
  await expect(checkStaple(old, deviceId(phone), domain.certificate, null, NOW + 2)).resolves.toBeDefined();
  expect(await readCertificate(once.bytes)).toMatchObject({ key: certificate.key });
});
