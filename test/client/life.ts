/** A client's life in a test: a session, its disk, and the home it talks to, with time that stands until it is moved. */
import { deviceId } from '../../pki/device-statement.ts';
import { enrol, firstStatement, signStatement } from '../../pki/enrolment.ts';
import { certify } from '../../pki/certification.ts';
import { makeIdentityKey } from '../../pki/make-key.ts';
import { readSecretKey, type SecretKey } from '../../pki/secret-key.ts';
import { bytesOfHex } from '../../crypto/bytes.ts';
import { answerTo } from '../../client/session/answers.ts';
import type { Command, Output, SessionEffect, SessionEvent, TimerName } from '../../client/session/events.ts';
import { type Kept, silent, unheard } from '../../client/session/kept.ts';
import { Session, type SessionOptions } from '../../client/session/session.ts';
import { merged, parseState, renderState } from '../../client/profile/state-file.ts';
import { render, type Value } from '../../psyc/render.ts';
import { suite } from '../../server/suite.ts';
import { exportedOn, type HeardPacket, type Home, NOW } from './home.ts';

const fill = (byte: number): Uint8Array => new Uint8Array(32).fill(byte);

/** A person with one device, certified by his domain. */
export interface Someone {
  readonly uniform: string;
  readonly nick: string;
  readonly domain: string;
  readonly seed: Uint8Array;
  readonly identity: SecretKey;
  readonly certificate: Uint8Array;
  readonly statement: Uint8Array;
  readonly domainKey: SecretKey;
}

/** Made from a byte. */
export async function someone(nick: string, domain: string, byte: number, domainKey: SecretKey): Promise<Someone> {
  const seeds = { seed: fill(byte), encryptionSeed: fill(byte + 1) };
  const identity = await readSecretKey(await makeIdentityKey({ nick, domain, now: NOW, ...seeds }));
  const userId = `${nick} <${nick}@${domain}>`;
  const seed = fill(byte + 2);
  const first = firstStatement(identity.certificate.key.fingerprint, userId, NOW);
  const statement = await signStatement(identity.signer, enrol(first, suite.ed25519PublicKey(seed), NOW));
  const certificate = await certify(domainKey, identity.certificate, userId, NOW);
  return { uniform: `psyc://${domain}/~${nick}`, nick, domain, seed, identity, certificate, statement, domainKey };
}

/** What a home answers who is asked for somebody's keys. */
const keysOf = (who: Someone): Record<string, Value> => ({
  _key: who.certificate,
  _statement: who.statement,
  _key_domain: who.domainKey.certificate.bytes,
});

/** What is kept of somebody who is registered and has done nothing yet. */
export const fresh = ({ certificate, statement }: Someone): Kept => ({
  isRegistered: true,
  certificate,
  statement,
  pins: new Map(),
  speaking: silent,
  visits: new Map(),
  hearing: unheard,
});

/** One session and everything around it. */
export class Life {
  readonly outputs: Output[] = [];
  /** What is durable; what a crash leaves. */
  kept: Kept;
  home: Home;
  nowMs = 0;
  readonly #session: Session;
  readonly #timers = new Map<TimerName, number>();
  readonly #questions: Extract<SessionEffect, { kind: 'ask' }>[] = [];
  #connection = 0;
  #circuit: number | null = null;
  /** Bytes written by the client, in order. */
  readonly written: Uint8Array[] = [];
  /** Whether the disk answers. */
  diskAnswers = true;
  readonly #unanswered: number[] = [];

  constructor(who: Someone, home: Home, options: Partial<SessionOptions> = {}) {
    this.home = home;
    this.kept = options.kept ?? fresh(who);
    const { nick, domain, identity, seed } = who;
    this.#session = new Session({
      suite,
      nick,
      domain,
      fingerprint: bytesOfHex(identity.certificate.key.fingerprint)!,
      device: deviceId(suite.ed25519PublicKey(seed)),
      seed,
      secrets: identity.encryption.map(({ seed: secret }) => secret),
      channel: 'side',
      registration: null,
      ...options,
      kept: this.kept,
    });
  }

  /** The number of the circuit there is, or was last. */
  get circuit(): number {
    return this.#circuit ?? this.#connection;
  }

  async start(): Promise<this> {
    this.tell({ kind: 'started' });
    await this.settle();
    return this;
  }

  async command(command: Command): Promise<void> {
    this.tell({ kind: 'command', command });
    await this.settle();
  }

  /** Everything that can happen without time going on. */
  async settle(): Promise<void> {
    for (let isBusy = true; isBusy; ) {
      isBusy = this.#queue.length > 0;
      for (const act of this.#queue.splice(0)) act();
      for (const { question, of } of this.#questions.splice(0)) {
        isBusy = true;
        this.tell({ kind: 'answered', question, answer: await answerTo(of, NOW) });
      }
      const { bytes, isClosed } = await this.home.take();
      for (const chunk of bytes) {
        isBusy = true;
        if (this.#circuit !== null) this.tell({ kind: 'bytes', circuit: this.#circuit, bytes: chunk });
      }
      if (isClosed && this.#circuit !== null) {
        isBusy = true;
        const circuit = this.#circuit;
        this.#circuit = null;
        this.tell({ kind: 'ended', circuit });
      }
    }
  }

  /** Time goes on, timer by timer. */
  async pass(ms: number): Promise<void> {
    const end = this.nowMs + ms;
    for (;;) {
      const [next] = [...this.#timers].filter(([, at]) => at <= end).sort(([, a], [, b]) => a - b);
      if (next === undefined) break;
      const [name, at] = next;
      this.#timers.delete(name);
      this.nowMs = Math.max(this.nowMs, at);
      this.tell({ kind: 'timer', name });
      await this.settle();
    }
    this.nowMs = end;
  }

  /** Everything that the disk was asked for is durable now. */
  async flush(): Promise<void> {
    this.diskAnswers = true;
    for (const keeping of this.#unanswered.splice(0)) this.tell({ kind: 'kept', keeping });
    await this.settle();
  }

  /** Answers all requests for keys so far by these people's. */
  async giveKeys(...people: Someone[]): Promise<void> {
    for (const request of this.said('_request_keys')) {
      const who = people.find(({ uniform }) => uniform === request.routing.get('_target'));
      if (who !== undefined) this.home.answer(request, '_status_keys', keysOf(who));
    }
    await this.settle();
  }

  /** What the home has heard with a method. */
  said(method: string): HeardPacket[] {
    return this.home.heard.filter(({ packet }) => packet.method === method);
  }

  told<K extends Output['kind']>(kind: K): Extract<Output, { kind: K }>[] {
    return this.outputs.filter((output): output is Extract<Output, { kind: K }> => output.kind === kind);
  }

  tell(event: SessionEvent): void {
    const now = { monotoneMs: this.nowMs, wallMs: NOW * 1000 + this.nowMs };
    for (const effect of this.#session.step(event, now)) this.#perform(effect);
  }

  #perform(effect: SessionEffect): void {
    switch (effect.kind) {
      case 'connect':
        this.#circuit = effect.circuit;
        this.home.connect(++this.#connection);
        // As a stream stands: after the step that asked for it.
        this.#later(() => {
          const exported = exportedOn(this.#connection);
          this.tell({ kind: 'opened', circuit: effect.circuit, exported });
        });
        break;
      case 'write':
        this.written.push(new Uint8Array(effect.bytes));
        if (effect.circuit === this.#circuit) this.home.hear(effect.bytes);
        this.#later(() => this.tell({ kind: 'drained', circuit: effect.circuit, bytes: effect.bytes.length }));
        break;
      case 'close':
        if (effect.circuit === this.#circuit) {
          this.#circuit = null;
          this.home.drop();
        }
        break;
      case 'timer':
        this.#timers.set(effect.name, this.nowMs + effect.delayMs);
        break;
      case 'ask':
        this.#questions.push(effect);
        break;
      case 'keep':
        if (!this.diskAnswers) this.#unanswered.push(effect.keeping);
        else {
          // Through the file, as after a crash.
          this.kept = parseState(renderState(merged(this.kept, effect.change)));
          this.#later(() => this.tell({ kind: 'kept', keeping: effect.keeping }));
        }
        break;
      case 'output':
        this.outputs.push(effect.output);
        break;
    }
  }

  /** What happens after the step under way. */
  readonly #queue: (() => void)[] = [];

  #later(act: () => void): void {
    this.#queue.push(act);
  }
}

/** A packet as rendered, for a home to say. */
export const packetOf = (routing: Record<string, string>, method: string, data: string, entity = {}): Uint8Array =>
  render({ routing, entity, method, data });
