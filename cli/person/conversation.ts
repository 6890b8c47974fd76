/** What the commands of people have in common: whose folder it is, a session in it, and how it is told. docs/spec/people.md#profile */
import { stdout } from 'node:process';
import type { Command } from 'commander';
import { peopleHere, personFolder, surroundings } from '../../client/profile/folder.ts';
import { lock } from '../../client/profile/lock.ts';
import { Profile, type Whose } from '../../client/profile/profile.ts';
import { readServers } from '../../client/profile/servers-file.ts';
import { isFeed } from '../../client/session/words.ts';
import type { Output } from '../../client/session/events.ts';
import type { SessionShell } from '../../client/session/shell.ts';
import { systemTimers } from '../../server/transport/timers.ts';
import { explained } from './codes.ts';
import { proxyFor, proxyOption } from './proxy.ts';
import { PutOut } from './put-out.ts';
import { safeLines } from './safe.ts';
import { sessionOf } from './session.ts';
import { knownIn, meantOf } from './meant.ts';
import { noticeLine } from './notices.ts';
import { jsonLine, nameOf } from './show.ts';
import { address, count } from './target.ts';
import { unreached } from './unreached.ts';
import { noticeMs, proxiedNoticeMs, waysOf } from './ways.ts';

/** Options that all of them have. */
export interface Shared {
  readonly as?: { readonly nick: string; readonly domain: string };
  readonly json?: true;
  /** As `proxyOption` gives it. */
  readonly proxy?: string;
  /** Seconds. */
  readonly timeout?: number;
}

/** Adds them. */
export const withShared = (command: Command, timeout: string): Command =>
  command
    .option('--as <nick@domain>', 'as whom; may be left out where only one person has a folder here', address)
    .addOption(proxyOption('go through this SOCKS5 proxy, or none; else as at registration'))
    .option('--timeout <seconds>', timeout, count)
    .option('--json', 'one object a line');

/** What one command does in its session. */
export interface Course extends Shared {
  readonly channel: 'main' | 'side';
  readonly heardMax?: number;
  readonly registration?: { readonly invite: string | null };
  /** Makes the folder where it must; null: it says itself what is wrong. */
  readonly profile: (whose: Whose) => Promise<Profile | null>;
  /** To whom it speaks, where another server may carry it while the own does not answer. */
  readonly carried?: { readonly target: string };
  /** The domain whose server it is to speak through, and no other. */
  readonly through?: string;
  /** Called when a session has begun: at home, or at the domain that is visited. */
  readonly begin?: (shell: SessionShell, visited: string | null, profile: Profile) => void;
  /** What it does with what it is told; gives true when it is done, and the shell is to stop. */
  readonly told: (output: Output, shell: SessionShell) => boolean;
  /** What to say where the time is over before it is done, and whether it left us by then; null: then it is done. */
  readonly late: ((isSent: boolean) => string) | null;
  /** Whether this end of the session is no failure: the command has something else to try. */
  readonly excuses?: (code: string) => boolean;
  /** Whether it goes on with this refusal, instead of telling it. */
  readonly excusesRefusal?: (output: Output) => boolean;
  /** What another command is told to be doing that has the channel. */
  readonly busy?: string;
}

/** So often a server is not reached before another is tried. */
const FAILURES_MAX = 2;

/** `p3do place kick`: the command's whole name. */
const fullName = (command: Command): string =>
  command.parent === null ? command.name() : `${fullName(command.parent)} ${command.name()}`;

/** Says something on standard error, in the command's name. Whatever of it others have written moves no cursor. */
export const complain = (command: Command, text: string): void =>
  void process.stderr.write(`${fullName(command)}: ${safeLines(text)}\n`);

/** The same, and it has failed; with --json a last line of output says so too. `code` is for programs. */
export function fail(command: Command, { json }: Pick<Shared, 'json'>, code: string, text: string): void {
  complain(command, text);
  if (json) stdout.write(jsonLine({ kind: 'failed', code, text }));
  process.exitCode = 1;
}

/** What to say of something that has left us and is not answered. */
export const unanswered = (target: string, does: string): string =>
  `${nameOf(target)} has not answered yet; is its domain written rightly, and the server up? The next command ${does} (p3do pending shows it, and drops it)`;

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
export async function registered(
  command: Command,
  whose: Whose,
  options: Pick<Shared, 'json'>,
): Promise<Profile | null> {
  const profile = await Profile.open(whose);
  if (profile?.kept.isRegistered === true) return profile;
  const { nick, domain } = whose;
  const text = `${nick}@${domain} is not registered here: p3do register ${nick}@${domain}`;
  fail(command, options, '_profile_unknown', text);
  return null;
}

/** Runs a session of this person to its end. */
export async function converse(command: Command, whose: Whose, course: Course): Promise<void> {
  const { busy } = course;
  let holder: number | null = null;
  const waiting = (pid: number): void => {
    holder = pid;
    complain(
      command,
      busy === undefined
        ? `waiting for another command (process ${pid})`
        : `already ${busy} in process ${pid}; waiting until it ends`,
    );
  };
  const beganMs = performance.now();
  const patience = new AbortController();
  const { timeout } = course;
  const cancel = timeout === undefined ? () => {} : systemTimers.after(timeout * 1000, () => patience.abort());
  const release = await lock(whose.folder, course.channel, waiting, patience.signal).catch((error: unknown) => {
    if (!patience.signal.aborted) throw error;
    fail(command, course, '_late', `process ${holder} has not ended: nothing was done (_late)`);
    return null;
  });
  cancel();
  if (release === null) return;
  const waitedMs = performance.now() - beganMs;
  try {
    const profile = await course.profile(whose);
    if (profile !== null) await inSession(command, whose, course, profile, waitedMs);
  } finally {
    await release();
  }
}

/** Through one server after the other, until one lets us in. */
async function inSession(
  command: Command,
  whose: Whose,
  course: Course,
  profile: Profile,
  waitedMs: number,
): Promise<void> {
  const beganMs = performance.now() - waitedMs;
  const { carried, through = null } = course;
  const servers = carried === undefined ? new Map<string, string | null>() : await readServers(whose.folder);
  const ways = waysOf(profile, carried === undefined ? null : { servers, ...carried }, through);
  for (const [domain, { pending }] of profile.kept.visits) {
    if (pending.length > 0 && domain !== through)
      complain(
        command,
        `not answered yet, of what was said through ${domain}: ${pending.length} (p3do pending); signed words are said again, whoever carries them, other things by --through ${domain}`,
      );
  }
  let now = profile;
  for (const way of ways) {
    const visited = way.at === null ? null : { domain: way.at, server: servers.get(way.at) ?? null };
    if (!(await attempt(command, whose, course, now, { visited, isLast: way.isLast, beganMs }))) return;
    // What the last one has kept.
    now = (await Profile.open(whose)) ?? now;
  }
}

/** One server to speak through. */
interface Attempt {
  readonly visited: { readonly domain: string; readonly server: string | null } | null;
  readonly isLast: boolean;
  readonly beganMs: number;
}

/** Gives true where nobody has let us in, and another server is to be tried. */
async function attempt(
  command: Command,
  whose: Whose,
  course: Course,
  profile: Profile,
  { visited, isLast, beganMs }: Attempt,
): Promise<boolean> {
  const domain = visited?.domain ?? whose.domain;
  const { channel, registration = null, heardMax } = course;
  const progress = new Progress(command);
  let isDone = false;
  let isSent = false;
  /** What was told of the last loss, so that trying again for an hour is told once. */
  let lost = '';
  /** Why the server was not reached, until it is. */
  let reason: string | null = null;
  let wasProved = false;
  let isElsewhere = false;
  let failures = 0;
  const proxy = proxyFor(course.proxy, profile.proxy);
  const goElsewhere = (why: string): void => {
    // Whoever was let in may have said it already; what is published is the same wherever it is said again.
    const isAnywhere = course.carried !== undefined && isFeed(course.carried.target);
    if (isLast || isDone || shell.isProved || (!isAnywhere && (isSent || wasProved))) return;
    isElsewhere = isDone = true;
    complain(command, `${why}; trying another server`);
    shell.stop();
  };
  const putOut = new PutOut();
  const shell = sessionOf(profile, {
    channel,
    registration,
    ...(heardMax === undefined ? {} : { heardMax }),
    proxy,
    visited,
    reached(error) {
      reason = error === null ? null : unreached(visited?.server ?? profile.server ?? domain, error);
      if (visited !== null)
        reason = reason?.replace('use --server', `p3do servers add ${domain} --server says where it is`) ?? null;
      if (reason !== null && ++failures >= FAILURES_MAX) goElsewhere(reason);
    },
    output(output, at) {
      progress.take(output);
      isSent ||= output.kind === 'sent';
      if (isDone) return;
      if (output.kind === 'ready' && visited !== null) tellVisit(command, course, whose, domain);
      wasProved ||= output.kind === 'ready';
      if (output.kind === 'over' && visited !== null) goElsewhere(`${domain}: ${explained(output.code, output.by)}`);
      if (isElsewhere) return;
      if (output.kind === 'lost') {
        const why = reason ?? `the circuit is lost: ${explained(output.code)}`;
        if (why !== lost) hearLoss(command, course, output, why);
        lost = why;
      } else hear(command, course, output, profile, putOut);
      if (output.kind === 'ready') lost = '';
      isDone = course.told(output, at) || output.kind === 'over';
      if (isDone) at.stop();
    },
  });
  const finish = (code: string, said: string): void => {
    // Between two servers nothing is done yet.
    if (isDone && !isElsewhere) return;
    isElsewhere = false;
    isDone = true;
    const text = [said, course.late?.(isSent)].filter((part) => part).join(': ');
    if (course.late !== null) fail(command, course, code, text);
    // Whoever only listens has waited for nothing where nobody has let him in.
    else if (code === '_late' && !wasProved) fail(command, course, code, reason ?? 'no server has let us in');
    else if (text !== '') complain(command, text);
    shell.stop();
  };
  const interrupt = (): void => finish('_interrupted', 'interrupted');
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt);
  const late = (): void => finish('_late', '');
  const spentMs = performance.now() - beganMs;
  const { timeout } = course;
  const cancel = timeout === undefined ? () => {} : systemTimers.after(Math.max(timeout * 1000 - spentMs, 0), late);
  const cancelNotice = systemTimers.after(proxy === null ? noticeMs : proxiedNoticeMs, () =>
    goElsewhere(`${domain} does not answer`),
  );
  try {
    course.begin?.(shell, visited?.domain ?? null, profile);
    await shell.run();
    return isElsewhere;
  } finally {
    cancel();
    cancelNotice();
    progress.end();
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
  }
}

/** Whose name it is said in, and by whom it is carried, is never left to be guessed. */
function tellVisit(command: Command, { json }: Course, { nick, domain }: Whose, visited: string): void {
  if (json) stdout.write(jsonLine({ kind: 'visiting', domain: visited }));
  else complain(command, `through ${visited}, as ${nick}@${domain}`);
}

/** What every command tells alike. */
function hear(command: Command, course: Course, output: Output, { kept, whose }: Profile, putOut: PutOut): void {
  // That it is over is no refusal of something.
  if (output.kind !== 'over' && course.excusesRefusal?.(output) === true) return;
  const notice = output.kind === 'expelled' ? putOut.lineOf(output) : noticeLine(output);
  if (notice !== null) {
    if (course.json) stdout.write(jsonLine(output));
    else complain(command, notice);
  } else if (output.kind === 'refused' || output.kind === 'over') {
    const { kind, code, by } = output;
    if (kind === 'over' && course.excuses?.(code) === true) return;
    if (course.json) stdout.write(jsonLine(output));
    // Of one's own server nobody else says whose key it is.
    const isOwnKey = kind === 'over' && code === '_trust_changed_key';
    const what = kind === 'refused' ? `${nameOf(output.target)}: ` : isOwnKey ? `${whose.domain}: ` : '';
    const isElsewhere = kind === 'over' && output.detail !== undefined;
    const text = isElsewhere
      ? `that server is ${output.detail}: look at --server (${code})`
      : kind === 'refused'
        ? putOut.explained(output)
        : explained(code, by);
    const meant =
      kind === 'refused' && code === '_unknown_target' ? meantOf(output.target, knownIn(kept), isBy(output)) : null;
    fail(command, course, code, `${what}${text}${meant === null ? '' : `; did you mean ${nameOf(meant)}?`}`);
  }
}

/** Whether it is the target's own domain that says so. */
const isBy = ({ target, by }: { readonly target: string; readonly by: string | null }): boolean =>
  by !== null && target.startsWith(`psyc://${by}/`);

function hearLoss(command: Command, { json }: Course, output: Output, reason: string): void {
  if (json) stdout.write(jsonLine({ ...output, reason }));
  else complain(command, `${reason}; trying again`);
}

/** What is waited for, told once it takes over a second. */
class Progress {
  readonly #command: Command;
  #cancel: (() => void) | null = null;
  /** What was told last: trying again is no news. */
  #told = '';

  constructor(command: Command) {
    this.#command = command;
  }

  take(output: Output): void {
    if (output.kind === 'lost') return;
    this.end();
    if (output.kind !== 'progress') return;
    const text = `${output.state}: ${nameOf(output.of)} …`;
    if (text === this.#told) return;
    this.#cancel = systemTimers.after(1000, () => {
      this.#told = text;
      complain(this.#command, text);
    });
  }

  end(): void {
    this.#cancel?.();
    this.#cancel = null;
  }
}
