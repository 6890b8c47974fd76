/** A home is killed, and its person goes on speaking in a place of another domain through a third, under her own name. */
import { execFile } from 'node:child_process';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Undoing } from '../undoing.ts';
import { command, freeEndpoint, passableFolder, Served } from './served.ts';

const undoing = new Undoing();
let a: Served;
let b: Served;
let c: Served;
let home = '';

/** What a command says and complains of, and its exit code. */
function p3do(...args: string[]): Promise<{ code: number; out: string; complaints: string }> {
  const env = { ...process.env, P3DO_HOME: home, P3DO_PASSPHRASE: 'a passphrase of these people' };
  return new Promise((resolve) => {
    execFile(process.execPath, [command, ...args], { env }, (error, out, complaints) => {
      resolve({ code: error === null ? 0 : Number(error.code), out, complaints });
    });
  });
}

/** The same, which must succeed. */
async function done(...args: string[]): Promise<string> {
  const { code, out, complaints } = await p3do(...args);
  if (code !== 0) throw new Error(`${args.join(' ')}: ${out}${complaints}`);
  return out;
}

async function registered(nick: string, served: Served): Promise<void> {
  const { host, port } = served.endpoint;
  const invite = (await done('invite', '--folder', served.folder, '--json')).trim();
  const { invite: text } = JSON.parse(invite) as { invite: string };
  await done('register', `${nick}@${served.domain}`, '--server', `${host}:${port}`, '--invite', text);
}

const fingerprintOf = async (served: Served): Promise<string> =>
  (await done('federate', 'self', '--folder', served.folder)).trim().split(' ')[2]!;

beforeAll(async () => {
  home = await passableFolder(undoing);
  const names = ['a.test', 'b.test', 'c.test'];
  const ends = new Map(await Promise.all(names.map(async (name) => [name, await freeEndpoint()] as const)));
  const made = names.map((name) => {
    const peers = new Map([...ends].filter(([other]) => other !== name));
    return Served.make(undoing, name, {
      ...(name === 'a.test' ? {} : { memory: true as const }),
      endpoint: ends.get(name)!,
      peers,
    });
  });
  [a, b, c] = (await Promise.all(made)) as [Served, Served, Served];
  for (const served of [a, b, c]) served.start();
  await Promise.all([a.ready, b.ready, c.ready]);
  await done('federate', 'add', 'a.test', '--fingerprint', await fingerprintOf(a), '--folder', c.folder);
  await registered('alice', a);
  await registered('bob', b);
  for (const who of ['alice@a.test', 'bob@b.test']) await done('enter', '@hall@b.test', '--yes', '--as', who);
  await done('say', '@hall@b.test', 'at', 'home', '--as', 'alice@a.test');
  await done('servers', 'add', 'c.test', '--server', `${c.endpoint.host}:${c.endpoint.port}`, '--as', 'alice@a.test');
});
afterAll(async () => undoing.run());

test('her home is killed: she speaks through another server, and nobody doubts that it is she', async () => {
  await a.kill();
  const beganMs = performance.now();
  const said = await p3do('say', '@hall@b.test', 'my home is gone', '--as', 'alice@a.test');
  const tookMs = performance.now() - beganMs;
  expect(said).toMatchObject({ code: 0, out: 'stored at b.test\n' });
  expect(said.complaints).toContain('through c.test, as alice@a.test\n');
  // The whole command, its start and the noticing with it.
  expect(tookMs).toBeLessThan(30_000);
  const history = await done('history', '@hall@b.test', '--as', 'bob@b.test', '--json');
  const rows = history
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  const words = rows.filter(({ kind, author }) => kind === 'heard' && author === 'psyc://a.test/~alice');
  expect(words.map(({ text, word }) => [text, word])).toEqual([
    ['at home', { kind: 'author' }],
    ['my home is gone', { kind: 'author' }],
  ]);
});

test('she reads there too; the server that carries her names her home in its log, and not her', async () => {
  const page = await p3do('history', '@hall@b.test', '--as', 'alice@a.test');
  expect(page.complaints).toContain('through c.test, as alice@a.test\n');
  expect(page.out).toContain('my home is gone');
  expect(c.log.some((line) => line.includes('a.test') && line.includes('visitor'))).toBe(true);
  expect(c.log.join('\n')).not.toContain('alice');
  expect(await done('account', 'visitors', '--folder', c.folder)).toBe('no visitors\n');
});

test('her home is back: she is at home again, and nothing is lost or there twice', async () => {
  a.start();
  await a.ready;
  const said = await p3do('say', '@hall@b.test', 'back', '--as', 'alice@a.test');
  expect(said).toMatchObject({ code: 0, out: 'stored at b.test\n' });
  expect(said.complaints).not.toContain('through');
  // Where she has spoken meanwhile her home has been told.
  let told = '';
  for (let tries = 0; tries < 40 && !told.startsWith('c.test, device '); tries++)
    told = await done('servers', 'visits', '--as', 'alice@a.test');
  expect(told).toMatch(/^c\.test, device [0-9a-f]{16}, \d{4}-\d\d-\d\d\n$/);
});

test('what she said at home while nobody answered is said again through another server, and is there once, whoever brings it', async () => {
  process.kill(b.pid!, 'SIGSTOP');
  const late = await p3do('say', '@hall@b.test', 'said in the frost', '--as', 'alice@a.test', '--timeout', '4');
  await a.kill();
  process.kill(b.pid!, 'SIGCONT');
  expect(late).toMatchObject({ code: 1, out: '' });
  const said = await p3do('say', '@hall@b.test', 'after the frost', '--as', 'alice@a.test');
  expect(said).toMatchObject({ code: 0, out: 'stored at b.test\n' });
  expect(said.complaints).toContain('through c.test, as alice@a.test\n');
  // Her home has it in its log for b.test, and says it again as well.
  a.start();
  await a.ready;
  expect(await done('say', '@hall@b.test', 'at home again', '--as', 'alice@a.test')).toBe('stored at b.test\n');
  const history = (await done('history', '@hall@b.test', '--as', 'bob@b.test', '--json')).trim().split('\n');
  const heard = history.map((line) => JSON.parse(line) as Record<string, unknown>);
  const texts = heard.filter(({ kind }) => kind === 'heard').map(({ text }) => text);
  expect(texts.slice(-3)).toEqual(['said in the frost', 'after the frost', 'at home again']);
  expect((await p3do('pending', '--as', 'alice@a.test')).complaints).toContain('everything was answered');
});
