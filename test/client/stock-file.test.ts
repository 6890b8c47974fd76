/** The file of one-time secrets: read as it was written, and whoever takes the disk finds none in it that was used. */
import { mkdtemp, open, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { hexOf } from '../../crypto/bytes.ts';
import { readStock, readWish, writeStock, writeWish } from '../../client/anonymous/stock-file.ts';
import type { StockSecret } from '../../round-trips/stock.ts';
import { stockLimits } from '../../round-trips/stock-limits.ts';
import { suite } from '../../server/suite.ts';

const { fileBytesMax, secretsMax } = stockLimits;
let folder = '';
let path = '';

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'p3do-stock-'));
  path = join(folder, 'anonymous', 'stock');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const secretAt = (domain: string): StockSecret => ({
  secret: suite.random(32),
  domain,
  group: domain,
  level: 1,
  origin: hexOf(suite.random(16)),
  expiry: 1_800_000_000,
});
const sorted = (all: readonly StockSecret[]): readonly StockSecret[] =>
  all.toSorted((a, b) => (hexOf(a.secret) < hexOf(b.secret) ? -1 : 1));
/** Whether these bytes are anywhere in the file. */
const isThere = async ({ secret }: StockSecret): Promise<boolean> => (await readFile(path)).includes(hexOf(secret));

test('what is used is overwritten where it was, and no copy of the file is left behind', async () => {
  const [used, kept, added] = [secretAt('b.test'), secretAt('c.test'), secretAt('d.test')];
  await writeStock(folder, [used, kept]);
  // As whoever keeps the disk's blocks sees it: the file that was there first.
  const disk = await open(path);
  try {
    expect(await isThere(used)).toBe(true);
    await writeStock(folder, [kept, added]);
    const blocks = await disk.readFile();
    expect([used, kept, added].map(({ secret }) => blocks.includes(hexOf(secret)))).toEqual([false, true, true]);
    expect(await readdir(join(folder, 'anonymous'))).toEqual(['stock']);
    expect(sorted(await readStock(folder))).toEqual(sorted([kept, added]));
    await writeStock(folder, []);
    expect([await isThere(kept), await readStock(folder)]).toEqual([false, []]);
  } finally {
    await disk.close();
  }
});

test('as many as there may be, at domains with the longest names, fit; free places are used again', async () => {
  const domain = `${'a'.repeat(60)}.${'b'.repeat(60)}.${'c'.repeat(60)}.${'d'.repeat(60)}.example`;
  const all = Array.from({ length: secretsMax }, () => secretAt(domain));
  await writeStock(folder, all);
  expect(await readStock(folder)).toHaveLength(secretsMax);
  await writeStock(folder, [...all.slice(10), ...Array.from({ length: 10 }, () => secretAt(domain))]);
  expect([(await stat(path)).size, (await readStock(folder)).length]).toEqual([fileBytesMax, secretsMax]);
});

test('a line that a crash has cut is no secret; a file of another form is overwritten whole', async () => {
  const [one, two] = [secretAt('b.test'), secretAt('c.test')];
  await writeStock(folder, [one, two]);
  const whole = await readFile(path, 'utf8');
  await writeFile(path, whole.slice(0, 40) + ' '.repeat(100) + whole.slice(140));
  expect(await readStock(folder)).toEqual([two]);
  await writeFile(path, `${whole.trim()}\n`);
  await writeStock(folder, [one]);
  expect([await isThere(two), await readStock(folder)]).toEqual([false, [one]]);
});

test('a wish is read as it was written; one from before there were routes has none, and what is no wish is the usual one', async () => {
  const usual = { level: 1, hops: 3, tickets: 2, routes: 0 };
  expect(await readWish(folder)).toEqual(usual);
  const wish = { level: 2, hops: 4, tickets: 5, routes: 3 };
  await writeWish(folder, wish);
  expect(await readWish(folder)).toEqual(wish);
  for (const [line, read] of [
    ['2 4 5', { ...wish, routes: 0 }],
    ['2 4 5 33', usual],
    ['2 4 five 3', usual],
    ['', usual],
  ] as const) {
    await writeFile(join(folder, 'anonymous', 'wish'), `${line}\n`);
    expect(await readWish(folder)).toEqual(read);
  }
});
