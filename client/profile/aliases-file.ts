/** A person's aliases as this device knows them, a line each: alias and uniform. docs/spec/friends.md#aliases-and-filters */
import { join } from 'node:path';
import { writePrivate } from '../../disk/private-file.ts';
import { encodeText } from '../../psyc/bytes.ts';

/** The file in a person's folder. */
export const aliasesFile = (folder: string): string => join(folder, 'aliases');

/** Keeps the lines. System errors pass. */
export const writeAliases = (folder: string, lines: readonly string[]): Promise<void> =>
  writePrivate(aliasesFile(folder), encodeText(lines.map((line) => `${line}\n`).join('')), 'replace');
