/** Keywords inherit: what holds for `_failure_a` holds for `_failure_a_b`, unless that says otherwise. docs/spec/psyc.md#keywords */

/** Whether `keyword` is `family` or inherits from it: `_list_members` is a `_list`, `_listing` is not. */
export function inherits(keyword: string, family: string): boolean {
  return keyword.startsWith(family) && (keyword.length === family.length || keyword[family.length] === '_');
}

/** The entry for a keyword, or for the nearest keyword it inherits from; undefined when none is known. */
export function lookUp<T>(table: ReadonlyMap<string, T>, keyword: string): T | undefined {
  for (let known = keyword; known !== ''; known = parent(known)) {
    const entry = table.get(known);
    if (entry !== undefined) return entry;
  }
  return undefined;
}

/** The keyword that this one inherits from, its last part dropped; '' above the last. */
export const parent = (keyword: string): string => keyword.slice(0, Math.max(0, keyword.lastIndexOf('_')));

/** The types a variable's name can announce (libpsyc's list). */
const types = [
  '_amount',
  '_color',
  '_date',
  '_degree',
  '_dict',
  '_entity',
  '_flag',
  '_language',
  '_list',
  '_nick',
  '_page',
  '_struct',
  '_time',
  '_uniform',
] as const;

export type Type = (typeof types)[number];

const typeTable: ReadonlyMap<string, Type> = new Map(types.map((type) => [type, type]));

/** The type a variable's name announces, or undefined for plain text and bytes. */
export const typeOf = (name: string): Type | undefined => lookUp(typeTable, name);
