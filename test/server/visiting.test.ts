/** A home is killed, and its person goes on speaking in a place of another domain through a third, under her own name. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { bringKey, fingerprintsOf, keyAt } from '../../server/keys/ask.ts';
import { Undoing } from '../undoing.ts';
import { at, doneOf, fingerprintOf, type Outcome, p3doOf, peersStarted, registered } from './commands.ts';
import { passableFolder, type Served, type ServedOptions } from './served.ts';

const undoing = new Undoing();
let a: Served;
let b: Served;
let c: Served;
let home = '';

const p3do = (...args: string[]): Promise<Outcome> => p3doOf(home, args);
const done = async (...args: string[]): Promise<string> => (await doneOf(home, args)).out;

beforeAll(async () => {
  home = await passableFolder(undoing);
  const names = ['a.test', 'b.test', 'c.test'];
  const optionsOf = (name: string): ServedOptions => (name === 'a.test' ? {} : { memory: true });
  [a, b, c] = (await peersStarted(undoing, names, optionsOf)) as [Served, Served, Served];
  for (const other of [a, b]) {
    const fingerprint = await fingerprintOf(home, other);
    await done('federate', 'add', other.domain, '--fingerprint', fingerprint, '--folder', c.folder);
  }
  await registered(home, 'alice', a);
  await registered(home, 'bob', b);
  for (const who of ['alice@a.test', 'bob@b.test']) await done('enter', '@hall@b.test', '--yes', '--as', who);
  await done('say', '@hall@b.test', 'at', 'home', '--as', 'alice@a.test');
  await done('servers', 'add', 'c.test', '--server', at(c), '--as', 'alice@a.test');
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
  // The only other domain that there is has said what it has of her.
  const heard = c.log.flatMap((line) => /"heard":(\d+)/.exec(line)?.[1] ?? []);
  expect(heard).toContain('1');
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
  const saying = p3do('say', '@hall@b.test', 'after the frost', '--as', 'alice@a.test');
  // While she waits there the admin of the server that carries her is told who it is.
  let visitors = '';
  for (let tries = 0; tries < 100 && visitors !== 'alice@a.test, 1 circuit\n'; tries++)
    visitors = await done('account', 'visitors', '--folder', c.folder);
  process.kill(b.pid!, 'SIGCONT');
  expect(visitors).toBe('alice@a.test, 1 circuit\n');
  expect(late).toMatchObject({ code: 1, out: '' });
  const said = await saying;
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

test('her home takes back what it has signed, and is killed: what another ring has heard of it keeps her out where nobody knew', async () => {
  await done('key', 'revoke', 'alice', '--folder', a.folder);
  const [fingerprint = ''] = await fingerprintsOf(a.endpoint, 'alice@a.test');
  const key = await keyAt(a.endpoint, fingerprint);
  await bringKey(b.endpoint, key!);
  await a.kill();
  const before = c.log.length;
  const said = await p3do(
    'say',
    '@hall@b.test',
    'still me',
    '--as',
    'alice@a.test',
    '--through',
    'c.test',
    '--timeout',
    '8',
  );
  expect([said.code, said.out]).toEqual([1, '']);
  expect(said.complaints).toContain('_revoked_certification');
  expect(c.log.slice(before).some((line) => line.includes('"heard"'))).toBe(false);
  expect(await done('history', '@hall@b.test', '--as', 'bob@b.test')).not.toContain('still me');
});
