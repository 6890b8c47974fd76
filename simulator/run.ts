/** One run: a scene under a seed, watched by checkers, and once more for its fingerprint. docs/simulator.md */
import type { Suite } from '../crypto/suite.ts';
import { type CheckerName, checkerNames } from './checkers/checker.ts';
import type { Fault } from './faults.ts';
import type { Observation } from './observation.ts';
import type { Plant } from './plants/plant.ts';
import type { Scene } from './scenes/scene.ts';
import type { TraceLine } from './trace.ts';
import { World } from './world.ts';

/** What is to be run. */
export interface RunOptions {
  readonly scene: Scene;
  /** 0 to seedMax. */
  readonly seed: bigint;
  readonly plant?: Plant | null;
  /** Stop after so many events, unless the scene ends before; then nothing that takes the end is judged. */
  readonly eventsMax?: number;
  /** Shown every line of the trace of the first run. */
  readonly onLine?: (line: TraceLine) => void;
  /** Without the second run, `determinism` is not judged. */
  readonly once?: boolean;
  /** Only this checker looks, and the run is over as soon as it has failed: all others stay unjudged, and there is no fingerprint. */
  readonly until?: CheckerName;
  /** As in a world. */
  readonly functions?: Suite;
}

/** What one checker says. */
export interface Verdict {
  readonly checker: CheckerName;
  /** `unjudged`: the run was stopped before this could be told. */
  readonly verdict: 'ok' | 'failed' | 'unjudged';
  /** What broke the promise first, and when in virtual microseconds; null unless it failed. */
  readonly what: string | null;
  readonly atUs: number | null;
}

/** How a run went. */
export interface RunReport {
  readonly scene: string;
  readonly seed: bigint;
  readonly plant: string | null;
  /** Virtual microseconds from start to end. */
  readonly virtualUs: number;
  readonly events: number;
  /** Whether the scene ended by itself. */
  readonly ended: boolean;
  /** Packets said, acknowledged by the target's host, and delivered. */
  readonly said: number;
  readonly acknowledged: number;
  readonly delivered: number;
  /** What went wrong, and how often. */
  readonly faults: readonly (readonly [Fault, number])[];
  readonly verdicts: readonly Verdict[];
  readonly fingerprint: string;
}

/** A run that has not come to its end after so many events never will. */
const endlessEvents = 1_000_000;

/** Plays a scene twice under a seed, and judges it. */
export function run(options: RunOptions): RunReport {
  const first = play(options, options.onLine);
  if (options.once === true) return first;
  const second = play(options);
  const same = first.fingerprint === second.fingerprint;
  const determinism: Verdict = same
    ? { checker: 'determinism', verdict: 'ok', what: null, atUs: null }
    : { checker: 'determinism', verdict: 'failed', ...difference(options) };
  return {
    ...first,
    verdicts: first.verdicts.map((verdict) => (verdict.checker === 'determinism' ? determinism : verdict)),
  };
}

function play(options: RunOptions, onLine?: (line: TraceLine) => void): RunReport {
  const { scene, seed, plant = null, eventsMax = endlessEvents, until } = options;
  const checkers = scene.checkers().filter(({ name }) => until === undefined || name === until);
  const failures = new Map<CheckerName, { readonly what: string; readonly atUs: number }>();
  const keys = { said: new Set<string>(), acknowledged: new Set<string>(), delivered: new Set<string>() };
  const observer = (observation: Observation): void => {
    if (observation.kind === 'said' || observation.kind === 'delivered') keys[observation.kind].add(observation.key);
    if (observation.kind === 'acknowledged' && observation.to === 'peer') keys.acknowledged.add(observation.key);
    for (const checker of checkers) {
      const what = checker.observe(observation);
      if (what !== null && !failures.has(checker.name)) failures.set(checker.name, { what, atUs: world.clock.nowUs });
    }
  };
  const world = new World(seed, {
    observers: [observer],
    functions: options.functions,
    isTraced: until === undefined,
    isMeasured: until === undefined || until === 'queues',
    ...(onLine === undefined ? {} : { onLine }),
  });
  let ended = false;
  let judged = false;
  try {
    const scenePlay = scene.begin(world, plant);
    const isOver = (): boolean => scenePlay.isOver() || (until !== undefined && failures.has(until));
    ended = isOver();
    while (!ended && world.events < eventsMax && world.clock.tick()) ended = isOver();
    // Reaching the bound nobody asked for is an end too, and a bad one: what has not arrived is judged missing.
    judged = ended || options.eventsMax === undefined;
    if (judged) world.observe({ kind: 'ended', stored: scenePlay.stored() });
  } catch (error) {
    // A verdict like others: a sweep goes on, and the seed is told. What came of the run until then is judged.
    judged = ended = false;
    const what = error instanceof Error ? (error.stack ?? error.message) : String(error);
    failures.set('crash', { what, atUs: world.clock.nowUs });
  }
  const judges = new Set<CheckerName>([...checkers.map(({ name }) => name), 'crash', 'determinism']);
  const verdicts = checkerNames
    .filter((name) => judges.has(name))
    .map((name): Verdict => {
      const failure = failures.get(name);
      if (failure !== undefined) return { checker: name, verdict: 'failed', ...failure };
      const checker = checkers.find((candidate) => candidate.name === name);
      const told = name === 'crash' || (checker !== undefined && (judged || !checker.atEnd));
      return { checker: name, verdict: told ? 'ok' : 'unjudged', what: null, atUs: null };
    });
  return {
    scene: scene.name,
    seed,
    plant: plant?.name ?? null,
    virtualUs: world.clock.nowUs,
    events: world.events,
    ended,
    said: keys.said.size,
    acknowledged: [...keys.acknowledged].filter((key) => keys.said.has(key)).length,
    delivered: keys.delivered.size,
    faults: world.faults.entries(),
    verdicts,
    fingerprint: until === undefined ? world.trace.fingerprint() : '',
  };
}

/** Where two runs of the same seed part: found by two more. */
function difference(options: RunOptions): { what: string; atUs: number | null } {
  const lines: TraceLine[][] = [[], []];
  for (const list of lines) play(options, (line) => list.push({ ...line, what: JSON.stringify(line.what) }));
  const [left = [], right = []] = lines;
  const at = left.findIndex((line, index) => JSON.stringify(line) !== JSON.stringify(right[index]));
  const line = left[at];
  if (line === undefined) return { what: 'two runs of this seed differed', atUs: null };
  return { what: `two runs of this seed part at line ${at + 1} of the trace, at ${line.at}`, atUs: line.atUs };
}
