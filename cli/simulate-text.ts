/** What `p3do simulate` prints: reports of runs for people and as JSON, and lines of the trace. docs/simulator.md#reports */
import { type CheckerName, checkerNames } from '../simulator/checkers/checker.ts';
import { plants } from '../simulator/plants/plants.ts';
import type { RunReport, Verdict } from '../simulator/run.ts';
import { scenes } from '../simulator/scenes/scenes.ts';
import type { TraceLine } from '../simulator/trace.ts';

const seconds = (us: number): string => `${(us / 1_000_000).toFixed(3)} s`;
const row = (label: string, text: string): string => `${label.padEnd(16)} ${text}\n`;

/** The verdicts that say failed. */
export const failuresOf = (report: RunReport): Verdict[] =>
  report.verdicts.filter(({ verdict }) => verdict === 'failed');

/** The command that plays just this again. */
export function commandOf({ scene, seed, plant, ended, events }: RunReport): string {
  const stopped = ended ? '' : ` --events ${events}`;
  return `p3do simulate --seed ${seed} --scene ${scene}${plant === null ? '' : ` --plant ${plant}`}${stopped}`;
}

function verdictText({ verdict, what, atUs }: Verdict): string {
  if (verdict === 'ok') return 'ok';
  if (verdict === 'unjudged') return 'not judged: the run was stopped';
  return `FAILED${atUs === null ? '' : ` at ${seconds(atUs)}`}: ${what}`;
}

/** A run for people: a line for each thing one may ask about it. */
export function describeReport(report: RunReport): string {
  const failed = failuresOf(report);
  const plant = report.plant === null ? undefined : plants.get(report.plant);
  let text = row('scene', `${report.scene}: ${scenes.get(report.scene)?.what}`) + row('seed', String(report.seed));
  if (plant !== undefined) text += row('plant', `${plant.name}: ${plant.what}`);
  text += row(
    'virtual time',
    `${seconds(report.virtualUs)}, ${report.events} events${report.ended ? '' : ', stopped'}`,
  );
  text += row('packets', `${report.said} said, ${report.acknowledged} acknowledged, ${report.delivered} delivered`);
  text += row('faults', report.faults.map(([fault, times]) => `${fault} ${times}`).join(', ') || 'none');
  for (const verdict of report.verdicts) text += row(verdict.checker, verdictText(verdict));
  text += row('fingerprint', report.fingerprint);
  if (plant !== undefined) text += row('noticed', noticed(failed, plant.caughtBy));
  if (failed.length > 0) text += row('again', commandOf(report));
  return text;
}

function noticed(failed: readonly Verdict[], caughtBy: string): string {
  if (failed.length === 0) return `by nobody under this seed; ${caughtBy} notices it under another`;
  return `by ${failed.map(({ checker }) => checker).join(', ')} (planted for ${caughtBy})`;
}

/** A run as one line of JSON. */
export function reportJson(report: RunReport): string {
  const { seed, faults, verdicts, ...rest } = report;
  const checkers = Object.fromEntries(
    verdicts.map(({ checker, verdict, what, atUs }) => [
      checker,
      verdict === 'failed' ? { verdict, what, atUs } : { verdict },
    ]),
  );
  // A string: seeds may be larger than JSON readers' numbers.
  return `${JSON.stringify({ seed: String(seed), ...rest, faults: Object.fromEntries(faults), checkers })}\n`;
}

/** What many runs came to together. */
export interface Sweep {
  played: number;
  failed: number;
  readonly faults: Map<string, number>;
  virtualUs: number;
  said: number;
  acknowledged: number;
  delivered: number;
}

/** A sweep before its first run. */
export const newSweep = (): Sweep => ({
  played: 0,
  failed: 0,
  faults: new Map(),
  virtualUs: 0,
  said: 0,
  acknowledged: 0,
  delivered: 0,
});

/** Adds a run. */
export function addToSweep(sweep: Sweep, report: RunReport): void {
  sweep.played++;
  if (failuresOf(report).length > 0) sweep.failed++;
  for (const [fault, times] of report.faults) sweep.faults.set(fault, (sweep.faults.get(fault) ?? 0) + times);
  sweep.virtualUs += report.virtualUs;
  sweep.said += report.said;
  sweep.acknowledged += report.acknowledged;
  sweep.delivered += report.delivered;
}

/** One of many runs for people: what failed, and how to play it again. Nothing when all is well. */
export function describeFailure(report: RunReport): string {
  const failed = failuresOf(report);
  if (failed.length === 0) return '';
  const lines = failed.map((verdict) => row(`seed ${report.seed}`, `${verdict.checker} ${verdictText(verdict)}`));
  return lines.join('') + row('  again', commandOf(report));
}

/** Many runs for people: the sums. */
export function describeSweep(sweep: Sweep, elapsedMs: number): string {
  const { said, acknowledged, delivered } = sweep;
  let text = row('seeds', `${sweep.played} played twice, ${sweep.failed} failed, ${(elapsedMs / 1000).toFixed(1)} s`);
  text += row('virtual time', seconds(sweep.virtualUs));
  text += row('packets', `${said} said, ${acknowledged} acknowledged, ${delivered} delivered`);
  return text + row('faults', [...sweep.faults].map(([fault, times]) => `${fault} ${times}`).join(', ') || 'none');
}

/** What the kernel itself checks. */
const kernelPromises: Readonly<Partial<Record<CheckerName, string>>> = {
  crash: 'nothing throws an exception',
  determinism: 'two runs of one seed are the same',
};

/** Scenes, checkers and plants, a line each. */
export function describeList(): string {
  const promises = new Map(
    [...scenes.values()].flatMap((scene) => scene.checkers().map(({ name, promise }) => [name, promise])),
  );
  let text = '';
  for (const { name, what } of scenes.values()) text += `scene    ${name.padEnd(22)} ${what}\n`;
  for (const name of checkerNames) {
    text += `checker  ${name.padEnd(22)} ${promises.get(name) ?? kernelPromises[name]}\n`;
  }
  for (const { name, what, caughtBy } of plants.values()) text += `plant    ${name.padEnd(22)} ${what} (${caughtBy})\n`;
  return text;
}

/** A line of the trace; bytes are shown as text, one character a byte. */
export function describeTraceLine({ atUs, at, sign, what }: TraceLine, json: boolean): string {
  const shown = (_: string, value: unknown): unknown =>
    value instanceof Uint8Array ? Buffer.from(value).toString('latin1') : value;
  if (json) return `${JSON.stringify({ atUs, at, sign, what }, shown)}\n`;
  return `${(atUs / 1_000_000).toFixed(6).padStart(11)} ${at} ${sign} ${JSON.stringify(what, shown)}\n`;
}
