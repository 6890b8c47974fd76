/** Several devices of one person, by the commands and at a real server: added, listed, revoked, and made again of an export. */
import { type ChildProcess, spawn } from 'node:child_process';
import { copyFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { renderEndpoint } from '../../server/config/address.ts';
import { Town } from '../../server/town/town.ts';
import { run } from '../house/fixture.ts';
import { command } from '../server/served.ts';

const DOMAIN = 'red.localhost';
const ANN = `ann@${DOMAIN}`;
const town = new Town({ domains: [DOMAIN], command });
let listener: ChildProcess | null = null;
beforeAll(() => town.start());
afterAll(async () => {
  listener?.kill('SIGKILL');
  await town.close();
});

/** A machine of somebody's, by a folder. */
const machine = (name: string): string => join(town.home, 'machines', name);
const identityOf = (name: string, person = ANN): string => join(machine(name), 'people', person, 'identity');

/** What a command says on a machine, and how it ends. */
async function p3do(name: string, line: string, env: Record<string, string> = {}) {
  const all = { P3DO_HOME: machine(name), P3DO_PASSPHRASE: 'try', ...env };
  return run('bash', ['-c', `node ${command} ${line}`], { env: all });
}

const register = (name: string, more = '', person = ANN) =>
  p3do(name, `register ${person} --server ${renderEndpoint(town.endpoints.get(DOMAIN)!)} ${more}`);

interface Shown {
  readonly device: string;
  readonly isThis: boolean;
  readonly isRevoked: boolean;
}

async function devicesAt(name: string): Promise<Shown[]> {
  const { stdout } = await p3do(name, 'device list --json');
  return stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Shown);
}

const say = (text: string) => p3do('ben', `say ${ANN} ${text}`);

test('a device beside another, by the identity key: both hear, and both speak', async () => {
  expect(await register('ben', '', `ben@${DOMAIN}`)).toMatchObject({ status: 0 });
  expect(await register('old')).toMatchObject({ status: 0, stdout: `registered ${ANN}\n` });
  const beside = `registered ${ANN}, a device beside 1 more (p3do device list)\n`;
  expect(await register('new', `--identity ${identityOf('old')}`)).toMatchObject({ status: 0, stdout: beside });
  expect(await register('new')).toMatchObject({ status: 0, stdout: `${ANN} was registered already\n` });
  expect(await say('both')).toMatchObject({ status: 0 });
  for (const name of ['old', 'new']) {
    const { stdout } = await p3do(name, 'listen --count 1 --timeout 60');
    expect(stdout).toContain('both');
    expect(await p3do(name, `say ben@${DOMAIN} from ${name}`)).toMatchObject({ status: 0 });
  }
  const [seen, other] = [await devicesAt('new'), await devicesAt('old')];
  expect(seen).toMatchObject([{ isRevoked: false }, { isRevoked: false }]);
  expect(seen.map(({ device }) => device)).toEqual(other.map(({ device }) => device));
  expect(seen.map(({ isThis }) => isThis)).toEqual(other.map(({ isThis }) => !isThis));
});

test('two at once both get in', async () => {
  const both = await Promise.all(['left', 'right'].map((name) => register(name, `--identity ${identityOf('old')}`)));
  expect(both).toMatchObject([{ status: 0 }, { status: 0 }]);
  expect(await devicesAt('old')).toHaveLength(4);
});

test('a revoked device is cut off at once and stays out, and the others go on', async () => {
  const id = (await devicesAt('new')).find(({ isThis }) => isThis)!.device;
  listener = spawn(process.execPath, [command, 'listen', '--as', ANN], {
    env: { ...process.env, P3DO_HOME: machine('new') },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  const ended = new Promise<number | null>((resolve) => listener!.on('close', resolve));
  await new Promise<void>((resolve) => {
    void ended.then(() => resolve());
    listener!.stderr!.setEncoding('utf8').on('data', (text: string) => {
      said += text;
      if (said.includes('listening as')) resolve();
    });
  });
  const revoked = await p3do('old', `device revoke ${id.slice(0, 8)} --json`);
  expect(revoked).toMatchObject({ status: 0, stdout: `${JSON.stringify({ kind: 'revoked', device: id })}\n` });
  expect(await ended).toBe(1);
  expect(said).toContain(`(_revoked_device, by ${DOMAIN})`);
  expect(await p3do('new', `say ben@${DOMAIN} out`)).toMatchObject({
    status: 1,
    stderr: expect.stringContaining('_revoked_device'),
  });
  expect(await p3do('old', `device revoke ${id}`)).toMatchObject({ status: 0, stdout: `${id} is revoked\n` });
  await say('after');
  for (const name of ['old', 'left']) {
    const { stdout } = await p3do(name, `listen --count ${name === 'old' ? 1 : 2} --timeout 60`);
    expect(stdout).toContain('after');
  }
  expect((await devicesAt('left')).filter(({ isRevoked }) => isRevoked)).toMatchObject([{ device: id }]);
});

test('what cannot be revoked is said', async () => {
  const [own] = (await devicesAt('old')).filter(({ isThis }) => isThis);
  for (const [what, code] of [
    [own!.device, '_own_device'],
    ['0000000000000000', '_unlisted_device'],
  ]) {
    expect(await p3do('old', `device revoke ${what}`)).toMatchObject({
      status: 1,
      stderr: expect.stringContaining(`(${code})`),
    });
  }
  expect(await p3do('old', 'device revoke here')).toMatchObject({ status: 2 });
});

test('another passphrase: of this file, and not of its copies', async () => {
  const secrets = { P3DO_NEW_PASSPHRASE: 'later' };
  expect(await p3do('old', 'passphrase', { ...secrets, P3DO_PASSPHRASE: 'wrong' })).toMatchObject({
    status: 1,
    stderr: expect.stringContaining('_wrong_passphrase'),
  });
  expect(await p3do('old', 'passphrase')).toMatchObject({
    status: 1,
    stderr: expect.stringContaining('set P3DO_NEW_PASSPHRASE, or use --new-passphrase-file'),
  });
  expect(await p3do('old', 'passphrase --json', secrets)).toMatchObject({
    status: 0,
    stdout: `${JSON.stringify({ kind: 'passphrase', person: `psyc://${DOMAIN}/~ann` })}\n`,
  });
  const [old, left] = await Promise.all(['old', 'left'].map((name) => p3do(name, 'device revoke 00000000')));
  expect(old).toMatchObject({ stderr: expect.stringContaining('_wrong_passphrase') });
  expect(left).toMatchObject({ stderr: expect.stringContaining('_unlisted_device') });
});

test('all machines are lost, and an export is there', async () => {
  const taken = join(town.home, 'taken');
  expect(await p3do('left', `export ${taken}`)).toMatchObject({ status: 0 });
  const foreign = await register('eve', `--identity ${join(taken, 'identity')}`, `eve@${DOMAIN}`);
  expect(foreign).toMatchObject({ status: 1, stderr: expect.stringContaining('_foreign_identity') });
  // Put there by hand, as the same.
  mkdirSync(join(machine('fresh'), 'people', ANN), { recursive: true, mode: 0o700 });
  copyFileSync(join(taken, 'identity'), identityOf('fresh'));
  expect(await register('fresh')).toMatchObject({
    status: 0,
    stdout: `registered ${ANN}, a device beside 3 more (p3do device list)\n`,
  });
  expect(await p3do('fresh', `say ben@${DOMAIN} again`)).toMatchObject({ status: 0 });
});
