/** Every error code is a promise to other implementations, so it stands in a document, and nothing else does. */
import { section } from './markdown.ts';
import type { Rule } from './tree.ts';

const listed = /'(_[a-z0-9_]+)'/g;
// A code opens its row of a table or its item of a list; prose may mention other names.
const specified = /^\s*(?:\||[-*])\s*`(_[a-z0-9_]+)`/gm;
const cited = /(docs\/(?:spec\/)?[\w-]+\.md)#([\w-]*errors)\b/;

const names = (text: string, pattern: RegExp): string[] => [...text.matchAll(pattern)].map(([, name = '']) => name);

/** The codes in an error.ts (or errors.ts, or …-errors.ts) and those in the section of the document that it cites are the same, each there once. */
export const errors: Rule = (tree) =>
  [...tree].flatMap(([path, text]) => {
    if (path.startsWith('test/') || !/^(?:[\w-]+\/)+(?:[\w-]+-)?errors?\.ts$/.test(path)) return [];
    const [place, spec, anchor] = cited.exec(text) ?? [];
    if (place === undefined || spec === undefined || anchor === undefined) {
      return [`${path}: cites no docs/….md with an anchor that ends in errors`];
    }
    const codes = new Set(names(text, listed));
    const all = names(section(tree.get(spec) ?? '', anchor), specified);
    const rows = new Set(all);
    return [
      ...(codes.size === 0 ? [`${path}: lists no code`] : []),
      ...[...codes].filter((code) => !rows.has(code)).map((code) => `${place}: lacks ${code}`),
      ...[...rows].filter((code) => !codes.has(code)).map((code) => `${place}: has ${code}, ${path} has not`),
      ...all.filter((code, at) => all.indexOf(code) < at).map((code) => `${place}: has ${code} twice`),
    ];
  });
