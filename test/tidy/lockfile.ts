/** The lockfile holds for any registry. */
import type { Rule } from './tree.ts';

/** package-lock.json does not say where packages were fetched. */
export const lockfile: Rule = (tree) =>
  (tree.get('package-lock.json') ?? '').includes('"resolved"')
    ? ['package-lock.json: says "resolved"; install with the .npmrc of the repository']
    : [];
