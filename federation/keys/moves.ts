/** Who has had which name before, by the word of the key that is pinned for it. docs/spec/people.md#what-servers-do-with-it */
import { decodeText, encodeText, equalBytes } from '../../psyc/bytes.ts';
import type { Desk } from '../desk.ts';
import type { PkiAnswer, ToldMove } from './pki.ts';
import { NamedTurns } from '../named-turns.ts';
import { type Records, readRecords, record } from '../records.ts';
import type { Witnesses } from '../trust/witnesses.ts';

/** What entities ask about whoever speaks to them. */
export interface FormerNames {
  /** Names that a person has had, the last one first, as was known when his keys came. */
  namesBefore(person: string): readonly string[];
  /** Whether he has had a name, as his home says now and the key pinned for that name; null: nobody knows now. */
  wasNamed(person: string, name: string, found: (isSo: boolean | null) => void): void;
}

/** Where somebody went from a name, or came from to it. */
interface Step {
  readonly other: string;
  /** Of the old key's moves. */
  readonly counter: number;
  readonly timeMs: number;
}

type Named = PkiAnswer & { readonly kind: 'named' };

/** One node's. */
export class Moves {
  readonly #desk: Desk;
  readonly #witnesses: Witnesses;
  /** Moves of one name one after the other: each is judged by what was heard before it. */
  readonly #writing: NamedTurns;

  constructor(desk: Desk, witnesses: Witnesses) {
    this.#desk = desk;
    this.#witnesses = witnesses;
    this.#writing = new NamedTurns({ ofName: desk.options.federationLimits.authorsAskedMax });
  }

  /** His home tells a move together with his keys, which are judged: what is good of it is kept before `done`. */
  learn(person: string, key: Uint8Array, move: ToldMove, done: () => void): void {
    this.#desk.askPki({ kind: 'move name', move }, (answer) => {
      if (answer.kind !== 'named') done();
      // A home can invent as many old names as it likes: keys are read, and others asked, for one that is known.
      else
        this.#knows(person, answer, (isKnown) => {
          if (isKnown) this.#judge(person, key, answer.from, move, done);
          else done();
        });
    });
  }

  /** Whether the key is pinned for that name, or the person was believed to have come from it. */
  #knows(person: string, { from, fingerprint }: Named, found: (isKnown: boolean) => void): void {
    readRecords(this.#desk, from, (old) => {
      const pinned = old?.get('fingerprint');
      if (pinned !== undefined && equalBytes(pinned, fingerprint)) found(true);
      else readRecords(this.#desk, person, (own) => found(own !== null && stepIn(own, 'came from')?.other === from));
    });
  }

  /** Others may have heard that the old key was taken back. */
  #judge(person: string, key: Uint8Array, from: string, move: ToldMove, done: () => void): void {
    this.#witnesses.ask(from, ({ keys: others }) => {
      this.#desk.askPki({ kind: 'move', person, key, known: null, move, others }, (answer) => {
        if (answer.kind === 'moved') this.#take(person, answer, done);
        else if (answer.kind === 'refused' && answer.code === '_revoked_key') this.#forget(person, done);
        else done();
      });
    });
  }

  /** The names that lead to this one, the last one first, `movesMax` at most: each step back is older than the one before, so no name comes twice. */
  namesOf(person: string, found: (names: readonly string[]) => void): void {
    const names: string[] = [];
    const go = (name: string): void => {
      this.#nameBefore(name, (before) => {
        if (before === null) found(names);
        else {
          names.push(before);
          if (names.length < this.#desk.options.federationLimits.movesMax) go(before);
          else found(names);
        }
      });
    };
    go(person);
  }

  /** null: he came from nowhere, or the store does not say. */
  #nameBefore(name: string, found: (before: string | null) => void): void {
    readRecords(this.#desk, name, (records) => {
      const came = records === null ? null : stepIn(records, 'came from');
      if (came === null) {
        found(null);
        return;
      }
      readRecords(this.#desk, came.other, (ofOther) => {
        const went = ofOther === null ? null : departure(ofOther);
        found(went?.other === name ? came.other : null);
      });
    });
  }

  #take(person: string, moved: PkiAnswer & { readonly kind: 'moved' }, done: () => void): void {
    const isTaken = this.#writing.take(moved.from, (over) =>
      this.#keep(person, moved, () => {
        over();
        done();
      }),
    );
    // He tells it again with his keys.
    if (!isTaken) done();
  }

  #keep(
    person: string,
    { from, fingerprint, counter, timeMs }: PkiAnswer & { readonly kind: 'moved' },
    over: () => void,
  ): void {
    readRecords(this.#desk, from, (old) => {
      const pinned = old?.get('fingerprint');
      // Of whom nothing is pinned anybody could say so.
      if (old === null || pinned === undefined || !equalBytes(pinned, fingerprint)) {
        over();
        return;
      }
      const last = stepIn(old, 'moved to');
      // The first that was heard of two with one number.
      if (last !== null && last.counter >= counter) {
        over();
        return;
      }
      readRecords(this.#desk, person, (own) => {
        const came = own === null ? null : stepIn(own, 'came from');
        // Who lived at two places before says so of the newer one.
        if (own === null || (came !== null && came.timeMs > timeMs)) {
          over();
          return;
        }
        const operations = [
          record(from, 'moved to', rendered({ other: person, counter, timeMs })),
          record(person, 'came from', rendered({ other: from, counter, timeMs })),
        ];
        this.#desk.ask({ kind: 'write', operations }, over);
      });
    });
  }

  /** One of both keys has been taken back: that one followed the other is nobody's word any more. */
  #forget(person: string, done: () => void): void {
    this.#desk.ask({ kind: 'write', operations: [record(person, 'came from', new Uint8Array(0))] }, done);
  }
}

/** Where somebody has gone from a name, unless he has come back since. */
function departure(records: Records): Step | null {
  const [went, came] = [stepIn(records, 'moved to'), stepIn(records, 'came from')];
  return went !== null && (came === null || came.timeMs < went.timeMs) ? went : null;
}

const rendered = ({ other, counter, timeMs }: Step): Uint8Array => encodeText(`${other} ${counter} ${timeMs}`);

function stepIn(records: Records, name: 'moved to' | 'came from'): Step | null {
  const [other = '', counter, timeMs] = decodeText(records.get(name) ?? new Uint8Array(0)).split(' ');
  return other === '' ? null : { other, counter: Number(counter), timeMs: Number(timeMs) };
}
