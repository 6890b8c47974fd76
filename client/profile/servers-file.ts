/** Other servers that a person may speak through while his own does not answer, a line each: a domain, and where it is if it is not found by that. docs/spec/people.md#visitors */
import { join } from 'node:path';
import { readPrivate, writePrivate } from '../../disk/private-file.ts';
import { decodeText, encodeText } from '../../psyc/bytes.ts';
import { profileLimits } from './limits.ts';

/** `host:port` by domain; null: found by its domain. In the order in which they are tried. */
export type Servers = ReadonlyMap<string, string | null>;

const pathIn = (folder: string): string => join(folder, 'servers');

/** None where there is no file. Throws FileError as `readPrivate`; system errors pass. */
export async function readServers(folder: string): Promise<Servers> {
  try {
    const text = decodeText(await readPrivate(pathIn(folder), profileLimits.serversBytesMax));
    const lines = text.split('\n').filter((line) => line.trim() !== '');
    return new Map(lines.map((line) => line.trim().split(/ +/)).map(([domain, where]) => [domain!, where ?? null]));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return new Map();
  }
}

/** Keeps them. System errors pass. */
export async function writeServers(folder: string, servers: Servers): Promise<void> {
  const lines = [...servers].map(([domain, where]) => `${domain}${where === null ? '' : ` ${where}`}\n`);
  await writePrivate(pathIn(folder), encodeText(lines.join('')), 'replace');
}
