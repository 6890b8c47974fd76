/** Files and exports are named by the field's nouns; a few words say nothing about what is inside. */
import { isCode, type Rule } from './tree.ts';

const empty = /^(?:manager|helper|util|common|base)s?$/;
const exported = /^export (?:default )?(?:async |abstract )*(?:class|function\*?|const|let|type|interface) (\w+)/gm;

/** The words of a path or of a name in camel case. */
const words = (name: string): string[] =>
  name
    .replace(/([a-z0-9])(?=[A-Z])/g, '$1 ')
    .toLowerCase()
    .split(/[^a-z0-9]+/);

const isEmpty = (name: string): boolean => words(name).some((word) => empty.test(word));

/** No file, folder or export of code is called manager, helper, util, common or base. */
export const naming: Rule = (tree) =>
  [...tree].flatMap(([path, text]) => {
    if (!isCode(path)) return [];
    const names = [...text.matchAll(exported)].map(([, name = '']) => name);
    const complaints = names.filter(isEmpty).map((name) => `${path}: ${name} is named by an empty word`);
    return isEmpty(path) ? [`${path}: is named by an empty word`, ...complaints] : complaints;
  });
