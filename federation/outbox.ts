/** What goes out of one log to one reader who acknowledges: the outgoing delivery machine with its store. docs/spec/federation.md#outgoing */
import {
  backlogCount,
  newOutgoing,
  type Outgoing,
  type OutgoingEffect,
  type OutgoingEvent,
  type OutgoingRow,
  startOutgoing,
  stepOutgoing,
} from '../circuit/outgoing.ts';
import { copyBytes } from '../psyc/bytes.ts';
import type { Row } from '../store/store.ts';
import { type Desk, lease, type LinkChange } from './desk.ts';
import { refusalIn } from './inbox.ts';
import { type Letter, letterBytes, parseLetter } from './letter.ts';

/** A letter for a row, and what its acknowledgement is known by. */
export interface Outgoer {
  readonly letter: Letter;
  readonly author: string;
  readonly tag: string;
  readonly counter: number;
}

/** A letter whose reader acknowledges the row by its sequence. */
export const bySequence = (letter: Letter, sequence: number): Outgoer => ({
  letter,
  author: '',
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
}

/** A row that is ready to be sent. */
export function outgoingRow(owner: OutboxOwner, row: Pick<Row, 'sequence' | 'packet'>): OutgoingRow {
  const { letter, author, tag, counter } = owner.outgoing(row);
  return { sequence: row.sequence, author, tag, counter, packet: copyBytes(letterBytes(letter)) };
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

  /** Whether the reader has everything that is known to be there. */
  get isDone(): boolean {
    return this.isKnown && this.#outgoing.durableMark >= this.#outgoing.last;
  }

  /** Whether this is under way. */
  holds({ author, tag, counter }: Outgoer): boolean {
    return this.#outgoing.window.some((sent) => sent.author === author && sent.tag === tag && sent.counter === counter);
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

  /** The reader has it, or will never take it; `counter` is null where he says none. */
  answered(author: string, tag: string, counter: number | null): void {
    this.#tell({ kind: 'acknowledged', author, tag, counter });
  }

  /** The same of a row sent by its sequence. */
  answeredSequence(text: string): void {
    const sequence = Number(text);
    if (Number.isSafeInteger(sequence)) this.answered('', String(sequence), sequence);
  }

  queues(): [string, number][] {
    return [
      ['window', this.#outgoing.window.length],
      ['window bytes', this.#outgoing.windowBytes],
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
          this.#desk.ask({ kind: 'write', operations: [mark] }, (outcome) => {
            if (outcome.kind === 'written') this.#tell({ kind: 'mark written' });
            else this.#tell({ kind: refusalIn(outcome).again === 'stop' ? 'stopped' : 'mark failed' });
          });
          break;
        }
        case 'timer':
          this.#desk.timer(`${effect.name} ${this.#mark} ${context}`, effect.delayMs, () =>
            this.#tell({ kind: 'timer', name: effect.name }),
          );
          break;
      }
    }
  }
}
