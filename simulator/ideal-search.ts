/** Ideal keys of people whose home does not answer: what was published of them everybody knows. docs/simulator.md#ideal-keys */
import type { PkiAnswer, PkiQuestion } from '../federation/keys/pki.ts';
import type { RingSearch } from '../pki/hkp.ts';

type Question<Kind> = PkiQuestion & { readonly kind: Kind };

/** A key and a statement of devices, as somebody has them. */
interface Copies {
  readonly key: Uint8Array;
  readonly statement: Uint8Array;
}

/** How they are judged at a time, milliseconds since 1970. */
type Judging = (question: Question<'person'>, unixMs: number) => PkiAnswer;

/** Under the first key of his domain that vouches for him; while his home is silent also where that did when it fell silent. */
function judged(
  judge: Judging,
  { person, known, authorities, honoured }: Question<'find'> | Question<'visitor'>,
  copies: Copies,
  unixMs: number,
): PkiAnswer {
  let told: PkiAnswer = { kind: 'refused', code: '_uncertified' };
  for (const authority of authorities) {
    const question = { kind: 'person', person, ...copies, known, authority } as const;
    told = judge(question, unixMs);
    const isEnded = told.kind === 'refused' && told.code === '_expired_certification' && honoured !== null;
    const read = isEnded ? judge(question, honoured.atMs) : told;
    if (read.kind !== 'person') continue;
    const untilMs = isEnded ? honoured.untilMs : read.untilMs;
    return { kind: 'found', ...copies, authority, read: { ...read, untilMs }, isHonoured: isEnded };
  }
  return told;
}

/** Answers `find`. */
export function findKeys(
  judge: Judging,
  question: Question<'find'>,
  published: Copies | undefined,
  unixMs: number,
): PkiAnswer {
  const answer = published === undefined ? null : judged(judge, question, published, unixMs);
  return answer?.kind === 'found' ? answer : { kind: 'refused', code: '_keys_unknown' };
}

/** Answers `visitor`, by the newest statement that anybody has and that holds; else why what he has brought does not. */
export function visitorKeys(
  judge: Judging,
  question: Question<'visitor'>,
  published: Copies | undefined,
  counterOf: (statement: Uint8Array) => number,
  unixMs: number,
): PkiAnswer {
  const { key, known, others } = question;
  const told = [question.statement, known, published?.statement, ...others.statements];
  const statements = told.filter((one) => one instanceof Uint8Array);
  const all = statements.map((statement) => judged(judge, question, { key, statement }, unixMs));
  return all.reduce((one, other) => {
    if (other.kind !== 'found') return one;
    return one.kind === 'found' && counterOf(one.statement) >= counterOf(other.statement) ? one : other;
  });
}

/** What a ring has: keys of who has shown his somewhere, since nobody keeps others. */
export function ringKeys(search: RingSearch, published: ReadonlyMap<string, Copies>): PkiAnswer {
  if (!('address' in search)) return { kind: 'ring', keys: [], statement: null };
  const at = search.address.lastIndexOf('@');
  const copies = published.get(`psyc://${search.address.slice(at + 1)}/~${search.address.slice(0, at)}`);
  return { kind: 'ring', keys: copies === undefined ? [] : [copies.key], statement: copies?.statement ?? null };
}
