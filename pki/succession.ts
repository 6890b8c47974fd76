/** Which key follows a pinned one by its own word, or by its recovery key's, and who contradicts himself. docs/spec/trust.md#succession */
import type { TrustLimits } from './trust-limits.ts';
import type { DomainTrust, KeyRevocation, LeftKey, RotationHeard, TrustInputs } from './trust-state.ts';

/** What leads from the pinned key, or from one that was left for it, to another. */
export interface Way {
  /** The statements that are followed, one after the other; one at least. */
  readonly steps: readonly RotationHeard[];
  /** Where nothing else speaks for it, it may be gone from then on. */
  readonly activeMs: number;
  /** From then on its end is itself a key that was left; null: nothing leads on from there. */
  readonly overMs: number | null;
  /** The recovery key has said where to. */
  readonly isOverruling: boolean;
  /** … for a key that has revoked itself for cause, and there is nobody left who could object. */
  readonly isUndisputed: boolean;
  /** Of each key that is left by its own word others were asked, when its time was over, whether it has revoked itself. */
  readonly isSought: boolean;
  /** Of the recovery key from then on; null: there is none. */
  readonly recovery: string | null;
  /** Keys that were taken for the domain's and had only the word of a key for it that the recovery key overrules. */
  readonly disowned: readonly string[];
}

/** What the statements that are known come to. */
export interface Succession {
  /** Whether two successors of the pinned key are named: by itself, or, where its recovery key has spoken, by that. */
  readonly isTorn: boolean;
  /** Whether anything leads on from the pinned key. */
  readonly isAhead: boolean;
  /** The way to this key; null: there is none. */
  to(fingerprint: string): Way | null;
}

/** The key that is to be left next. */
interface Place {
  readonly fingerprint: string;
  /** What made it the domain's: several statements of one meaning, any of which the next may follow. A hash of null: none is known. */
  readonly made: readonly { readonly seq: number; readonly hash: string | null }[];
  readonly recovery: string | null;
}

/** What counts of what is said of one key's successor. Where it is no contradiction all of it names the same. */
type Words = readonly RotationHeard[];

const isOwn = ({ signer }: RotationHeard): boolean => signer === 'old key';

const isOverruling = ({ signer }: RotationHeard, recovery: string | null): boolean =>
  signer !== 'old key' && signer.recovery === recovery;

const areTorn = (words: Words): boolean => words.some(({ to }) => to !== words[0]!.to);

/** Of several statements with one meaning the one that was made last is its signer's own. */
const newestOf = (words: Words): RotationHeard => words.reduce((a, b) => (b.notBeforeMs > a.notBeforeMs ? b : a));

/** Where the recovery key has spoken of this key, only that counts, whatever its number, which others could spoil. */
function wordsOn(rotations: Words, { fingerprint, made, recovery }: Place): Words {
  const all = rotations.filter(({ from }) => from === fingerprint);
  const overruling = all.filter((one) => isOverruling(one, recovery));
  if (overruling.length > 0) return overruling;
  const follows = (one: RotationHeard): boolean =>
    made.some(({ seq, hash }) => one.seq > seq && (hash === null || one.previous === hash));
  return all.filter((one) => isOwn(one) && follows(one));
}

/** `known`: the recovery key before. A key names no other in its place: whoever stole it would. */
const recoveryAfter = (one: RotationHeard, known: string | null): string | null =>
  isOwn(one) ? (known ?? one.recovery) : (one.recovery ?? known);

/**
 * What leads on from the pinned key; and, where the recovery key names another successor for a key that was left by its word
 * alone, what leads from there, and all keys that came of that word. They may be a thief's, however many they are.
 */
function firstWords(rotations: Words, place: Place, left: readonly LeftKey[]): { words: Words; disowned: string[] } {
  const own = wordsOn(rotations, place);
  const keys = [...left.map(({ fingerprint }) => fingerprint), place.fingerprint];
  const undoing = left.map(({ fingerprint }, at) => {
    const words = rotations.filter((one) => one.from === fingerprint && isOverruling(one, place.recovery));
    return words.some(({ to }) => to !== keys[at + 1]) ? words : [];
  });
  const oldest = undoing.findIndex((words) => words.length > 0);
  if (oldest === -1) return { words: own, disowned: [] };
  const overruling = own.filter((one) => isOverruling(one, place.recovery));
  return { words: [...undoing.flat(), ...overruling], disowned: keys.slice(oldest + 1) };
}

/** The line of keys that leads on from the pinned one: what counts and `holds` of each, as far as nobody contradicts himself. */
function lineOf(
  { pin, seq, rotation, left }: DomainTrust,
  rotations: Words,
  holds: (one: RotationHeard) => boolean,
  stepsMax: number,
): { readonly line: readonly Words[]; readonly disowned: readonly string[] } {
  const line: Words[] = [];
  if (pin === null) return { line, disowned: [] };
  let place: Place = { fingerprint: pin.fingerprint, made: [{ seq, hash: rotation }], recovery: pin.recovery };
  const first = firstWords(rotations, place, left);
  let words = first.words.filter(holds);
  while (words.length > 0 && line.length < stepsMax) {
    line.push(words);
    if (areTorn(words)) break;
    const last = newestOf(words);
    place = { fingerprint: last.to, made: words, recovery: recoveryAfter(last, place.recovery) };
    words = wordsOn(rotations, place).filter(holds);
  }
  return { line, disowned: first.disowned };
}

/** `nowMs`: what begins later or has ended leads nowhere yet, or no more; the recovery key's overrules even then. */
export function successionOf(
  state: DomainTrust,
  { rotations, revocations, sought }: Pick<TrustInputs, 'rotations' | 'revocations' | 'sought'>,
  nowMs: number,
  { skewMs, graceMs, overlapMs, stepsMax }: TrustLimits,
): Succession {
  const holds = ({ notBeforeMs, expiresMs }: RotationHeard): boolean =>
    notBeforeMs <= nowMs + skewMs && nowMs < expiresMs;
  const { line, disowned } = lineOf(state, rotations, holds, stepsMax);
  const recovery = state.pin?.recovery ?? null;
  const revocationOf = (key: string): KeyRevocation | undefined =>
    revocations.find(({ fingerprint, isHard }) => isHard && fingerprint === key);
  // All that is known of several with one meaning counts for it.
  const ripeMs = (words: Words): number =>
    Math.min(...words.map(({ seenMs, notBeforeMs }) => Math.max(seenMs, notBeforeMs))) + graceMs;
  const isAsked = (words: Words): boolean =>
    !isOwn(words[0]!) ||
    sought.some(({ fingerprint, atMs }) => fingerprint === words[0]!.from && atMs >= ripeMs(words));
  // Whoever has stolen a key names a successor as well: it must have had its time before the revocation, as far as anybody asked. What speaks for it now may have come later.
  const isDoubtful = (words: Words): boolean => {
    const revocation = revocationOf(words[0]!.from);
    if (!isOwn(words[0]!) || revocation === undefined) return false;
    return revocation.seenMs <= ripeMs(words) || !isAsked(words);
  };
  return {
    isTorn: line[0] !== undefined && areTorn(line[0]),
    isAhead: line.length > 0,
    to(fingerprint) {
      const end = line.findIndex((words) => words.some(({ to }) => to === fingerprint));
      const way = line.slice(0, end + 1);
      const [first] = way;
      if (first === undefined || way.some(areTorn) || way.some(isDoubtful)) return null;
      if (revocationOf(fingerprint) !== undefined) return null;
      const steps = way.map(newestOf);
      const isFirstOverruling = !isOwn(steps[0]!);
      const isUndisputed = isFirstOverruling && first.some(({ from }) => revocationOf(from) !== undefined);
      const activeMs = Math.max(isUndisputed ? 0 : ripeMs(first), ...way.slice(1).map(ripeMs));
      const beyond = line[end + 1];
      // Its successor may be gone to, or it was left so long ago, by its own word, that nobody takes it any more.
      const leftMs = (words: Words): number =>
        areTorn(words) ? 0 : Math.min(ripeMs(words), newestOf(words).notBeforeMs + graceMs + overlapMs);
      return {
        steps,
        activeMs,
        overMs: beyond === undefined ? null : leftMs(beyond),
        isOverruling: isFirstOverruling,
        isUndisputed: isUndisputed && steps.length === 1,
        isSought: way.every(isAsked),
        recovery: steps.reduce((known, one) => recoveryAfter(one, known), recovery),
        disowned,
      };
    },
  };
}

/**
 * The keys that are left by their word alone once `steps` are followed, since the recovery key spoke last: its word on any of them
 * must undo what came after, so none is forgotten before `leftMs` are over. null: there would be more than `leftMax` in that time.
 */
export function leftAfter(
  { left }: DomainTrust,
  steps: readonly RotationHeard[],
  nowMs: number,
  { leftMax, leftMs }: TrustLimits,
): readonly LeftKey[] | null {
  const all = steps.reduce<readonly LeftKey[]>(
    (before, one) => (isOwn(one) ? [...before, { fingerprint: one.from, rotation: one.hash, atMs: nowMs }] : []),
    left,
  );
  const [over, kept] = [all.slice(0, -leftMax), all.slice(-leftMax)];
  return over.every(({ atMs }) => atMs + leftMs <= nowMs) ? kept : null;
}

/** Keys whose revocation by themselves would change what the statements that are kept come to. */
export const keysNamed = ({ left }: DomainTrust, rotations: readonly RotationHeard[]): string[] =>
  rotations
    .filter((one) => !left.some(({ rotation }) => isOwn(one) && rotation === one.hash))
    .flatMap(({ from, to }) => [from, to]);

/** Whether a key that was left by its word alone names another successor than the one that was followed. */
export function isContrary({ pin, left }: DomainTrust, one: RotationHeard): boolean {
  const at = left.findIndex(({ fingerprint }) => fingerprint === one.from);
  return at !== -1 && isOwn(one) && one.to !== (left[at + 1] ?? pin)?.fingerprint;
}

/** So many successors that one key has by one signer's word are kept: two are a contradiction, and a third proves no more. */
const successorsMax = 2;

/**
 * Those that count now, or prove something; all others are let go. So much is bounded by `stepsMax` and `leftMax`, whoever makes how
 * many, and nobody's word takes the recovery key's place. Of successors of one key those that come first in `rotations` stay.
 */
export function worthKeeping(
  state: DomainTrust,
  rotations: readonly RotationHeard[],
  nowMs: number,
  { stepsMax }: TrustLimits,
): RotationHeard[] {
  const { pin } = state;
  if (pin === null) return [];
  const lasts = (one: RotationHeard): boolean => isOverruling(one, pin.recovery) || nowMs < one.expiresMs;
  const kept = new Set(lineOf(state, rotations, lasts, stepsMax).line.flatMap((words) => few(words, nowMs)));
  for (const { fingerprint, rotation } of state.left) {
    const said = rotations.filter(({ from }) => from === fingerprint);
    const followed = said.filter((one) => isOwn(one) && one.hash === rotation);
    const overruling = said.filter((one) => isOverruling(one, pin.recovery));
    for (const one of [...followed, ...few(overruling, nowMs)]) kept.add(one);
  }
  return rotations.filter((one) => kept.has(one));
}

/** Of each successor the statement that was heard first, since when it is known; the newest of those that have begun; and the newest. */
function few(words: Words, nowMs: number): RotationHeard[] {
  const successors = [...new Set(words.map(({ to }) => to))].slice(0, successorsMax);
  return successors.flatMap((to) => {
    const same = words.filter((one) => one.to === to);
    const heardFirst = same.reduce((a, b) => (b.seenMs < a.seenMs ? b : a));
    const begun = same.filter(({ notBeforeMs }) => notBeforeMs <= nowMs);
    return [heardFirst, ...(begun.length === 0 ? [] : [newestOf(begun)]), newestOf(same)];
  });
}
