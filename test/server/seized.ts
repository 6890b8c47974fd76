/** What whoever takes all files of a server finds in them. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Everything in a folder. */
async function filesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

/** Which of these whoever takes the folder finds, as they are, in hexadecimal or in base64. */
export async function seized(folder: string, wanted: Readonly<Record<string, Uint8Array>>): Promise<string[]> {
  const found = new Set<string>();
  for (const file of await filesIn(folder)) {
    const bytes = await readFile(file);
    for (const [name, needle] of Object.entries(wanted)) {
      const raw = Buffer.from(needle);
      const isThere = [raw, Buffer.from(raw.toString('hex')), Buffer.from(raw.toString('base64'))].some((form) =>
        bytes.includes(form),
      );
      if (isThere) found.add(name);
    }
  }
  return [...found].sort();
}
