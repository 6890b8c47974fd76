/** A node at work: its effects are performed on streams, timers and a store, and what happens there comes back as events. docs/spec/federation.md#node */
import type { Logger } from 'pino';
import { exportedBy } from '../../circuit/exporting.ts';
import type { AdminAnswer, AdminQuestion } from '../../federation/admin-questions.ts';
import type { AmendedKey, NodeEffect, NodeEvent, NodeOptions, Notice, RotationTold } from '../../federation/events.ts';
import { FederationNode } from '../../federation/node.ts';
import type { MailEffect, MailEvent } from '../../federation/mail/mail-events.ts';
import type { MorEffect, MorEvent } from '../../federation/onions/mor-events.ts';
import type { PkiAnswer, PkiQuestion } from '../../federation/keys/pki.ts';
import type { DnsStatement } from '../../pki/dns-statement.ts';
import { GroupMap } from '../../psyc/group-map.ts';
import type { Store, StoreOutcome, StoreRequest } from '../../store/store.ts';
import { TransportError } from '../transport/errors.ts';
import { type TransportLimits, transportLimits } from '../transport/limits.ts';
import type { ByteStream } from '../transport/stream.ts';
import type { Timers } from '../transport/timers.ts';
import { Carried, type StreamEvent } from './carried.ts';
import { failureCode } from './failure.ts';
import { Notices } from './notices.ts';
import { tooStalled } from './stalled.ts';

/** What a node works with. */
export interface ShellOptions {
  readonly node: NodeOptions;
  readonly store: Store;
  /** Answers OpenPGP questions; never rejects for what others sent, but may for what the system does. */
  readonly answer: (question: PkiQuestion) => Promise<PkiAnswer>;
  /** What the DNS says of a domain's key, over two ways where a change of it is at stake; never rejects. */
  readonly lookUp: (domain: string, isChange: boolean) => Promise<DnsStatement>;
  /** Opens a stream to a domain's server. */
  readonly reach: (domain: string, signal: AbortSignal) => Promise<ByteStream>;
  readonly timers: Timers;
  /** Milliseconds since 1970. */
  readonly unixMs: () => number;
  readonly log: Logger;
  /** Told what the admin is told. */
  readonly noticed?: (notice: Notice) => void;
  /** Does what the listener needs a thread or the disk for. */
  readonly mor?: (effect: MorEffect) => void;
  /** Speaks SMTP for the mail gateway. */
  readonly mail?: (effect: MailEffect) => void;
  /** Called with what must never happen: the node's state can be trusted no more. */
  readonly crashed: (error: unknown) => void;
  readonly limits?: TransportLimits;
}

/** One node of this process. */
export class NodeShell {
  readonly #options: ShellOptions;
  readonly #node: FederationNode;
  readonly #streams = new GroupMap<ByteStream>();
  readonly #dialling = new Map<string, AbortController>();
  readonly #timers = new Map<string, () => void>();
  readonly #notices: Notices;
  readonly #limits: TransportLimits;
  #cancelLook: () => void = () => {};
  readonly #asked = new Map<number, (answer: AdminAnswer | null) => void>();
  #admin = 0;
  #accepted = 0;
  #isStarted = false;
  #isOver = false;

  constructor(options: ShellOptions) {
    this.#options = options;
    this.#limits = options.limits ?? transportLimits;
    this.#notices = new Notices(options.log);
    this.#node = new FederationNode(options.node);
  }

  /** Begins: reads what the last life left to be done. */
  start(): void {
    this.#isStarted = true;
    this.#lookStalled();
    this.#tell({ kind: 'started' });
  }

  /** Takes a stream that a peer has opened; `plain`: the named hosts that may be there, where it is without TLS. Before the node has begun nobody is let in: he comes again. */
  accept(stream: ByteStream, plain?: readonly string[]): void {
    if (!this.#isStarted) {
      stream.destroy();
      return;
    }
    this.#carry(`in ${++this.#accepted}`, stream, true, plain);
  }

  /** Somebody has added to the key of a person who lives here. */
  amend(amended: AmendedKey): void {
    this.#tell({ kind: 'key', amended });
  }

  /** A key is to follow this domain's: other domains are told. */
  announce(announced: RotationTold): void {
    this.#tell({ kind: 'announced', announced });
  }

  /** Somebody has added to the key of another domain. */
  amendDomain(domain: string): void {
    this.#tell({ kind: 'domain key', domain });
  }

  /** Tells the listener what it asked for, or is to know. */
  tellMor(event: MorEvent): void {
    this.#tell({ kind: 'mor', event });
  }

  /** Tells the mail gateway what came over SMTP, or became of what was handed to the relay. */
  tellMail(event: MailEvent): void {
    this.#tell({ kind: 'mail', event });
  }

  /** Asks the node something as its admin; null: it is over. */
  ask(question: AdminQuestion): Promise<AdminAnswer | null> {
    if (this.#isOver) return Promise.resolve(null);
    const request = ++this.#admin;
    return new Promise((resolve) => {
      this.#asked.set(request, resolve);
      this.#tell({ kind: 'asked', request, question });
    });
  }

  /** Ends all circuits in order; tells the node nothing more. */
  stop(): void {
    this.#isOver = true;
    for (const answer of this.#asked.values()) answer(null);
    for (const cancel of this.#timers.values()) cancel();
    this.#cancelLook();
    for (const dialling of this.#dialling.values()) dialling.abort();
    for (const stream of this.#streams.values()) stream.end();
    this.#timers.clear();
    this.#dialling.clear();
    this.#streams.clear();
  }

  /** Lengths of the node's queues and tables, by name. */
  queues(): readonly (readonly [string, number])[] {
    return this.#node.queues();
  }

  #tell(event: NodeEvent): void {
    if (this.#isOver) return;
    try {
      const { timers, unixMs } = this.#options;
      for (const effect of this.#node.step(event, timers.nowMs(), unixMs())) this.#perform(effect);
    } catch (error) {
      this.stop();
      this.#options.crashed(error);
    }
  }

  #perform(effect: NodeEffect): void {
    switch (effect.kind) {
      case 'write':
        this.#streams.get(effect.circuit)?.write(effect.bytes);
        break;
      case 'write all':
        for (const stream of this.#streams.group(effect.circuits)) stream?.write(effect.bytes);
        break;
      case 'close':
        this.#close(effect.circuit);
        break;
      case 'flush':
        this.#streams.get(effect.circuit)?.flush();
        break;
      case 'mor':
        this.#options.mor?.(effect.effect);
        break;
      case 'mail':
        this.#options.mail?.(effect.effect);
        break;
      case 'full':
        // When the node's step is done: what follows from it is another event.
        queueMicrotask(() => this.#watchStall(effect.circuit));
        break;
      case 'timer':
        this.#timer(effect.name, effect.delayMs);
        break;
      case 'cancel':
        this.#timers.get(effect.name)?.();
        this.#timers.delete(effect.name);
        break;
      case 'store':
        this.#store(effect.request);
        break;
      case 'pki': {
        const { request } = effect;
        void this.#options.answer(effect.question).then(
          (answer) => this.#tell({ kind: 'answered', request, answer }),
          (error: unknown) => {
            if (!this.#isPassing(error, 'a question about keys failed')) return;
            this.#tell({ kind: 'answered', request, answer: { kind: 'refused', code: '_trust_unavailable' } });
          },
        );
        break;
      }
      case 'told':
        this.#asked.get(effect.request)?.(effect.answer);
        this.#asked.delete(effect.request);
        break;
      case 'look up': {
        const { request } = effect;
        const told = (found: DnsStatement): void => this.#tell({ kind: 'looked up', request, found });
        void this.#options.lookUp(effect.domain, effect.isChange).then(told);
        break;
      }
      case 'connect':
        this.#connect(effect.circuit, effect.to);
        break;
      case 'notice':
        this.#notices.tell(effect.notice, this.#options.timers.nowMs());
        this.#options.noticed?.(effect.notice);
        break;
    }
  }

  #store(asked: StoreRequest): void {
    const told = (outcome: StoreOutcome): void => this.#tell({ kind: 'stored', outcome });
    // Never in the middle of a step; but what a store answers at once is told within this turn, so that all that came in it goes out together.
    void Promise.resolve(this.#options.store.perform(asked)).then(told, (error: unknown) => {
      if (!this.#isPassing(error, 'the store failed')) return;
      told({ kind: 'refused', request: asked.request, code: '_store_lost' });
    });
  }

  /** Whether it is the world's failure, which is logged; a mistake of ours ends the server. */
  #isPassing(error: unknown, what: string): boolean {
    const code = failureCode(error);
    if (code === null) {
      this.stop();
      this.#options.crashed(error);
    } else this.#options.log.error({ code, reason: String(error) }, `${what}; whoever asked is told to try again`);
    return code !== null;
  }

  #connect(circuit: string, domain: string): void {
    const { reach, log } = this.#options;
    const dialling = new AbortController();
    this.#dialling.set(circuit, dialling);
    void reach(domain, dialling.signal).then(
      (stream) => {
        if (!this.#dialling.delete(circuit)) stream.destroy();
        else this.#carry(circuit, stream, false, stream.channel.kind === 'plain' ? [domain] : undefined);
      },
      (error: unknown) => {
        const code = error instanceof TransportError ? error.code : '_transport_unresolved';
        // What Node says of names and ports that somebody's DNS holds is no mistake of ours. Reasons name addresses.
        log.debug({ domain, code, reason: String(error) }, 'not reached');
        if (this.#dialling.delete(circuit)) this.#tell({ kind: 'failed', circuit });
      },
    );
  }

  #carry(circuit: string, stream: ByteStream, accepted: boolean, plain: readonly string[] | undefined): void {
    this.#streams.set(circuit, stream);
    stream.carry(new Carried(circuit, this.#happened));
    const { channel, address } = stream;
    const exported = exportedBy((label, context) => channel.exportKey(label, context));
    const where = { ...(plain === undefined ? {} : { plain }), ...(address === null ? {} : { address }) };
    this.#tell({ kind: 'opened', circuit, exported, accepted, ...where });
  }

  readonly #happened = (event: StreamEvent): void => {
    if (event.kind === 'failed') this.#streams.delete(event.circuit);
    this.#tell(event);
  };

  #close(circuit: string): void {
    this.#dialling.get(circuit)?.abort();
    this.#dialling.delete(circuit);
    this.#streams.get(circuit)?.end();
    this.#streams.delete(circuit);
  }

  #timer(name: string, delayMs: number): void {
    this.#timers.get(name)?.();
    const cancel = this.#options.timers.after(delayMs, () => {
      if (this.#timers.get(name) === cancel) this.#timers.delete(name);
      if (name.startsWith('circuit ')) this.#watchStall(name.slice('circuit '.length));
      this.#tell({ kind: 'timer', name });
    });
    this.#timers.set(name, cancel);
  }

  /** Breaks off with a peer that has stopped reading: looked at when a packet found no room, and by the circuit's own timer. */
  #watchStall(circuit: string): void {
    const stream = this.#streams.get(circuit);
    const sinceMs = stream?.writingSinceMs ?? null;
    if (stream === undefined || sinceMs === null) return;
    if (this.#options.timers.nowMs() - sinceMs < this.#limits.stalledMsMax) return;
    this.#breakOff(circuit);
  }

  /** Looks again and again whether those who take nothing hold too much together. */
  #lookStalled(): void {
    const { timers, log } = this.#options;
    const given = tooStalled(this.#streams.entries(), timers.nowMs(), this.#limits);
    if (given.length > 0) log.warn({ count: given.length }, 'peers that read nothing held too much and are broken off');
    for (const circuit of given) this.#breakOff(circuit);
    if (this.#isOver) return;
    this.#cancelLook = timers.after(this.#limits.stalledLookMs, () => this.#lookStalled());
  }

  #breakOff(circuit: string): void {
    this.#options.log.debug({ code: '_transport_stalled' }, 'stream lost: the peer has stopped reading');
    this.#streams.get(circuit)?.destroy();
    this.#streams.delete(circuit);
    this.#tell({ kind: 'failed', circuit });
  }
}
