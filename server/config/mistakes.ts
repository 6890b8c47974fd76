/** What the schema finds wrong, as a person is told it: the key, what was found, what is allowed. docs/operating.md#configuration-errors */
import type { z } from 'zod';
import { plainLimits } from '../../federation/plain/plain-limits.ts';
import { isDomain } from '../../psyc/names.ts';
import { shownUrl } from './database-url.ts';
import type { ConfigCode, Mistake } from './errors.ts';
import { type Document, pathText, type Step } from './json.ts';
import { configLimits } from './limits.ts';
import { keysAt } from './schema.ts';
import { suggestion } from './suggestion.ts';

const FOUND_LETTERS_MAX = 60;

/** A mistake at a place in the document. */
export function mistakeAt({ lineOf }: Document, code: ConfigCode, steps: readonly Step[], said: string): Mistake {
  const key = pathText(steps);
  return { code, key, line: lineOf(key), text: key === '' ? said : `${key} ${said}` };
}

/** The value at a place; undefined where there is none. */
function valueAt(value: unknown, steps: readonly Step[]): unknown {
  return steps.reduce<unknown>((at, step) => {
    return typeof at === 'object' && at !== null ? (at as Record<Step, unknown>)[step] : undefined;
  }, value);
}

/** A value for people, short, and without a password. */
function shown(value: unknown, steps: readonly Step[]): string {
  const text = JSON.stringify(pathText(steps) === 'store.url' ? shownUrl(String(value)) : value);
  return text.length > FOUND_LETTERS_MAX ? `${text.slice(0, FOUND_LETTERS_MAX)}…` : text;
}

/** One mistake a place: a value of the wrong sort is not out of range too. */
export function mistakesOf(document: Document, issues: readonly z.core.$ZodIssue[]): Mistake[] {
  const seen = new Set<string>();
  return issues.flatMap((issue) => {
    const steps = issue.path as Step[];
    if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => unknownKey(document, steps, key));
    const place = pathText(steps);
    if (seen.has(place)) return [];
    seen.add(place);
    const value = valueAt(document.value, steps);
    const found = value === undefined ? 'is missing' : `is ${shown(value, steps)}`;
    return mistakeAt(document, '_config_invalid', steps, `${found}; it must be ${issue.message}`);
  });
}

function unknownKey(document: Document, steps: readonly Step[], key: string): Mistake {
  const known = keysAt(steps);
  const meant = suggestion(key, known);
  const remedy = meant === null ? `the keys here are ${known.join(', ')}` : `did you mean ${meant}?`;
  return mistakeAt(document, '_config_unknown_key', [...steps, key], `is no key of the configuration; ${remedy}`);
}

/** Peers are looked at as they stand: the schema does not see all keys that JSON can have. */
export const peerMistakes = (document: Document): Mistake[] => [
  ...nameMistakes(document, ['peers'], configLimits.peersMax),
  ...nameMistakes(document, ['plain', 'peers'], plainLimits.plainPeersMax),
];

function nameMistakes(document: Document, place: Step[], namesMax: number): Mistake[] {
  const peers = valueAt(document.value, place);
  if (typeof peers !== 'object' || peers === null || Array.isArray(peers)) return [];
  const names = Object.keys(peers);
  const many =
    names.length > namesMax
      ? [mistakeAt(document, '_config_invalid', place, `are ${names.length}; they may be ${namesMax}`)]
      : [];
  const nameless = names
    .filter((name) => !isDomain(name))
    .map((name) => {
      const said = 'is no domain; it must be one in lower case (an international one as xn--…)';
      return mistakeAt(document, '_config_invalid', [...place, name], said);
    });
  return [...many, ...nameless];
}
