/** What the commands of people have in common: whose folder it is, a session in it, and how it is told. docs/spec/people.md#profile */
import { stdout } from 'node:process';
import type { Command } from 'commander';
import { peopleHere, personFolder, surroundings } from '../../client/profile/folder.ts';
import { lock } from '../../client/profile/lock.ts';
import { Profile, type Whose } from '../../client/profile/profile.ts';
import type { Output } from '../../client/session/events.ts';
import { Session } from '../../client/session/session.ts';
import { SessionShell } from '../../client/session/shell.ts';
import { suite } from '../../server/suite.ts';
import { reach } from '../../server/transport/dial.ts';
import { systemResolver } from '../../server/transport/resolve.ts';
import { systemTimers } from '../../server/transport/timers.ts';
import { jsonLine, nameOf, noticeLine, safeLine } from './show.ts';
import { address, count, parseEndpoint } from './target.ts';

/** Options that all of them have. */
export interface Shared {
  readonly as?: { readonly nick: string; readonly domain: string };
  readonly json?: true;
  /** Seconds. */
  readonly timeout?: number;
}

/** Adds them. */
export const withShared = (command: Command, timeout: string): Command =>
  command
    .option('--as <nick@domain>', 'who says it; may be left out where only one person has a folder here', address)
    .option('--timeout <seconds>', timeout, count)
    .option('--json', 'one object a line');

/** What one command does in its session. */
export interface Course extends Shared {
  readonly channel: 'main' | 'side';
  readonly heardMax?: number;
  readonly registration?: { readonly invite: string | null };
  /** Makes the folder where it must; null: it says itself what is wrong. */
  readonly profile: (whose: Whose) => Promise<Profile | null>;
  /** Called when the session has begun. */
  readonly begin?: (shell: SessionShell) => void;
  /** What it does with what it is told; gives true when it is done, and the shell is to stop. */
  readonly told: (output: Output) => boolean;
  /** What to say where the time is over before it is done, and whether it left us by then; null: then it is done. */
  readonly late: ((isSent: boolean) => string) | null;
}

/** Says something on standard error, in the command's name. */
export const complain = (command: Command, text: string): void =>
  void process.stderr.write(`p3do ${command.name()}: ${text}\n`);

/** The same, and it has failed. */
export function fail(command: Command, text: string): void {
  complain(command, text);
  process.exitCode = 1;
}

/** Writes a line of output, of JSON or for people. */
export function tell({ json }: Shared, object: object, line: string): void {
  stdout.write(json ? jsonLine(object) : line);
}

/** Whose folder it is: as said, or the only one there is. Wrong usage ends the command. */
export async function whoseOf(command: Command, as: Shared['as']): Promise<Whose> {
  const where = surroundings();
  const here = await peopleHere(where);
  const [only] = here;
  if (as === undefined && only === undefined) command.error('nobody is registered here: p3do register nick@domain');
  if (as === undefined && here.length > 1) command.error(`--as is needed: ${here.join(', ')} have folders here`);
  const { nick, domain } = as ?? address(only!);
  if (!here.includes(`${nick}@${domain}`))
    command.error(`${nick}@${domain} is not registered here: p3do register ${nick}@${domain}`);
  return { folder: personFolder(where, nick, domain), nick, domain };
}

/** The profile of who is registered already. */
export async function registered(command: Command, whose: Whose): Promise<Profile | null> {
  const profile = await Profile.open(whose);
  if (profile?.kept.isRegistered === true) return profile;
  const { nick, domain } = whose;
  fail(command, `${nick}@${domain} is not registered here: p3do register ${nick}@${domain}`);
  return null;
}

/** Runs a session of this person to its end. */
export async function converse(command: Command, whose: Whose, course: Course): Promise<void> {
  const waiting = (pid: number): void => complain(command, `waiting for another command (process ${pid})`);
  const release = await lock(whose.folder, course.channel, waiting);
  try {
    const profile = await course.profile(whose);
    if (profile !== null) await inSession(command, whose, course, profile);
  } finally {
    await release();
  }
}

async function inSession(command: Command, whose: Whose, course: Course, profile: Profile): Promise<void> {
  const { domain } = whose;
  const { channel, registration = null, heardMax } = course;
  const endpoint = profile.server === null ? null : parseEndpoint(profile.server);
  const peers = new Map(endpoint === null ? [] : [[domain, endpoint]]);
  const reaching = { domain, resolver: systemResolver, peers, random: Math.random, timers: systemTimers };
  const session = new Session({
    ...profile.session(suite),
    channel,
    registration,
    ...(heardMax === undefined ? {} : { heardMax }),
  });
  const progress = new Progress(command);
  let isDone = false;
  let isSent = false;
  /** Why the circuit was lost last, so that trying again for an hour is told once. */
  let lost = '';
  const shell = new SessionShell({
    session,
    reach: (signal) => reach(reaching, signal),
    keep: (change) => profile.keep(change),
    now: () => ({ monotoneMs: performance.now(), wallMs: Date.now() }),
    after: (delayMs, wake) => systemTimers.after(delayMs, wake),
    output(output, at) {
      progress.take(output);
      isSent ||= output.kind === 'sent';
      if (isDone) return;
      const isAgain = output.kind === 'lost' && output.code === lost;
      if (output.kind === 'lost') lost = output.code;
      else if (output.kind === 'ready') lost = '';
      if (!isAgain) hear(command, course, output);
      isDone = course.told(output) || output.kind === 'over';
      if (isDone) at.stop();
    },
  });
  const interrupt = (): void => {
    isDone = true;
    if (course.late !== null) fail(command, course.late(isSent));
    shell.stop();
  };
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt);
  const cancel = course.timeout === undefined ? () => {} : systemTimers.after(course.timeout * 1000, interrupt);
  try {
    course.begin?.(shell);
    await shell.run();
  } finally {
    cancel();
    progress.end();
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
  }
}

/** What every command tells alike. */
function hear(command: Command, course: Course, output: Output): void {
  const notice = noticeLine(output);
  if (notice !== null) {
    if (course.json) stdout.write(jsonLine(output));
    else complain(command, notice);
  } else if (output.kind === 'refused' || output.kind === 'over') {
    if (course.json) stdout.write(jsonLine(output));
    const by = output.by === null ? '' : ` by ${output.by}`;
    const what = output.kind === 'over' ? '' : `${nameOf(output.target)}: `;
    fail(command, `${what}refused${by}: ${safeLine(output.code)}`);
  }
}

/** What is waited for, told once it takes over a second. */
class Progress {
  readonly #command: Command;
  #cancel: (() => void) | null = null;

  constructor(command: Command) {
    this.#command = command;
  }

  take(output: Output): void {
    if (output.kind === 'lost') return;
    this.end();
    if (output.kind !== 'progress') return;
    const text = `${output.state}: ${nameOf(output.of)} …`;
    this.#cancel = systemTimers.after(1000, () => complain(this.#command, text));
  }

  end(): void {
    this.#cancel?.();
    this.#cancel = null;
  }
}
