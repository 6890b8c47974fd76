/** The people of a town: a guest, and two who follow a script and answer. docs/operating.md#playground */
import type { Heard, Output } from '../../client/session/events.ts';
import { nameOf } from '../person/show.ts';
import { answerersOf, replyTo } from './replies.ts';
import type { Resident } from './resident.ts';

/** Answers of one of them that wait to be said; what comes then is not answered. */
const WAITING_MAX = 8;

interface Waiting {
  readonly of: Resident;
  readonly holds: (heard: Heard) => boolean;
  readonly done: (heard: Heard | null) => void;
}

/** Who is in a town, and what they hear. */
export class Circle {
  readonly guest: Resident;
  readonly place: string;
  readonly #scripted: readonly Resident[];
  /** Members of places by what the guest has heard, in order. */
  readonly #members = new Map<string, Set<string>>();
  readonly #waiting = new Set<Waiting>();
  readonly #answering = new Map<Resident, number>();
  /** Whether they answer already: during the scripted conversation they have their own to say. */
  isAnswering = false;

  constructor(guest: Resident, scripted: readonly Resident[], place: string) {
    this.guest = guest;
    this.#scripted = scripted;
    this.place = place;
  }

  get all(): readonly Resident[] {
    return [...this.#scripted, this.guest];
  }

  byNick(nick: string): Resident {
    return this.#scripted.find(({ whose }) => whose.nick === nick)!;
  }

  /** All are let in and hear; what the guest hears is told. */
  async listen(told: (output: Output) => void): Promise<void> {
    await Promise.all(
      this.all.map((resident) =>
        resident.listen((output) => {
          if (resident === this.guest) {
            this.#note(output);
            told(output);
          } else if (output.kind === 'heard') this.#answer(resident, output);
          if (output.kind === 'heard') this.#heard(resident, output);
        }),
      ),
    );
  }

  /** Resolves with the next that one of them hears and for which it holds; null: too late. */
  heardBy(of: Resident, holds: (heard: Heard) => boolean, delayMs: number): Promise<Heard | null> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => waiting.done(null), delayMs);
      const waiting: Waiting = {
        of,
        holds,
        done: (heard) => {
          clearTimeout(timer);
          this.#waiting.delete(waiting);
          resolve(heard);
        },
      };
      this.#waiting.add(waiting);
    });
  }

  /** Resolves when the guest has heard the answers to what he says now; to be called before he says it. */
  async answered(target: string, text: string, delayMs: number): Promise<void> {
    const isPlace = target === this.place;
    const who = isPlace ? this.#answerersTo(text) : this.#scripted.filter(({ person }) => person === target);
    const place = isPlace ? target : null;
    await Promise.all(
      who.map(({ person }) =>
        this.heardBy(this.guest, (heard) => heard.author === person && heard.place === place, delayMs),
      ),
    );
  }

  /** Whose uniforms are known: those who live here, and who was heard. */
  get people(): readonly string[] {
    const others = [...this.#members.values()].flatMap((members) => [...members]);
    return [...new Set([...this.all.map(({ person }) => person), ...others])];
  }

  /** All of them: nobody else comes here. */
  get named(): readonly string[] {
    return this.people;
  }

  async leave(): Promise<void> {
    for (const waiting of [...this.#waiting]) waiting.done(null);
    await Promise.all(this.all.map((resident) => resident.leave()));
  }

  #note(output: Output): void {
    if (output.kind === 'entered' || output.kind !== 'member') return;
    const members = this.#members.get(output.place) ?? new Set();
    if (output.isHere) members.add(output.member);
    else members.delete(output.member);
    this.#members.set(output.place, members);
    if (!output.isHere && output.member === this.guest.person) this.#members.delete(output.place);
  }

  #heard(of: Resident, heard: Heard): void {
    for (const waiting of [...this.#waiting]) if (waiting.of === of && waiting.holds(heard)) waiting.done(heard);
  }

  #answerersTo(text: string): readonly Resident[] {
    const named = answerersOf(
      text,
      this.#scripted.map(({ whose }) => whose),
    );
    return this.#scripted.filter(({ whose }) => named.includes(whose));
  }

  #answer(me: Resident, { place, author, word, text, isOld, command }: Heard): void {
    const isTheirs = this.#scripted.some(({ person }) => person === author);
    if (!this.isAnswering || isTheirs || text === null || isOld || command !== null || word.kind !== 'author') return;
    if (place !== null && !this.#answerersTo(text).includes(me)) return;
    const waiting = this.#answering.get(me) ?? 0;
    if (waiting >= WAITING_MAX) return;
    this.#answering.set(me, waiting + 1);
    const said = { text, isPrivate: place === null, author: nameOf(author), key: me.pinned.get(author) ?? null };
    const finish = (): void => void this.#answering.set(me, (this.#answering.get(me) ?? 1) - 1);
    me.do({ kind: 'say', target: place ?? author, text: replyTo(said, me.whose) }).then(finish, finish);
  }
}
