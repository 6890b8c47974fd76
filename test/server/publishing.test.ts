/** A home is killed, and its person goes on publishing through another server under her own name; when it is back, everybody has the same. */
import { readFile, writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
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

/** What somebody is shown of alice's publications. */
async function published(who: string): Promise<unknown[]> {
  const page = await done('history', 'alice@a.test', '--as', who, '--limit', '100', '--json');
  const rows = page
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  return rows.filter(({ kind }) => kind === 'heard').map(({ text, word }) => [text, (word as { kind: string }).kind]);
}

/** The same, once it is so much; what does not come within a minute does not come. */
async function publishedSoon(who: string, rows: number): Promise<unknown[]> {
  let found: unknown[] = [];
  for (let tries = 0; tries < 60 && found.length < rows; tries++) found = await published(who);
  return found;
}

beforeAll(async () => {
  home = await passableFolder(undoing);
  const names = ['a.test', 'b.test', 'c.test'];
  const optionsOf = (name: string): ServedOptions =>
    name === 'a.test' ? {} : { memory: true, config: { pages: { people: 'followed' } } };
  [a, b, c] = (await peersStarted(undoing, names, optionsOf)) as [Served, Served, Served];
  await done('federate', 'add', 'a.test', '--fingerprint', await fingerprintOf(home, a), '--folder', c.folder);
  await done('federate', 'add', 'b.test', '--fingerprint', await fingerprintOf(home, b), '--folder', c.folder);
  await done('federate', 'add', 'c.test', '--fingerprint', await fingerprintOf(home, c), '--folder', b.folder);
  for (const [nick, served] of [
    ['alice', a],
    ['bob', b],
    ['cleo', c],
  ] as const)
    await registered(home, nick, served);
  // Who speaks across makes the circuit that lasts.
  await done('enter', '@hall@b.test', '--as', 'cleo@c.test');
  await done('servers', 'add', 'c.test', '--server', at(c), '--as', 'alice@a.test');
});
afterAll(async () => undoing.run());

test('who follows on another server is shown what was published before, and hears what is published', async () => {
  expect(await done('publish', 'the first', '--as', 'alice@a.test')).toBe('stored at a.test\n');
  expect(await done('follow', 'alice@a.test', '--as', 'bob@b.test')).toBe('following alice@a.test\n');
  expect(await done('publish', 'the second', '--reach', '2', '--as', 'alice@a.test')).toBe(
    'stored at a.test\nreached 2 servers\n',
  );
  expect(await published('bob@b.test')).toEqual([
    ['the first', 'author'],
    ['the second', 'author'],
  ]);
});

test('her home is killed: another server takes what she publishes, and who follows her hears it', async () => {
  await a.kill();
  const beganMs = performance.now();
  const said = await p3do('publish', 'my home is gone', '--as', 'alice@a.test');
  const tookMs = performance.now() - beganMs;
  expect(said).toMatchObject({ code: 0, out: 'stored at c.test\n' });
  expect(said.complaints).toContain('through c.test, as alice@a.test\n');
  expect(tookMs).toBeLessThan(30_000);
  expect(await publishedSoon('bob@b.test', 3)).toEqual([
    ['the first', 'author'],
    ['the second', 'author'],
    ['my home is gone', 'author'],
  ]);
});

test('her home is back: it has everything, and everybody has it once', async () => {
  a.start();
  await a.ready;
  const all = [
    ['the first', 'author'],
    ['the second', 'author'],
    ['my home is gone', 'author'],
  ];
  expect(await publishedSoon('alice@a.test', 3)).toEqual(all);
  expect(await done('publish', 'back', '--reach', '2', '--as', 'alice@a.test')).toContain('stored at a.test\n');
  expect(await published('alice@a.test')).toEqual([...all, ['back', 'author']]);
  expect(await publishedSoon('bob@b.test', 4)).toEqual([...all, ['back', 'author']]);
});

/** What a server says over HTTP, on the port of circuits. */
function paged(served: Served, path: string): Promise<{ status: number | undefined; body: string }> {
  const { host, port } = served.endpoint;
  return new Promise((resolve, reject) => {
    const asked = request({ host, port, path, rejectUnauthorized: false }, (response) => {
      text(response).then((body) => resolve({ status: response.statusCode, body }), reject);
    });
    asked.on('error', reject).end();
  });
}

/** With `SLOW=1` as many as anybody could want; else as many as a person waits for. */
const kills = process.env['SLOW'] === '1' ? 50 : 2;

test(`${kills} times her home is killed while she publishes: nothing is lost, and nothing is there twice`, async () => {
  const texts: string[] = [];
  for (let time = 0; time < kills; time++) {
    const text = `kill ${time}`;
    texts.push(text);
    const saying = p3do('publish', text, '--as', 'alice@a.test');
    // Before it is said, while it is, or after.
    await delay(((time * 7919) % 16) * 100);
    await a.kill();
    const { code, out } = await saying;
    expect([code, out]).toEqual([0, expect.stringMatching(/^stored at [ac]\.test\n$/)]);
    a.start();
    await a.ready;
  }
  texts.push('the last');
  await done('publish', 'the last', '--reach', '2', '--as', 'alice@a.test');
  const before = ['the first', 'the second', 'my home is gone', 'back'];
  for (const who of ['alice@a.test', 'bob@b.test']) {
    const all = await publishedSoon(who, before.length + texts.length);
    expect(all.map((row) => (row as [string])[0]).sort()).toEqual([...before, ...texts].sort());
  }
}, 3_600_000);

/** What somebody is shown of alice's publications, on a terminal. */
const shown = async (who: string): Promise<string[]> =>
  (await done('history', 'alice@a.test', '--as', who))
    .trim()
    .split('\n')
    .map((row) => row.replace(/^\S+( \d\d:\d\d)? published /, ''));

test('she answers, edits and deletes what she has published, and whoever follows is shown that', async () => {
  await done('publish', 'a slip', '--as', 'alice@a.test');
  const slip = (await shown('alice@a.test')).at(-1);
  const id = /^alice@a\.test ([0-9a-f]{8}): a slip$/.exec(slip!)![1]!;
  await done('publish', '--edit', id, 'no slip', '--as', 'alice@a.test');
  await done('publish', '--reply', `alice@a.test/${id}`, 'to herself', '--reach', '2', '--as', 'alice@a.test');
  expect((await shown('bob@b.test')).slice(-3)).toEqual([
    slip,
    expect.stringMatching(`^alice@a\\.test [0-9a-f]{8} instead of ${id}: no slip$`),
    expect.stringMatching(`^alice@a\\.test [0-9a-f]{8} to alice@a\\.test ${id}: to herself$`),
  ]);
  expect(await p3do('publish', '--delete', '00000000', '--as', 'alice@a.test')).toMatchObject({ code: 1 });
  const gone = await p3do('publish', '--delete', id, '--reach', '2', '--as', 'alice@a.test');
  expect(gone).toMatchObject({ code: 0, out: 'stored at a.test\nreached 2 servers\n' });
  expect(gone.complaints).toContain(': a slip');
  for (const who of ['alice@a.test', 'bob@b.test'])
    expect((await shown(who)).slice(-5)).toEqual([
      `alice@a.test ${id} is deleted`,
      expect.stringMatching(/^alice@a\.test [0-9a-f]{8} is deleted$/),
      expect.stringMatching(/: to herself$/),
      expect.stringMatching(/^alice@a\.test deletes [0-9a-f]{8}$/),
      `alice@a.test deletes ${id}`,
    ]);
});

test('a file goes with what she publishes, through another server while her home is gone, and is saved as it was', async () => {
  const picture = join(home, 'a picture.png');
  // Three chunks of it.
  const bytes = Buffer.alloc(150_000, 'not the same all along');
  await writeFile(picture, bytes);
  expect(await done('publish', '--attach', picture, 'look', '--as', 'alice@a.test')).toBe(
    'stored at a.test\nattached, 150000 bytes\n',
  );
  const row = (await shown('alice@a.test')).at(-1)!;
  expect(row).toMatch(/^alice@a\.test [0-9a-f]{8}: look \[attached: a picture\.png, image\/png, 150000 bytes\]$/);
  const named = `alice@a.test/${row.slice('alice@a.test '.length).slice(0, 8)}`;
  const copy = join(home, 'copy.png');
  expect(await done('attachment', 'save', named, copy, '--as', 'bob@b.test')).toBe(`saved as ${copy}, 150000 bytes\n`);
  expect(await readFile(copy)).toEqual(bytes);
  expect(await p3do('attachment', 'save', named, copy, '--as', 'bob@b.test')).toMatchObject({
    code: 1,
    complaints: expect.stringContaining('is there already'),
  });
  expect(await done('attachment', 'send', named.slice(-8), picture, '--as', 'alice@a.test')).toBe(
    'attached, 150000 bytes\n',
  );
  expect(await p3do('attachment', 'send', named.slice(-8), '/dev/null', '--as', 'alice@a.test')).toMatchObject({
    code: 1,
  });
  const rows = (await published('alice@a.test')).length;
  await a.kill();
  const hidden = join(home, '.profile');
  await writeFile(hidden, bytes);
  const elsewhere = await p3do('publish', '--attach', hidden, 'look again', '--as', 'alice@a.test');
  expect(elsewhere).toMatchObject({ code: 0, out: 'stored at c.test\nattached, 150000 bytes\n' });
  a.start();
  await a.ready;
  const again = (await publishedSoon('alice@a.test', rows + 1)).at(-1);
  expect(again).toEqual(['look again', 'author']);
  const last = (await shown('alice@a.test')).at(-1)!.slice('alice@a.test '.length).slice(0, 8);
  expect(await p3do('attachment', 'save', `alice@a.test/${last}`, '--as', 'alice@a.test')).toMatchObject({
    code: 1,
    complaints: expect.stringContaining('its author calls it .profile: say yourself where to save it'),
  });
  expect(await done('attachment', 'save', `alice@a.test/${last}`, '--force', copy, '--as', 'alice@a.test')).toContain(
    '150000 bytes',
  );
  expect(await readFile(copy)).toEqual(bytes);
  const { body } = await paged(a, '/~alice');
  const [link] = /\/~alice\/file\/[0-9a-f]{64}/.exec(body)!;
  expect(await paged(a, link)).toMatchObject({ status: 200, body: bytes.toString() });
});

test('the admin is shown what is kept of her, and what that takes', async () => {
  const shown = await done('account', 'publications', '--folder', a.folder);
  expect(shown).toMatch(
    /^alice@a\.test: \d+ publications, \d+ bytes; 2 files, 300000 of 268435456 bytes; 0 followers here\n/,
  );
  expect(await done('account', 'publications', '--folder', b.folder)).toMatch(/ of 67108864 bytes; 1 follower here\n/);
});

test('who has no client reads it, at home and where somebody follows her', async () => {
  const [own, followed, feed, secret] = await Promise.all([
    paged(a, '/~alice'),
    paged(b, '/~alice@a.test'),
    paged(b, '/~alice@a.test.atom'),
    paged(a, '/~bob@b.test'),
  ]);
  for (const { status, body } of [own, followed, feed]) {
    expect(status).toBe(200);
    expect(body).toContain('to herself');
    expect(body).toContain('signed by a device of the author, which this server has checked');
    expect(body).not.toContain('no slip');
  }
  expect(secret).toMatchObject({ status: 404 });
});
