/** The p3do command as people type it, run for a scene: shown with what it answers, or quietly. docs/operating.md#a-scene-about-keys */
import { execFile } from 'node:child_process';
import { PASSPHRASE } from './resident.ts';
import type { Screen } from './screen.ts';

/** Why a scene cannot go on: a command has failed that never should. */
export class SceneError extends Error {
  override readonly name = 'SceneError';
  readonly code = '_scene_failed';
}

/** What a command said, on both ways, and how it ended. */
export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly complaints: string;
}

/** A word as a shell takes it. */
const quoted = (word: string): string => (/^[\w@.:/=-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`);

/** All commands of one P3DO_HOME. */
export class Commands {
  readonly #command: string;
  readonly #home: string;
  readonly #screen: Screen;
  readonly #given: AbortSignal;
  readonly #running = new Set<Promise<unknown>>();

  /** `command`: the file, for Node. `given`: aborted when all is to end. */
  constructor(command: string, home: string, screen: Screen, given: AbortSignal) {
    this.#command = command;
    this.#home = home;
    this.#screen = screen;
    this.#given = given;
  }

  /** Runs it in silence. Throws SceneError when it fails. */
  async quiet(...args: string[]): Promise<Ran> {
    const ran = await this.#run(args);
    if (ran.code !== 0) throw new SceneError(`p3do ${args.map(quoted).join(' ')}: ${ran.out}${ran.complaints}`);
    return ran;
  }

  /** Runs it before everybody's eyes. Throws SceneError when it fails. */
  async shown(...args: string[]): Promise<Ran> {
    this.#screen.say(`  $ p3do ${args.map(quoted).join(' ')}`, '      ');
    const ran = await this.quiet(...args);
    for (const line of `${ran.complaints}${ran.out}`.trimEnd().split('\n')) this.#screen.say(`  ${line}`, '      ');
    this.#screen.tell({ kind: 'command', args, out: ran.out, complaints: ran.complaints });
    return ran;
  }

  /** Resolves when none runs any more. */
  async over(): Promise<void> {
    await Promise.allSettled(this.#running);
  }

  #run(args: readonly string[]): Promise<Ran> {
    const { DATABASE_URL: _url, ...own } = process.env;
    const env = { ...own, P3DO_HOME: this.#home, P3DO_PASSPHRASE: PASSPHRASE };
    const running = new Promise<Ran>((resolve) => {
      execFile(process.execPath, [this.#command, ...args], { env, signal: this.#given }, (error, out, complaints) => {
        resolve({ code: error === null ? 0 : Number(error.code), out, complaints });
      });
    });
    this.#running.add(running);
    void running.then(() => this.#running.delete(running));
    return running;
  }
}
