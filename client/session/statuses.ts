/** What places are asked about themselves, until they answer. docs/spec/places.md#status */
import { backoffMs } from '../../circuit/backoff.ts';
import { decodeText } from '../../psyc/bytes.ts';
import { PsycError } from '../../psyc/error.ts';
import { parseList } from '../../psyc/list.ts';
import type { Packet } from '../../psyc/packet.ts';
import type { Output, Status } from './events.ts';
import { counted, domainOf } from './words.ts';
import { sessionLimits } from './limits.ts';

/** What it needs of its session. */
export interface StatusOwner {
  /** Asks, as far as there is a circuit. */
  request(place: string, tag: string): void;
  output(output: Output): void;
  /** What was asked for no command: the status, or the code of a refusal. */
  told(place: string, answer: Status | string): void;
}

interface Question {
  /** null: the session itself wants to know. */
  readonly command: number | null;
  readonly place: string;
  tries: number;
  repeatAtMs: number;
}

/** The questions of one session. */
export class Statuses {
  readonly #owner: StatusOwner;
  readonly #tagPrefix: string;
  readonly #questions = new Map<string, Question>();
  #tags = 0;

  constructor(owner: StatusOwner, tagPrefix: string) {
    this.#owner = owner;
    this.#tagPrefix = tagPrefix;
  }

  get isAsking(): boolean {
    return this.#questions.size > 0;
  }

  /** The place that was asked with this tag, or null. */
  placeOf(tag: string): string | null {
    return this.#questions.get(tag)?.place ?? null;
  }

  ask(command: number | null, place: string, nowMs: number): void {
    const tag = `${this.#tagPrefix}s${++this.#tags}`;
    this.#questions.set(tag, { command, place, tries: 0, repeatAtMs: 0 });
    this.tick(nowMs);
  }

  /** Both ends are proved. */
  proved(nowMs: number): void {
    for (const question of this.#questions.values()) question.repeatAtMs = 0;
    this.tick(nowMs);
  }

  tick(nowMs: number): void {
    const { repeatMsMin, repeatMsMax } = sessionLimits;
    for (const [tag, question] of this.#questions) {
      if (nowMs < question.repeatAtMs) continue;
      question.repeatAtMs = nowMs + backoffMs(question.tries++, repeatMsMin, repeatMsMax);
      this.#owner.request(question.place, tag);
    }
  }

  /** An answer with this tag; false: it answers nothing that was asked here. `code`: of a refusal. */
  answered(source: string, tag: string, packet: Packet, code: string | null): boolean {
    const question = this.#questions.get(tag);
    if (question?.place !== source) return false;
    this.#questions.delete(tag);
    const { command, place } = question;
    if (command === null) this.#owner.told(place, code ?? statusIn(packet, 0, place));
    else if (code !== null) this.#owner.output({ kind: 'refused', command, target: place, code, by: domainOf(place) });
    else this.#owner.output(statusIn(packet, command, place));
    return true;
  }
}

function statusIn(packet: Packet, command: number, place: string): Status {
  const list = (name: string): string[] | null => {
    const value = packet.value(name);
    if (value === undefined) return null;
    try {
      return parseList(new Uint8Array(value), 'frozen').elements.map((element) => decodeText(element.value));
    } catch (error) {
      if (!(error instanceof PsycError)) throw error;
      return null;
    }
  };
  return {
    kind: 'status',
    command,
    place,
    topic: packet.text('_topic') ?? null,
    mode: packet.text('_mode') ?? 'public',
    owners: list('_list_owners') ?? [],
    aides: list('_list_aides') ?? [],
    amount: counted(packet.text('_amount_members')),
    members: list('_list_members'),
    bans: list('_list_bans'),
    silenced: list('_list_silenced'),
    invited: list('_list_invited'),
    last: counted(packet.text('_sequence')),
    erased: counted(packet.text('_sequence_erased')) ?? 0,
    rows: counted(packet.text('_amount_rows')),
    days: counted(packet.text('_amount_days')),
    epoch: counted(packet.text('_epoch')),
  };
}
