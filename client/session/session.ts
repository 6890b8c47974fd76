/** A person's session at home: one circuit, one channel; what is said and heard on it. A pure machine. docs/spec/people.md#session */
import { channelOf } from '../../circuit/channel.ts';
import { codeIn, type LoginOptions } from '../../circuit/client-handshake.ts';
import { bytesOfHex, hexOf } from '../../crypto/bytes.ts';
import type { Suite } from '../../crypto/suite.ts';
import type { Packet } from '../../psyc/packet.ts';
import { tagAnswered } from '../../psyc/reply.ts';
import { render } from '../../psyc/render.ts';
import { renderVisit } from '../../publication/visit.ts';
import type {
  Answer,
  Command,
  Moment,
  Output,
  Progress,
  Question,
  SessionEffect,
  SessionEvent,
  Status,
} from './events.ts';
import { Gate } from './gate.ts';
import { Errands } from './errands.ts';
import { Hearing } from './hearing.ts';
import { domainOf } from './words.ts';
import { heardFrom, type HeardSealed, type Keeping, keepingOf, type Kept, voiceAt } from './kept.ts';
import { Keyring } from './keyring.ts';
import { sessionLimits } from './limits.ts';
import { type Cause, isFinal, Link } from './link.ts';
import { isOutsiders } from './pages.ts';
import { Presences } from './presences.ts';
import { Reader } from './reader.ts';
import { Sealing } from './sealing.ts';
import { SenderKeys, type SenderKeysOptions } from './sender-keys.ts';
import { Speech, type SpeechOwner } from './speech.ts';
import { Statuses } from './statuses.ts';
import { Witness } from './witness.ts';
import { Refusal, Writer } from './writer.ts';

/** Whose session it is. */
export interface SessionOptions {
  readonly suite: Suite;
  readonly nick: string;
  readonly domain: string;
  /** The domain whose server is visited, since the home's does not answer; null: at home. */
  readonly at?: string | null;
  /** Of the identity key: 20 or 32 bytes. */
  readonly fingerprint: Uint8Array;
  /** The device's id of 16 bytes, its Ed25519 seed, and the X25519 secrets it has, the oldest first. */
  readonly device: Uint8Array;
  readonly seed: Uint8Array;
  readonly secrets: readonly Uint8Array[];
  /** `main` hears everything and says nothing; `side` speaks, and hears answers. */
  readonly channel: 'main' | 'side';
  readonly kept: Kept;
  /** How many messages are handed out at most; those behind them stay where they are, for the next session. */
  readonly heardMax?: number;
  /** By which a person that is not registered wants to be; null: registered, or at another time. */
  readonly registration: { readonly invite: string | null } | null;
}

/** One session, from `started` to `stopped`. */
export class Session {
  readonly #options: SessionOptions;
  readonly #person: string;
  /** The domain that is visited; null: at home. */
  readonly #at: string | null;
  readonly #host: string;
  readonly #gate = new Gate();
  readonly #link: Link;
  readonly #keyring: Keyring;
  readonly #hearing: Hearing;
  readonly #speech: Speech;
  readonly #statuses: Statuses;
  readonly #errands: Errands;
  readonly #presences: Presences;
  readonly #writer: Writer;
  #now: Moment = { monotoneMs: 0, wallMs: 0 };
  #certificate: Uint8Array;
  #statement: Uint8Array;
  #registration: { readonly invite: string | null } | null;
  #questions = 0;
  /** The handshake's question under way. */
  #proving: number | null = null;
  #isTicking = false;
  #isOver = false;
  #progress = '';

  constructor(options: SessionOptions) {
    const { suite, nick, domain, fingerprint, device, seed, secrets, kept } = options;
    this.#options = options;
    this.#person = `psyc://${domain}/~${nick}`;
    this.#at = options.at ?? null;
    const host = (this.#host = this.#at ?? domain);
    this.#certificate = kept.certificate;
    this.#statement = kept.statement;
    this.#registration = kept.isRegistered ? null : options.registration;
    const person = this.#person;
    const tagPrefix = hexOf(suite.random(6));
    const pins = new Map(kept.pins);
    // Ourselves we know.
    if (!pins.has(person)) pins.set(person, { fingerprint: hexOf(fingerprint), counter: 0 });
    const send = (bytes: Uint8Array): boolean => this.#link.send(bytes);
    const output = (told: Output): void => this.#gate.add({ kind: 'output', output: told });
    const keep = (change: Keeping): void => this.#gate.keep(change);
    const source = (): string => this.#channel();
    this.#keyring = new Keyring(
      {
        requestKeys: (target, tag) =>
          send(render({ routing: { _source: source(), _target: target, _tag: tag }, method: '_request_keys' })),
        ask: (question) => this.#question(question),
        pinned: (news) => keep({ pins: news }),
        notice: output,
      },
      pins,
      hexOf(fingerprint),
      tagPrefix,
    );
    const requestStatus = (place: string, statusTag: string): void => {
      const routing = { _source: source(), _target: place, _tag: statusTag };
      send(render({ routing, method: '_request_context_status' }));
    };
    const askStatus = (place: string): void => this.#statuses.ask(null, place, this.#now.monotoneMs);
    const sealing = new Sealing(person, this.#keyring, askStatus, kept.hearing.gone);
    const witness = new Witness(askStatus, output, kept.hearing.gone);
    const told = (place: string, answer: Status | string): void => {
      sealing.told(place, answer);
      witness.told(place, answer);
    };
    this.#statuses = new Statuses({ request: requestStatus, output, told }, tagPrefix);
    const writer = (this.#writer = new Writer({ suite, person, nick, fingerprint, device, seed, at: this.#at }));
    const voice = {
      send,
      output: (told: Output) => (isOutsiders(told) ? this.#hearing.refused(told, this.#now) : output(told)),
      keep: (...said: Parameters<SpeechOwner['keep']>) => keep(keepingOf(kept, this.#at, ...said)),
      renew: () => this.#link.renew(),
      tagPrefix,
    };
    // What the side channel has said, nobody else says again: it was written under that channel's name.
    this.#speech = new Speech(voice, writer, this.#keyring, sealing, voiceAt(kept, options.channel, this.#at));
    const own = { uniform: person, fingerprint };
    const sealed: SenderKeysOptions['sealed'] = (...news) => {
      if (options.channel === 'main') witness.sealed(...news);
    };
    const senderKeys = new SenderKeys({ suite, own, secrets, sealed }, kept.hearing.keys);
    const reader = new Reader({ suite, person, host, fingerprint, secrets }, this.#keyring, senderKeys);
    const ears = {
      person,
      host,
      get channel(): string {
        return source();
      },
      hearsAll: options.channel === 'main',
      heardMax: options.heardMax ?? Number.MAX_SAFE_INTEGER,
      send,
      output: (shown: Output) => {
        output(shown);
        if (options.channel === 'main') witness.heard(shown);
      },
      refuse: (code: string) => this.#link.refuse(code),
    };
    const more = (): HeardSealed => ({ keys: senderKeys.all(), gone: witness.gone() });
    this.#hearing = new Hearing(ears, reader, heardFrom(kept), more, tagPrefix);
    this.#errands = new Errands(ears, reader, tagPrefix);
    this.#presences = new Presences(reader, output);
    this.#link = new Link(this.#gate, {
      login: () => this.#login(),
      ask: (question) => void (this.#proving = this.#question(question)),
      pinned: (key, isFollowed) => {
        if (!this.#keyring.pin(host, hexOf(key), isFollowed)) this.#over('_session_excessive_pins', null);
      },
      certified: (key) => {
        this.#certificate = key;
        keep({ certificate: key });
      },
      stated: (statement) => {
        this.#statement = statement;
        keep({ statement });
      },
      proved: () => this.#proved(),
      missed: () => this.#hearing.missed(this.#now),
      packet: (packet, routing) => this.#packet(packet, routing),
      lost: (cause, wasProved) => this.#lost(cause, wasProved),
    });
  }

  /** Whether both ends are proved: what was asked may be on its way. */
  readonly isProved = (): boolean => this.#link.isProved;

  /** Gives the effects, in order. Never throws, whatever the peer says. */
  step(event: SessionEvent, now: Moment): SessionEffect[] {
    this.#now = now;
    if (!this.#isOver) this.#take(event);
    // What is on its way to the disk is finished in any case.
    if (event.kind === 'kept') this.#gate.kept(event.keeping);
    if (!this.#isOver) this.#advance();
    return this.#gate.take();
  }

  #take(event: SessionEvent): void {
    switch (event.kind) {
      case 'answered':
        this.#answered(event.question, event.answer);
        break;
      case 'command':
        this.#command(event.command);
        break;
      case 'stopped':
        this.#keepHearing();
        this.#link.stop();
        this.#isOver = true;
        break;
      case 'timer':
        if (event.name === 'tick') this.#tick();
        else this.#link.step(event, this.#now);
        break;
      default:
        this.#link.step(event, this.#now);
    }
  }

  #tick(): void {
    this.#isTicking = false;
    this.#keyring.tick(this.#now.monotoneMs);
    if (this.#link.isProved) {
      this.#hearing.tick(this.#now);
      this.#statuses.tick(this.#now.monotoneMs);
      this.#errands.tick(this.#now);
    }
    this.#keepHearing();
  }

  #advance(): void {
    this.#hearing.advance(this.#now);
    this.#errands.advance(this.#now);
    this.#presences.advance(this.#now);
    this.#speech.advance(this.#now, this.#link.isProved);
    const waiting = this.#link.isProved ? this.#speech.waitingFor() : null;
    if (waiting !== null) this.#tellProgress(waiting.state, waiting.of);
    if (this.#gate.size > sessionLimits.gatedMax) this.#over('_session_excessive_effects', null);
    const isAsking = this.#keyring.isAsking || this.#statuses.isAsking || this.#errands.isWaiting;
    if (this.#isTicking || !(this.#speech.isWaiting || this.#hearing.isWaiting || isAsking)) return;
    this.#isTicking = true;
    this.#gate.add({ kind: 'timer', name: 'tick', delayMs: sessionLimits.tickMs });
  }

  #keepHearing(): void {
    const hearing = this.#hearing.changes();
    if (hearing !== null) this.#gate.keep({ hearing });
  }

  #command(command: Command): void {
    const { command: number } = command;
    if (command.kind === 'status') {
      this.#statuses.ask(number, command.place, this.#now.monotoneMs);
      return;
    }
    const target = 'target' in command ? command.target : command.place;
    const isFull = this.#speech.count + this.#errands.count >= sessionLimits.commandsMax;
    const isMute = this.#options.channel === 'main' && command.kind !== 'ask';
    const code = isMute ? '_session_only_listens' : '_session_excessive_commands';
    if (isMute || isFull) {
      this.#output({ kind: 'refused', command: number, target, code, by: null });
    } else if (command.kind === 'history') {
      this.#hearing.history(number, command.place, command.after, command.limit, this.#now);
    } else if (command.kind === 'ask') this.#ask(command);
    else this.#speech.say(number, target, command);
  }

  #ask({ statement, entity, ...wanted }: Extract<Command, { kind: 'ask' }>): void {
    const { suite, secrets } = this.#options;
    try {
      const newest = secrets.at(-1);
      if (statement?.isSealed === true && newest === undefined) throw new Refusal('_publication_unsealable');
      const key = newest === undefined ? new Uint8Array(32) : suite.x25519PublicKey(newest);
      const stated =
        statement === undefined ? {} : { [statement.name]: this.#writer.state(statement, key, this.#now.wallMs) };
      this.#errands.ask({ ...wanted, entity: { ...entity, ...stated } }, this.#now);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      const { command, target } = wanted;
      this.#output({ kind: 'refused', command, target, code: error.code, by: null });
    }
  }

  #answered(question: number, answer: Answer): void {
    if (question !== this.#proving) {
      this.#keyring.checked(question, answer, this.#now.monotoneMs);
      return;
    }
    this.#proving = null;
    if (answer.kind !== 'person') this.#link.answered(answer);
  }

  #packet(packet: Packet, routing: ReadonlyMap<string, string>): void {
    const tag = routing.get('_context') ? undefined : tagAnswered((name) => routing.get(name));
    if (tag === undefined) {
      if (this.#keyring.told(packet, routing) || this.#presences.take(packet, routing, this.#now)) return;
      this.#hearing.take(packet, routing, this.#now);
      return;
    }
    const method = packet.method ?? '';
    if (routing.get('_target') !== this.#channel()) return;
    const code = /^_(?:error|failure)(?:_|$)/.test(method) ? codeIn(packet) : null;
    const from = routing.get('_source') ?? '';
    // What our server or that of whom we asked does not let pass, it refuses in its own name.
    const asked = code === null ? null : this.#askedBy(tag);
    const source =
      asked !== null && [this.#host, domainOf(asked)].some((node) => from === `psyc://${node}`) ? asked : from;
    if (this.#speech.answered(source, tag, method, (name) => packet.text(name), code)) return;
    if (this.#hearing.answered(source, tag, packet, code, this.#now)) return;
    if (this.#statuses.answered(source, tag, packet, code)) return;
    if (this.#errands.answered(source, tag, packet, code, this.#now)) return;
    this.#keyring.answered(source, tag, method, packet, code ?? '_error', this.#now.monotoneMs);
  }

  /** Whom we asked with this tag. */
  #askedBy(tag: string): string | null {
    return (
      this.#speech.targetOf(tag) ??
      this.#hearing.placeOf(tag) ??
      this.#statuses.placeOf(tag) ??
      this.#errands.targetOf(tag) ??
      this.#keyring.personOf(tag)
    );
  }

  #login(): LoginOptions {
    const { suite, fingerprint, device, seed } = this.#options;
    const [domain, at, person] = [this.#host, this.#at, this.#person];
    const pin = this.#keyring.pinOf(domain);
    const visit = { person, fingerprint, device, domain, timeMs: this.#now.wallMs };
    return {
      suite,
      domain,
      pinned: pin === null ? null : bytesOfHex(pin),
      person,
      fingerprint,
      device,
      seed,
      channel: this.#channel(),
      key: this.#certificate,
      statement: this.#statement,
      registration: this.#registration,
      ...(at === null ? {} : { visit: renderVisit(suite, visit, seed) }),
    };
  }

  #channel(): string {
    const { channel, device } = this.#options;
    return channelOf(this.#person, device, {
      side: channel === 'main' ? null : String(this.#speech.generation),
      at: this.#at,
    });
  }

  #proved(): void {
    const wasRegistered = this.#registration !== null;
    if (wasRegistered) this.#gate.keep({ isRegistered: true });
    this.#registration = null;
    this.#output({ kind: 'ready', wasRegistered });
    this.#keyring.proved(this.#now.monotoneMs);
    this.#hearing.proved(this.#now);
    this.#errands.proved(this.#now);
    this.#speech.proved();
    this.#statuses.proved(this.#now.monotoneMs);
  }

  #lost(cause: Cause | null, wasProved: boolean): void {
    // What OpenPGP says of the last circuit is no answer on the next.
    this.#proving = null;
    this.#progress = '';
    if (cause === null) return;
    const { code, byPeer, detail } = cause;
    if (!wasProved && isFinal(code, byPeer)) this.#over(code, byPeer ? this.#host : null, detail);
    else if (!this.#isOver) this.#output({ kind: 'lost', code, byPeer });
  }

  #over(code: string, by: string | null, detail?: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#link.stop();
    this.#output({ kind: 'over', code, by, ...(detail === undefined ? {} : { detail }) });
  }

  #question(of: Question): number {
    this.#gate.add({ kind: 'ask', question: ++this.#questions, of });
    return this.#questions;
  }

  #output(output: Output): void {
    this.#gate.add({ kind: 'output', output });
  }

  #tellProgress(state: Progress, of: string): void {
    if (this.#progress === `${state} ${of}`) return;
    this.#progress = `${state} ${of}`;
    this.#output({ kind: 'progress', state, of });
  }
}
