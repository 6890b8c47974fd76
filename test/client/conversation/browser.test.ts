/** What a browser needs of conversations brings nothing of Node's with it, by whatever way. ARCHITECTURE.md */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from '@jest/globals';
import { root } from '../../house/fixture.ts';

/** All that a file brings with it: paths of ours, and names of packages. Types are gone by then. */
function brought(path: string, known = new Set<string>()): Set<string> {
  if (known.has(path)) return known;
  known.add(path);
  const text = readFileSync(join(root, path), 'utf8');
  for (const [, clause = '', from = ''] of text.matchAll(/^(?:import|export) ([^;]*?) ?from '([^']+)';/gm)) {
    if (clause.startsWith('type ')) continue;
    if (from.startsWith('.')) brought(join(dirname(path), from), known);
    else known.add(from);
  }
  return known;
}

test('a talker, its state and its vault are for browsers; the files are not', () => {
  const folder = 'client/conversation';
  const all = ['talker', 'invitation', 'state', 'vault'].flatMap((name) => [...brought(`${folder}/${name}.ts`)]);
  const foreign = new Set(all.filter((name) => !name.endsWith('.ts')));
  expect([...foreign].filter((name) => !name.startsWith('@noble/'))).toEqual([]);
  expect(all).toContain('services/mailbox/request.ts');
  expect([...brought(`${folder}/files.ts`)]).toContain('node:fs/promises');
});
