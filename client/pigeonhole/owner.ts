/** A box from its owner's side, on one device: made, read, left, closed; what it has got is on the disk before it is acknowledged. docs/spec/pigeonhole.md#client */
import type { Packet } from '../../psyc/packet.ts';
import { boxSecrets, type BoxSecrets } from '../../services/pigeonhole/keys.ts';
import { pigeonholeLimits } from '../../services/pigeonhole/limits.ts';
import { type Order, readerBytes, renderOrder } from '../../services/pigeonhole/request.ts';
import { makingDigest } from '../../services/work.ts';
import { ServiceRefusal, type Surroundings } from '../services/asking.ts';
import { asked, withWork } from './asking.ts';
import { takeDeposit } from './inbox.ts';
import { askingLimits } from '../services/limits.ts';
import { boxClientLimits } from './limits.ts';
import type { BoxState } from './state.ts';

/** What makes a state durable. */
export type Keep = (state: BoxState) => Promise<void>;

/** After these the service does not know this reader, or knows it otherwise: it goes on as another one. */
const anew = ['_box_old_number', '_box_left_reader', '_box_invalid_request'];

/** One box. */
export class BoxOwner {
  readonly #around: Surroundings;
  readonly #keep: Keep;
  readonly #box: BoxSecrets;
  #state: BoxState;

  constructor(around: Surroundings, state: BoxState, keep: Keep) {
    this.#around = around;
    this.#keep = keep;
    this.#state = state;
    this.#box = boxSecrets(around.suite, state.domain, state.root);
  }

  get state(): BoxState {
    return this.#state;
  }

  /** Makes it; whoever puts something in works for `bits`. Throws ServiceRefusal; again is no matter. */
  async make(bits: number): Promise<void> {
    const { suite, unixMs } = this.#around;
    const answer = await withWork(this.#around, this.#box, makingDigest, 'make', async (work) =>
      asked(this.#around, this.#box.domain, renderOrder(suite, this.#box, { kind: 'make', bits }, unixMs(), work)),
    );
    await this.#set({ ...this.#state, untilSeconds: untilIn(answer) });
  }

  /**
   * Everything that is there: `limit` deposits at a time, acknowledged when they are durable here; less where as much as there
   * is room for is not shown yet. Throws ServiceRefusal.
   */
  async fetch(limit: number): Promise<void> {
    for (let tries = 1; this.#hasRoom(); ) {
      try {
        if (!(await this.#page(limit))) return;
      } catch (error) {
        if (!(error instanceof ServiceRefusal && anew.includes(error.code)) || tries++ >= askingLimits.triesMax)
          throw error;
        await this.#beginAnew();
      }
    }
  }

  /** This device reads it no more, and the others need not wait for it. Throws ServiceRefusal. */
  async leave(): Promise<void> {
    await this.#order({ kind: 'leave', reader: this.#state.reader });
    await this.#set({ ...this.#state, reader: this.#around.suite.random(readerBytes), number: 0, acknowledged: 0 });
  }

  /** It is gone, with all that is in it; whoever hears no answer asks again. Throws ServiceRefusal. */
  async close(): Promise<void> {
    try {
      await this.#order({ kind: 'close' });
    } catch (error) {
      if (!(error instanceof ServiceRefusal && error.code === '_box_unknown')) throw error;
    }
  }

  #hasRoom(): boolean {
    const { messages } = this.#state;
    const bytes = messages.reduce((sum, { content }) => sum + content.length, 0);
    return messages.length < boxClientLimits.unshownMax && bytes < boxClientLimits.unshownBytesMax;
  }

  /** One page; false: nothing is left, and all is acknowledged. */
  async #page(limit: number): Promise<boolean> {
    const { reader, number, acknowledged } = this.#state;
    // No number is used for two things, however often this device dies.
    await this.#set({ ...this.#state, number: number + 1 });
    const order = { kind: 'fetch', reader, number: number + 1, acknowledged, after: acknowledged, limit } as const;
    const answer = await this.#order(order);
    const deposits = depositsIn(answer, acknowledged, limit);
    let { inbox } = this.#state;
    const messages = [...this.#state.messages];
    const { suite, unixMs } = this.#around;
    for (const deposit of deposits.all) {
      const taken = takeDeposit(suite, this.#box, inbox, deposit, unixMs());
      inbox = taken.inbox;
      if (taken.taken.kind === 'message') messages.push({ content: taken.taken.content, hour: taken.taken.hour });
    }
    const got = deposits.all.length === 0 ? acknowledged : deposits.first + deposits.all.length - 1;
    await this.#set({ ...this.#state, inbox, messages, acknowledged: got, untilSeconds: untilIn(answer) });
    return got > acknowledged;
  }

  /** Another reader, who gets everything that is there; what came before is known again. */
  async #beginAnew(): Promise<void> {
    const { reader } = this.#state;
    await this.#set({ ...this.#state, reader: this.#around.suite.random(readerBytes), number: 0, acknowledged: 0 });
    await this.#order({ kind: 'leave', reader });
  }

  async #order(order: Order): Promise<Packet> {
    const { suite, unixMs } = this.#around;
    return asked(this.#around, this.#box.domain, renderOrder(suite, this.#box, order, unixMs()));
  }

  async #set(state: BoxState): Promise<void> {
    await this.#keep(state);
    this.#state = state;
  }
}

const untilIn = (packet: Packet): number => whole(packet.text('_until'));

function depositsIn(
  packet: Packet,
  acknowledged: number,
  limit: number,
): { readonly all: readonly Uint8Array[]; readonly first: number } {
  const { depositBytes } = pigeonholeLimits;
  const bytes = packet.value('_deposits') ?? new Uint8Array(0);
  const count = bytes.length / depositBytes;
  const [first, last] = [count === 0 ? 0 : whole(packet.text('_first')), whole(packet.text('_last'))];
  const isSound = Number.isInteger(count) && count <= limit && (count === 0 || first > acknowledged);
  if (!isSound || first + count - 1 > last)
    throw new ServiceRefusal('_box_invalid_answer', 'the pigeonhole gave what is no answer');
  const all = Array.from({ length: count }, (_, at) => bytes.slice(at * depositBytes, (at + 1) * depositBytes));
  return { all, first };
}

function whole(text = ''): number {
  const value = Number(text);
  if (/^[0-9]{1,16}$/.test(text) && Number.isSafeInteger(value)) return value;
  throw new ServiceRefusal('_box_invalid_answer', 'the pigeonhole gave what is no answer');
}
