/** What one person of a town says and asks: a session on the side channel while anything is unanswered, so that other commands get their turn. docs/operating.md#playground */
import type { Profile } from '../../client/profile/profile.ts';
import type { Release } from '../../client/profile/lock.ts';
import type { Command, Output } from '../../client/session/events.ts';
import type { SessionShell } from '../../client/session/shell.ts';
import type { Proxy } from '../../server/transport/socks.ts';
import { systemTimers } from '../../server/transport/timers.ts';
import { sessionOf } from '../person/session.ts';

/** How long an answer is waited for; then it is under way, and whoever wished it is told when it comes. */
const ANSWER_MS_MAX = 10_000;

/** A command without its number. */
export type Wish = Command extends infer C ? (C extends Command ? Omit<C, 'command'> : never) : never;

/** What it needs of its person. */
export interface Speaker {
  readonly proxy: Proxy | null;
  readonly profile: () => Promise<Profile>;
  readonly lock: () => Promise<Release>;
  /** Told of what belongs to no wish. */
  readonly told: (output: Output) => void;
}

interface Wished {
  readonly wish: Wish;
  readonly told: (output: Output) => void;
  readonly done: (output: Output | null) => void;
  readonly failed: (error: unknown) => void;
  /** Whether nobody waits for it any more. */
  isLate: boolean;
}

/** A voice, until it is hushed. */
export class Voice {
  readonly #speaker: Speaker;
  readonly #wished = new Map<number, Wished>();
  #last = 0;
  #shell: SessionShell | null = null;
  #isRunning = false;
  #isHushed = false;

  constructor(speaker: Speaker) {
    this.#speaker = speaker;
  }

  /**
   * What becomes of a wish; null: nobody has answered yet, and it is under way. `told` is told of what comes before. Rejects where
   * no session can be begun, as without the profile's folder.
   */
  async wish(wish: Wish, told: (output: Output) => void = () => {}): Promise<Output | null> {
    if (this.#isHushed) return null;
    const command = ++this.#last;
    const outcome = new Promise<Output | null>((done, failed) =>
      this.#wished.set(command, { wish, told, done, failed, isLate: false }),
    );
    const cancel = systemTimers.after(ANSWER_MS_MAX, () => this.#late(command));
    this.#shell?.tell({ kind: 'command', command: { ...wish, command } });
    if (!this.#isRunning) void this.#run();
    return outcome.finally(cancel);
  }

  /** Says nothing more. */
  async hush(): Promise<void> {
    this.#isHushed = true;
    for (const command of [...this.#wished.keys()]) this.#finish(command, null);
    this.#shell?.stop();
  }

  /** One session after the other, as long as anything is wished. */
  async #run(): Promise<void> {
    this.#isRunning = true;
    try {
      while (this.#wished.size > 0) await this.#session();
    } catch (error) {
      for (const { failed } of this.#wished.values()) failed(error);
      this.#wished.clear();
    } finally {
      this.#isRunning = false;
    }
  }

  async #session(): Promise<void> {
    const release = await this.#speaker.lock();
    try {
      const profile = await this.#speaker.profile();
      if (this.#wished.size === 0) return;
      const shell = sessionOf(profile, {
        channel: 'side',
        registration: null,
        proxy: this.#speaker.proxy,
        output: (output) => this.#take(output),
      });
      this.#shell = shell;
      for (const [command, { wish }] of this.#wished) shell.tell({ kind: 'command', command: { ...wish, command } });
      await shell.run();
    } finally {
      this.#shell = null;
      await release();
    }
  }

  #take(output: Output): void {
    if (output.kind === 'over') {
      for (const command of [...this.#wished.keys()]) this.#finish(command, output);
      return;
    }
    const command = 'command' in output ? output.command : null;
    const wished = command === null ? undefined : this.#wished.get(command);
    if (wished === undefined || command === null) this.#speaker.told(output);
    else if (ends.has(output.kind)) this.#finish(command, output);
    else wished.told(output);
  }

  #late(command: number): void {
    const wished = this.#wished.get(command);
    if (wished === undefined) return;
    wished.isLate = true;
    wished.done(null);
  }

  #finish(command: number, output: Output | null): void {
    const wished = this.#wished.get(command);
    this.#wished.delete(command);
    if (wished?.isLate !== true) wished?.done(output);
    else if (output?.kind === 'stored') this.#speaker.told({ ...output, kind: 'stored before' });
    else if (output?.kind === 'refused') this.#speaker.told({ ...output, command: null });
    if (this.#wished.size > 0) return;
    this.#shell?.stop();
    this.#shell = null;
  }
}

const ends: ReadonlySet<Output['kind']> = new Set(['stored', 'entered', 'left', 'page', 'status', 'refused']);
