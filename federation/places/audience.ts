/** The local members of a place elsewhere: they hear what it multicasts over its link. docs/spec/places.md#audiences */
import { covers, putOutBy, readAct } from '../../publication/act.ts';
import type { Operation } from '../../store/store.ts';
import { type Desk, type Entity, lease } from '../desk.ts';
import { domainOf, entityOf, type Letter, keepLetter, newLetter } from '../letter.ts';
import { membershipEcho } from '../methods.ts';
import { nodeUniform } from '../waking.ts';
import { Roll } from './roll.ts';

/** Names of one write. */
const MEMBERS_OF_WRITE = 256;

/** One context of another domain, as far as people here are members. */
export class Audience implements Entity {
  readonly #context: string;
  readonly #desk: Desk;
  readonly #roll: Roll;
  readonly #pass: (letter: Letter) => void;
  readonly #left: () => void;
  /** Sequence of the newest word on each person, which an older one does not change. */
  readonly #heard = new Map<string, number>();
  /** The newest row that has put out everybody here. */
  #allOut = 0;
  /** Who is being written down as a member, and since when. */
  readonly #coming = new Map<string, number>();
  /** The newest row that was passed on; -1: none in this life. */
  #highest = -1;
  /** Rows that were lost, and have not come again. */
  readonly #lost = new Map<number, { readonly sinceMs: number }>();
  /** Those behind them, by their number. */
  readonly #ahead = new Map<number, Letter>();
  #enrolling = 0;
  /** Whom a row has put out, and which, until the store has it: it is acknowledged then. */
  readonly #outcasts = new Map<string, number>();
  /** Words that are on their way to the store, as many as `#enrolling` at most. */
  readonly #writing = new Set<string>();

  /** `pass` hands a letter to the person it names; `left`: there is no member here, and it may be forgotten. */
  constructor(context: string, desk: Desk, pass: (letter: Letter) => void, left: () => void) {
    this.#context = context;
    this.#desk = desk;
    this.#pass = pass;
    this.#left = left;
    this.#roll = new Roll(
      context,
      desk,
      () => {},
      (letter) => this.#taken(letter),
      { settled: () => this.#leave() },
    );
    this.#roll.load();
  }

  take(letter: Letter): void {
    if (letter.isLost === true || (!this.#roll.isKnown && !this.#roll.hold(letter))) {
      if (letter.routing.has('_context')) this.#lose(letter);
      return;
    }
    if (!this.#roll.isKnown) return;
    this.#taken(letter);
    this.#leave();
  }

  get isIdle(): boolean {
    return this.#roll.isKnown && this.#roll.heldCount === 0 && this.#enrolling === 0 && this.#outcasts.size === 0;
  }

  queues(): [string, number][] {
    return [
      ['members', this.#roll.members.size],
      ['letters', this.#roll.heldCount + this.#enrolling],
      ['ahead', this.#ahead.size],
      ['lost', this.#lost.size],
    ];
  }

  #taken(letter: Letter): void {
    if (letter.routing.has('_context')) this.#multicast(letter);
    else this.#enrol(letter);
  }

  /** Others may name as many contexts as they like: what nobody here is a member of is not kept. */
  #leave(): void {
    if (this.isIdle && this.#roll.members.size === 0) this.#left();
  }

  #multicast(letter: Letter): void {
    const counter = Number(letter.routing.get('_counter') ?? Number.NaN);
    if (!Number.isSafeInteger(counter)) return;
    this.#lost.delete(counter);
    if (counter > this.#gap) this.#wait(letter, counter);
    else this.#show(letter, counter);
    this.#goOn();
  }

  /** The first row that was lost and has not come since. */
  get #gap(): number {
    return Math.min(...this.#lost.keys());
  }

  /** A row for which there was no room: it may put out whoever would hear those behind it. */
  #lose({ routing }: Letter): void {
    const row = Number(routing.get('_counter') ?? Number.NaN);
    if (!Number.isSafeInteger(row) || row <= this.#highest || this.#ahead.has(row)) return;
    const hasRoom = this.#lost.has(row) || this.#lost.size < this.#desk.options.federationLimits.lettersMax;
    if (hasRoom) this.#lost.set(row, { sinceMs: this.#desk.nowMs });
  }

  /** It is shown, and acknowledged, behind what was lost. */
  #wait(letter: Letter, row: number): void {
    if (!this.#ahead.has(row)) this.#ahead.set(row, keepLetter(letter));
    if (this.#ahead.size > this.#desk.options.federationLimits.lettersMax) {
      this.#ahead.delete(Math.max(...this.#ahead.keys()));
    }
    // Whatever is still sent comes again in half of this time.
    const { resendMsMax } = this.#desk.options.deliveryLimits;
    if (this.#desk.nowMs - this.#lost.get(this.#gap)!.sinceMs >= 2 * resendMsMax) this.#lost.delete(this.#gap);
  }

  #goOn(): void {
    const gap = this.#gap;
    for (const row of [...this.#ahead.keys()].sort((a, b) => a - b)) {
      if (row > gap) return;
      const letter = this.#ahead.get(row)!;
      this.#ahead.delete(row);
      this.#show(letter, row);
    }
  }

  #show(letter: Letter, counter: number): void {
    if (counter > this.#highest) {
      this.#highest = counter;
      this.#desk.postToAll(letter, this.#roll.local);
    }
    this.#putOut(letter, counter);
    const gone = [...this.#outcasts].flatMap(([person, row]) => (row === counter ? [person] : []));
    if (gone.length === 0) this.#acknowledge(counter);
    else this.#writeOut(gone, counter);
  }

  /** The row may put members out, who hear it, and nothing more: a place need not be believed for that, it could fall silent. */
  #putOut({ packet }: Letter, counter: number): void {
    const whom = putOutBy(readAct(packet));
    if (whom === null) return;
    if (whom === nodeUniform(this.#desk.domain)) this.#allOut = Math.max(this.#allOut, counter);
    // Also who is not known yet: the word that he has come may be behind, or on its way to the store.
    else if (domainOf(whom) === this.#desk.domain && counter > (this.#heard.get(whom) ?? 0)) this.#hear(whom, counter);
    for (const [person, since] of this.#roll.members) {
      if (!covers(whom, person) || Math.max(since, this.#coming.get(person) ?? 0) >= counter) continue;
      this.#roll.set(person, 0);
      this.#outcasts.set(person, counter);
    }
    for (const [person, since] of this.#coming) {
      if (covers(whom, person) && since < counter) this.#outcasts.set(person, counter);
    }
  }

  #writeOut(gone: readonly string[], counter: number): void {
    const asked = gone.slice(0, MEMBERS_OF_WRITE);
    const operations = asked.map((name): Operation => {
      return { op: 'member', context: this.#context, lease, name, sequence: 0 };
    });
    this.#enrolling++;
    this.#desk.ask({ kind: 'write', operations }, (outcome) => {
      this.#enrolling--;
      // Where it failed the row comes again, since nothing has acknowledged it.
      if (outcome.kind === 'written') {
        for (const person of asked) if (this.#outcasts.get(person) === counter) this.#outcasts.delete(person);
        const left = gone.slice(MEMBERS_OF_WRITE);
        if (left.length > 0) this.#writeOut(left, counter);
        else this.#acknowledge(counter);
      }
      this.#leave();
    });
  }

  #acknowledge(counter: number): void {
    // Not durable here: whoever misses it asks the place, whose log is the truth.
    const routing = { _source: nodeUniform(this.#desk.domain), _target: this.#context };
    this.#desk.post(newLetter({ routing, entity: { _sequence: String(counter) }, method: '_echo_context' }));
  }

  /** The place says that somebody here is a member, or is none any more: written down before he hears it. */
  #enrol(letter: Letter): void {
    const person = entityOf(letter.routing.get('_target') ?? '');
    const isEnter = membershipEcho(letter.packet.method) === 'enter';
    const sequence = Number(letter.packet.text('_sequence') ?? 0);
    const isNews = Number.isSafeInteger(sequence) && sequence > 0 && sequence >= this.#newsOf(person);
    const has = this.#roll.members.get(person) ?? 0;
    // Who comes back before we have heard that he was put out is a member since then: that row must not put him out.
    const isKnown = isEnter ? has >= sequence : has === 0;
    // The same word is on its way to the store: it may yet fail, and whoever waits for this echo asks again.
    if (!isNews && !isKnown && this.#writing.has(`${person} ${isEnter}`)) return;
    if (!isNews || isKnown) {
      if (isNews) this.#hear(person, sequence);
      this.#pass(letter);
      return;
    }
    const { federationLimits } = this.#desk.options;
    const isFull = has === 0 && this.#roll.members.size >= federationLimits.placeMembersMax;
    if (this.#enrolling >= federationLimits.lettersMax || isFull) return;
    this.#hear(person, sequence);
    this.#enrolling++;
    const word = `${person} ${isEnter}`;
    this.#writing.add(word);
    if (isEnter) this.#coming.set(person, sequence);
    const kept = keepLetter(letter);
    const since = isEnter ? sequence : 0;
    const member = { op: 'member', context: this.#context, lease, name: person, sequence: since } as const;
    this.#desk.ask({ kind: 'write', operations: [member] }, (outcome) => {
      this.#enrolling--;
      this.#writing.delete(word);
      if (this.#coming.get(person) === sequence) this.#coming.delete(person);
      // Silence when it failed: the echo is asked for again, and may then come with an older sequence.
      if (outcome.kind !== 'written') {
        if (this.#heard.get(person) === sequence) this.#heard.delete(person);
        this.#leave();
        return;
      }
      // Somebody may have put him out meanwhile: that is written behind it.
      if (!isEnter || sequence >= this.#newsOf(person)) {
        this.#roll.set(person, since);
        this.#outcasts.delete(person);
      }
      this.#pass(kept);
      this.#leave();
    });
  }

  /** The newest row that says something of him. */
  #newsOf(person: string): number {
    return Math.max(this.#heard.get(person) ?? 0, this.#allOut);
  }

  #hear(person: string, sequence: number): void {
    this.#heard.delete(person);
    this.#heard.set(person, sequence);
    const { placeMembersMax } = this.#desk.options.federationLimits;
    for (const name of this.#heard.keys()) {
      if (this.#heard.size <= placeMembersMax) return;
      this.#heard.delete(name);
    }
  }
}
