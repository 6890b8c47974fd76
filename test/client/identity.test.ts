/** An identity at rest: opened by its passphrase alone, refused when cheap, costly, damaged or exposed; device files. */
import {
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import { blake2b } from '@noble/hashes/blake2.js';
import fc from 'fast-check';
import { nativeArgon2id } from '../../client/identity/argon2-native.ts';
import { portableArgon2id } from '../../client/identity/argon2-portable.ts';
import { type Argon2id, argon2Parameters, checkParameters } from '../../client/identity/argon2.ts';
import { parseDeviceFile, renderDeviceFile } from '../../client/identity/device-file.ts';
import { openIdentity, sealIdentity } from '../../client/identity/identity-file.ts';
import {
  changePassphrase,
  createDevice,
  createIdentity,
  openDevice,
  openIdentityAt,
} from '../../client/identity/identity.ts';
import { writePrivate } from '../../disk/private-file.ts';
import { decodeText, encodeText } from '../../psyc/bytes.ts';

const folder = mkdtempSync(join(realpathSync(tmpdir()), 'p3do-identity-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const vector = JSON.parse(readFileSync(new URL('../vectors/client/identity-file.json', import.meta.url), 'utf8')) as {
  passphrase: string;
  salt: string;
  nonce: string;
  secretKey: string;
  file: string;
};

const NOW = 1_800_000_000;
const ALICE = 'alice <alice@home.example>';
const cheap = { memoryKiB: 19_456, passes: 2, lanes: 1 };
const bytesOf = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex, 'hex'));
const refused = (code: string): object => ({ name: 'ClientError', code });
const unfit = (code: string): object => ({ name: 'FileError', code });

/** Chance that gives the vector's salt, then its nonce. */
const random = (length: number): Uint8Array => bytesOf(length === 16 ? vector.salt : vector.nonce);
const seal = (argon2id: Argon2id, passphrase = vector.passphrase, parameters = cheap): Promise<string> =>
  sealIdentity(bytesOf(vector.secretKey), passphrase, { argon2id, random, parameters });

test('vector: native and portable Argon2id seal alike, and open', async () => {
  expect(await seal(nativeArgon2id)).toBe(vector.file);
  expect(await seal(portableArgon2id)).toBe(vector.file);
  for (const passphrase of [vector.passphrase, vector.passphrase.normalize('NFD')]) {
    const opened = await openIdentity(encodeText(vector.file), passphrase, nativeArgon2id);
    expect(opened).toEqual(bytesOf(vector.secretKey));
  }
});

test('lanes count as RFC 9106 has them, natively and portably', async () => {
  const parameters = { memoryKiB: 64, passes: 2, lanes: 4 };
  const [passphrase, salt] = [encodeText('x'), new Uint8Array(16)];
  expect(await portableArgon2id(passphrase, salt, parameters)).toEqual(
    await nativeArgon2id(passphrase, salt, parameters),
  );
});

test.each([
  ['wrong passphrase', '_wrong_passphrase', vector.file, 'horse'],
  ['no passphrase', '_empty_passphrase', vector.file, ''],
  ['no file', '_invalid_file', '', 'horse'],
  ['another file', '_invalid_file', '-----BEGIN PGP PRIVATE KEY BLOCK-----\n', 'horse'],
  ['a newer version', '_unsupported_file_version', vector.file.replace('-v1', '-v2'), 'horse'],
  ['cut short', '_damaged_file', vector.file.slice(0, -1), 'horse'],
  ['cut shorter', '_damaged_file', vector.file.slice(0, 200), 'horse'],
  ['a bit flipped', '_damaged_file', vector.file.replace('sealed', 'sealee'), 'horse'],
  ['too long', '_oversized_file', vector.file + 'x'.repeat(131_072), 'horse'],
])('%s: %s', async (_, code, file, passphrase) => {
  let guesses = 0;
  const counting: Argon2id = (...args) => {
    guesses++;
    return nativeArgon2id(...args);
  };
  await expect(openIdentity(encodeText(file), passphrase, counting)).rejects.toMatchObject(refused(code));
  expect(guesses).toBe(code === '_wrong_passphrase' ? 1 : 0);
});

test('costs below or above the limits are refused, before they are paid', async () => {
  expect(() => checkParameters(argon2Parameters)).not.toThrow();
  const never: Argon2id = () => Promise.reject(new Error('paid'));
  for (const change of [
    { memoryKiB: 19_455 },
    { memoryKiB: 1_048_577 },
    { passes: 1 },
    { passes: 17 },
    { lanes: 17 },
    { lanes: 0 },
    { passes: NaN },
  ]) {
    await expect(seal(never, 'x', { ...cheap, ...change })).rejects.toMatchObject(refused('_refused_parameters'));
  }
  for (const [as, instead] of [
    ['memory=19456', 'memory=8'],
    ['passes=2', 'passes=999'],
  ] as const) {
    const body = vector.file.slice(0, vector.file.lastIndexOf('check ')).replace(as, instead);
    const check = Buffer.from(blake2b(encodeText(body), { dkLen: 8 })).toString('base64');
    const opened = openIdentity(encodeText(`${body}check ${check}\n`), 'x', never);
    await expect(opened).rejects.toMatchObject(refused('_refused_parameters'));
  }
});

test('created, opened, put under another passphrase; never written over', async () => {
  const path = join(folder, 'identity');
  const made = await createIdentity(path, 'one', {
    nick: 'alice',
    domain: 'home.example',
    now: NOW,
    parameters: cheap,
  });
  expect(made.certificate.userIds.map(({ text }) => text)).toEqual([ALICE]);
  expect(statSync(path).mode & 0o777).toBe(0o600);
  const again = createIdentity(path, 'two', { nick: 'alice', domain: 'home.example', now: NOW, parameters: cheap });
  await expect(again).rejects.toMatchObject(unfit('_existing_file'));
  expect((await openIdentityAt(path, 'one')).bytes).toEqual(made.bytes);
  await expect(changePassphrase(path, 'two', 'three', cheap)).rejects.toMatchObject(refused('_wrong_passphrase'));
  await expect(changePassphrase(path, 'one', '', cheap)).rejects.toMatchObject(refused('_empty_passphrase'));
  await changePassphrase(path, 'one', 'two', cheap);
  await expect(openIdentityAt(path, 'one')).rejects.toMatchObject(refused('_wrong_passphrase'));
  expect((await openIdentityAt(path, 'two')).bytes).toEqual(made.bytes);
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(readdirSync(folder)).toEqual(['identity']);
  chmodSync(path, 0o640);
  await expect(openIdentityAt(path, 'two')).rejects.toMatchObject(unfit('_exposed_file'));
});

test('what we write by default opens, and says what it costs', async () => {
  const path = join(folder, 'usual');
  await createIdentity(path, 'one', { nick: 'bob', domain: 'home.example', now: NOW });
  expect(decodeText(readFileSync(path))).toContain('argon2id memory=65536 passes=3 lanes=4 salt=');
  await expect(openIdentityAt(path, 'one')).resolves.toBeDefined();
});

test('a device has a key of its own, and the secrets of what is sealed to its person', async () => {
  const identity = await createIdentity(join(folder, 'third'), 'x', {
    nick: 'alice',
    domain: 'home.example',
    now: NOW,
    parameters: cheap,
  });
  const path = join(folder, 'device');
  const keys = await createDevice(path, ALICE, identity);
  expect(await openDevice(path)).toEqual(keys);
  expect(keys.encryption).toEqual(identity.encryption.map(({ seed }) => seed));
  expect(statSync(path).mode & 0o777).toBe(0o600);
  await expect(createDevice(path, ALICE, identity)).rejects.toMatchObject(unfit('_existing_file'));
  writeFileSync(path, new Uint8Array(131_073));
  await expect(openDevice(path)).rejects.toMatchObject(unfit('_oversized_file'));
  chmodSync(path, 0o604);
  await expect(openDevice(path)).rejects.toMatchObject(unfit('_exposed_file'));
  await expect(openDevice(join(folder, 'none'))).rejects.toMatchObject({ code: 'ENOENT' });
  await expect(writePrivate(join(folder, 'no', 'folder'), new Uint8Array(1), 'new')).rejects.toMatchObject({
    code: 'ENOENT',
  });
});

test('any device file is read as it was written; no other is read', () => {
  const secret = fc.uint8Array({ minLength: 32, maxLength: 32 });
  const keys = fc.record({ seed: secret, encryption: fc.array(secret, { maxLength: 16 }) });
  fc.assert(
    fc.property(keys, (some) => {
      const device = { userId: ALICE, identity: 'ab'.repeat(20), ...some };
      expect(parseDeviceFile(renderDeviceFile(device))).toEqual(device);
    }),
  );
  const device = { userId: ALICE, identity: 'ab'.repeat(20), seed: new Uint8Array(32), encryption: [] };
  const text = decodeText(renderDeviceFile(device));
  for (const wrong of ['', text.slice(0, -1), `${text}more\n`, text.replace('seed', 'sead'), text.toUpperCase()]) {
    expect(() => parseDeviceFile(encodeText(wrong))).toThrow(expect.objectContaining(refused('_invalid_file')));
  }
  const newer = text.replace('-v1', '-v2');
  expect(() => parseDeviceFile(encodeText(newer))).toThrow(
    expect.objectContaining(refused('_unsupported_file_version')),
  );
  const many = { ...device, encryption: Array.from({ length: 17 }, () => new Uint8Array(32)) };
  expect(() => renderDeviceFile(many)).toThrow(expect.objectContaining(refused('_invalid_file')));
  expect(() => renderDeviceFile({ ...device, userId: 'a\nb' })).toThrow(
    expect.objectContaining(refused('_invalid_file')),
  );
});
