/** Each checker of keys by itself: what it lets pass, and every branch in which it complains. */
import { expect, test } from '@jest/globals';
import { AdmissionChecker } from '../../simulator/checkers/admission.ts';
import { AgreementChecker } from '../../simulator/checkers/agreement.ts';
import type { Checker } from '../../simulator/checkers/checker.ts';
import { CountersignaturesChecker } from '../../simulator/checkers/countersignatures.ts';
import { PinsChecker } from '../../simulator/checkers/pins.ts';
import { VisitsChecker } from '../../simulator/checkers/visits.ts';
import { WarningsChecker } from '../../simulator/checkers/warnings.ts';
import type { Observation } from '../../simulator/observation.ts';

const [a, b] = ['a.example', 'b.example'];
const domains = [a, b];

/** What the checker says to the last observation, after being content with all before. */
function verdict(checker: Checker, ...observations: Observation[]): string | null {
  const last = observations.pop()!;
  for (const observation of observations) expect(checker.observe(observation)).toBeNull();
  return checker.observe(last);
}

const named = (domain: string, fingerprint: string): Observation => ({ kind: 'named', domain, fingerprint });
const pinned = (host: string, domain: string, fingerprint: string, standing = 'normal'): Observation => ({
  kind: 'pinned',
  ...{ host, domain, fingerprint, standing, atUs: 0 },
});
const ended: Observation = { kind: 'ended', stored: new Map() };

test('pins', () => {
  expect(verdict(new PinsChecker(), named(b, 'old'), named(b, 'new'), pinned(a, b, 'old'))).toBeNull();
  expect(verdict(new PinsChecker(), named(b, 'old'), pinned(a, b, 'new'))).toBe('a.example pinned new for b.example');
  expect(verdict(new PinsChecker(), named(a, 'old'), pinned(a, b, 'old'))).toMatch(/pinned old for b.example$/);
  const deceivable = (host: string, fromUs: number): Observation => {
    return { kind: 'deceivable', host, domain: b, fingerprint: 'new', fromUs };
  };
  expect(verdict(new PinsChecker(), named(b, 'old'), deceivable(a, 0), pinned(a, b, 'new'))).toBeNull();
  expect(verdict(new PinsChecker(), named(b, 'old'), deceivable(a, 1), pinned(a, b, 'new'))).toMatch(
    /^a.example pinned new/,
  );
  expect(verdict(new PinsChecker(), named(b, 'old'), deceivable(b, 0), pinned(a, b, 'new'))).toMatch(
    /^a.example pinned new/,
  );
});

test('agreement', () => {
  const check = (...seen: Observation[]) => verdict(new AgreementChecker(domains), ...seen, ended);
  const all = [named(a, 'as'), named(b, 'old'), pinned(b, a, 'as'), pinned(a, b, 'old')];
  expect(check(...all)).toBeNull();
  expect(check(...all.slice(0, 3))).toBe('a.example has of b.example: nothing; and not old, normal');
  expect(check(...all, named(b, 'new'))).toMatch(/^a.example has of b.example: old, normal; and not new, normal$/);
  expect(check(...all, pinned(a, b, 'old', 'frozen'))).toMatch(/: old, frozen; and not old, normal$/);
});

test('countersignatures', () => {
  const word = (fingerprint: string, untilMs: number) => ({ fingerprint, untilMs });
  const kept = (host: string, given: number | null, held: number | null): Observation => {
    const [own, other] = host === a ? (['as', 'bs'] as const) : (['bs', 'as'] as const);
    return {
      kind: 'countersigned',
      host,
      domain: host === a ? b : a,
      given: given === null ? [] : [word(other, given)],
      held: held === null ? null : word(own, held),
      atUs: 0,
    };
  };
  const ruled = (rule: 'limit' | 'allow'): Observation => ({ kind: 'ruled', host: a, domain: b, rule });
  const after = (seconds: number): Observation[] => [
    { kind: 'tick', atUs: 1_000_000 },
    { kind: 'tick', atUs: 1_000_000 * (1 + seconds) },
  ];
  const check = (seconds: number, ...seen: Observation[]) =>
    verdict(new CountersignaturesChecker(domains), named(a, 'as'), named(b, 'bs'), ...seen, ...after(seconds), ended);
  expect(check(5, kept(a, 9, 8), kept(b, 8, 9))).toBeNull();
  expect(check(5, kept(b, 8, 9))).toBe('a.example does not countersign b.example');
  expect(check(4, kept(b, 8, 9))).toBeNull();
  expect(check(5, kept(a, 9, 8), kept(b, 8, 7))).toBe('a.example says of b.example: bs 9; and b.example has: bs 7');
  expect(check(5, kept(a, 9, 8), kept(b, 8, null))).toMatch(/and b.example has: nothing$/);
  expect(check(5, named(b, 'new'), kept(a, 9, 8), kept(b, 8, 9))).toBe('a.example does not countersign b.example');
  // Whom the admin limits: nothing is said of him, he has heard it, and what he says counts for nothing.
  expect(check(5, ruled('limit'), kept(a, 9, 8), kept(b, 8, 9))).toBe('a.example still countersigns b.example');
  expect(check(5, ruled('limit'), kept(a, 0, 8), kept(b, 8, 9))).toMatch(/: bs 0; and b.example has: bs 9$/);
  expect(check(5, ruled('limit'), kept(a, 0, 8), kept(b, 7, 0))).toBeNull();
  expect(check(5, ruled('limit'), kept(a, null, 8), kept(b, 7, null))).toBeNull();
  expect(check(5, ruled('limit'), ruled('allow'), kept(a, 0, 8), kept(b, 8, 0))).toMatch(/does not countersign/);
});

test('visits', () => {
  const visit = (step: 'wanted' | 'made' | 'known', domain = b): Observation => {
    return { kind: 'visit', step, person: 'psyc://a.example/~ada', domain };
  };
  const check = (...seen: Observation[]) => verdict(new VisitsChecker(), ...seen);
  expect(check(visit('wanted'), visit('made'), visit('known'), ended)).toBeNull();
  expect(check(visit('wanted'), ended)).toBeNull();
  // He was let in, and did not hear of it.
  expect(check(visit('wanted'), visit('known'), ended)).toBeNull();
  expect(check(visit('wanted'), visit('made'), ended)).toBe(
    'a home does not know that psyc://a.example/~ada was at b.example',
  );
  expect(check(visit('wanted'), visit('known', 'c.example'))).toBe(
    'a home says that psyc://a.example/~ada was at c.example',
  );
});

test('warnings', () => {
  const seen = (step: 'tried' | 'refused' | 'told', host = b): Observation => {
    return { kind: 'false key', step, host, person: 'psyc://a.example/~ada', fingerprint: 'f' };
  };
  const calm: Observation = { kind: 'calm' };
  const at = (seconds: number): Observation => ({ kind: 'tick', atUs: 1_000_000 * seconds });
  const check = (...all: Observation[]) => verdict(new WarningsChecker(), seen('tried'), ...all);
  expect(check(calm, at(1), seen('refused'), seen('told'), at(20), ended)).toBeNull();
  expect(check(calm, at(1), seen('refused'), at(11), ended)).toBe(
    'f for psyc://a.example/~ada at b.example was refused, and nobody is told',
  );
  // It may be under way; and what was refused while everything failed may be lost.
  expect(check(calm, at(1), seen('refused'), at(10), ended)).toBeNull();
  expect(check(seen('refused'), calm, at(20), ended)).toBeNull();
  expect(check(calm, seen('told'), at(1), seen('refused'), at(20), ended)).toBeNull();
  expect(check(seen('told'), calm, at(1), seen('refused'), at(20), ended)).toMatch(/nobody is told$/);
  expect(check(seen('told', 'c.example'))).toMatch(/is warned of f for .* at c.example, which nobody tried$/);
});

test('admission', () => {
  const away: Observation = { kind: 'turned away', host: a, domain: b };
  expect(verdict(new AdmissionChecker(), away, { kind: 'calm' })).toBeNull();
  expect(verdict(new AdmissionChecker(), { kind: 'calm' }, away)).toBe('a.example had no room for b.example');
});
