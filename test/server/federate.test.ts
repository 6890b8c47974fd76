/** `p3do federate` against real servers: who is let in, confirmed, blocked, forgotten; and who may ask at all. */
import { execFile } from 'node:child_process';
import { rm, stat, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { adminSocket } from '../../server/admin/channel.ts';

import { nextRotation, signRotation } from '../../pki/rotation.ts';
import { NO_ROTATION } from '../../pki/rotation-statement.ts';
import { readDomainKey, writeKey } from '../../server/domain/key-file.ts';
import { newDomainKey } from './node/town.ts';
import { Undoing } from '../undoing.ts';
import { command, freeEndpoint, Served } from './served.ts';

const undoing = new Undoing();
let a: Served;
let b: Served;

/** What a command of a.test says, and its exit code. */
function federate(...args: string[]): Promise<{ code: number; said: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [command, 'federate', ...args], (error, out, complaints) => {
      resolve({ code: error === null ? 0 : Number(error.code), said: `${out}${complaints}` });
    });
  });
}
const ofA = async (...args: string[]): Promise<string> => (await federate(...args, '--folder', a.folder)).said;

beforeAll(async () => {
  const [atA, atB] = [await freeEndpoint(), await freeEndpoint()];
  // A successor that nobody vouches for waits for a quarter of a second.
  const config = { policy: { timeScale: 1_000_000 } };
  a = await Served.make(undoing, 'a.test', { memory: true, endpoint: atA, peers: new Map([['b.test', atB]]), config });
  b = await Served.make(undoing, 'b.test', { memory: true, endpoint: atB, peers: new Map([['a.test', atA]]), config });
});
afterAll(async () => undoing.run());

test('a server that does not run cannot be asked', async () => {
  expect(await federate('list', '--folder', a.folder)).toEqual({
    code: 1,
    said: expect.stringContaining('(_admin_not_running)'),
  });
});

test('first use is quarantine; confirmed by its fingerprint it is normal; another fingerprint is not let in', async () => {
  for (const served of [a, b]) served.start();
  await Promise.all([a.ready, b.ready]);
  expect(await ofA('list')).toBe('no other domain\n');
  expect(await ofA('test', 'b.test')).toMatch(
    /^b\.test, connected, (?:quarantine|normal), first use\n {2}key {5}[0-9A-F]{4} /,
  );
  const [, , fingerprint = ''] = (await federate('self', '--folder', b.folder)).said.trim().split(' ');
  expect(fingerprint).toMatch(/^[0-9a-f]{40}$/);
  expect(await ofA('add', 'b.test', '--fingerprint', fingerprint)).toMatch(
    /^b\.test, connected, normal, confirmed, allow\n/,
  );
  const wrong = await federate('add', 'b.test', '--fingerprint', 'ab'.repeat(20), '--folder', a.folder);
  expect(wrong).toEqual({ code: 1, said: expect.stringContaining('(_trust_foreign_key)') });
  expect(wrong.said).toMatch(/you have said ABAB .*, its server proves .*: p3do federate show b\.test says how/);
  expect(await ofA('show', 'b.test')).toMatch(
    new RegExp(
      `given {3}ABAB .*\\n +its server proves .*\\n.*: p3do federate add b.test --fingerprint ${fingerprint}\\n`,
    ),
  );
  await expect(eventually('test', 'b.test', /\(_trust_foreign_key\)/)).resolves.toBe(true);
  await ofA('add', 'b.test', '--fingerprint', fingerprint);
});

/** Whether a.test says so before long. */
async function eventually(name: string, domain: string, what: RegExp): Promise<boolean> {
  for (let tries = 0; tries < 20; tries++) if (what.test(await ofA(name, domain))) return true;
  return false;
}

test('blocked, it is not let in; its rule goes to another admin as text; forgotten, it is met anew', async () => {
  expect(await ofA('block', 'b.test')).toBe('block b.test\n');
  expect(await ofA('test', 'b.test')).toContain('(_trust_blocked)');
  const exported = await ofA('export');
  expect(exported).toMatch(/^unknown open\nblock b\.test [0-9a-f]{40}\n$/);
  expect(await ofA('remove', 'b.test')).toBe('forgotten: b.test\n');
  // At this scale of time the other comes again at once, and is met like anybody.
  expect(await ofA('show', 'b.test')).toMatch(/^b\.test, (?:away, unknown|\w+, \w+, first use)\n/);
  const file = join(a.folder, 'rules');
  await writeFile(file, `# from b.test\n${(await federate('self', '--folder', b.folder)).said}unknown closed\n`);
  expect(await ofA('import', file)).toBe('1 rules taken\n');
  // It goes there by itself.
  await expect(eventually('show', 'b.test', /^b\.test, connected, normal, confirmed, allow\n/)).resolves.toBe(true);
  await writeFile(file, 'allow everybody!\n');
  expect(await federate('import', file, '--folder', a.folder)).toEqual({
    code: 1,
    said: expect.stringContaining('line 1 is no rule'),
  });
});

test('lists of all three kinds go from one admin to the other as they are', async () => {
  const list = `allow d.test ${'cd'.repeat(20)}\nblock e.test\nlimit f.test\n`;
  const file = join(a.folder, 'list');
  await writeFile(file, `# what others say\nlimit f.test\nblock e.test # spam\n${list}`);
  expect(await ofA('import', file)).toBe(
    '3 rules taken\n  several lines name e.test: the last is its rule\n  several lines name f.test: the last is its rule\n',
  );
  const refused = async (...args: string[]): Promise<unknown> => federate(...args, '--folder', a.folder);
  const saying = (code: string): unknown => ({
    code: 1,
    said: expect.stringMatching(new RegExp(`is .*\\(${code}\\)\n$`)),
  });
  expect(await refused('add', 'a.test')).toEqual(saying('_admin_own_domain'));
  expect(await refused('remove', 'never.test')).toEqual(saying('_admin_unknown_domain'));
  const exported = await ofA('export');
  expect(exported).toContain(list);
  await writeFile(file, exported.replace(/^unknown .*\n|^\w+ b\.test.*\n/gm, ''));
  expect((await federate('import', file, '--folder', b.folder)).said).toBe('3 rules taken\n');
  expect((await federate('export', '--folder', b.folder)).said).toContain(list);
  for (const [domain, rule] of Object.entries({ 'd.test': 'allow', 'e.test': 'block', 'f.test': 'limit' }))
    expect((await federate('show', domain, '--folder', b.folder)).said).toMatch(
      new RegExp(`^${domain}, .*, ${rule}\\n`),
    );
});

test('nobody else may open the socket; what is no question is refused', async () => {
  expect((await stat(adminSocket(a.folder))).mode & 0o777).toBe(0o600);
  for (const line of ['{"kind":"dance"}', '{"kind":"show","domain":"No Domain"}', 'x']) {
    const socket = connect(adminSocket(a.folder));
    socket.end(`${line}\n`);
    expect(JSON.parse(await text(socket))).toEqual({ kind: 'refused', code: '_admin_refused' });
  }
});

test('a domain that comes with another key is followed by the word of the one before', async () => {
  const old = await readDomainKey(b.folder, 'b.test');
  const next = await newDomainKey('b.test');
  const now = Math.floor(Date.now() / 1000);
  const { fingerprint } = old.certificate.key;
  const known = { fingerprint, seq: 1, prev: NO_ROTATION };
  const rotation = nextRotation('b.test', known, next.certificate.key.fingerprint, now - 60);
  await b.stop();
  await rm(join(b.folder, 'domain.key'));
  await writeKey(join(b.folder, 'domain.key'), next.bytes);
  b.start();
  await b.ready;
  // Without a statement it is anybody's.
  expect(await ofA('test', 'b.test')).toContain('(_trust_changed_key)');
  await b.stop();
  const statement = await signRotation(old.signer, next.signer, rotation, now);
  await writeFile(join(b.folder, 'rotation'), statement, { mode: 0o600 });
  b.start();
  await b.ready;
  await expect(eventually('test', 'b.test', /^b\.test, connected, normal, rotated, allow\n/)).resolves.toBe(true);
  expect(a.log.some((line) => line.includes('"row":"10"'))).toBe(true);
});
