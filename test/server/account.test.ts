/** `p3do account` against a real server: people are listed, shown, frozen, thawed and closed, and hear of it. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { readCertificate } from '../../pki/certificate.ts';
import { certStatus } from '../../pki/certification.ts';
import { renderEndpoint } from '../../server/config/address.ts';
import { readDomainKey } from '../../server/domain/key-file.ts';
import { fingerprintsOf, keyAt } from '../../server/keys/ask.ts';
import { Undoing } from '../undoing.ts';
import { run } from '../house/fixture.ts';
import { command, passableFolder, Served } from './served.ts';

const undoing = new Undoing();
let served: Served;
let home: string;

/** What a command says, and how it ends. */
async function p3do(...args: string[]): Promise<{ status: number | null; said: string }> {
  const env = { P3DO_HOME: home, P3DO_PASSPHRASE: 'try' };
  const { status, stdout, stderr } = await run(process.execPath, [command, ...args], { env });
  return { status, said: stdout + stderr };
}
const account = (...args: string[]): ReturnType<typeof p3do> => p3do('account', ...args, '--folder', served.folder);
const today = new RegExp(new Date().toISOString().slice(0, 8));

beforeAll(async () => {
  home = await passableFolder(undoing);
  served = await Served.make(undoing, 'a.test', { memory: true, config: { registration: 'open' } });
  served.start();
  await served.ready;
  for (const nick of ['ada', 'mallory']) {
    const registered = await p3do('register', `${nick}@a.test`, '--server', renderEndpoint(served.endpoint));
    expect(registered).toMatchObject({ status: 0 });
  }
});
afterAll(async () => undoing.run());

test('list and show', async () => {
  const listed = await account('list');
  expect(listed).toEqual({
    status: 0,
    said: expect.stringMatching(/^ada@a\.test, since \S+, 1 device, .*\nmallory@a\.test, /),
  });
  expect(listed.said).toMatch(today);
  expect(await account('list', '--limit', '1')).toMatchObject({
    said: expect.stringMatching(/^ada.*\nmore: --after ada\n$/),
  });
  const { said } = await account('list', '--after', 'ada@a.test', '--json');
  expect(JSON.parse(said)).toMatchObject({ accounts: [{ nick: 'mallory', isThere: true, devices: 1 }], next: null });
  expect(await account('show', 'ada')).toMatchObject({
    status: 0,
    said: expect.stringMatching(/\n {2}0 friends, 0 places\n$/),
  });
  expect(await account('show', 'nobody')).toEqual({
    status: 1,
    said: 'p3do: nobody@a.test has no account here: p3do account list shows who has (_unknown_target)\n',
  });
});

test('frozen, mallory cannot log in, and is told why; thawed he can', async () => {
  expect(await account('freeze', 'mallory')).toEqual({ status: 0, said: 'mallory@a.test: nobody logs in any more\n' });
  const entering = ['enter', '@hall@a.test', '--as', 'mallory@a.test'];
  const refused = await p3do(...entering);
  expect(refused).toEqual({ status: 1, said: expect.stringContaining('(_frozen_account') });
  expect(await account('list')).toMatchObject({ said: expect.stringMatching(/\nmallory.*, frozen since /) });
  expect(await account('thaw', 'mallory')).toMatchObject({ status: 0 });
  expect(await p3do(...entering)).toMatchObject({ status: 0 });
});

test('closed, when the name has been typed once more', async () => {
  expect(await account('close', 'mallory')).toEqual({
    status: 2,
    said: expect.stringContaining('say --yes mallory@a.test'),
  });
  expect(await account('close', 'mallory', '--yes', 'ada')).toEqual({
    status: 1,
    said: expect.stringContaining('nothing was done'),
  });
  expect(await account('close', 'mallory', '--yes', 'mallory')).toEqual({
    status: 0,
    said: 'closed mallory@a.test: nobody gets this name for a year\n',
  });
  expect(await p3do('enter', '@hall@a.test', '--as', 'mallory@a.test')).toEqual({
    status: 1,
    said: expect.stringContaining('_closed_account'),
  });
  expect(await account('list')).toMatchObject({ said: expect.not.stringContaining('mallory') });
  expect(await account('show', 'mallory')).toMatchObject({
    status: 0,
    said: expect.stringMatching(/^mallory@a\.test, closed /),
  });
  expect(await account('close', 'mallory', '--yes', 'mallory')).toEqual({
    status: 1,
    said: expect.stringContaining('(_closed_account)'),
  });
});

test('his key goes on being given out, for whoever has it from before: nobody vouches for it any more', async () => {
  const own = (await readDomainKey(served.folder, 'a.test')).certificate;
  for (const [nick, code] of [
    ['ada', 'valid'],
    ['mallory', '_revoked_certification'],
  ] as const) {
    const [fingerprint = ''] = await fingerprintsOf(served.endpoint, `${nick}@a.test`);
    const key = await readCertificate((await keyAt(served.endpoint, fingerprint))!);
    const status = await certStatus(key, `${nick} <${nick}@a.test>`, own, Math.floor(Date.now() / 1000));
    expect(status.isValid ? 'valid' : status.code).toBe(code);
  }
});
