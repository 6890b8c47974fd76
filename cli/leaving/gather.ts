/** Asks for everything that a person has, one thing after the other, and writes it down as it comes. docs/spec/leaving.md#export */
import { join } from 'node:path';
import type { ExportWriter } from '../../client/export/writer.ts';
import type { Profile } from '../../client/profile/profile.ts';
import type { Command, Output, Said } from '../../client/session/events.ts';
import type { Pin } from '../../client/session/kept.ts';
import type { SessionShell } from '../../client/session/shell.ts';
import { domainOf } from '../../client/session/words.ts';
import { renderBase64 } from '../../crypto/base64.ts';
import { renderArmour } from '../../pki/armour.ts';
import { readCertificate } from '../../pki/certificate.ts';
import { orNull } from '../../pki/error.ts';
import type { Packet } from '../../psyc/packet.ts';
import { systemTimers } from '../../server/transport/timers.ts';

/** How long somebody may be silent until he is left out. */
const SILENT_MS_MAX = 20_000;

/** Rows of a place that are asked for at once. */
const PAGE_ROWS = 100;

type Wish = Command extends infer C ? (C extends Command ? Omit<C, 'command'> : never) : never;
type Told = Extract<Output, { kind: 'told' }>;

const base64 = (bytes: Uint8Array | undefined | null): string | null =>
  bytes === undefined || bytes === null ? null : renderBase64(new Uint8Array(bytes));

const bytesOf = (packet: Packet | null | undefined): Uint8Array | null => packet?.copy().bytes ?? null;

/** A question that is not answered. */
interface Open {
  readonly take: (output: Output) => void;
  readonly done: (output: Output) => void;
  /** Nobody waits any more. */
  readonly drop: () => void;
}

/** What was left out, and why. */
export interface Omission {
  readonly what: string;
  readonly code: string;
}

/** One export's questions, from `begin` to `over`. */
export class Gathering {
  readonly #person: string;
  readonly #profile: Profile;
  readonly #writer: ExportWriter;
  readonly #shell: SessionShell;
  readonly #open = new Map<number, Open>();
  readonly #authors = new Set<string>();
  #commands = 0;
  /** Messages that are written. */
  messages = 0;
  readonly omissions: Omission[] = [];
  /** Domains that gave another key than the one in this export, and how many authors of theirs have no key in it that was pinned. */
  readonly changed = new Map<string, number>();
  /** As they are written: what comes meanwhile does not vouch for itself. */
  readonly #pins: ReadonlyMap<string, Pin>;

  constructor(person: string, profile: Profile, writer: ExportWriter, shell: SessionShell) {
    this.#person = person;
    this.#profile = profile;
    this.#writer = writer;
    this.#shell = shell;
    this.#pins = new Map(profile.kept.pins);
  }

  /** Writes all of it; what is refused is noted, and left out. */
  async all(identity: Uint8Array): Promise<void> {
    this.#own(identity);
    await this.#told('records', '_request_records', (packet) => {
      const [of, name] = [packet.text('_of'), packet.text('_name')];
      const version = packet.text('_version');
      const more = version === undefined ? {} : { version: Number(version) };
      this.#writer.line('records.jsonl', { of, name, ...more, value: base64(packet.value('_value')) });
    });
    await this.#told('friends', '_request_friends', (packet, words) => {
      const [friend, standing] = [packet.text('_uniform'), packet.text('_standing')];
      const [mine, theirs] = ['_packet_mine', '_packet_theirs'].map((name) => base64(packet.value(name)));
      for (const said of words.values()) this.#know(said.author);
      this.#writer.line('contacts.jsonl', { friend, standing, mine, theirs });
    });
    await this.#told('messages to you', '_request_export', (packet, words) => {
      const said = words.get('_packet');
      const [sequence, code] = [packet.text('_sequence'), packet.text('_code')];
      if (said !== undefined) this.#message(null, Number(sequence), said);
      else if (code !== undefined) this.omissions.push({ what: `message ${sequence}`, code });
    });
    const { speaking, hearing } = this.#profile.kept;
    const entered = [...speaking.entered].flatMap(([place, row]) => (row === null ? [] : [place]));
    for (const place of new Set([...hearing.places.keys(), ...entered])) await this.#place(place);
    for (const author of this.#authors) await this.#keysOf(author);
  }

  /** What the session tells. */
  take(output: Output): void {
    if (!('command' in output) || output.command === null) return;
    const open = this.#open.get(output.command);
    if (open === undefined) return;
    const isEnd = output.kind === 'refused' || output.kind === 'page' || (output.kind === 'told' && output.isLast);
    if (!isEnd) open.take(output);
    else open.done(output);
  }

  /** The session is over: what is asked is answered by nobody. */
  over(): void {
    for (const { drop } of this.#open.values()) drop();
  }

  /** What lies in the person's folder. */
  #own(identity: Uint8Array): void {
    const { certificate, statement } = this.#profile.kept;
    this.#writer.file('identity', identity);
    this.#writer.file('public-key.asc', new TextEncoder().encode(renderArmour('public', certificate)));
    this.#writer.file('statement', statement);
    for (const name of ['messages.jsonl', 'keys.jsonl', 'contacts.jsonl', 'places.jsonl', 'records.jsonl']) {
      this.#writer.line(name, null);
    }
    for (const [name, { fingerprint, counter }] of this.#pins)
      this.#writer.line('contacts.jsonl', { name, fingerprint, counter });
    this.#know(this.#person);
  }

  async #place(place: string): Promise<void> {
    let after = 0;
    for (let last = Number.MAX_SAFE_INTEGER; after < last; ) {
      const end = await this.#ask({ kind: 'history', place, after, limit: PAGE_ROWS }, (output) => {
        if (output.kind === 'heard')
          this.#message(place, output.sequence, { ...output, packet: output.packet ?? null });
      });
      if (end.kind !== 'page') {
        this.#omit(place, end);
        break;
      }
      // Where a place gives nothing more, though there is more.
      if (end.reached <= after) break;
      ({ last } = end);
      after = end.reached;
    }
    this.#writer.line('places.jsonl', { place, row: after });
  }

  async #keysOf(person: string): Promise<void> {
    const end = await this.#ask({ kind: 'ask', target: person, method: '_request_keys', entity: {} }, () => {});
    if (end.kind !== 'told') {
      this.#omit(`keys of ${person}`, end);
      return;
    }
    const [key, statement, domainKey] = ['_key', '_statement', '_key_domain'].map((name) =>
      base64(end.packet.value(name)),
    );
    this.#writer.line('keys.jsonl', { person, key, statement, domainKey });
    await this.#compare(person, end.packet.value('_key_domain'));
  }

  /** Whether his domain's key is the pinned one. */
  async #compare(person: string, domainKey: Uint8Array | undefined): Promise<void> {
    const domain = domainOf(person);
    const pinned = this.#pins.get(domain)?.fingerprint;
    const key = domainKey === undefined ? null : await orNull(readCertificate(new Uint8Array(domainKey)));
    if (pinned === undefined || key === null || key.key.fingerprint === pinned) return;
    const isUnmet = person !== this.#person && !this.#pins.has(person);
    this.changed.set(domain, (this.changed.get(domain) ?? 0) + (isUnmet ? 1 : 0));
  }

  #message(
    place: string | null,
    sequence: number,
    { author, word, method, text, isSealed, timeMs, packet }: Omit<Said, 'address'>,
  ): void {
    this.messages++;
    this.#know(author);
    const said = { place, sequence, author, word, method, text, isSealed, timeMs };
    this.#writer.line('messages.jsonl', { ...said, packet: base64(bytesOf(packet)) });
  }

  #know(author: string): void {
    if (author !== '') this.#authors.add(author);
  }

  /** Of one's own home; what it tells, as it comes. */
  async #told(
    what: string,
    method: string,
    tell: (packet: Packet, words: ReadonlyMap<string, Said>) => void,
  ): Promise<void> {
    const told = ({ packet, words }: Told): void => tell(packet, words);
    const end = await this.#ask({ kind: 'ask', target: this.#person, method, entity: {} }, (output) => {
      if (output.kind === 'told') told(output);
    });
    if (end.kind !== 'told') this.#omit(what, end);
  }

  #ask(wish: Wish, take: (output: Output) => void): Promise<Output> {
    const command = ++this.#commands;
    const target = 'target' in wish ? wish.target : wish.place;
    return new Promise((answer) => {
      const late = (): void => done({ kind: 'refused', command, target, code: '_late', by: null });
      let cancel = systemTimers.after(SILENT_MS_MAX, late);
      const done = (output: Output): void => {
        cancel();
        this.#open.delete(command);
        answer(output);
      };
      const heard = (output: Output): void => {
        cancel();
        cancel = systemTimers.after(SILENT_MS_MAX, late);
        take(output);
      };
      this.#open.set(command, { take: heard, done, drop: () => cancel() });
      this.#shell.tell({ kind: 'command', command: { ...wish, command } });
    });
  }

  #omit(what: string, end: Output): void {
    this.omissions.push({ what, code: end.kind === 'refused' ? end.code : '_late' });
  }
}

/** Where a person's identity file is. */
export const identityFile = (folder: string): string => join(folder, 'identity');
