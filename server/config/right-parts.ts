/** What is right in a configuration beside what is wrong, so that the rest is looked at too. docs/operating.md#configuration */
import type { z } from 'zod';
import { type Document, pathText, type Step } from './json.ts';
import { type RawConfig, topSchemas } from './schema.ts';

/** The keys at the top without the values that `issues` are about; those that cannot do without them are missing. */
export function rightParts({ value }: Document, issues: readonly z.core.$ZodIssue[]): Partial<RawConfig> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return {};
  const wrong = new Set(
    issues.flatMap((issue) => {
      const steps = issue.path as Step[];
      const keys = issue.code === 'unrecognized_keys' ? issue.keys.map((key) => [...steps, key]) : [steps];
      return keys.map(pathText);
    }),
  );
  const right = without(value, [], wrong) as Record<string, unknown>;
  const entries = Object.entries(topSchemas).flatMap(([key, schema]) => {
    const { success, data } = schema.safeParse(right[key]);
    // Without what was meant, another store would be looked at.
    const isOther = key === 'store' && [...wrong].some((place) => place.startsWith('store.'));
    return success && !wrong.has(key) && !isOther ? [[key, data] as const] : [];
  });
  return Object.fromEntries(entries) as Partial<RawConfig>;
}

/** A copy of the value with nothing wrong in it. A list with a wrong item is left out whole: the others keep their numbers. */
function without(value: unknown, steps: readonly Step[], wrong: ReadonlySet<string>): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const kept = Object.entries(value).flatMap(([key, member]: [string, unknown]) => {
    const place = [...steps, key];
    const isWrong =
      wrong.has(pathText(place)) ||
      (Array.isArray(member) && member.some((_, at) => wrong.has(pathText([...place, at]))));
    return isWrong ? [] : [[key, without(member, place, wrong)] as const];
  });
  return Object.fromEntries(kept);
}
