/** A session in which one thing is asked after the other, each when the one before is answered. docs/spec/friends.md#at-home */
import type { Command } from 'commander';
import type { Act, Command as Asked, Output, Said } from '../../client/session/events.ts';
import type { SessionShell } from '../../client/session/shell.ts';
import type { Packet } from '../../psyc/packet.ts';
import type { Value } from '../../psyc/render.ts';
import { type Found, Finder, type Named } from './publication.ts';
import { converse, type Course, registered, type Shared, whoseOf } from './conversation.ts';

/** One of the things that were told. */
export interface Told {
  readonly packet: Packet;
  readonly words: ReadonlyMap<string, Said>;
}

/** What is asked, without its number. */
type Asking = Omit<Extract<Asked, { kind: 'ask' }>, 'kind' | 'command' | 'entity'> & {
  readonly entity?: Readonly<Record<string, Value>>;
  /** Codes that are an answer too; others are told, and the command has failed. */
  readonly excused?: readonly string[];
};

interface Open {
  readonly told: Told[];
  readonly excused: readonly string[];
  answer(answer: Told[] | string | null): void;
}

/** The number of what is looked for. */
const FINDING = 0;

/** What comes once, and ends what was asked. */
const over: ReadonlySet<string> = new Set(['refused', 'stored', 'done', 'entered']);

/** Whose session it is, and what is asked in it. */
export class Talk {
  /** `psyc://domain/~nick`. */
  readonly person: string;
  readonly #shell: SessionShell;
  readonly #open = new Map<number, Open>();
  #commands = 0;
  /** What is being looked for. */
  #finding: { readonly finder: Finder; found(found: Found | null): void } | null = null;

  constructor(person: string, shell: SessionShell) {
    this.person = person;
    this.#shell = shell;
  }

  /** What is told, the echo last; a code that was excused; null: it was refused, and that has been told. */
  ask({ excused = [], entity = {}, ...asking }: Asking): Promise<Told[] | string | null> {
    return this.#begin(excused, (command) => ({ kind: 'ask', command, entity, ...asking }));
  }

  /** The same of one's own home, where nothing is excused. */
  async askHome(method: string, entity: Readonly<Record<string, string>> = {}): Promise<Told[] | null> {
    const answer = await this.ask({ target: this.person, method, entity });
    return typeof answer === 'string' ? null : answer;
  }

  /** Says something about friendship: whether it is stored, or a code that was excused. */
  async befriend(
    kind: 'befriend' | 'unfriend',
    target: string,
    excused: readonly string[] = [],
  ): Promise<boolean | string> {
    const answer = await this.#begin(excused, (command) => ({ kind, command, target }));
    return typeof answer === 'string' ? answer : answer !== null;
  }

  /** Asks a place for something, or to be let in: whether it is done, or a code that was excused. */
  async atPlace(
    asked: { readonly kind: 'enter' } | { readonly kind: 'act'; readonly act: Act },
    place: string,
    excused: readonly string[] = [],
  ): Promise<boolean | string> {
    const answer = await this.#begin(excused, (command) => ({ ...asked, command, place }));
    return typeof answer === 'string' ? answer : answer !== null;
  }

  /** Looks for what is named in somebody's publications; null: there is no such, or it was refused, which has been told. */
  find(feed: string, named: Named): Promise<Found | null> {
    const finder = new Finder(this.#shell, feed, named, FINDING);
    return new Promise((found) => {
      this.#finding = { finder, found };
      finder.begin();
    });
  }

  /** Whether this is an answer that the command goes on with, instead of telling it. */
  excuses(output: Output): boolean {
    if (output.kind !== 'refused' || output.command === null) return false;
    return this.#open.get(output.command)?.excused.includes(output.code) === true;
  }

  /** Whether it is a refusal of something that was asked here. */
  owns(output: Output): boolean {
    return output.kind === 'refused' && output.command !== null && this.#open.has(output.command);
  }

  /** Whether it is an answer to what was asked here. */
  take(output: Output): boolean {
    if (!('command' in output) || output.command === null) return false;
    if (output.command === FINDING) {
      const found = output.kind === 'refused' ? null : this.#finding?.finder.take(output);
      if (found !== undefined) this.#finding?.found(found);
      return true;
    }
    const open = this.#open.get(output.command);
    if (open === undefined) return false;
    if (output.kind === 'told') open.told.push(output);
    const isOver = over.has(output.kind) || (output.kind === 'told' && output.isLast);
    if (!isOver) return true;
    this.#open.delete(output.command);
    if (output.kind === 'refused') open.answer(open.excused.includes(output.code) ? output.code : null);
    else open.answer(open.told);
    return true;
  }

  #begin(excused: readonly string[], asking: (command: number) => Asked): Promise<Told[] | string | null> {
    const command = ++this.#commands;
    return new Promise((answer) => {
      this.#open.set(command, { told: [], excused, answer });
      this.#shell.tell({ kind: 'command', command: asking(command) });
    });
  }
}

/** Runs `course` in a session on the side channel, and ends it when the course is over. What fails is told. */
export async function talk(
  command: Command,
  options: Shared,
  course: (talk: Talk) => Promise<void>,
  late = (): string => 'nobody has answered',
  more: Partial<Pick<Course, 'profile' | 'excuses' | 'carried' | 'through'>> = {},
): Promise<void> {
  const whose = await whoseOf(command, options.as);
  let one: Talk | null = null;
  const ending: Promise<void>[] = [];
  await converse(command, whose, {
    ...options,
    timeout: options.timeout ?? 60,
    channel: 'side',
    late,
    profile: () => registered(command, whose, options),
    ...more,
    begin(shell) {
      one = new Talk(`psyc://${whose.domain}/~${whose.nick}`, shell);
      const running = course(one);
      const finish = (): void => {
        ending.push(running);
        shell.stop();
      };
      running.then(finish, finish);
    },
    excusesRefusal: (output) => one?.excuses(output) === true,
    told(output) {
      one?.take(output);
      return false;
    },
  });
  // Where it was never finished, why has been told.
  await Promise.all(ending);
}
