/** One server of a network: a listener as it runs, and the least shell around it. docs/simulator.md#network-of-listeners */
import type { Suite } from '../../crypto/suite.ts';
import type { EpochKey, ListenerEffect, ListenerEvent } from '../../listener-bots/events.ts';
import type { Frame } from '../../listener-bots/frame.ts';
import type { ListenerLimits } from '../../listener-bots/limits.ts';
import { Listener } from '../../listener-bots/listener.ts';
import { type Found, openCell, type OpenJob } from '../../listener-bots/opening.ts';
import type { NewRecogniser } from '../../listener-bots/owners.ts';
import { onionOf } from '../../onion/cell.ts';
import type { Station } from '../../onion/route.ts';
import { type CellName, idleFrame, nameOfCell, nameOfOnion } from './names.ts';
import type { Weakness } from './setting.ts';
import type { SharedHints } from './shared-hints.ts';

/** Opening takes so long at least, and up to so much longer; what it leaves is durable after so long. */
const openMs = 2;
const openMsMore = 3;
const durableMs = 4;

/** Unix milliseconds at the start. */
export const netBeginUnixMs = 1_795_000_000_000;

/** What a server has the network do, and what those who watch it are told. */
export interface Surroundings {
  readonly after: (delayMs: number, what: () => void) => void;
  readonly wakeAt: (server: number, atMs: number) => void;
  readonly send: (from: number, peer: string, frame: Frame) => void;
  /** A packet came out: its target, and the bytes of its `_tag`. */
  readonly exit: (server: number, tag: string) => void;
  /** A cell was opened here, or taken out of an envelope. */
  readonly opened: (server: number, job: OpenJob, found: Found) => void;
}

export interface NetServerOptions {
  readonly index: number;
  readonly domain: string;
  readonly suite: Suite;
  readonly limits: ListenerLimits;
  readonly key: EpochKey;
  readonly stations: readonly Station[];
  readonly weakness: Weakness | null;
  /** Where whose a cell is is looked up once for all; null: each looks for itself. */
  readonly hints: SharedHints | null;
}

const sharing =
  (hints: SharedHints): NewRecogniser =>
  (_suite, contexts, servers) =>
    hints.recogniser(contexts, servers);

/** A server; its disk never fails. */
export class NetServer {
  readonly index: number;
  readonly domain: string;
  readonly listener: Listener;
  readonly #options: NetServerOptions;
  readonly #around: Surroundings;
  /** The time asked for; what was asked before is void. */
  wakeMs = -1;
  #request = 0;
  #jobs = 0;
  /** Of weaknesses: envelopes that wait for the one before to be put out, the one waited for, what ends here, what was opened here. */
  #serial: OpenJob[] = [];
  #awaited: CellName | null = null;
  readonly #covers = new Set<CellName>();
  readonly #own = new Set<CellName>();

  constructor(options: NetServerOptions, around: Surroundings, nowMs: number) {
    const { index, domain, suite, limits, key, stations, weakness, hints } = options;
    this.#options = options;
    this.#around = around;
    this.index = index;
    this.domain = domain;
    const bob = `psyc://${domain}/~bob`;
    const unsafe = weakness === 'no-delays';
    const kept = weakness === 'no-cover' ? { ...limits, coverReadyMax: 0 } : limits;
    const settings = {
      ...{ domain, suite, limits: kept, isWide: true, unsafe },
      takes: (target: string) => target === bob,
      // Nobody writes into a frame that is under way: all servers have the same memory.
      keep: (cell: Uint8Array) => cell,
    };
    const shared = hints === null ? {} : { newOwners: sharing(hints) };
    this.listener = new Listener({ ...settings, ...shared }, nowMs, netBeginUnixMs + nowMs);
    this.tell({ kind: 'loaded', tags: [], marks: [], slots: [] }, nowMs);
    this.tell({ kind: 'keys', keys: [key] }, nowMs);
    this.tell({ kind: 'stations', stations }, nowMs);
  }

  /** A client hands a cell in. */
  handIn(cell: Uint8Array, nowMs: number): void {
    this.tell({ kind: 'handed', client: 'people', request: ++this.#request, cell }, nowMs);
  }

  tell(event: ListenerEvent, nowMs: number): void {
    for (const effect of this.listener.step(event, nowMs, netBeginUnixMs + nowMs)) this.#do(effect, nowMs);
  }

  #do(effect: ListenerEffect, nowMs: number): void {
    switch (effect.kind) {
      case 'send':
        this.#send(effect.peer, effect.frame, nowMs);
        break;
      case 'wake':
        this.wakeMs = Math.max(nowMs, effect.atMs);
        this.#around.wakeAt(this.index, this.wakeMs);
        break;
      case 'open':
        this.#open(effect.job, nowMs);
        break;
      case 'remember': {
        const { batch } = effect.batch;
        this.#later(durableMs, (atMs) => this.tell({ kind: 'remembered', batch, isDurable: true }, atMs), nowMs);
        break;
      }
      case 'exit': {
        const { target, packet } = effect.exit;
        if (target !== '') this.#around.exit(this.index, packet.ownRoute('_tag') ?? '');
        break;
      }
      case 'forget':
      case 'forget key':
      case 'renew':
      case 'reply':
      case 'taken':
      case 'refused':
      case 'copy':
        break;
    }
  }

  #later(delayMs: number, what: (atMs: number) => void, nowMs: number): void {
    this.#around.after(delayMs, () => what(nowMs + delayMs));
  }

  #open(job: OpenJob, nowMs: number): void {
    const { weakness } = this.#options;
    if (weakness === 'no-rebroadcast') this.#own.add(nameOfCell(job.cell));
    if (weakness === 'order-kept' && job.contexts.length > 0) {
      this.#serial.push(job);
      if (this.#awaited === null && this.#serial.length === 1) this.#openNext(nowMs);
    } else {
      if (weakness === 'order-kept') this.#covers.add(nameOfOnion(onionOf(job.cell)));
      this.#work(job, nowMs);
    }
  }

  /** Takes the next one out of its envelope, now that the one before is out. */
  #openNext(nowMs: number): void {
    const job = this.#serial[0];
    if (job !== undefined) this.#work(job, nowMs);
  }

  #work(job: OpenJob, nowMs: number): void {
    const delayMs = openMs + (this.#jobs++ % openMsMore);
    this.#later(
      delayMs,
      (atMs) => {
        const found = openCell(this.#options.suite, job);
        this.#around.opened(this.index, job, found);
        this.tell({ kind: 'opened', job: job.job, found }, atMs);
        if (this.#serial[0] !== job) return;
        this.#serial.shift();
        this.#awaited = found.kind === 'unwrapped' && !this.#isCover(found.onion) ? nameOfOnion(found.onion) : null;
        if (this.#awaited === null) this.#openNext(atMs);
      },
      nowMs,
    );
  }

  /** Cover ends here: it was opened at once, and nothing of it comes out. */
  #isCover(onion: Uint8Array): boolean {
    return this.#covers.delete(nameOfOnion(onion));
  }

  #send(domain: string, frame: Frame, nowMs: number): void {
    const { weakness } = this.#options;
    if (frame.kind === 'idle' && weakness === 'no-cover') return;
    let sent = frame;
    if (frame.kind === 'cell') {
      if (this.#awaited !== null && nameOfOnion(onionOf(frame.data)) === this.#awaited) {
        this.#awaited = null;
        this.#openNext(nowMs);
      }
      if (this.#own.size > 0 && this.#own.has(nameOfCell(frame.data))) sent = idleFrame;
    }
    this.#around.send(this.index, domain, sent);
  }
}
