/** The keys of others: asked for, checked, pinned, and kept in mind for a while. docs/spec/people.md#keys-of-others */
import { backoffMs } from '../../circuit/backoff.ts';
import { parseSteps } from '../../circuit/proof-steps.ts';
import type { Packet } from '../../psyc/packet.ts';
import { parseUniform } from '../../psyc/uniform.ts';
import type { Answer, Notice, PersonKeys, Question } from './events.ts';
import type { Pin } from './kept.ts';
import { sessionLimits } from './limits.ts';

/** What is known of a person's keys now. */
export type Keys =
  | { readonly kind: 'known'; readonly keys: PersonKeys }
  | { readonly kind: 'waiting' }
  | { readonly kind: 'refused'; readonly code: string };

/** What the keyring needs of its session. */
export interface KeyringOwner {
  /** Asks the person for his keys; false: it could not be sent. */
  requestKeys(person: string, tag: string): boolean;
  ask(question: Question): number;
  /** Makes pins durable, before anything that follows. */
  pinned(pins: ReadonlyMap<string, Pin>): void;
  notice(notice: Notice): void;
}

interface Entry {
  state: Keys;
  /** Of the request under way. */
  tag: string | null;
  tries: number;
  repeatAtMs: number;
  /** When the state was reached. */
  sinceMs: number;
  /** The number of the question under way; null: none. */
  question: number | null;
  /** The keys as they were known before they were asked for again. */
  before: PersonKeys | null;
}

/** Pins are by domain, and by person's uniform. */
const isPersonsName = (name: string): boolean => name.startsWith('psyc://');

/** One session's keyring. */
export class Keyring {
  readonly #owner: KeyringOwner;
  readonly #pins: Map<string, Pin>;
  /** The one longest unused first. */
  readonly #entries = new Map<string, Entry>();
  #tags = 0;
  readonly #tagPrefix: string;
  /** Fingerprint of our own identity, hexadecimal. */
  readonly #own: string;
  /** What other domains have reported of our own keys. */
  readonly #reported = new Set<string>();

  /** `tagPrefix` tells this session's requests from those of earlier ones. */
  constructor(owner: KeyringOwner, pins: ReadonlyMap<string, Pin>, own: string, tagPrefix: string) {
    this.#owner = owner;
    this.#own = own;
    this.#pins = new Map(pins);
    this.#tagPrefix = tagPrefix;
  }

  /** The fingerprint pinned for a domain or a person, in hexadecimal, or null. */
  pinOf(name: string): string | null {
    return this.#pins.get(name)?.fingerprint ?? null;
  }

  /** Pins at first sight, or in place of the key that has named it its successor; false: there is no room. */
  pin(name: string, fingerprint: string, isFollowed: boolean): boolean {
    if (isFollowed) {
      this.#follow(name, fingerprint);
      return true;
    }
    return this.#pinAll(new Map([[name, { fingerprint, counter: 0 }]]));
  }

  /** Another key than the pinned one, which that one has named its successor. */
  #follow(name: string, fingerprint: string): void {
    const follows = this.pinOf(name) ?? '';
    const pin: Pin = { fingerprint, counter: 0, follows };
    this.#pins.set(name, pin);
    this.#owner.pinned(new Map([[name, pin]]));
    this.#owner.notice({ kind: 'followed key', of: name, pinned: follows, fingerprint });
  }

  /** Who was asked for his keys with this tag, or null. */
  personOf(tag: string): string | null {
    return [...this.#entries].find(([, entry]) => entry.tag === tag)?.[0] ?? null;
  }

  /** Whether anybody is being asked. */
  get isAsking(): boolean {
    return [...this.#entries.values()].some(({ state }) => state.kind === 'waiting');
  }

  /**
   * The keys of a person, asked for where they are not known. Known ones that are older than `freshMs` are asked for again;
   * a refusal after `keysMsMax`.
   */
  of(person: string, nowMs: number, freshMs: number): Keys {
    const entry = this.#entries.get(person);
    if (entry !== undefined) {
      this.#entries.delete(person);
      this.#entries.set(person, entry);
      const { state, sinceMs } = entry;
      const oldMs = state.kind === 'refused' ? sessionLimits.keysMsMax : freshMs;
      if (state.kind === 'waiting' || nowMs - sinceMs <= oldMs) return state;
    }
    this.#begin(person, nowMs);
    return { kind: 'waiting' };
  }

  /** Whether it is another domain's report that another key than ours was shown for us; told once of each, `reportsMax` at most. */
  told(packet: Packet, routing: ReadonlyMap<string, string>): boolean {
    if (packet.method !== '_notice_key_foreign' || routing.get('_context')) return false;
    const by = routing.get('_source') ?? '';
    const fingerprint = packet.text('_fingerprint') ?? '';
    const isWhole = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(fingerprint) && /^psyc:\/\/[^/#]+$/.test(by);
    const name = `${by} ${fingerprint}`;
    if (!isWhole || fingerprint === this.#own || this.#reported.has(name)) return true;
    if (this.#reported.size >= sessionLimits.reportsMax) return true;
    this.#reported.add(name);
    this.#owner.notice({ kind: 'foreign own key', by: parseUniform(by).host, fingerprint });
    return true;
  }

  /** The time has come to ask again whom nobody answered for. */
  tick(nowMs: number): void {
    for (const [person, entry] of this.#entries) {
      if (entry.state.kind !== 'waiting' || entry.question !== null || nowMs < entry.repeatAtMs) continue;
      if (entry.tries >= sessionLimits.keysTriesMax) {
        // Who is silent still has the keys he had.
        const keys = entry.before;
        const code = '_session_unanswered_keys';
        this.#settle(entry, keys === null ? { kind: 'refused', code } : { kind: 'known', keys }, nowMs);
      } else this.#request(person, entry, nowMs);
    }
  }

  /** A new circuit: what was asked on the old one is asked again. */
  proved(nowMs: number): void {
    for (const [person, entry] of this.#entries) {
      if (entry.state.kind === 'waiting' && entry.question === null) this.#request(person, entry, nowMs);
    }
  }

  /** An answer with a tag; false: it answers none of ours. */
  answered(source: string, tag: string, method: string, packet: Packet, code: string, nowMs: number): boolean {
    const entry = this.#entries.get(source);
    if (entry?.tag !== tag || entry.state.kind !== 'waiting') return false;
    if (/^_(?:error|failure)/.test(method)) {
      this.#settle(entry, { kind: 'refused', code }, nowMs);
      return true;
    }
    const [key, statement, domainKey] = ['_key', '_statement', '_key_domain'].map((name) => packet.value(name));
    if (!key || !statement || !domainKey || entry.question !== null) return true;
    const [rotation, domainBefore] = [packet.value('_rotation'), packet.value('_key_domain_before')];
    const steps = packet.value('_list_rotations');
    const earlier = steps === undefined ? [] : (parseSteps(new Uint8Array(steps)) ?? []);
    const succession =
      rotation && domainBefore
        ? { statement: new Uint8Array(rotation), before: new Uint8Array(domainBefore), earlier }
        : null;
    const [move, moved] = [packet.value('_move'), packet.value('_key_before')];
    entry.question = this.#owner.ask({
      kind: 'check person',
      person: source,
      key: new Uint8Array(key),
      statement: new Uint8Array(statement),
      domainKey: new Uint8Array(domainKey),
      succession,
      known: entry.before?.statement ?? null,
      move: move && moved ? { statement: new Uint8Array(move), before: new Uint8Array(moved) } : null,
    });
    return true;
  }

  /** What OpenPGP says to the question of this number; false: it is none of ours. */
  checked(question: number, answer: Answer, nowMs: number): boolean {
    const found = [...this.#entries].find(([, entry]) => entry.question === question);
    if (found === undefined) return false;
    const [person, entry] = found;
    entry.question = null;
    if (answer.kind === 'person') this.#settle(entry, this.#judge(person, answer.keys), nowMs);
    else this.#settle(entry, { kind: 'refused', code: answer.kind === 'refused' ? answer.code : '_error' }, nowMs);
    return true;
  }

  /** Whether the keys are those that are pinned, or the first. */
  #judge(person: string, keys: PersonKeys): Keys {
    const domain = parseUniform(person).host;
    const pinned = this.pinOf(domain);
    if (pinned !== null && pinned !== keys.domainFingerprint && keys.domainFollows.includes(pinned)) {
      this.#follow(domain, keys.domainFingerprint);
    }
    const changed = this.#changed(domain, keys.domainFingerprint) ?? this.#changed(person, keys.fingerprint);
    if (changed !== null) {
      this.#owner.notice(changed);
      return { kind: 'refused', code: '_trust_changed_key' };
    }
    const counter = this.#pins.get(person)?.counter ?? 0;
    if (keys.counter < counter) return { kind: 'refused', code: '_stale_statement' };
    const news = new Map<string, Pin>();
    if (!this.#pins.has(domain)) news.set(domain, { fingerprint: keys.domainFingerprint, counter: 0 });
    if (!this.#pins.has(person) || keys.counter > counter) {
      news.set(person, { ...this.#pins.get(person), fingerprint: keys.fingerprint, counter: keys.counter });
    }
    if (news.size > 0 && !this.#pinAll(news)) return { kind: 'refused', code: '_session_excessive_pins' };
    this.#followHome(person, keys);
    return { kind: 'known', keys };
  }

  /** Whom we knew by the key that says so lives here now: told once. Of two words with one number the first counts. */
  #followHome(person: string, { moved }: PersonKeys): void {
    const pin = moved === null ? undefined : this.#pins.get(moved.from);
    if (moved === null || pin?.fingerprint !== moved.fingerprint || moved.from === person) return;
    if (pin.moved !== undefined && pin.moved.counter >= moved.counter) return;
    const next: Pin = { ...pin, moved: { to: person, counter: moved.counter } };
    this.#pins.set(moved.from, next);
    this.#owner.pinned(new Map([[moved.from, next]]));
    if (pin.moved?.to !== person) this.remind(moved.from);
  }

  /** Tells where somebody lives now, if he has moved. */
  remind(person: string): void {
    const to = this.#pins.get(person)?.moved?.to;
    if (to !== undefined) this.#owner.notice({ kind: 'moved', from: person, to });
  }

  #changed(name: string, fingerprint: string): Notice | null {
    const pinned = this.pinOf(name);
    if (pinned === null || pinned === fingerprint) return null;
    return { kind: 'changed key', of: name, pinned, fingerprint };
  }

  #pinAll(news: ReadonlyMap<string, Pin>): boolean {
    const first = [...news].filter(([name]) => !this.#pins.has(name));
    const room = sessionLimits.pinsMax - this.#pins.size - first.length + 1;
    if (!first.every(([name]) => this.#hasRoomFor(name, room))) return false;
    for (const [name, pin] of news) this.#pins.set(name, pin);
    this.#owner.pinned(news);
    for (const [of, { fingerprint }] of first) this.#owner.notice({ kind: 'first key', of, fingerprint });
    return true;
  }

  /** Whoever has a domain has as many people as he likes: a domain's people take half of what the others have left, and leave the rest to others. */
  #hasRoomFor(name: string, room: number): boolean {
    if (!isPersonsName(name)) return room > 0;
    const { host } = parseUniform(name);
    const ofDomain = [...this.#pins.keys()].filter(
      (other) => isPersonsName(other) && parseUniform(other).host === host,
    );
    return ofDomain.length < room;
  }

  #begin(person: string, nowMs: number): void {
    const before = this.#entries.get(person);
    const entry: Entry = {
      state: { kind: 'waiting' },
      tag: null,
      tries: 0,
      repeatAtMs: nowMs,
      sinceMs: nowMs,
      question: null,
      before: before?.before ?? null,
    };
    this.#entries.set(person, entry);
    if (this.#entries.size > sessionLimits.peopleMax) {
      const [oldest] = this.#entries.keys();
      this.#entries.delete(oldest!);
    }
    this.#request(person, entry, nowMs);
  }

  #request(person: string, entry: Entry, nowMs: number): void {
    entry.tag = `${this.#tagPrefix}k${++this.#tags}`;
    entry.repeatAtMs = nowMs + backoffMs(entry.tries, sessionLimits.repeatMsMin, sessionLimits.repeatMsMax);
    // What could not be sent is no try: without a circuit, everything waits.
    if (this.#owner.requestKeys(person, entry.tag)) entry.tries++;
  }

  #settle(entry: Entry, state: Keys, nowMs: number): void {
    entry.state = state;
    entry.sinceMs = nowMs;
    entry.tag = null;
    if (state.kind === 'known') entry.before = state.keys;
  }
}
