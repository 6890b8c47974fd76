/** What one device hears: its person's log, places, pages of history; each row in order, shown once, then acknowledged. docs/spec/people.md#shown */
import { inherits } from '../../psyc/keyword.ts';
import { limits } from '../../psyc/limits.ts';
import type { Packet } from '../../psyc/packet.ts';
import { render } from '../../psyc/render.ts';
import { covers, putOutBy, readAct } from '../../publication/act.ts';
import { KEY_METHOD } from '../../publication/sender-key.ts';
import type { Moment } from './events.ts';
import { Chronicle } from './chronicle.ts';
import { deletedIn, deletedOutput, isDeleted, saidIn } from './deleted.ts';
import type { HeardSealed, Hearing as Kept } from './kept.ts';
import { type Found, KeySearch } from './key-search.ts';
import { type Asker, askPage, type HearingOwner, type Listening, type Page, PATIENCE_TRIES } from './listening.ts';
import { sessionLimits } from './limits.ts';
import { isExpulsion, Pages, type Refused } from './pages.ts';
import { isLog, type Reader, type Reading } from './reader.ts';
import { isOfLog, moreOf, publishedIn, type Row, Rows } from './rows.ts';
import { counted, domainOf } from './words.ts';

/** One session's ears. */
export class Hearing {
  readonly #owner: HearingOwner;
  readonly #reader: Reader;
  readonly #rows = new Rows();
  readonly #chronicle: Chronicle;
  readonly #places = new Map<string, Listening>();
  readonly #asker: Asker & { readonly person: string };
  readonly #pages: Pages;
  readonly #keySearch: KeySearch;
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
  readonly #more: () => HeardSealed;

  /** `more`: what is to be kept of members-only places. */
  constructor(owner: HearingOwner, reader: Reader, kept: Kept, more: () => HeardSealed, tagPrefix: string) {
    this.#owner = owner;
    this.#more = more;
    this.#reader = reader;
    this.#asker = {
      person: owner.person,
      get channel() {
        return owner.channel;
      },
      send: (bytes) => owner.send(bytes),
      tag: () => `${tagPrefix}h${++this.#tags}`,
    };
    this.#pages = new Pages(this.#asker, this.#rows);
    const isAsked = (place: string): boolean => {
      return this.#pages.isAsking(place) || (this.#places.get(place)?.page ?? null) !== null;
    };
    const read = ({ packet, routing, sinceMs }: Found, now: Moment): boolean =>
      reader.read(packet, routing, sinceMs, now, true) !== null;
    const isSeen = (name: string): boolean => reader.isKeySeen(name);
    this.#keySearch = new KeySearch(this.#asker, { isAsked, read, isSeen });
    reader.seekKeys((sought, now) => this.#keySearch.seeks(sought, now));
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
    if (this.#rows.count > 0 || this.#pages.count > 0 || this.#isChanged) return true;
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
    this.#pages.again(now, true);
    this.#keySearch.again(now, true);
  }

  /** Something was not sent for want of room: what is missing shows in the logs. */
  missed(now: Moment): void {
    for (const [place, listening] of this.#places) if (listening.page === null) this.#catchUp(place, listening, now);
  }

  tick(now: Moment): void {
    for (const [place, { page }] of this.#places) if (page !== null) this.#repeat(place, page, now);
    this.#catchUpNext(now);
    this.#pages.again(now, false);
    this.#keySearch.again(now, false);
  }

  /** The place that was asked for a page with this tag, or null. */
  placeOf(tag: string): string | null {
    const asked = [...this.#places].find(([, { page }]) => page?.tag === tag);
    return this.#pages.placeOf(tag) ?? this.#keySearch.placeOf(tag) ?? asked?.[0] ?? null;
  }

  /** One page for a command; the rows come as `heard`, then `page`. */
  history(command: number, place: string, after: number | null, limit: number, now: Moment): void {
    this.#pages.ask(command, place, after, limit, now, !this.#keySearch.isAsking(place));
  }

  /** A place has refused something, perhaps since the person was put out: he is told by whom, as far as it says, and then of the refusal. */
  refused(refusal: Refused & { readonly command: number }, now: Moment): void {
    this.#pages.ask(refusal.command, refusal.target, null, 1, now, true, refusal);
  }

  /** A packet that answers nothing. */
  take(packet: Packet, routing: ReadonlyMap<string, string>, now: Moment): void {
    const place = routing.get('_context') ?? '';
    const sequence = counted(routing.get('_counter'));
    const sinceMs = now.monotoneMs;
    if (sequence === null || sequence === 0) return;
    if (place !== '') {
      if (isLog(place)) this.#fromPlace({ place, sequence, packet, routing, command: null, sinceMs }, now);
    } else if (routing.get('_target') === this.#owner.person && isOfLog(packet.method ?? '')) {
      this.#fromLog({ place: null, sequence, packet, routing, command: null, sinceMs });
    }
  }

  /** An answer with this tag; false: it answers nothing that was asked here. */
  answered(source: string, tag: string, packet: Packet, code: string | null, now: Moment): boolean {
    if (this.#pages.answered(source, tag, packet, code)) return true;
    if (this.#keySearch.answered(source, tag, packet, code, now)) return true;
    const listening = this.#places.get(source);
    const reached = counted(packet.text('_after'));
    const last = counted(packet.text('_sequence'));
    const erased = counted(packet.text('_sequence_erased')) ?? 0;
    if (listening?.page?.tag !== tag) return false;
    const { page: asked } = listening;
    listening.page = null;
    // Where an answer leads nowhere, the next one would not either.
    const isProgress = code === null ? this.#erase(source, listening, erased) || listening.taken > asked.after! : false;
    listening.pausedUntilMs = isProgress ? 0 : now.monotoneMs + sessionLimits.repeatMsMax;
    if (code === null) delete listening.expulsion;
    if (code === '_necessary_membership') {
      const { expulsion } = listening;
      if (expulsion?.isShown === false) this.#rows.add({ ...expulsion.row, isExpulsion: true });
      if (expulsion === undefined)
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
    this.#keySearch.advance(now);
    this.#rows.advance((row) => {
      if (!('isEnd' in row)) return this.#show(row, now);
      this.#owner.output(this.#pages.ended(row));
      return true;
    });
    if (this.#isFull && 2 * this.#rows.count <= sessionLimits.rowsMax) {
      this.#isFull = false;
      for (const listening of this.#places.values()) listening.pausedUntilMs = 0;
    }
  }

  #fromPlace(row: Row & { readonly place: string }, now: Moment): void {
    const { place, sequence } = row;
    const isPage = row.routing.get('_target') === this.#owner.channel;
    if (isPage && (this.#keySearch.take(place, sequence, row, now) || this.#pages.take(row))) return;
    if (!this.#owner.hearsAll) return;
    let listening = this.#places.get(place);
    if (listening === undefined) {
      // A row of a page belongs to a place that is heard already.
      if (isPage || !this.#mayListen(place)) return;
      listening = { taken: sequence - 1, last: sequence - 1, page: null, isBehind: false, pausedUntilMs: 0 };
      this.#places.set(place, listening);
      this.#handed.set(place, sequence - 1);
    }
    // Whether he is out by it, or has come again since, the end of the page says.
    const isNext = sequence === listening.taken + 1;
    if (isPage && isExpulsion(row.packet, this.#owner.person))
      listening.expulsion = { row: { ...row, packet: row.packet.copy() }, isShown: sequence <= listening.taken + 1 };
    if (sequence <= listening.taken) return;
    listening.last = Math.max(listening.last, sequence);
    if (!isNext) {
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
    const reading = this.#reader.read(saidIn(row), row.routing, row.sinceMs, now);
    if (reading === null) return false;
    if ('violation' in reading) this.#owner.refuse(reading.violation);
    else if (isDeleted(row)) this.#tellDeleted({ ...row, place: row.place! }, reading);
    else this.#tell(row, reading);
    this.#done(row);
    return true;
  }

  /** What was deleted is missing in no chain. */
  #tellDeleted(row: Row & { readonly place: string }, reading: Reading): void {
    const chronicle = this.#pages.chronicleOf(row.command) ?? this.#chronicle;
    const deleted = deletedIn(row, reading);
    if (deleted !== null)
      for (const notice of chronicle.take(reading.author, deleted, deleted.id).notices) this.#owner.output(notice);
    this.#owner.output(deletedOutput(row, reading, deleted !== null));
  }

  #tell(row: Row, { publication, id, reference, attachment, ...reading }: Reading): void {
    const { place, sequence, command } = row;
    // What is behind it in a page is for us: we are members again.
    const isLive = !row.routing.has('_target');
    if (place !== null && !inherits(reading.method, '_message')) {
      const isHere = inherits(reading.method, '_notice_context_enter');
      const isGone = inherits(reading.method, '_notice_context_leave');
      if (isHere || isGone) {
        const member = row.packet.text('_uniform_member') ?? '';
        const { host, person } = this.#owner;
        this.#owner.output({ kind: 'member', place, sequence, member, isHere, host, command });
        if (isGone && member === person && isLive) this.#forget(place);
        return;
      }
    }
    const act = place === null ? null : readAct(row.packet);
    if (place !== null && act !== null && row.isExpulsion === true) {
      const { author, word, timeMs } = reading;
      return this.#owner.output({ kind: 'expelled', place, author, word, act, timeMs, command });
    }
    const chronicle = this.#pages.chronicleOf(command) ?? this.#chronicle;
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
    if (place !== null && act !== null) {
      const { author, word, timeMs } = reading;
      this.#owner.output({ kind: 'act', place, sequence, author, word, act, timeMs, isOld, command });
      const out = isLive && command === null && word.kind !== 'bad' ? putOutBy(act) : null;
      if (out !== null && covers(out, this.#owner.person)) this.#forget(place);
      return;
    }
    this.#heard++;
    const published = publishedIn(place, reading.author, id, reference, attachment);
    const more = { ...moreOf(row, this.#owner.person), ...published };
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
    listening.page = {
      tag: this.#asker.tag(),
      command: null,
      after,
      limit: null,
      tries: 0,
      repeatAtMs: 0,
      reached: null,
    };
    askPage(this.#asker, place, listening.page, now);
  }

  #repeat(place: string, page: Page, now: Moment): void {
    if (now.monotoneMs >= page.repeatAtMs) askPage(this.#asker, place, page, now);
  }
}
