/** A person's aliases as this device knows them: read while a command line is read, before anything is asked of anybody. docs/spec/friends.md#aliases-and-filters */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { argv } from 'node:process';
import { aliasesFile } from '../../client/profile/aliases-file.ts';
import { personFolder, surroundings, parseAddress } from '../../client/profile/folder.ts';
import { PsycError } from '../../psyc/error.ts';

/** The uniform behind an alias; null: there is none. */
export const aliased = (alias: string): string | null => linesHere().find(([name]) => name === alias)?.[1] ?? null;

/** The alias of a uniform; null: it has none. */
export const aliasOf = (uniform: string): string | null =>
  linesHere().find(([, person]) => person === uniform)?.[0] ?? null;

let read: readonly (readonly [alias: string, person: string])[] | null = null;

/** Of whoever is said with --as; else of the only one who has a folder here. */
function linesHere(): readonly (readonly [alias: string, person: string])[] {
  read ??= textHere()
    .split('\n')
    .map((line) => line.split(' '))
    .flatMap(([alias, person]) => (alias === undefined || person === undefined ? [] : [[alias, person] as const]));
  return read;
}

function textHere(): string {
  const at = argv.findIndex((word) => word === '--as' || word.startsWith('--as='));
  const said = at === -1 ? null : argv[at] === '--as' ? argv[at + 1] : argv[at]!.slice('--as='.length);
  try {
    const where = surroundings();
    const address = said === null || said === undefined ? onlyOne(join(personFolder(where, 'x', 'y.z'), '..')) : said;
    const { nick, domain } = parseAddress(address);
    return readFileSync(aliasesFile(personFolder(where, nick, domain)), 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (error instanceof PsycError || code === 'ENOENT' || code === 'EACCES' || code === 'ENOTDIR') return '';
    throw error;
  }
}

function onlyOne(people: string): string {
  const names = readdirSync(people).filter((name) => name.includes('@'));
  return names.length === 1 ? names[0]! : '';
}
