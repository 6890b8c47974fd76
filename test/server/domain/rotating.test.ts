/** Another key for a domain, in its folder: made, signed, put in its place, and broken off at every step. */
import { copyFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { type Certificate, readCertificate } from '../../../pki/certificate.ts';
import { readRotation } from '../../../pki/rotation.ts';
import { rotationHash, splitRotation } from '../../../pki/rotation-statement.ts';
import { readKeyFile } from '../../../server/domain/key-file.ts';
import { type Domain, loadDomain, loadServed, ownKeysOf } from '../../../server/domain/load.ts';
import { quickstart } from '../../../server/domain/quickstart.ts';
import { announcedMs, prepareRotation, replaceLost, warningsOfNext } from '../../../server/domain/rotating.ts';
import { emptyFolder } from '../config/folder.ts';
import { NOW } from '../../pki/keys.ts';

const domain = 'own.test';

async function made(): Promise<string> {
  const folder = emptyFolder();
  await quickstart(folder, { domain, now: NOW });
  return folder;
}

/** Announces the next key, which may be gone by from `at` on, Unix seconds. */
async function prepare(folder: string, at = NOW, isByRecovery = false): Promise<Domain> {
  const { key, rotation: before } = await loadDomain(folder);
  const recovery = isByRecovery ? await readKeyFile(join(folder, 'recovery.key')) : null;
  await prepareRotation(folder, { domain, key, before, recovery, named: null, notBefore: at, now: at });
  return loadDomain(folder);
}

const fingerprintIn = ({ key }: Domain): string => key.certificate.key.fingerprint;
const switchMs = (at = NOW): number => at * 1000 + announcedMs(1);

test('it takes its place three days and five minutes after it may be gone by, and not before', async () => {
  const folder = await made();
  const before = await loadDomain(folder);
  const { next } = await prepare(folder);
  const following = next!.key.certificate.key.fingerprint;
  expect(next!.switchMs).toBe(NOW * 1000 + 72 * 3_600_000 + 300_000);
  expect(ownKeysOf({ ...before, next })).toEqual({ fingerprint: fingerprintIn(before), number: 1, next: following });
  expect(fingerprintIn(await loadServed(folder, switchMs() - 1))).toBe(fingerprintIn(before));
  const after = await loadServed(folder, switchMs());
  expect(ownKeysOf(after)).toEqual({ fingerprint: following, number: 2, next: null });
  expect(after.former).toEqual([before.key.certificate.bytes]);
  expect((await readdir(folder)).sort()).toEqual(
    ['config.json', 'domain.key', 'former', 'invites', 'recovery.key', 'revocation.asc', 'rotation'].sort(),
  );
  const keys = { old: before.key.certificate, new: after.key.certificate, recovery: null };
  expect(await readRotation(after.rotation!, keys, NOW)).toMatchObject({ by: 'old', rotation: { seq: 2 } });
});

test('the one after it follows it: numbers and hashes are a chain', async () => {
  const folder = await made();
  await prepare(folder);
  const second = await loadServed(folder, switchMs());
  const later = NOW + 1_000_000;
  await prepare(folder, later);
  const third = await loadServed(folder, switchMs(later));
  const { rotation } = splitRotation(third.rotation!);
  expect(rotation).toMatchObject({ seq: 3, prev: rotationHash(splitRotation(second.rotation!).signed) });
  expect([third.former.length, ownKeysOf(third).number]).toEqual([2, 3]);
});

test('how it came to its key is shown to whoever has missed steps, also when the secret keys are off the machine', async () => {
  const folder = await made();
  const times = [NOW, NOW + 1_000_000, NOW + 2_000_000];
  const all: Domain[] = [await loadDomain(folder)];
  for (const [at, time] of times.entries()) {
    await prepare(folder, time, at === 1);
    all.push(await loadServed(folder, switchMs(time)));
  }
  for (const name of await readdir(join(folder, 'former'))) {
    if (name.endsWith('.key')) await rm(join(folder, 'former', name));
  }
  const { earlier, former, rotation, key } = await loadDomain(folder);
  expect(former).toHaveLength(3);
  const steps = [...earlier, { statement: rotation!, key: key.certificate.bytes, recovery: null }];
  expect(steps).toHaveLength(3);
  for (const [at, { statement, key: named, recovery }] of steps.entries()) {
    const keys = {
      old: all[at]!.key.certificate,
      new: await readCertificate(named),
      recovery: recovery === null ? null : await readCertificate(recovery),
    };
    expect(await readRotation(statement, keys, NOW)).toMatchObject({ by: at === 1 ? 'recovery' : 'old' });
    expect(named).toEqual(all[at + 1]!.key.certificate.bytes);
  }
  await writeFile(join(folder, 'former', `${fingerprintIn(all[2]!)}.rotation`), 'no statement', { mode: 0o600 });
  await expect(loadDomain(folder)).rejects.toMatchObject({ code: '_domain_invalid_key' });
});

test('the recovery key signs in place of the domain’s own', async () => {
  const folder = await made();
  const { key, next } = await prepare(folder, NOW, true);
  const recovery = await readKeyFile(join(folder, 'recovery.key'));
  const keys = { old: key.certificate, new: next!.key.certificate, recovery: recovery.certificate };
  expect(await readRotation(next!.statement, keys, NOW)).toMatchObject({ by: 'recovery' });
  await expect(readRotation(next!.statement, { ...keys, recovery: null }, NOW)).rejects.toMatchObject({
    code: '_forged_rotation',
  });
});

test('of a lost key the public half is enough where the recovery key signs: the next one is in its place at once', async () => {
  const folder = await made();
  const before = await loadDomain(folder);
  const recovery = await readKeyFile(join(folder, 'recovery.key'));
  const lose = (key: Certificate = before.key.certificate, name = domain): Promise<void> =>
    replaceLost(folder, { domain: name, key: { certificate: key }, recovery, named: null, now: NOW });
  await expect(lose()).rejects.toMatchObject({ code: '_domain_existing' });
  await rename(join(folder, 'domain.key'), join(folder, 'lost'));
  await expect(lose(recovery.certificate)).rejects.toMatchObject({ code: '_domain_invalid_key' });
  await expect(lose(before.key.certificate, 'other.test')).rejects.toMatchObject({ code: '_domain_invalid_key' });
  await lose();
  const after = await loadServed(folder, NOW * 1000);
  expect(ownKeysOf(after)).toMatchObject({ number: 2, next: null });
  expect(after.former).toEqual([before.key.certificate.bytes]);
  expect(after.recovery).toEqual(recovery.certificate.bytes);
  const keys = { old: before.key.certificate, new: after.key.certificate, recovery: recovery.certificate };
  expect(await readRotation(after.rotation!, keys, NOW)).toMatchObject({ by: 'recovery', rotation: { seq: 2 } });
  // Broken off before the next key was in its place, and before its statement was.
  for (const [from, to] of [
    ['domain.key', 'next.key'],
    ['rotation', 'rotation.next'],
  ] as const)
    await rename(join(folder, from), join(folder, to));
  await lose();
  expect(fingerprintIn(await loadServed(folder, NOW * 1000))).toBe(fingerprintIn(after));
  await rename(join(folder, 'rotation'), join(folder, 'rotation.next'));
  expect(ownKeysOf(await loadServed(folder, NOW * 1000))).toEqual(ownKeysOf(after));
});

test('broken off at any step, it is ended by whoever comes next; one at a time', async () => {
  const folder = await made();
  const first = await loadDomain(folder);
  // The key was made, and its statement not yet: it is used.
  const { next } = await prepare(folder);
  // Also the recovery key waits, and is told how the one on its way is broken off.
  await expect(prepare(folder)).rejects.toMatchObject({ code: '_domain_rotating' });
  for (const isByRecovery of [false, true]) {
    await expect(prepare(folder, NOW, isByRecovery)).rejects.toThrow(
      /stop the server, remove .+rotation\.next and .+next\.key/,
    );
  }
  await rm(join(folder, 'rotation.next'));
  expect((await loadDomain(folder)).next).toBeNull();
  const again = await prepare(folder);
  const following = next!.key.certificate.key.fingerprint;
  expect(again.next!.key.certificate.key.fingerprint).toBe(following);
  // The one before was put away, and the next not yet in its place.
  await loadServed(folder, switchMs() - 1);
  await copyFile(join(folder, 'domain.key'), join(folder, 'kept'));
  const whole = await loadServed(folder, switchMs());
  expect(fingerprintIn(whole)).toBe(following);
  await rename(join(folder, 'domain.key'), join(folder, 'next.key'));
  await rename(join(folder, 'rotation'), join(folder, 'rotation.next'));
  await rename(join(folder, 'kept'), join(folder, 'domain.key'));
  expect(ownKeysOf(await loadServed(folder, switchMs()))).toMatchObject({ fingerprint: following, number: 2 });
  // The key is in its place, and the statement not yet.
  await rename(join(folder, 'rotation'), join(folder, 'rotation.next'));
  const ended = await loadServed(folder, switchMs());
  expect(ownKeysOf(ended)).toEqual({ fingerprint: following, number: 2, next: null });
  expect(ended.former).toEqual([first.key.certificate.bytes]);
});

test('a statement of another key than next.key is refused', async () => {
  const folder = await made();
  await prepare(folder);
  await copyFile(join(folder, 'domain.key'), join(folder, 'next.key'));
  await expect(loadDomain(folder)).rejects.toMatchObject({ code: '_domain_invalid_key' });
});

test('a key that was put in place too early is refused, and a statement whose key is gone is not taken for one that is done', async () => {
  const folder = await made();
  const present = fingerprintIn(await prepare(folder));
  const of = (name: string): string => join(folder, name);
  await copyFile(of('domain.key'), of('kept'));
  await copyFile(of('next.key'), of('domain.key'));
  for (const load of [loadDomain, (path: string) => loadServed(path, switchMs() - 1)]) {
    await expect(load(folder)).rejects.toMatchObject({ code: '_domain_invalid_key' });
    await expect(load(folder)).rejects.toThrow(
      `the key of own.test is ${present}, and domain.key holds the next key already`,
    );
  }
  await rename(of('kept'), of('domain.key'));
  await rename(of('next.key'), of('away'));
  await expect(loadServed(folder, switchMs())).rejects.toThrow(/next\.key is missing/);
  expect(await warningsOfNext(folder)).toEqual([]);
  await rename(of('away'), of('next.key'));
  expect(fingerprintIn(await loadServed(folder, switchMs() - 1))).toBe(present);
  await rm(of('rotation.next'));
  expect(await warningsOfNext(folder)).toEqual([expect.stringContaining('is there without rotation.next')]);
});
