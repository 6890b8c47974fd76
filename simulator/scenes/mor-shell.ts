/** Threads and files of a listener, as hosts of a scene have them: cells are opened a while later, traces are rows on a disk that fails. docs/simulator.md#onions */
import type { Suite } from '../../crypto/suite.ts';
import type { ListenerEffect, ListenerEvent } from '../../listener-bots/events.ts';
import type { openCell, OpenJob } from '../../listener-bots/opening.ts';
import type { StoreOutcome } from '../../store/store.ts';
import type { NodeEffect, NodeEvent } from '../machine.ts';
import { type Kept, readKept, renderKept } from './mor-disk.ts';

/** What it works with. */
export interface MorShellOptions {
  readonly domain: string;
  readonly suite: Suite;
  /** What opens cells. */
  readonly open: typeof openCell;
  /** Does something at the host. */
  readonly effect: (effect: NodeEffect) => void;
  readonly tell: (event: Told) => void;
}

type Told = Extract<ListenerEvent, { readonly kind: 'loaded' | 'opened' | 'remembered' }>;

/** Opening takes so long at least, and so much longer it may: results overtake each other. */
const openMs = 1;
const openMsMore = 4;
const retryMs = 200;
const rowsMax = 512;
const lease = 1;
const OPEN = 'cells open ';
const LOAD = 'cells load';

/** One life's. Its requests to the store have numbers below zero, so that a node may have those above. */
export class MorShell {
  readonly #options: MorShellOptions;
  readonly #context: string;
  readonly #jobs = new Map<number, OpenJob>();
  readonly #asked = new Map<number, (outcome: StoreOutcome) => void>();
  #request = 0;

  constructor(options: MorShellOptions) {
    this.#options = options;
    this.#context = `cells of ${options.domain}`;
  }

  /** Reads what is on the disk, page by page, and tells it. */
  start(): void {
    this.#load([]);
  }

  /** Does what a listener asks for; whatever else it wants done is left. */
  perform(effect: ListenerEffect): void {
    const { tell } = this.#options;
    switch (effect.kind) {
      case 'open': {
        const { job } = effect;
        this.#jobs.set(job.job, job);
        this.#timer(`${OPEN}${job.job}`, openMs + (job.job % openMsMore));
        break;
      }
      case 'remember': {
        const { batch, ...kept } = effect.batch;
        this.#write(kept, (isDurable) => tell({ kind: 'remembered', batch, isDurable }));
        break;
      }
      case 'forget':
        this.#write({ tags: [], marks: [], burnt: effect.secrets, deposits: [] }, () => {});
        break;
      default:
        break;
    }
  }

  /** Whether an event was the shell's own. */
  take(event: NodeEvent): boolean {
    if (event.kind === 'stored') {
      const answer = this.#asked.get(event.outcome.request);
      this.#asked.delete(event.outcome.request);
      answer?.(event.outcome);
      return answer !== undefined;
    }
    if (event.kind !== 'timer') return false;
    if (event.name === LOAD) this.#load([]);
    else if (event.name.startsWith(OPEN)) this.#open(Number(event.name.slice(OPEN.length)));
    else return false;
    return true;
  }

  #open(number: number): void {
    const { open, suite, tell } = this.#options;
    const job = this.#jobs.get(number)!;
    this.#jobs.delete(number);
    tell({ kind: 'opened', job: number, found: open(suite, job) });
  }

  #load(rows: Uint8Array[]): void {
    const request = this.#ask((outcome) => {
      if (outcome.kind !== 'rows') this.#timer(LOAD, retryMs);
      else {
        rows.push(...outcome.rows.map(({ packet }) => packet));
        if (outcome.rows.length === rowsMax) this.#load(rows);
        else this.#options.tell({ kind: 'loaded', ...readKept(rows) });
      }
    });
    const asked = { kind: 'read', request, context: this.#context, after: rows.length, rowsMax } as const;
    this.#options.effect({ kind: 'store', request: asked });
  }

  #write(kept: Kept, answer: (isDurable: boolean) => void): void {
    const packet = renderKept(kept);
    const id = this.#options.suite.random(32);
    const request = this.#ask(({ kind }) => answer(kind === 'written'));
    const author = new Uint8Array([1]);
    const operation = { op: 'append', context: this.#context, lease, author, id, packet } as const;
    this.#options.effect({ kind: 'store', request: { kind: 'write', request, operations: [operation] } });
  }

  #ask(answer: (outcome: StoreOutcome) => void): number {
    this.#asked.set(--this.#request, answer);
    return this.#request;
  }

  #timer(name: string, delayMs: number): void {
    this.#options.effect({ kind: 'timer', name, delayMs });
  }
}
