/** Says something as nobody: finds the reader's keys, seals, and hands the cells to the home, at once or on a clock. docs/spec/people.md#sending */
import { bytesOfHex } from '../../crypto/bytes.ts';
import type { Suite } from '../../crypto/suite.ts';
import type { Hop } from '../../onion/seal.ts';
import type { Packet } from '../../psyc/packet.ts';
import { parseUniform } from '../../psyc/uniform.ts';
import { answerTo } from '../session/answers.ts';
import type { AskCode } from '../../round-trips/asker-events.ts';
import type { WayWish } from '../../round-trips/stock.ts';
import { stockLimits } from '../../round-trips/stock-limits.ts';
import { cellOf } from '../../round-trips/ways.ts';
import type { AskedHome, AskFailure, RouteOutcome } from './asking.ts';
import { CellClock, type Make } from './clock.ts';
import { AnonymousError } from './error.ts';
import { addressOf, type KeptReader, type ReaderKeys } from './keys-file.ts';
import { anonymousLimits } from './limits.ts';
import { anonymousCell, coverCell, type Sealed, sealText } from './message.ts';
import { type Alarms, onClock } from './on-clock.ts';
import { changedIn } from './servers.ts';
import type { Believed, Pins } from './stations.ts';

/** What somebody who waits may want to know. Fingerprint in lower-case hexadecimal digits, milliseconds. */
export type SendingNews =
  /** Keys were found and are kept; `isByHome`: the home has looked for them, and so learnt for whom something may be. */
  | { readonly kind: 'key'; readonly person: string; readonly fingerprint: string; readonly isByHome: boolean }
  | { readonly kind: 'clock'; readonly cells: number; readonly parts: number; readonly meanMs: number };

/** What it works with. */
export interface SendingOptions {
  readonly suite: Suite;
  readonly home: AskedHome;
  /** The home's. */
  readonly domain: string;
  readonly pins: Pins;
  /** The servers that the home knows now, as far as it is believed; null: it refuses to say, and that has been told. */
  readonly stations: () => Promise<Believed | null>;
  readonly keys: ReaderKeys;
  /** Asks somebody's own server for his keys, as nobody; null: there is no answer, and that has been told. Without, the home looks for them in its own name. */
  readonly find?: ((person: string) => Promise<Packet | null>) | undefined;
  /** Routes over one-time secrets that end at a domain, as `Asking.route`; without, nothing can be said over such. */
  readonly route?: ((end: string, wish: WayWish) => Promise<RouteOutcome>) | undefined;
  /** Unix milliseconds. */
  readonly wallMs: () => number;
  readonly alarms: Alarms;
  readonly told?: (news: SendingNews) => void;
}

/** How it is said. */
export interface SendWish {
  /** Servers on the way, the reader's included: `hopsMin` to `hopsMax`. */
  readonly hops: number;
  /** Over one-time secrets of this level, each cell when there are some for it; without, over keys of servers. */
  readonly level?: number | undefined;
  /** So many cells leave on a clock, so long apart in the mean; without, all leave at once. Over keys only. */
  readonly clock?: { readonly meanMs: number; readonly cells: number };
}

/** What came of it: nobody tells whether it arrives. */
export type SendOutcome =
  /** The home has so many cells of it, and so many of these are needed; the level of the secrets that they go over, null: over keys. */
  | { readonly kind: 'handed'; readonly parts: number; readonly needed: number; readonly level: number | null }
  /** The home has no room for more cells; or too few secrets came, or none can. */
  | { readonly kind: 'failure'; readonly code: '_mor_full' | AskCode }
  /** The home has refused, which its session has told. */
  | { readonly kind: 'refused' };

/** One person's, in one session with his home. */
export class Sending {
  readonly #options: SendingOptions;
  readonly #mor: string;

  constructor(options: SendingOptions) {
    this.#options = options;
    this.#mor = `psyc://${options.domain}/$mor`;
  }

  /**
   * Says a text to a person, by his uniform. Throws AnonymousError (any code but those of questions), OnionError, PublicationError as
   * `sealAnonymous`; RangeError where the wish has other hops or a clock than `anonymousLimits` let, TypeError where it has a level and
   * there is nothing that gives routes. What is over secrets goes when all its routes are there: a part of it would not do.
   */
  async send(person: string, text: string, wish: SendWish): Promise<SendOutcome> {
    checkWish(wish);
    const { suite, domain, stations, wallMs } = this.#options;
    const believed = await stations();
    if (believed === null) return { kind: 'refused' };
    const reader = await this.#readerOf(person, believed);
    if (reader === null) return { kind: 'refused' };
    believed.check(wish.hops, parseUniform(person).host);
    const way = { stations: believed.stations, home: domain, hops: wish.hops };
    const sealed = sealText(suite, reader, text);
    const { level = null } = wish;
    const { contents, needed } = sealed;
    if (level !== null) {
      const routes = await this.#routes(person, contents.length, { hops: wish.hops, level });
      if ('code' in routes) return routes;
      const cells = routes.map((hops, part) => cellOf(suite, hops, 'exit', contents[part]!, wallMs()));
      return this.#outcome(await this.#atOnce(cells, needed), sealed, level);
    }
    const make = (part: number | null): Uint8Array =>
      part === null ? coverCell(suite, way, wallMs()) : anonymousCell(suite, way, reader, contents[part]!, wallMs());
    const isHanded = await (wish.clock === undefined
      ? this.#atOnce(
          contents.map((_, part) => make(part)),
          needed,
        )
      : this.#onClock(sealed, make, wish.clock));
    return this.#outcome(isHanded, sealed, null);
  }

  #outcome(isHanded: boolean | null, { contents, needed }: Sealed, level: number | null): SendOutcome {
    if (isHanded === null) return { kind: 'refused' };
    return isHanded
      ? { kind: 'handed', parts: contents.length, needed, level }
      : { kind: 'failure', code: '_mor_full' };
  }

  /** A route for each part, all under way at once; or why there is none for one. */
  async #routes(person: string, count: number, wish: WayWish): Promise<readonly (readonly Hop[])[] | AskFailure> {
    const { route } = this.#options;
    if (route === undefined) throw new TypeError('this client was given nothing that makes routes of secrets');
    const { host } = parseUniform(person);
    const came = await Promise.all(Array.from({ length: count }, () => route(host, wish)));
    const failure = came.find((one) => one.kind === 'failure');
    return failure ?? came.flatMap((one) => (one.kind === 'route' ? [one.hops] : []));
  }

  async #atOnce(cells: readonly Uint8Array[], needed: number): Promise<boolean | null> {
    let taken = 0;
    for (const _cell of cells) {
      const entity = { _cell };
      const asking = { target: this.#mor, method: '_request_mor_cell', entity, excused: ['_mor_full'] };
      const told = await this.#options.home.ask(asking);
      if (told === null) return null;
      if (typeof told !== 'string') taken++;
    }
    return taken >= needed;
  }

  async #onClock(
    { contents, needed }: Sealed,
    make: Make,
    { meanMs, cells }: NonNullable<SendWish['clock']>,
  ): Promise<boolean | null> {
    const parts = contents.length;
    if (cells < parts) {
      const text = `the message takes ${parts} cells, and ${cells} leave on the clock`;
      throw new AnonymousError('_anonymous_excessive_parts', text);
    }
    const { suite, home, alarms, told } = this.#options;
    const clock = new CellClock(suite.random, { meanMs, cells, parts, needed }, make, alarms.nowMs());
    told?.({ kind: 'clock', cells, parts, meanMs });
    return onClock(home, this.#mor, clock, alarms);
  }

  /** The reader's keys: those that are kept, or what is found, checked; null: it was refused, and that has been told. */
  async #readerOf(person: string, believed: Believed): Promise<KeptReader | null> {
    const { pins, keys, wallMs, told, find } = this.#options;
    const now = Math.floor(wallMs() / 1000);
    const kept = await keys.read(person, now);
    if (kept !== null) return kept;
    const packet = await (find === undefined ? this.#foundByHome(person) : find(person));
    if (packet === null) return null;
    const { fingerprint, domainFingerprint, reader } = await checked(packet, person, now);
    const { host } = parseUniform(person);
    // What a server says as nobody's answer of its own domain's key, its key on the way has to bear out.
    const onTheWay = believed.stations.find(({ domain }) => domain === host)?.fingerprint;
    const isAnother = find !== undefined && onTheWay !== domainFingerprint;
    if (isAnother || changedIn(pins, person, fingerprint) || changedIn(pins, host, domainFingerprint)) {
      throw new AnonymousError(
        '_anonymous_changed_key',
        `another key of ${addressOf(person)} than the one that is known here`,
      );
    }
    await keys.keep(reader);
    told?.({ kind: 'key', person, fingerprint, isByHome: find === undefined });
    return reader;
  }

  async #foundByHome(person: string): Promise<Packet | null> {
    const asking = { target: this.#mor, method: '_request_mor_keys', entity: { _person: person } };
    const found = await this.#options.home.ask(asking);
    return found === null || typeof found === 'string' ? null : found.at(-1)!.packet;
  }
}

function checkWish({ hops, level, clock }: SendWish): void {
  const { hopsMin, hopsMax, clockCellsMin, clockCellsMax, clockSecondsMin, clockSecondsMax } = anonymousLimits;
  checkBetween('hops', hops, hopsMin, hopsMax);
  if (level !== undefined) checkBetween('level', level, 0, stockLimits.levelMax);
  if (clock === undefined) return;
  if (level !== undefined) throw new RangeError('cells on a clock go over keys');
  checkBetween('cells', clock.cells, clockCellsMin, clockCellsMax);
  checkBetween('milliseconds between two cells', clock.meanMs, 1000 * clockSecondsMin, 1000 * clockSecondsMax);
}

function checkBetween(what: string, number: number, least: number, most: number): void {
  const isWhole = Number.isInteger(number) && number >= least && number <= most;
  if (!isWhole) throw new RangeError(`${what}: ${least} to ${most}, not ${number}`);
}

async function checked(packet: Packet, person: string, now: number) {
  const bytes = (name: string): Uint8Array => new Uint8Array(packet.value(name) ?? []);
  const question = { kind: 'check person', person, succession: null, known: null, move: null } as const;
  const [key, statement, domainKey] = [bytes('_key'), bytes('_statement'), bytes('_key_domain')];
  const answer = await answerTo({ ...question, key, statement, domainKey }, now);
  if (answer.kind !== 'person' || answer.keys.encryptionKey === null) {
    throw new AnonymousError('_anonymous_unknown_keys', `no keys of ${addressOf(person)} that hold`);
  }
  const { fingerprint, domainFingerprint, encryptionKey: publicKey, until } = answer.keys;
  const reader = { uniform: person, fingerprint: bytesOfHex(fingerprint)!, publicKey, until };
  return { fingerprint, domainFingerprint, reader };
}
