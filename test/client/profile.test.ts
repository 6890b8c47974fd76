/** A person's folder: made in pieces that go on after a crash, kept whole, locked for one command at a time. */
import { spawnSync } from 'node:child_process';
import {
  existsSync,
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
import { afterAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { peopleHere, personFolder } from '../../client/profile/folder.ts';
import { lock } from '../../client/profile/lock.ts';
import { type Making, Profile } from '../../client/profile/profile.ts';
import { merged, parseState, renderState } from '../../client/profile/state-file.ts';
import type { Kept } from '../../client/session/kept.ts';
import { type DeviceStatement, splitStatement } from '../../pki/device-statement.ts';
import { enrol, firstStatement, revokeDevice, signStatement } from '../../pki/enrolment.ts';
import { limits } from '../../pki/limits.ts';
import { encodeText } from '../../psyc/bytes.ts';
import { suite } from '../../server/suite.ts';

const above = mkdtempSync(join(realpathSync(tmpdir()), 'p3do-profile-'));
afterAll(() => rmSync(above, { recursive: true, force: true }));

let folders = 0;
const whose = () => ({ folder: join(above, String(++folders), 'ada@a.example'), nick: 'ada', domain: 'a.example' });
const making: Making = {
  suite,
  now: 1_800_000_000,
  passphrase: 'horse',
  server: null,
  parameters: { memoryKiB: 19_456, passes: 2, lanes: 1 },
};

describe('a folder', () => {
  test('is made, and opened again without the passphrase', async () => {
    const at = whose();
    const made = await Profile.make(at, { ...making, server: 'localhost:9404' });
    const { mode } = statSync(at.folder);
    expect(mode & 0o777).toBe(0o700);
    for (const file of ['identity', 'device', 'state', 'server']) {
      expect(statSync(join(at.folder, file)).mode & 0o777).toBe(0o600);
    }
    const opened = await Profile.open(at);
    expect(opened?.device).toEqual(made.device);
    expect(opened?.server).toBe('localhost:9404');
    expect(opened?.kept).toEqual(made.kept);
    expect((await Profile.make(at, { ...making, passphrase: null })).kept).toEqual(made.kept);
  });

  test('that was broken off anywhere goes on, with the same identity and device', async () => {
    const at = whose();
    const { kept, device } = await Profile.make(at, making);
    rmSync(join(at.folder, 'state'));
    expect(await Profile.open(at)).toBeNull();
    const again = await Profile.make(at, making);
    expect(again.device).toEqual(device);
    expect(again.kept.certificate).toEqual(kept.certificate);
    rmSync(join(at.folder, 'state'));
    rmSync(join(at.folder, 'device'));
    const once = await Profile.make(at, making);
    expect(once.kept.certificate).toEqual(kept.certificate);
    rmSync(join(at.folder, 'state'));
    await expect(Profile.make(at, { ...making, passphrase: 'donkey' })).rejects.toMatchObject({
      code: '_wrong_passphrase',
    });
  });

  test('keeps changes whole: those of two commands at once too', async () => {
    const at = whose();
    const profile = await Profile.make(at, making);
    const pin = (byte: string) => ({ fingerprint: byte.repeat(20), counter: 0 });
    await Promise.all(
      Array.from({ length: 8 }, async (_, index) => {
        await profile.keep({ pins: new Map([[`d${index}.example`, pin('ab')]]) });
      }),
    );
    const { kept } = (await Profile.open(at))!;
    expect(kept.pins.size).toBe(8);
    const other = profile.keep({ pins: new Map([['d1.example', pin('cd')]]) });
    await expect(other).rejects.toMatchObject({ code: '_session_conflicting_pin' });
    expect((await Profile.open(at))?.kept).toEqual(kept);
    expect(readdirSync(at.folder).sort()).toEqual(['device', 'identity', 'state']);
  });

  test('takes the identity key of another machine, of this person and no other', async () => {
    const [old, fresh, others] = [whose(), whose(), { ...whose(), nick: 'eve' }];
    const { kept } = await Profile.make(old, making);
    const identityFile = join(old.folder, 'identity');
    await expect(Profile.make(others, { ...making, identityFile })).rejects.toMatchObject({
      code: '_foreign_identity',
    });
    expect(existsSync(others.folder)).toBe(false);
    const made = await Profile.make(fresh, { ...making, identityFile });
    expect(made.kept.certificate).toEqual(kept.certificate);
    expect(made.kept.statement).not.toEqual(kept.statement);
    expect(readFileSync(join(fresh.folder, 'identity'))).toEqual(readFileSync(identityFile));
    const another = whose();
    await Profile.make(another, making);
    await expect(Profile.make(another, { ...making, identityFile })).rejects.toMatchObject({ code: '_existing_file' });
  });

  test('enrols its device beside those that are there: once, as many as there may be, and none that was revoked', async () => {
    const at = whose();
    const profile = await Profile.make(at, making);
    const { signer, certificate } = await Profile.openIdentity(at, 'horse');
    const by = (statement: DeviceStatement) => signStatement(signer, statement);
    const first = firstStatement(certificate.key.fingerprint, 'ada <ada@a.example>', making.now);
    const full = (devices: number): DeviceStatement =>
      Array.from({ length: devices }, (_, byte) => new Uint8Array(32).fill(byte)).reduce(
        (statement, key) => enrol(statement, key, making.now),
        first,
      );
    const enrolled = async (statement: DeviceStatement) =>
      profile.showing(await by(statement)).enrolled(suite, 'horse', making.now);
    const beside = await enrolled(full(limits.devicesMax - 1));
    const { statement } = splitStatement(beside.kept.statement);
    expect(statement).toMatchObject({ counter: limits.devicesMax + 1 });
    expect(statement.devices).toHaveLength(limits.devicesMax);
    expect((await Profile.open(at))?.kept.statement).toEqual(beside.kept.statement);
    expect(await beside.enrolled(suite, 'horse', making.now)).toBe(beside);
    await expect(enrolled(full(limits.devicesMax))).rejects.toMatchObject({ code: '_excessive_devices' });
    const own = suite.ed25519PublicKey(profile.device.seed);
    const revoked = revokeDevice(enrol(first, own, making.now), own, making.now);
    await expect(enrolled(revoked)).rejects.toMatchObject({ code: '_reinstated_device' });
  });

  test('of others is refused', async () => {
    const at = whose();
    await Profile.make(at, making);
    writeFileSync(join(at.folder, 'state'), '{"version":1}');
    await expect(Profile.open(at)).rejects.toMatchObject({ code: '_invalid_file' });
    writeFileSync(join(at.folder, 'state'), '{"version":2}');
    await expect(Profile.open(at)).rejects.toMatchObject({ code: '_unsupported_file_version' });
  });
});

describe('the state', () => {
  const hex = (digits: number) =>
    fc.uint8Array({ minLength: digits / 2, maxLength: digits / 2 }).map((bytes) => Buffer.from(bytes).toString('hex'));
  const number = fc.nat(2 ** 31);
  const name = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 }).filter((text) => text !== '__proto__');
  const mapOf = <T>(value: fc.Arbitrary<T>) =>
    fc.array(fc.tuple(name, value), { maxLength: 4 }).map((entries) => new Map(entries));
  const head = fc.record({ counter: number, id: hex(64) });
  const bytes = fc.uint8Array({ maxLength: 40 });
  const voice = {
    generation: number,
    isSpent: fc.boolean(),
    numbers: mapOf(number),
    pending: fc.array(fc.record({ target: name, tag: name, counter: number, method: name, bytes }), { maxLength: 3 }),
  };
  const state: fc.Arbitrary<Kept> = fc.record({
    isRegistered: fc.boolean(),
    certificate: bytes,
    statement: bytes,
    pins: mapOf(fc.record({ fingerprint: hex(40), counter: number })),
    speaking: fc.record({
      ...voice,
      chains: mapOf(head),
      entered: mapOf(fc.option(number)),
      left: mapOf(number),
      sealing: mapOf(fc.record({ epoch: number, parted: number, counter: number, key: bytes, madeAtMs: number })),
    }),
    visits: mapOf(fc.record(voice)),
    hearing: fc.record({
      person: fc.option(number),
      places: mapOf(number),
      heads: mapOf(head),
      keys: mapOf(fc.record({ epoch: number, key: bytes })),
      gone: mapOf(mapOf(number)),
    }),
  });

  test('comes back as it was', () => {
    fc.assert(
      fc.property(state, (kept) => {
        // Names that are numbers come first in an object: the order is no matter but of heads, whose names are none.
        expect(parseState(renderState(kept))).toEqual(kept);
      }),
    );
  });

  test('cut short anywhere is no state', () => {
    const [kept] = fc.sample(state, { numRuns: 1, seed: 7 });
    const file = renderState(kept!);
    for (let length = 0; length < file.length - 1; length++) {
      expect(() => parseState(file.subarray(0, length))).toThrow(expect.objectContaining({ code: '_invalid_file' }));
    }
    for (const text of ['', 'null', '[]', '"x"', '{}']) {
      expect(() => parseState(encodeText(text))).toThrow(expect.objectContaining({ code: '_invalid_file' }));
    }
  });

  test('a pin is never replaced, and its counter never goes back', () => {
    const [kept] = fc.sample(state, { numRuns: 1, seed: 7 });
    const pin = { fingerprint: 'ab'.repeat(20), counter: 5 };
    const pinned = merged(kept!, { pins: new Map([['x', pin]]) });
    expect(merged(pinned, { pins: new Map([['x', { ...pin, counter: 3 }]]) }).pins.get('x')?.counter).toBe(5);
    const other = { pins: new Map([['x', { ...pin, fingerprint: 'cd'.repeat(20) }]]) };
    expect(() => merged(pinned, other)).toThrow(expect.objectContaining({ code: '_session_conflicting_pin' }));
  });
});

describe('a lock', () => {
  test('is one command’s at a time; the other says for whom it waits', async () => {
    const folder = mkdtempSync(join(above, 'lock-'));
    const release = await lock(folder, 'side', () => {});
    const other = await lock(folder, 'main', () => {});
    const order: string[] = [];
    let told = (): void => {};
    const waits = new Promise<void>((resolve) => (told = resolve));
    const second = lock(folder, 'side', (pid) => {
      order.push(`waits for ${pid}`);
      told();
    }).then((freed) => {
      order.push('has it');
      return freed;
    });
    await waits;
    order.push('released');
    await release();
    await (await second)();
    await other();
    expect(order).toEqual([`waits for ${process.pid}`, 'released', 'has it']);
    expect(readdirSync(folder)).toEqual([]);
  });

  test('of a process that is dead counts for nothing', async () => {
    const folder = mkdtempSync(join(above, 'lock-'));
    const { pid } = spawnSync(process.execPath, ['-e', '']);
    writeFileSync(join(folder, `lock.side.${pid}.1.aaaa`), '');
    // The same number, another process.
    writeFileSync(join(folder, `lock.side.${process.pid}.1.bbbb`), '');
    const release = await lock(folder, 'side', () => {
      throw new Error('nobody is to be waited for');
    });
    expect(readdirSync(folder)).toHaveLength(1);
    await release();
  });

  test('of many that come at once one has it at a time', async () => {
    const folder = mkdtempSync(join(above, 'lock-'));
    let inside = 0;
    let most = 0;
    await Promise.all(
      Array.from({ length: 6 }, async () => {
        const release = await lock(folder, 'state', () => {});
        most = Math.max(most, ++inside);
        await Promise.resolve();
        inside--;
        await release();
      }),
    );
    expect(most).toBe(1);
  });
});

test('folders are found where the environment says', async () => {
  const where = (env: Record<string, string>, isRoot = false) => personFolder({ env, isRoot }, 'ada', 'a.example');
  expect(where({ P3DO_HOME: '/x' }, true)).toBe('/x/people/ada@a.example');
  expect(where({}, true)).toBe('/var/lib/p3do/people/ada@a.example');
  expect(where({ XDG_DATA_HOME: '/data', HOME: '/h' })).toBe('/data/p3do/people/ada@a.example');
  expect(where({ HOME: '/h' })).toBe('/h/.local/share/p3do/people/ada@a.example');
  expect(await peopleHere({ env: { P3DO_HOME: join(above, 'none') }, isRoot: false })).toEqual([]);
  expect(readFileSync(new URL('../../docs/spec/people.md', import.meta.url), 'utf8')).toContain('P3DO_HOME');
});
