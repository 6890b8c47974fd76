/** Whom a person blocks or ignores, and whether strangers may write to him: his word to his home. docs/spec/friends.md#rules */
import { isDomain } from '../../psyc/names.ts';
import { canonical, domainOf, isPerson } from '../letter.ts';

/** Block: he is told no. Ignore: he is told yes, and nothing is kept. */
export type Treatment = 'block' | 'ignore';

/** What a person has decided, as his home goes by it. */
export interface Rules {
  /** Whether those who are no friends may write. */
  readonly takesStrangers: boolean;
  /** By person's uniform, or by domain. */
  readonly treatments: ReadonlyMap<string, Treatment>;
}

/** Of whoever has said nothing. */
export const openRules: Rules = { takesStrangers: true, treatments: new Map() };

/** Of whoever has said something that cannot be read: what may have been shut is not opened. */
export const shutRules: Rules = { takesStrangers: false, treatments: new Map() };

/** The rules in lines of text, of which there are at most `linesMax`; null: they are none. */
export function parseRules(text: string, linesMax: number): Rules | null {
  const lines = text.split('\n').filter((line) => line !== '');
  if (lines.length > linesMax) return null;
  if (lines.length === 0) return openRules;
  let { takesStrangers } = openRules;
  const treatments = new Map<string, Treatment>();
  for (const line of lines) {
    const [word, whose = '', ...more] = line.split(' ');
    if (more.length > 0) return null;
    if (word === 'strangers' && (whose === 'everybody' || whose === 'friends')) takesStrangers = whose === 'everybody';
    else if ((word === 'block' || word === 'ignore') && isNamed(whose)) treatments.set(whose, word);
    else return null;
  }
  return { takesStrangers, treatments };
}

/** A person's own rule goes before that of his domain. */
export const treatmentOf = ({ treatments }: Rules, person: string): Treatment | null =>
  treatments.get(person) ?? treatments.get(domainOf(person)) ?? null;

const isNamed = (whose: string): boolean =>
  isDomain(whose) || (isPerson(whose) && canonical(whose) === whose && !whose.includes('#'));
