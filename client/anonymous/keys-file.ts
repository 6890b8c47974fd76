/** Keys of those to whom something was said anonymously: kept, so that nobody is asked for them right before the next time. docs/spec/people.md#anonymous */
import { join } from 'node:path';
import { bytesOfHex, hexOf } from '../../crypto/bytes.ts';
import { makeFolder, readPrivate, writePrivate } from '../../disk/private-file.ts';
import { decodeText, encodeText } from '../../psyc/bytes.ts';
import { parseUniform } from '../../psyc/uniform.ts';
import { anonymousLimits } from './limits.ts';
import type { Reader } from './message.ts';

/** Kept keys count until then, Unix seconds. */
export type KeptReader = Reader & { readonly until: number };

/** Keys of readers, so that nobody is asked for them right before something is said. */
export interface ReaderKeys {
  /** Those of a person, by his uniform, that count at `now`, Unix seconds; null: none are kept. */
  read(person: string, now: number): Promise<KeptReader | null>;
  keep(reader: KeptReader): Promise<void>;
}

/** `nick@domain` of a person's uniform. */
export function addressOf(person: string): string {
  const { host, name } = parseUniform(person);
  return `${name}@${host}`;
}

const pathIn = (folder: string, address: string): string => join(folder, 'anonymous', address);

/** Those of `nick@domain` that count at `now`, Unix seconds; null: none are. Throws FileError as `readPrivate`; system errors pass. */
async function readKeys(folder: string, address: string, now: number): Promise<KeptReader | null> {
  try {
    const text = decodeText(await readPrivate(pathIn(folder, address), anonymousLimits.keysBytesMax));
    const [uniform = '', fingerprint = '', publicKey = '', until = ''] = text.trim().split(' ');
    const [print, key] = [bytesOfHex(fingerprint), bytesOfHex(publicKey)];
    if (print === null || key === null || Number(until) <= now) return null;
    return { uniform, fingerprint: print, publicKey: key, until: Number(until) };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return null;
  }
}

/** Keeps them. System errors pass. */
async function writeKeys(folder: string, address: string, reader: KeptReader): Promise<void> {
  await makeFolder(join(folder, 'anonymous'), 0o700);
  const { uniform, fingerprint, publicKey, until } = reader;
  const line = `${uniform} ${hexOf(fingerprint)} ${hexOf(publicKey)} ${until}\n`;
  await writePrivate(pathIn(folder, address), encodeText(line), 'replace');
}

/** Those in a person's folder. They throw as `readPrivate`; system errors pass. */
export const keysIn = (folder: string): ReaderKeys => ({
  read: (person, now) => readKeys(folder, addressOf(person), now),
  keep: (reader) => writeKeys(folder, addressOf(reader.uniform), reader),
});
