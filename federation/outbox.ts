/** What goes out of one log to one reader who acknowledges: the outgoing delivery machine with its store. docs/spec/federation.md#outgoing */
import { backlogCount, hasRoom, newOutgoing, type Outgoing, startOutgoing, stepOutgoing } from '../circuit/outgoing.ts';
import type { OutgoingEffect, OutgoingEvent, OutgoingRow } from '../circuit/outgoing-events.ts';
import { parkedCount } from '../circuit/parking.ts';
import { copyBytes } from '../psyc/bytes.ts';
import type { Operation, Row } from '../store/store.ts';
import { type Desk, lease, type LinkChange } from './desk.ts';
import { refusalIn } from './inbox.ts';
import { type Letter, letterBytes, parseLetter } from './letter.ts';

/** A letter for a row, and what its acknowledgement is known by. */
export interface Outgoer {
  readonly letter: Letter;
  readonly author: string;
  /** Who answers; '' where one reader answers everything. */
  readonly target: string;
  readonly tag: string;
  readonly counter: number;
  /** When it is given up; absent: never. */
  readonly untilMs?: number;
}

/** A letter whose reader acknowledges the row by its sequence. */
export const bySequence = (letter: Letter, sequence: number): Outgoer => ({
  letter,
  author: '',
  target: '',
  tag: String(sequence),
  counter: sequence,
});

/** How rows of a log leave it. */
export interface OutboxOwner {
  /** What is sent for a row, and what its acknowledgement is known by. */
  outgoing(row: Pick<Row, 'sequence' | 'packet'>): Outgoer;
  /** Gives false when there is no room. */
  send(letter: Letter): boolean;
  /** It is known now how far the reader has got. */
  known?(): void;
  /** Nobody answered it in time. */
  gaveUp?(letter: Letter): void;
  /** The reader has everything: operations beside the mark that says so. */
  besideLast?(): Operation[];
}

/** A row that is ready to be sent. */
export function outgoingRow(owner: OutboxOwner, row: Pick<Row, 'sequence' | 'packet'>): OutgoingRow {
  const { letter, ...known } = owner.outgoing(row);
  return { sequence: row.sequence, ...known, packet: copyBytes(letterBytes(letter)) };
}

/** The outgoing side of one log to one reader, who is known by a mark. */
export class Outbox {
  readonly #context: string;
  readonly #mark: string;
  readonly #desk: Desk;
  readonly #owner: OutboxOwner;
  readonly #outgoing: Outgoing;
  /** An outbox that was given up hears no more answers. */
  #over = false;

  constructor(context: string, mark: string, desk: Desk, owner: OutboxOwner) {
    this.#context = context;
    this.#mark = mark;
    this.#desk = desk;
    this.#owner = owner;
    this.#outgoing = newOutgoing(desk.options.deliveryLimits);
  }

  /** Finds out how far the reader has got. */
  start(connected: boolean): void {
    if (connected) this.#outgoing.connected = true;
    this.#perform(startOutgoing(this.#outgoing));
  }

  /** Gives it up: the log and the mark stay. */
  stop(): void {
    this.#over = true;
  }

  /** Whether it is known how far the reader has got. */
  get isKnown(): boolean {
    return this.#outgoing.acknowledged !== -1;
  }

  /** Everything up to here is acknowledged. */
  get acknowledged(): number {
    return this.#outgoing.acknowledged;
  }

  /** Rows on their way. */
  get backlog(): number {
    return backlogCount(this.#outgoing);
  }

  /** Whether the log may grow by one more, `taken` being on their way into it. */
  hasRoom(taken: number): boolean {
    return hasRoom(this.#outgoing, taken);
  }

  /** Whether the reader has everything that is known to be there. */
  get isDone(): boolean {
    return this.isKnown && this.#outgoing.durableMark >= this.#outgoing.last;
  }

  /** Whether this is under way. */
  holds({ author, target, tag, counter }: Outgoer): boolean {
    return this.#outgoing.window.some(
      (sent) => sent.author === author && sent.target === target && sent.tag === tag && sent.counter === counter,
    );
  }

  changed(change: LinkChange): void {
    this.#tell({ kind: change });
  }

  appended(row: OutgoingRow): void {
    this.#tell({ kind: 'appended', row });
  }

  grown(last: number): void {
    this.#tell({ kind: 'grown', last });
  }

  /** It is there, or will never be taken; `target` is null where the peer says so for whatever target, `counter` where none is said. */
  answered(author: string, target: string | null, tag: string, counter: number | null): void {
    this.#tell({ kind: 'acknowledged', author, target, tag, counter });
  }

  /** The same of a row sent by its sequence. */
  answeredSequence(text: string): void {
    const sequence = Number(text);
    if (Number.isSafeInteger(sequence)) this.answered('', '', String(sequence), sequence);
  }

  queues(): [string, number][] {
    return [
      ['window', this.#outgoing.window.length],
      ['window bytes', this.#outgoing.windowBytes],
      ['parked', parkedCount(this.#outgoing.parking)],
    ];
  }

  #tell(event: OutgoingEvent): void {
    if (!this.#over) this.#perform(stepOutgoing(this.#outgoing, event, this.#desk.nowMs));
  }

  #perform(effects: readonly OutgoingEffect[]): void {
    const context = this.#context;
    for (const effect of effects) {
      switch (effect.kind) {
        case 'send':
          if (!this.#owner.send(parseLetter(effect.packet))) {
            this.#tell({ kind: 'refused', sequence: effect.sequence });
          }
          break;
        case 'marks':
          this.#desk.ask({ kind: 'marks', context }, (outcome) => {
            if (outcome.kind !== 'marks') {
              this.#tell({ kind: 'marks failed' });
              return;
            }
            const mark = outcome.marks.find(({ name }) => name === this.#mark)?.sequence ?? 0;
            this.#tell({ kind: 'marked', mark, last: outcome.last });
            if (!this.#over) this.#owner.known?.();
          });
          break;
        case 'read':
          this.#desk.ask({ kind: 'read', context, after: effect.after, rowsMax: effect.rowsMax }, (outcome) => {
            if (outcome.kind !== 'rows') this.#tell({ kind: 'read failed' });
            else {
              const rows = outcome.rows.map((row) => outgoingRow(this.#owner, row));
              this.#tell({ kind: 'rows', rows, last: outcome.last });
            }
          });
          break;
        case 'mark': {
          const mark = { op: 'mark', context, lease, name: this.#mark, sequence: effect.sequence } as const;
          const isLast = effect.sequence >= this.#outgoing.last;
          const operations = [mark, ...((isLast ? this.#owner.besideLast?.() : null) ?? [])];
          this.#desk.ask({ kind: 'write', operations }, (outcome) => {
            if (outcome.kind === 'written') this.#tell({ kind: 'mark written' });
            else this.#tell({ kind: refusalIn(outcome).again === 'stop' ? 'stopped' : 'mark failed' });
          });
          break;
        }
        case 'give up':
          this.#owner.gaveUp?.(parseLetter(effect.row.packet));
          break;
        case 'timer':
          this.#desk.timer(`${effect.name} ${this.#mark} ${context}`, effect.delayMs, () =>
            this.#tell({ kind: 'timer', name: effect.name }),
          );
          break;
      }
    }
  }
}
