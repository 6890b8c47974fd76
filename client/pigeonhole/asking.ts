/** How a box's owner, and who puts something in, asks the pigeonhole: over a circuit or out of a cell, whatever is given. docs/spec/pigeonhole.md#client */
import type { Suite } from '../../crypto/suite.ts';
import type { Packet } from '../../psyc/packet.ts';
import { type BoxAddress, boxName, pigeonholeOf } from '../../services/pigeonhole/keys.ts';
import { pigeonholeLimits } from '../../services/pigeonhole/limits.ts';
import { type BoxPacket, renderTerms } from '../../services/pigeonhole/request.ts';
import { findWork, type WorkSubject } from '../../services/work.ts';
import { boxClientLimits } from './limits.ts';

/** Asks an entity one thing, and gives the packet that answers it, or the code of a refusal alone. Rejects where nobody answers. */
export type Request = (target: string, asking: BoxPacket) => Promise<Packet | string>;

/** What boxes are asked with. */
export interface Surroundings {
  readonly suite: Suite;
  readonly request: Request;
  readonly unixMs: () => number;
  /** Work for a deposit that is tried before anybody has asked for more. */
  readonly depositBits: number;
  /** Told before so much work is begun that somebody should know. */
  readonly working?: (bits: number) => void;
  /** Lets other things have their turn. */
  readonly pause: () => Promise<void>;
}

/** Bits of work for a deposit: as usual, and the most that a box may ask. */
export const depositBits = { usual: pigeonholeLimits.depositBitsUsual, most: pigeonholeLimits.depositBitsMax };

/** The pigeonhole said no; `code` is its own. */
export class BoxRefusal extends Error {
  override readonly name = 'BoxRefusal';
  readonly code: string;

  constructor(code: string, detail: string) {
    super(detail);
    this.code = code;
  }
}

/** What a pigeonhole may say instead, and what that means to people. */
export const refusals: Readonly<Record<string, string>> = {
  _box_unknown: 'there is no such box, or none any more',
  _box_full: 'the box is full until its owner empties it',
  _box_necessary_work: 'it asks for more work than anybody should do',
  _box_invalid_request: 'the domain does not understand it: it may be older, or newer',
  _box_invalid_proof: 'the domain does not take the box’s signature: is its name written rightly?',
  _box_stale_order: 'the clock of this machine differs by more than a day',
  _box_old_number: 'another device goes by the same state of this box',
  _box_left_reader: 'this device has left the box',
  _box_excessive_boxes: 'this domain has no room for another box',
  _box_excessive_readers: 'too many devices read this box: let one of them leave',
  _box_excessive_requests: 'too much is asked of this box at once: try again',
  _box_unavailable_store: 'the disk of this domain has no room',
  _box_invalid_answer: 'what the domain says is no answer',
  _unknown_target: 'this domain keeps no boxes',
  _unsupported_method: 'this domain keeps no boxes',
};

/** The answer; throws BoxRefusal where it is none. */
export async function asked({ request }: Surroundings, domain: string, asking: BoxPacket): Promise<Packet> {
  const answer = await request(pigeonholeOf(domain), asking);
  if (typeof answer !== 'string' && answer.method?.startsWith('_echo_box') === true) return answer;
  const code = typeof answer === 'string' ? answer : (answer.text('_code') ?? '_box_invalid_answer');
  throw new BoxRefusal(code, refusals[code] ?? 'the domain did not do it');
}

/** Does with a proof of work what needs one. Of a new box it is asked how much; for a deposit what is usual is tried first. */
export async function withWork(
  around: Surroundings,
  box: BoxAddress,
  digest: Uint8Array,
  kind: 'make' | 'deposit',
  act: (work: Uint8Array) => Promise<Packet>,
): Promise<Packet> {
  const name = boxName(around.suite, box.keys);
  const subject = { service: 'pigeonhole', domain: box.domain, name, digest } as const;
  let bits = kind === 'make' ? await bitsAsked(around, box, kind) : around.depositBits;
  for (let tries = 1; ; tries++) {
    const work = await worked(around, subject, bits);
    try {
      return await act(work);
    } catch (error) {
      const isMore = error instanceof BoxRefusal && error.code === '_box_necessary_work';
      if (!isMore || tries >= boxClientLimits.triesMax) throw error;
      bits = await bitsAsked(around, box, kind);
    }
  }
}

/** Whoever asks for more than any box may is not worked for. */
async function bitsAsked(around: Surroundings, box: BoxAddress, kind: 'make' | 'deposit'): Promise<number> {
  const { makeBitsMax, depositBitsMax } = pigeonholeLimits;
  const terms = await asked(around, box.domain, renderTerms(kind === 'make' ? undefined : box.keys));
  const wanted = Number(terms.text(kind === 'make' ? '_bits_make' : '_bits'));
  if (Number.isInteger(wanted) && wanted >= 0 && wanted <= (kind === 'make' ? makeBitsMax : depositBitsMax))
    return wanted;
  throw new BoxRefusal('_box_necessary_work', refusals['_box_necessary_work']!);
}

async function worked(around: Surroundings, subject: WorkSubject, bits: number): Promise<Uint8Array> {
  const { suite, unixMs, working, pause } = around;
  const { hashesOfTurn, longBitsMin } = boxClientLimits;
  if (bits >= longBitsMin) working?.(bits);
  for (let from = 0; ; from += hashesOfTurn) {
    const work = findWork(suite, subject, bits, unixMs(), from, hashesOfTurn);
    if (work !== null) return work;
    await pause();
  }
}
