/** The sizes that a specification prints are the constants. */
import { section } from './markdown.ts';
import type { Rule, Tree } from './tree.ts';

/** What a module exports, by the module's path. */
export type Modules = ReadonlyMap<string, Readonly<Record<string, unknown>>>;

const exported = /^export const (?:\w+L|l)imits\b/m;
const cited = /(docs\/(?:spec\/)?[\w-]+\.md)#([\w-]*limits)\b/;
const row = /^\|\s*`?(\w+)`?\s*\|\s*(\d[\d,_ ]*?)\s*\|/gm;

/** The modules that export an object named limits or …Limits. */
export const withLimits = (tree: Tree): string[] =>
  [...tree]
    .filter(([path, text]) => path.endsWith('.ts') && !path.startsWith('test/') && exported.test(text))
    .map(([path]) => path);

function fieldsOf(module: Readonly<Record<string, unknown>>): [string, number][] {
  const objects = Object.entries(module).filter(([name]) => /(?:^l|L)imits$/.test(name));
  return objects.flatMap(([, object]) => Object.entries(object as Record<string, number>));
}

/** The fields of all exported limits that cite one section are the rows `| name | number |` of that section. */
export const limits =
  (modules: Modules): Rule =>
  (tree) => {
    const complaints: string[] = [];
    const sections = new Map<string, Map<string, number>>();
    for (const path of withLimits(tree)) {
      const place = cited.exec(tree.get(path) ?? '')?.[0];
      if (place === undefined) complaints.push(`${path}: cites no docs/….md with an anchor that ends in limits`);
      else sections.set(place, new Map([...(sections.get(place) ?? []), ...fieldsOf(modules.get(path) ?? {})]));
    }
    for (const [place, fields] of sections) {
      const [spec = '', anchor = ''] = place.split('#');
      const rows = section(tree.get(spec) ?? '', anchor).matchAll(row);
      const printed = new Map(
        [...rows].map(([, name = '', digits = '']) => [name, Number(digits.replace(/[,_ ]/g, ''))]),
      );
      for (const [name, value] of fields) {
        if (printed.get(name) !== value)
          complaints.push(`${place}: says ${printed.get(name) ?? 'nothing'} for ${name}, which is ${value}`);
      }
      for (const name of printed.keys())
        if (!fields.has(name)) complaints.push(`${place}: has ${name}, the code has not`);
    }
    return complaints;
  };
