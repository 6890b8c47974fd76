/** The house rules that neither compiler nor linter knows, held against the repository; test/house shows that each can fail. */
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import { anchors } from './tidy/anchors.ts';
import { arithmetic } from './tidy/arithmetic.ts';
import { errors } from './tidy/errors.ts';
import { imports } from './tidy/imports.ts';
import { length } from './tidy/length.ts';
import { limits, type Modules, withLimits } from './tidy/limits.ts';
import { lockfile } from './tidy/lockfile.ts';
import { machine } from './tidy/machine.ts';
import { mentions } from './tidy/mentions.ts';
import { naming } from './tidy/naming.ts';
import { opening } from './tidy/opening.ts';
import { readme } from './tidy/readme.ts';
import { references } from './tidy/references.ts';
import { readTree, type Rule } from './tidy/tree.ts';
import { vectors } from './tidy/vectors.ts';
import { portable } from './tidy/portable.ts';

const tree = readTree(fileURLToPath(new URL('..', import.meta.url)));

/** The modules whose constants a specification prints, imported. */
async function modulesOf(paths: string[]): Promise<Modules> {
  const load = async (path: string): Promise<[string, Record<string, unknown>]> => [
    path,
    (await import(`../${path}`)) as Record<string, unknown>,
  ];
  return new Map(await Promise.all(paths.map(load)));
}

const rules: [string, Rule][] = [
  ['files are short', length],
  ['files open with a sentence', opening],
  ['names say something', naming],
  ['imports follow the table', imports],
  ['project references are the table', references],
  ['pure arithmetic is exact', arithmetic],
  ['references to documents resolve', anchors],
  ['files that documents name exist', mentions],
  ["README's tree is the tree", readme],
  ['error codes stand in the specification', errors],
  ['limits in the specification are the constants', limits(await modulesOf(withLimits(tree)))],
  ['every vector is used', vectors],
  ['nothing holds on one machine only', portable],
  ['the lockfile holds anywhere', lockfile],
  ['continuous integration installs what tests need', machine],
];

test.each(rules)('%s', (_, rule) => {
  expect(rule(tree)).toEqual([]);
});
