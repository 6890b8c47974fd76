/** The stock of one-time secrets and what its owner wishes of it, in his folder. docs/spec/round-trips.md#kept */
import type { FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { bytesOfHex, hexOf } from '../../crypto/bytes.ts';
import { makeFolder, openPrivate, readPrivate, writePrivate } from '../../disk/private-file.ts';
import { sizes } from '../../onion/sizes.ts';
import { registrableOf } from '../../pki/network.ts';
import { decodeText, encodeText } from '../../psyc/bytes.ts';
import { isDomain } from '../../psyc/names.ts';
import { anonymousLimits } from './limits.ts';
import type { StockSecret, StockWish } from '../../round-trips/stock.ts';
import { stockLimits } from '../../round-trips/stock-limits.ts';

const { fileBytesMax, levelMax, ticketsMax, routesMax, secretsMax } = stockLimits;
const { askHopsMax } = anonymousLimits;

/** A domain of 253 letters fits in. */
const LINE_BYTES = fileBytesMax / secretsMax;

/** What is wished for where nobody has said anything. */
const usual: Required<StockWish> = { level: 1, hops: 3, tickets: 2, routes: 0 };

const secretsPath = (folder: string): string => join(folder, 'anonymous', 'stock');
const wishPath = (folder: string): string => join(folder, 'anonymous', 'wish');

/** The secrets that are kept, without lines that say none. Throws FileError as `readPrivate`; system errors pass. */
export async function readStock(folder: string): Promise<StockSecret[]> {
  const lines = (await linesOf(secretsPath(folder), fileBytesMax)).slice(0, secretsMax);
  return lines.flatMap((line) => parseLine(line) ?? []);
}

/**
 * Keeps these and no others, durably. What is there stays in its place, and what is not any more is overwritten in its own: on a
 * disk that writes in place nothing is left of a secret that was used. System errors pass.
 */
export async function writeStock(folder: string, secrets: readonly StockSecret[]): Promise<void> {
  await makeFolder(join(folder, 'anonymous'), 0o700);
  const file = await openPrivate(secretsPath(folder));
  try {
    const left = new Map(secrets.map((secret) => [hexOf(secret.secret), secret]));
    const free: number[] = [];
    let count = 0;
    for (const line of await placesIn(file)) {
      const name = parseLine(line)?.secret;
      // One that stays is not written again.
      if (name !== undefined && left.delete(hexOf(name))) count++;
      else {
        await file.write(lineOf(null), 0, LINE_BYTES, LINE_BYTES * count);
        free.push(count++);
      }
    }
    for (const secret of left.values()) {
      const place = free.shift() ?? count++;
      await file.write(lineOf(secret), 0, LINE_BYTES, LINE_BYTES * place);
    }
    await file.datasync();
  } finally {
    await file.close();
  }
}

/** Its lines; of a file that has not the form of ours nothing is left. */
async function placesIn(file: FileHandle): Promise<readonly string[]> {
  const { size } = await file.stat();
  const bytes = new Uint8Array(Math.min(size, fileBytesMax));
  await file.read(bytes, 0, bytes.length, 0);
  const text = decodeText(bytes);
  const lines = Array.from({ length: size / LINE_BYTES }, (_, at) =>
    text.slice(at * LINE_BYTES, (at + 1) * LINE_BYTES),
  );
  if (lines.length * LINE_BYTES === size && lines.every((line) => line.indexOf('\n') === LINE_BYTES - 1)) return lines;
  await file.write(new Uint8Array(size), 0, size, 0);
  await file.datasync();
  await file.truncate(0);
  return [];
}

/** Of one length, so that each is written in the place of another; null: a free place. */
function lineOf(one: StockSecret | null): Uint8Array {
  const text = one === null ? '' : `${hexOf(one.secret)} ${one.domain} ${one.level} ${one.origin} ${one.expiry}`;
  return encodeText(`${text.padEnd(LINE_BYTES - 1)}\n`);
}

function parseLine(line: string): StockSecret | null {
  const [secret = '', domain = '', level = '', origin = '', expiry = ''] = line.trimEnd().split(' ');
  const bytes = bytesOfHex(secret);
  const isSound =
    bytes?.length === sizes.oneTime && isDomain(domain) && whole(level, levelMax) && /^[0-9]{1,10}$/.test(expiry);
  if (!isSound) return null;
  return { secret: bytes, domain, group: registrableOf(domain), level: Number(level), origin, expiry: Number(expiry) };
}

/** What is wished for. Throws FileError as `readPrivate`; system errors pass. */
export async function readWish(folder: string): Promise<Required<StockWish>> {
  const [line = ''] = await linesOf(wishPath(folder), fileBytesMax);
  const [level = '', hops = '', tickets = '', routes = '0'] = line.split(' ');
  const isWay = whole(level, levelMax) && whole(hops, askHopsMax) && hops !== '0';
  if (!isWay || !whole(tickets, ticketsMax) || !whole(routes, routesMax)) return usual;
  return { level: Number(level), hops: Number(hops), tickets: Number(tickets), routes: Number(routes) };
}

/** Keeps it. System errors pass. */
export async function writeWish(folder: string, { level, hops, tickets, routes = 0 }: StockWish): Promise<void> {
  await makeFolder(join(folder, 'anonymous'), 0o700);
  await writePrivate(wishPath(folder), encodeText(`${level} ${hops} ${tickets} ${routes}\n`), 'replace');
}

const whole = (text: string, max: number): boolean => /^[0-9]{1,3}$/.test(text) && Number(text) <= max;

async function linesOf(path: string, bytesMax: number): Promise<string[]> {
  try {
    const text = decodeText(await readPrivate(path, bytesMax));
    return text.split('\n').filter((line) => line !== '');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return [];
  }
}
