/** Direct imports against the table; project references are transitive, so the compiler alone lets too much through. */
import { posix } from 'node:path';
import { isAllowed, mayImport, topOf } from './layers.ts';
import type { Rule } from './tree.ts';

const imported = /(?:\bfrom|\bimport|\bimport\()\s*['"](\.{1,2}\/[^'"]+)['"]/g;

/** No folder imports another that the table does not grant it; nothing grants cli, web, test or bench. */
export const imports: Rule = (tree) =>
  [...tree].flatMap(([path, text]) => {
    const from = topOf(path);
    if (!mayImport.has(from) || !/\.[cm]?[jt]sx?$/.test(path)) return [];
    return [...text.matchAll(imported)].flatMap(([, specifier = '']) => {
      const to = topOf(posix.join(posix.dirname(path), specifier));
      return isAllowed(from, to)
        ? []
        : [`${path}: imports ${specifier}, and ${from} may not lean on ${to || 'the root'}`];
    });
  });
