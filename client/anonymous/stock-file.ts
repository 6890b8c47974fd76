/** The stock of one-time secrets and what its owner wishes of it, in his folder. docs/spec/round-trips.md#kept */
import { join } from 'node:path';
import { bytesOfHex, hexOf } from '../../crypto/bytes.ts';
import { makeFolder, readPrivate, writePrivate } from '../../disk/private-file.ts';
import { sizes } from '../../onion/sizes.ts';
import { registrableOf } from '../../pki/network.ts';
import { decodeText, encodeText } from '../../psyc/bytes.ts';
import { isDomain } from '../../psyc/names.ts';
import { anonymousLimits } from './limits.ts';
import type { StockSecret, StockWish } from '../../round-trips/stock.ts';
import { stockLimits } from '../../round-trips/stock-limits.ts';

const { fileBytesMax, levelMax, ticketsMax, secretsMax } = stockLimits;
const { askHopsMax } = anonymousLimits;

/** What is wished for where nobody has said anything. */
const usual: StockWish = { level: 1, hops: 3, tickets: 2 };

const secretsPath = (folder: string): string => join(folder, 'anonymous', 'stock');
const wishPath = (folder: string): string => join(folder, 'anonymous', 'wish');

/** The secrets that are kept, without lines that say none. Throws FileError as `readPrivate`; system errors pass. */
export async function readStock(folder: string): Promise<StockSecret[]> {
  const lines = (await linesOf(secretsPath(folder), fileBytesMax)).slice(0, secretsMax);
  return lines.flatMap((line) => {
    const [secret = '', domain = '', level = '', origin = '', expiry = ''] = line.split(' ');
    const bytes = bytesOfHex(secret);
    const isSound =
      bytes?.length === sizes.oneTime && isDomain(domain) && whole(level, levelMax) && /^[0-9]{1,10}$/.test(expiry);
    if (!isSound) return [];
    const group = registrableOf(domain);
    return [{ secret: bytes, domain, group, level: Number(level), origin, expiry: Number(expiry) }];
  });
}

/** Keeps these and no others, durably. System errors pass. */
export async function writeStock(folder: string, secrets: readonly StockSecret[]): Promise<void> {
  const lines = secrets.map(
    ({ secret, domain, level, origin, expiry }) => `${hexOf(secret)} ${domain} ${level} ${origin} ${expiry}\n`,
  );
  await makeFolder(join(folder, 'anonymous'), 0o700);
  await writePrivate(secretsPath(folder), encodeText(lines.join('')), 'replace');
}

/** What is wished for. Throws FileError as `readPrivate`; system errors pass. */
export async function readWish(folder: string): Promise<StockWish> {
  const [line = ''] = await linesOf(wishPath(folder), fileBytesMax);
  const [level = '', hops = '', tickets = ''] = line.split(' ');
  const isSound = whole(level, levelMax) && whole(hops, askHopsMax) && hops !== '0' && whole(tickets, ticketsMax);
  return isSound ? { level: Number(level), hops: Number(hops), tickets: Number(tickets) } : usual;
}

/** Keeps it. System errors pass. */
export async function writeWish(folder: string, { level, hops, tickets }: StockWish): Promise<void> {
  await makeFolder(join(folder, 'anonymous'), 0o700);
  await writePrivate(wishPath(folder), encodeText(`${level} ${hops} ${tickets}\n`), 'replace');
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
