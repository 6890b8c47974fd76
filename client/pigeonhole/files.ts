/** The boxes of one person on this device, a file each. docs/spec/pigeonhole.md#files */
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { makeFolder, readPrivate, syncEntry, writePrivate } from '../../disk/private-file.ts';
import { decodeText, encodeText } from '../../psyc/bytes.ts';
import { PigeonholeError } from '../../services/pigeonhole/error.ts';
import { boxClientLimits } from './limits.ts';
import { type BoxState, parseState, renderState } from './state.ts';

const NAME = new RegExp(`^[a-z][a-z0-9_-]{0,${boxClientLimits.nameBytesMax - 1}}$`);

/** Whether a box may have this name here. */
export const isBoxName = (name: string): boolean => NAME.test(name);

const folderIn = (folder: string): string => join(folder, 'boxes');
const pathIn = (folder: string, name: string): string => join(folderIn(folder), name);

/** Names, in order. System errors pass. */
export async function boxesIn(folder: string): Promise<string[]> {
  try {
    return (await readdir(folderIn(folder))).filter(isBoxName).sort();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return [];
  }
}

/** Throws PigeonholeError `_box_nowhere`, `_box_invalid_secret` where the file is damaged; FileError as `readPrivate`; system errors pass. */
export async function readBox(folder: string, name: string): Promise<BoxState> {
  let bytes: Uint8Array;
  try {
    bytes = await readPrivate(pathIn(folder, name), boxClientLimits.fileBytesMax);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    throw new PigeonholeError('_box_nowhere', `there is no box ${name} on this device`);
  }
  const state = parseState(decodeText(bytes));
  if (state === null) throw new PigeonholeError('_box_invalid_secret', `the file of the box ${name} is damaged`);
  return state;
}

/** Durable when it resolves. A new one must not be there: throws PigeonholeError `_box_known`. System errors pass. */
export async function writeBox(folder: string, name: string, state: BoxState, kind: 'new' | 'replace'): Promise<void> {
  await makeFolder(folderIn(folder), 0o700);
  if (kind === 'new' && (await boxesIn(folder)).includes(name)) {
    throw new PigeonholeError('_box_known', `there is a box ${name} on this device`);
  }
  await writePrivate(pathIn(folder, name), encodeText(renderState(state)), kind);
}

/** Nothing of it is left here. System errors pass. */
export async function removeBox(folder: string, name: string): Promise<void> {
  await rm(pathIn(folder, name), { force: true });
  await syncEntry(pathIn(folder, name));
}
