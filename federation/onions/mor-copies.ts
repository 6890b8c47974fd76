/** Copies of cells for those who ask: of all that their home hears, or of those with certain hints. docs/spec/listener-bots.md#copies */
import { hexOf } from '../../crypto/bytes.ts';
import { fieldsOf, onionOf } from '../../onion/cell.ts';
import { sizes } from '../../onion/sizes.ts';
import { equalBytes } from '../../psyc/bytes.ts';
import { entityOf, type Letter, keepLetter } from '../letter.ts';
import type { Value } from '../../psyc/render.ts';

/** What it needs of the node's listener. */
export interface CopiesOwner {
  nowMs(): number;
  /** Has a channel given copies of cells with this hint, or of all. Where that would be too many, `refused` is told of the request. */
  watch(client: string, hint: Uint8Array | null, request: number): void;
  /** A number that names a request. */
  nextRequest(): number;
  /** It is given none any more. */
  leave(client: string): void;
  answer(letter: Letter, method: string, entity: Readonly<Record<string, Value>>): void;
}

interface Hearing {
  /** What was asked for: hexadecimal hints, or '' for all. */
  readonly wanted: string;
  /** The requests by which it was asked for. */
  readonly requests: Set<number>;
  /** What waits to be asked for. */
  readonly cells: Uint8Array[];
  missed: number;
  /** The question that is not answered yet. */
  letter: Letter | null;
  askedMs: number;
}

/** Channels that hear at once, those of one person, cells that wait for one, cells of one answer, hints of one question. */
const HEARINGS_MAX = 64;
const OF_ONE_MAX = 4;
const CELLS_MAX = 128;
const PAGE_MAX = 32;
const HINTS_MAX = 256;
/** A question is answered after so long, whatever has come; who asks no more for so long hears nothing more. */
const ANSWER_MS = 5_000;
const SILENT_MS = 30_000;

/** Whether one of these hints is it. */
function hasHint(hints: Uint8Array, hint: Uint8Array): boolean {
  for (let at = 0; at < hints.length; at += sizes.hint) {
    if (equalBytes(hints.subarray(at, at + sizes.hint), hint)) return true;
  }
  return false;
}

/** In memory only. Each channel of a person's devices hears for itself: two that ask at once do not end each other's wish. */
export class MorCopies {
  readonly #owner: CopiesOwner;
  /** By the channel. */
  readonly #hearings = new Map<string, Hearing>();

  constructor(owner: CopiesOwner) {
    this.#owner = owner;
  }

  /** A channel of somebody who lives here asks; another wish than its last ends that one. */
  ask(letter: Letter): void {
    const by = letter.routing.get('_source') ?? '';
    const hints = letter.packet.value('_hints') ?? new Uint8Array();
    if (hints.length % sizes.hint !== 0 || hints.length > HINTS_MAX * sizes.hint) {
      this.#owner.answer(letter, '_error_mor_invalid_hints', { _code: '_mor_invalid_hints' });
      return;
    }
    const wanted = hexOf(hints);
    const before = this.#hearings.get(by);
    let hearing = before;
    if (hearing?.wanted !== wanted) {
      // A question that still waits is answered: said again, it would bring the last wish back. What has come for both wishes stays.
      if (before !== undefined) this.#end(by);
      if (this.#hearings.size >= HEARINGS_MAX || this.#countOf(entityOf(by)) >= OF_ONE_MAX) {
        this.#refuse(letter);
        return;
      }
      const isWanted = (cell: Uint8Array): boolean => wanted === '' || hasHint(hints, fieldsOf(onionOf(cell)).hint);
      const cells = before?.cells.filter(isWanted) ?? [];
      hearing = { wanted, requests: new Set(), cells, missed: before?.missed ?? 0, letter: null, askedMs: 0 };
      this.#hearings.set(by, hearing);
      hearing.letter = keepLetter(letter);
      this.#begin(by, hearing, hints);
      if (this.#hearings.get(by) !== hearing) return;
    }
    // Who has heard no answer asks again: the last one is answered.
    hearing.letter = keepLetter(letter);
    hearing.askedMs = this.#owner.nowMs();
    if (hearing.cells.length > 0) this.#tell(hearing);
  }

  /** One of the watches that a channel's wish takes is refused: then he hears nothing at all. */
  refused(by: string, request: number): void {
    const hearing = this.#hearings.get(by);
    if (hearing === undefined || !hearing.requests.has(request)) return;
    const { letter } = hearing;
    // It is answered once.
    hearing.letter = null;
    this.#end(by);
    if (letter !== null) this.#refuse(letter);
  }

  /** A copy for a channel. */
  copy(by: string, cell: Uint8Array): void {
    const hearing = this.#hearings.get(by);
    if (hearing === undefined) return;
    if (hearing.cells.length < CELLS_MAX) hearing.cells.push(cell);
    else hearing.missed++;
    this.#tell(hearing);
  }

  /** What has waited long enough is answered; who is silent is forgotten. */
  look(): void {
    for (const [by, hearing] of this.#hearings) {
      const sinceMs = this.#owner.nowMs() - hearing.askedMs;
      if (sinceMs >= SILENT_MS) this.#end(by);
      else if (sinceMs >= ANSWER_MS) this.#tell(hearing);
    }
  }

  #countOf(person: string): number {
    return [...this.#hearings.keys()].filter((channel) => entityOf(channel) === person).length;
  }

  #begin(by: string, hearing: Hearing, hints: Uint8Array): void {
    const wanted: (Uint8Array | null)[] = hints.length === 0 ? [null] : [];
    for (let at = 0; at < hints.length; at += sizes.hint) wanted.push(hints.slice(at, at + sizes.hint));
    for (const hint of wanted) {
      // What was refused is over: the others are not asked for.
      if (this.#hearings.get(by) !== hearing) return;
      const request = this.#owner.nextRequest();
      hearing.requests.add(request);
      this.#owner.watch(by, hint, request);
    }
  }

  #refuse(letter: Letter): void {
    this.#owner.answer(letter, '_failure_mor_excessive_watches', { _code: '_mor_excessive_watches' });
  }

  #tell(hearing: Hearing): void {
    const { letter, cells, missed } = hearing;
    if (letter === null) return;
    for (const cell of cells.splice(0, PAGE_MAX)) this.#owner.answer(letter, '_status_mor_copy', { _cell: cell });
    this.#owner.answer(letter, '_echo_mor_copies', missed === 0 ? {} : { _missed: String(missed) });
    hearing.missed = 0;
    hearing.letter = null;
  }

  #end(by: string): void {
    const hearing = this.#hearings.get(by);
    if (hearing !== undefined && hearing.letter !== null) this.#tell(hearing);
    this.#hearings.delete(by);
    this.#owner.leave(by);
  }
}
