/** Which key follows a pinned one by its own word, or by its recovery key's, and who contradicts himself. docs/spec/trust.md#succession */
import type { TrustLimits } from './trust-limits.ts';
import type { DomainTrust, KeyRevocation, RotationHeard } from './trust-state.ts';

/** What leads from the pinned key to another. */
export interface Way {
  readonly last: RotationHeard;
  /** Where nothing else speaks for it, it may be gone from then on; so may its first step alone. */
  readonly activeMs: number;
  readonly firstActiveMs: number;
  /** The recovery key has said where to. */
  readonly isOverruling: boolean;
  /** … for a key that has revoked itself for cause, and there is nobody left who could object. */
  readonly isUndisputed: boolean;
  /** Of the recovery key from then on; null: there is none. */
  readonly recovery: string | null;
  /** The keys between the pinned one and its end, in their order. */
  readonly through: readonly string[];
  /** Keys that were taken for the domain's and had only the word of a key for it that the recovery key overrules. */
  readonly disowned: readonly string[];
}

/** What the statements that are known come to. */
export interface Succession {
  /** Whether one key has named two successors, and no recovery key has said which. */
  readonly isTorn: boolean;
  /** Whether the recovery key has spoken. */
  readonly isOverruled: boolean;
  /** Whether anything leads on from the pinned key. */
  readonly isAhead: boolean;
  /** The way to this key; null: there is none. */
  to(fingerprint: string): Way | null;
}

/** A key on the way, with what is known of how it came there. */
interface Place {
  readonly fingerprint: string;
  readonly seq: number;
  /** Hash of the statement that made it the domain's; null: none is known. */
  readonly hash: string | null;
  readonly recovery: string | null;
}

/** `from`: of whom the last step is. */
interface Step extends Way {
  readonly place: Place;
}

/** What leads on from a key, and which keys are disowned by going there. */
interface Words {
  readonly all: readonly RotationHeard[];
  readonly disowned: readonly string[];
}

const hasSpoken = ({ signer }: RotationHeard, recovery: string | null): boolean =>
  signer !== 'old key' && signer.recovery === recovery;

const areTorn = (all: readonly RotationHeard[]): boolean => all.some(({ to }) => to !== all[0]!.to);

/** What counts of what is said of who follows a key: where its recovery key has spoken, only that, whatever its number, which others could spoil. */
function wordsOn(rotations: readonly RotationHeard[], { fingerprint, seq, hash, recovery }: Place): RotationHeard[] {
  const all = rotations.filter(({ from }) => from === fingerprint);
  const overruling = all.filter((one) => hasSpoken(one, recovery));
  if (overruling.length > 0) return overruling;
  return all.filter((one) => one.signer === 'old key' && one.seq > seq && (hash === null || one.previous === hash));
}

/** The statements by which the pinned key, and those before it, came to be the domain's by the word of the one before alone; the newest first. */
function traced(
  { pin, rotation }: DomainTrust,
  rotations: readonly RotationHeard[],
  stepsMax: number,
): RotationHeard[] {
  const steps: RotationHeard[] = [];
  let [key, hash] = [pin?.fingerprint, rotation];
  while (steps.length < stepsMax) {
    const made = rotations.find((one) => one.to === key && one.hash === hash && one.signer === 'old key');
    if (made === undefined) break;
    steps.push(made);
    [key, hash] = [made.from, made.previous];
  }
  return steps;
}

const placeOf = ({ pin, seq, rotation }: DomainTrust): Place | null =>
  pin === null ? null : { fingerprint: pin.fingerprint, seq, hash: rotation, recovery: pin.recovery };

/** `known`: the recovery key before. A key names no other in its place: whoever stole it would. */
function placeAfter({ to, seq, hash, signer, recovery: named }: RotationHeard, known: string | null): Place {
  const recovery = signer === 'old key' ? (known ?? named) : (named ?? known);
  return { fingerprint: to, seq, hash, recovery };
}

const newestOf = (all: readonly RotationHeard[]): RotationHeard | null =>
  all.toSorted((a, b) => b.notBeforeMs - a.notBeforeMs)[0] ?? null;

/** What leads on from the pinned key. Where the recovery key speaks of a key that was followed by its own word alone, whatever came of that word is undone. */
function firstWords(state: DomainTrust, rotations: readonly RotationHeard[], stepsMax: number): Words {
  const place = placeOf(state);
  if (place === null) return { all: [], disowned: [] };
  const own = wordsOn(rotations, place);
  const disowned = [place.fingerprint];
  const undoing: RotationHeard[] = [];
  const undone: string[] = [];
  for (const { from, to } of traced(state, rotations, stepsMax)) {
    const words = rotations.filter((one) => one.from === from && hasSpoken(one, place.recovery));
    if (words.some((one) => one.to !== to)) {
      undoing.push(...words);
      undone.splice(0, undone.length, ...disowned);
    }
    disowned.push(from);
  }
  if (undoing.length === 0) return { all: own, disowned: [] };
  const overruling = own.filter((one) => hasSpoken(one, place.recovery));
  return { all: [...undoing, ...overruling], disowned: undone };
}

/** `nowMs`: what begins later or has ended leads nowhere yet, or no more; the recovery key's overrules even then. */
export function successionOf(
  state: DomainTrust,
  rotations: readonly RotationHeard[],
  revocations: readonly KeyRevocation[],
  nowMs: number,
  { skewMs, graceMs, stepsMax }: TrustLimits,
): Succession {
  const holds = ({ notBeforeMs, expiresMs }: RotationHeard): boolean =>
    notBeforeMs <= nowMs + skewMs && nowMs < expiresMs;
  const words = firstWords(state, rotations, stepsMax);
  const first = words.all.filter(holds);
  const recovery = state.pin?.recovery ?? null;
  const isRevoked = (key: string): boolean =>
    revocations.some(({ fingerprint, isHard }) => isHard && fingerprint === key);
  const stepTo = (last: RotationHeard, before: Step | null, known: string | null): Step => {
    const isOwn = last.signer === 'old key';
    const place = placeAfter(last, known);
    const isUndisputed = before === null && !isOwn && isRevoked(last.from);
    const activeMs = isUndisputed ? 0 : Math.max(last.seenMs, last.notBeforeMs) + graceMs;
    return {
      last,
      activeMs: Math.max(activeMs, before?.activeMs ?? 0),
      firstActiveMs: before?.firstActiveMs ?? activeMs,
      isOverruling: before?.isOverruling ?? !isOwn,
      isUndisputed,
      recovery: place.recovery,
      through: before === null ? [] : [...before.through, last.from],
      disowned: words.disowned,
      place,
    };
  };
  return {
    isTorn: areTorn(first),
    isOverruled: words.all.some((one) => hasSpoken(one, recovery)),
    isAhead: first.length > 0,
    to(fingerprint) {
      let ways = first.map((last) => stepTo(last, null, recovery));
      for (let step = 0; step < stepsMax && ways.length > 0; step++) {
        const found = ways.filter(({ last }) => last.to === fingerprint);
        if (found.length > 0) return together(found);
        ways = ways.flatMap((way) => {
          const next = wordsOn(rotations, way.place).filter(holds);
          return areTorn(next) ? [] : next.map((last) => stepTo(last, way, way.recovery));
        });
      }
      return null;
    },
  };
}

/** Of several statements with one successor the one that was made last is his own, and all that is known of them counts for it. */
function together(ways: readonly Step[]): Way {
  const newest = newestOf(ways.map(({ last }) => last));
  const way = ways.find(({ last }) => last === newest)!;
  const [soonest] = ways.toSorted((a, b) => a.activeMs - b.activeMs);
  return { ...way, activeMs: soonest!.activeMs, firstActiveMs: soonest!.firstActiveMs };
}

/** At most so many statements with one signer's word on one key are kept of each successor, and so many successors: that proves what there is to prove. */
const ofEachMax = 2;

/**
 * Those that count now, or prove something; all others are let go. So much is bounded by `stepsMax`, whoever makes how many, and
 * nobody's word takes the recovery key's place. Where there are too many, those that come first in `rotations` stay.
 */
export function worthKeeping(
  state: DomainTrust,
  rotations: readonly RotationHeard[],
  nowMs: number,
  { stepsMax }: TrustLimits,
): RotationHeard[] {
  let place: Place | null = placeOf(state);
  if (place === null) return [];
  const { recovery } = place;
  const kept = new Set<RotationHeard>(traced(state, rotations, stepsMax));
  for (const { from } of [...kept]) {
    for (const one of few(rotations.filter((one) => one.from === from && hasSpoken(one, recovery)))) kept.add(one);
  }
  for (let step = 0; step < stepsMax && place !== null; step++) {
    const words = lastingOn(rotations, place, nowMs);
    for (const one of words) kept.add(one);
    const newest = newestOf(words);
    place = newest === null || areTorn(words) ? null : placeAfter(newest, place.recovery);
  }
  return rotations.filter((one) => kept.has(one));
}

const lastingOn = (rotations: readonly RotationHeard[], place: Place, nowMs: number): RotationHeard[] =>
  few(wordsOn(rotations, place).filter((one) => hasSpoken(one, place.recovery) || nowMs < one.expiresMs));

/** Two successors are a contradiction, and a third proves no more. */
function few(words: readonly RotationHeard[]): RotationHeard[] {
  const successors = [...new Set(words.map(({ to }) => to))].slice(0, ofEachMax);
  return successors.flatMap((to) => words.filter((one) => one.to === to).slice(0, ofEachMax));
}
