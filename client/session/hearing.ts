/** What one device hears: its person's log, places, pages of history; each row in order, shown once, then acknowledged. docs/spec/people.md#shown */
import { backoffMs } from '../../circuit/backoff.ts';
import { inherits } from '../../psyc/keyword.ts';
import { limits } from '../../psyc/limits.ts';
import type { Packet } from '../../psyc/packet.ts';
import { render } from '../../psyc/render.ts';
import { covers, putOutBy, readAct } from '../../publication/act.ts';
import { KEY_METHOD } from '../../publication/sender-key.ts';
import type { Moment, Output } from './events.ts';
import { Chronicle } from './chronicle.ts';
import type { HeardSealed, Hearing as Kept } from './kept.ts';
import { type Listening, type Page, PATIENCE_TRIES } from './listening.ts';
import { sessionLimits } from './limits.ts';
import { isPlace, type Reader, type Reading } from './reader.ts';
import { isOfLog, moreOf, type PageEnd, type Row, Rows } from './rows.ts';
import { counted, domainOf } from './words.ts';

/** What hearing needs of its session. */
export interface HearingOwner {
  readonly person: string;
  readonly host: string;
  /** Under which the device speaks and is spoken to. */
  readonly channel: string;
  /** How many messages are handed out at most. */
  readonly heardMax: number;
  /** Whether it hears all there is, or only what it asked for. */
  readonly hearsAll: boolean;
  /** Sends a packet; false: it was not sent. */
  send(bytes: Uint8Array): boolean;
  output(output: Output): void;
  /** Somebody was spoken for who must not be: the circuit is to be closed. */
  refuse(code: string): void;
}

/** One session's ears. */
export class Hearing {
  readonly #owner: HearingOwner;
  readonly #reader: Reader;
  readonly #rows = new Rows();
  readonly #chronicle: Chronicle;
  readonly #places = new Map<string, Listening>();
  /** Pages that commands asked for, by tag. */
  readonly #pages = new Map<string, Page & { readonly place: string }>();
  /** What each page says of its authors: news there is no news here. */
  readonly #chronicles = new Map<number, Chronicle>();
  readonly #handed = new Map<string, number>();
  #personTaken: number | null;
  #personHanded: number | null;
  /** Whether a row of the person's log came on this circuit: the first says where the server goes on. */
  #isFirst = true;
  #isFull = false;
  #heard = 0;
  #isChanged = false;
  /** Whether people were told that there is no room for another place. */
  #isCrowded = false;
  #tags = 0;
  readonly #tagPrefix: string;
  readonly #more: () => HeardSealed;

  /** `more`: what is to be kept of members-only places. */
  constructor(owner: HearingOwner, reader: Reader, kept: Kept, more: () => HeardSealed, tagPrefix: string) {
    this.#owner = owner;
    this.#more = more;
    this.#reader = reader;
    this.#tagPrefix = tagPrefix;
    this.#chronicle = new Chronicle(kept.heads);
    this.#personTaken = this.#personHanded = kept.person;
    if (!owner.hearsAll) return;
    for (const [place, sequence] of kept.places) {
      this.#handed.set(place, sequence);
      this.#places.set(place, { taken: sequence, last: sequence, page: null, isBehind: false, pausedUntilMs: 0 });
    }
  }

  /** Whether there is something that time alone will bring on. */
  get isWaiting(): boolean {
    if (this.#rows.count > 0 || this.#pages.size > 0 || this.#isChanged) return true;
    return [...this.#places.values()].some(
      ({ taken, last, page, isBehind }) => page !== null || isBehind || taken < last,
    );
  }

  /** What is to be kept, if it has changed since it was asked for last. */
  changes(): Kept | null {
    if (!this.#isChanged || !this.#owner.hearsAll) return null;
    this.#isChanged = false;
    return {
      person: this.#personHanded,
      places: new Map(this.#handed),
      heads: this.#chronicle.heads(),
      ...this.#more(),
    };
  }

  /** Both ends are proved: what was missed meanwhile is asked for. */
  proved(now: Moment): void {
    this.#isFirst = true;
    for (const listening of this.#places.values()) {
      listening.page = null;
      listening.isBehind = true;
    }
    this.#catchUpNext(now);
    for (const page of this.#pages.values()) this.#askPage(page.place, page, now);
  }

  /** Something was not sent for want of room: what is missing shows in the logs. */
  missed(now: Moment): void {
    for (const [place, listening] of this.#places) if (listening.page === null) this.#catchUp(place, listening, now);
  }

  tick(now: Moment): void {
    for (const [place, { page }] of this.#places) if (page !== null) this.#repeat(place, page, now);
    this.#catchUpNext(now);
    for (const page of this.#pages.values()) this.#repeat(page.place, page, now);
  }

  /** The place that was asked for a page with this tag, or null. */
  placeOf(tag: string): string | null {
    const asked = [...this.#places].find(([, { page }]) => page?.tag === tag);
    return this.#pages.get(tag)?.place ?? asked?.[0] ?? null;
  }

  /** One page for a command; the rows come as `heard`, then `page`. */
  history(command: number, place: string, after: number | null, limit: number, now: Moment): void {
    const page = { tag: this.#tag(), place, command, after, limit, tries: 0, repeatAtMs: 0, reached: null };
    this.#pages.set(page.tag, page);
    this.#chronicles.set(command, new Chronicle(new Map()));
    this.#askPage(place, page, now);
  }

  /** A packet that answers nothing. */
  take(packet: Packet, routing: ReadonlyMap<string, string>, now: Moment): void {
    const place = routing.get('_context') ?? '';
    const sequence = counted(routing.get('_counter'));
    const sinceMs = now.monotoneMs;
    if (sequence === null || sequence === 0) return;
    if (place !== '') {
      if (isPlace(place)) this.#fromPlace({ place, sequence, packet, routing, command: null, sinceMs }, now);
    } else if (routing.get('_target') === this.#owner.person && isOfLog(packet.method ?? '')) {
      this.#fromLog({ place: null, sequence, packet, routing, command: null, sinceMs });
    }
  }

  /** An answer with this tag; false: it answers nothing that was asked here. */
  answered(source: string, tag: string, packet: Packet, code: string | null, now: Moment): boolean {
    const page = this.#pages.get(tag);
    const listening = this.#places.get(source);
    const reached = counted(packet.text('_after'));
    const last = counted(packet.text('_sequence'));
    const erased = counted(packet.text('_sequence_erased')) ?? 0;
    if (page?.place === source) {
      this.#pages.delete(tag);
      const by = domainOf(source);
      if (code !== null) this.#owner.output({ kind: 'refused', command: page.command, target: source, code, by });
      else
        this.#rows.end({
          isEnd: true,
          command: page.command!,
          place: source,
          reached: reached ?? 0,
          last: last ?? 0,
          erased,
        });
      return true;
    }
    if (listening?.page?.tag !== tag) return false;
    const { page: asked } = listening;
    listening.page = null;
    // Where an answer leads nowhere, the next one would not either.
    const isProgress = code === null ? this.#erase(source, listening, erased) || listening.taken > asked.after! : false;
    listening.pausedUntilMs = isProgress ? 0 : now.monotoneMs + sessionLimits.repeatMsMax;
    if (code === '_necessary_membership') {
      this.#owner.output({ kind: 'refused', command: null, target: source, code, by: domainOf(source) });
      this.#forget(source);
    } else if (code === null && reached !== null && last !== null) {
      listening.last = Math.max(last, listening.taken);
      // What stands behind erased rows was not taken yet.
      if (listening.taken !== erased) this.#skip(source, listening, reached);
      if (isProgress && listening.taken < last) this.#catchUp(source, listening, now);
    }
    this.#catchUpNext(now);
    return true;
  }

  /** Shows what can be shown by now. */
  advance(now: Moment): void {
    this.#rows.advance((row) => ('isEnd' in row ? this.#pageEnd(row) : this.#show(row, now)));
    if (this.#isFull && 2 * this.#rows.count <= sessionLimits.rowsMax) {
      this.#isFull = false;
      for (const listening of this.#places.values()) listening.pausedUntilMs = 0;
    }
  }

  #fromPlace(row: Row & { readonly place: string }, now: Moment): void {
    const { place, sequence } = row;
    const isPage = row.routing.get('_target') === this.#owner.channel;
    if (isPage) {
      const page = [...this.#pages.values()].find((asked) => asked.place === place && (asked.reached ?? 0) < sequence);
      if (page !== undefined) {
        page.reached = sequence;
        this.#rows.add({ ...row, command: page.command });
        return;
      }
    }
    if (!this.#owner.hearsAll) return;
    let listening = this.#places.get(place);
    if (listening === undefined) {
      // A row of a page belongs to a place that is heard already.
      if (isPage || !this.#mayListen(place)) return;
      listening = { taken: sequence - 1, last: sequence - 1, page: null, isBehind: false, pausedUntilMs: 0 };
      this.#places.set(place, listening);
      this.#handed.set(place, sequence - 1);
    }
    if (sequence <= listening.taken) return;
    listening.last = Math.max(listening.last, sequence);
    if (sequence > listening.taken + 1) {
      if (listening.page === null && now.monotoneMs >= listening.pausedUntilMs) this.#catchUp(place, listening, now);
      return;
    }
    if (this.#rows.add(row)) listening.taken = sequence;
    else this.#isFull = true;
  }

  #fromLog(row: Row): void {
    if (!this.#owner.hearsAll) return;
    const { sequence, routing, packet } = row;
    const taken = this.#personTaken;
    const isFirst = this.#isFirst;
    this.#isFirst = false;
    if (taken !== null && sequence <= taken) {
      // What was shown is acknowledged again; what waits to be, will be.
      if (sequence <= (this.#personHanded ?? 0)) this.#acknowledge(sequence, routing, packet.method ?? '');
      return;
    }
    // What comes before its turn comes again after those before it.
    if (taken !== null && sequence > taken + 1 && !isFirst) return;
    if (this.#rows.add(row)) this.#personTaken = sequence;
  }

  /** Whether it is done with the row. */
  #show(row: Row, now: Moment): boolean {
    if (this.#heard >= this.#owner.heardMax) return false;
    const reading = this.#reader.read(row.packet, row.routing, row.sinceMs, now);
    if (reading === null) return false;
    if ('violation' in reading) this.#owner.refuse(reading.violation);
    else this.#tell(row, reading);
    this.#done(row);
    return true;
  }

  #tell(row: Row, { publication, id, ...reading }: Reading): void {
    const { place, sequence, command } = row;
    if (place !== null && !inherits(reading.method, '_message')) {
      const isHere = inherits(reading.method, '_notice_context_enter');
      const isGone = inherits(reading.method, '_notice_context_leave');
      if (isHere || isGone) {
        const member = row.packet.text('_uniform_member') ?? '';
        const { host, person } = this.#owner;
        this.#owner.output({ kind: 'member', place, sequence, member, isHere, host, command });
        if (isGone && member === person && command === null) this.#forget(place);
        return;
      }
    }
    const chronicle = (command === null ? null : this.#chronicles.get(command)) ?? this.#chronicle;
    let isOld = false;
    if (publication !== null && id !== null) {
      const { kind, notices } = chronicle.take(reading.author, publication, id);
      for (const notice of notices) this.#owner.output(notice);
      isOld = kind === 'old';
      // Somebody says again what its author has said once.
      if (kind === 'known' && command === null) return;
    }
    if (place !== null && reading.method === '_notice_context_erased')
      return this.#owner.output({ kind: 'erased rows', place, from: sequence, to: sequence });
    // A key is for us, and not for people; what is said under it shows.
    if (reading.method === KEY_METHOD && reading.word.kind !== 'bad') return;
    const act = place === null ? null : readAct(row.packet);
    if (place !== null && act !== null) {
      const { author, word, timeMs } = reading;
      this.#owner.output({ kind: 'act', place, sequence, author, word, act, timeMs, isOld, command });
      const out = command === null && word.kind !== 'bad' ? putOutBy(act) : null;
      if (out !== null && covers(out, this.#owner.person)) this.#forget(place);
      return;
    }
    this.#heard++;
    const more = moreOf(row, this.#owner.person);
    this.#owner.output({ kind: 'heard', place, sequence, ...reading, isOld, command, ...more });
  }

  #done({ place, sequence, routing, packet, command }: Row): void {
    if (command !== null) return;
    this.#isChanged = true;
    if (place === null) {
      this.#personHanded = sequence;
      this.#acknowledge(sequence, routing, packet.method ?? '');
    } else if (this.#places.has(place)) this.#handed.set(place, sequence);
  }

  #acknowledge(sequence: number, routing: ReadonlyMap<string, string>, said: string): void {
    const { person, channel } = this.#owner;
    const method = `_echo${said}`.length > limits.nameBytesMax ? '_echo' : `_echo${said}`;
    const tag = routing.get('_tag');
    this.#owner.send(
      render({
        routing: { _source: channel, _target: person, _tag_relay: tag, _tag_reply: tag },
        entity: { _sequence: String(sequence) },
        method,
      }),
    );
  }

  #pageEnd({ command, place, reached, last, erased }: PageEnd): boolean {
    this.#owner.output({ kind: 'page', command, place, reached, last, erased });
    this.#chronicles.delete(command);
    return true;
  }

  /** The place has erased rows that were not heard: it is said, and those behind them are asked for. Whether it is so. */
  #erase(place: string, listening: Listening, erased: number): boolean {
    if (erased <= listening.taken) return false;
    this.#owner.output({ kind: 'erased rows', place, from: listening.taken + 1, to: erased });
    listening.taken = erased;
    listening.last = Math.max(listening.last, erased);
    this.#handed.set(place, erased);
    this.#isChanged = true;
    return true;
  }

  /** The place did not give rows up to `reached`, though it was asked: it is said, and gone on without them. */
  #skip(place: string, listening: Listening, reached: number): void {
    if (reached <= listening.taken || this.#isFull) return;
    this.#owner.output({ kind: 'missing rows', place, from: listening.taken + 1, to: reached });
    listening.taken = reached;
  }

  #mayListen(place: string): boolean {
    if (this.#places.size < sessionLimits.placesMax) return true;
    if (this.#isCrowded) return false;
    this.#isCrowded = true;
    this.#owner.output({
      kind: 'refused',
      command: null,
      target: place,
      code: '_session_excessive_places',
      by: null,
    });
    return false;
  }

  #forget(place: string): void {
    this.#places.delete(place);
    this.#handed.delete(place);
    this.#isChanged = true;
  }

  /** Places that are being asked for a page. Who does not answer is asked on, and keeps nobody waiting. */
  get #asking(): number {
    return [...this.#places.values()].filter(({ page }) => page !== null && page.tries < PATIENCE_TRIES).length;
  }

  /** Asks the next places: all at once they would send more than the circuit has room for. */
  #catchUpNext(now: Moment): void {
    for (const [place, listening] of this.#places) {
      const { taken, last, isBehind, pausedUntilMs } = listening;
      if (!isBehind && (taken >= last || now.monotoneMs < pausedUntilMs)) continue;
      if (this.#asking >= sessionLimits.pagesMax) return;
      this.#catchUp(place, listening, now);
    }
  }

  #catchUp(place: string, listening: Listening, now: Moment): void {
    if (listening.page !== null) return;
    listening.isBehind = this.#asking >= sessionLimits.pagesMax;
    if (listening.isBehind) return;
    const after = listening.taken;
    listening.page = { tag: this.#tag(), command: null, after, limit: null, tries: 0, repeatAtMs: 0, reached: null };
    this.#askPage(place, listening.page, now);
  }

  #repeat(place: string, page: Page, now: Moment): void {
    if (now.monotoneMs >= page.repeatAtMs) this.#askPage(place, page, now);
  }

  /** What came of a page is not asked for again. */
  #askPage(place: string, page: Page, now: Moment): void {
    const { repeatMsMin, repeatMsMax } = sessionLimits;
    page.repeatAtMs = now.monotoneMs + backoffMs(page.tries++, repeatMsMin, repeatMsMax);
    const after = page.reached ?? page.after;
    const entity = {
      _after: after === null ? undefined : String(after),
      _limit: page.limit === null ? undefined : String(page.limit),
    };
    const routing = { _source: this.#owner.channel, _target: place, _tag: page.tag };
    this.#owner.send(render({ routing, entity, method: '_request_history' }));
  }

  #tag(): string {
    return `${this.#tagPrefix}h${++this.#tags}`;
  }
}
