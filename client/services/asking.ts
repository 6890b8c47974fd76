/** How a service that knows nobody is asked, over a circuit or out of a cell, and worked for where it asks for work. docs/spec/pigeonhole.md#client */
import type { Suite } from '../../crypto/suite.ts';
import type { Packet } from '../../psyc/packet.ts';
import type { Value } from '../../psyc/render.ts';
import { findWork, type WorkSubject } from '../../services/work.ts';
import { askingLimits } from './limits.ts';

const { hashesOfTurn, longBitsMin, triesMax } = askingLimits;

/** Variables of a packet, and its method. */
export interface ServicePacket {
  readonly method: string;
  readonly entity: Readonly<Record<string, Value>>;
}

/** Asks an entity one thing, and gives the packet that answers it, or the code of a refusal alone. Rejects where nobody answers. */
export type Request = (target: string, asking: ServicePacket) => Promise<Packet | string>;

/** What services are asked with. */
export interface Surroundings {
  readonly suite: Suite;
  readonly request: Request;
  readonly unixMs: () => number;
  /** Work that is done before anybody has asked for more. */
  readonly firstBits: number;
  /** Told before so much work is begun that somebody should know. */
  readonly working?: (bits: number) => void;
  /** Lets other things have their turn. */
  readonly pause: () => Promise<void>;
}

/** What is known of a service beforehand. */
export interface Service {
  /** What its answers begin with, as `_echo_box`. */
  readonly echo: string;
  /** What it may say instead, and what that means to people. */
  readonly refusals: Readonly<Record<string, string>>;
  /** The code of an answer that is none. */
  readonly invalid: string;
  /** The code that asks for more work. */
  readonly lazy: string;
}

/** The service said no; `code` is its own. */
export class ServiceRefusal extends Error {
  override readonly name = 'ServiceRefusal';
  readonly code: string;

  constructor(code: string, detail: string) {
    super(detail);
    this.code = code;
  }
}

/** The refusal of this code, with its sentence. */
export const refusalOf = ({ refusals }: Service, code: string): ServiceRefusal =>
  new ServiceRefusal(code, refusals[code] ?? 'the domain did not do it');

/** The answer; throws ServiceRefusal where it is none. */
export async function askedOf(
  { request }: Surroundings,
  service: Service,
  target: string,
  asking: ServicePacket,
): Promise<Packet> {
  const answer = await request(target, asking);
  if (typeof answer !== 'string' && answer.method?.startsWith(service.echo) === true) return answer;
  throw refusalOf(service, typeof answer === 'string' ? answer : (answer.text('_code') ?? service.invalid));
}

/** Does with a proof of work what needs one. `bits`: how much is asked; what is usual is tried first unless `isFirst` is false. */
export async function withWorkOf(
  around: Surroundings,
  service: Service,
  subject: WorkSubject,
  terms: { readonly isFirst: boolean; readonly bitsMax: number; readonly bits: () => Promise<number> },
  act: (work: Uint8Array) => Promise<Packet>,
): Promise<Packet> {
  /** Whoever asks for more than any may is not worked for. */
  const asked = async (): Promise<number> => {
    const bits = await terms.bits();
    if (Number.isInteger(bits) && bits >= 0 && bits <= terms.bitsMax) return bits;
    throw refusalOf(service, service.lazy);
  };
  let bits = terms.isFirst ? around.firstBits : await asked();
  for (let tries = 1; ; tries++) {
    const work = await worked(around, subject, bits);
    try {
      return await act(work);
    } catch (error) {
      const isMore = error instanceof ServiceRefusal && error.code === service.lazy;
      if (!isMore || tries >= triesMax) throw error;
      bits = await asked();
    }
  }
}

async function worked(around: Surroundings, subject: WorkSubject, bits: number): Promise<Uint8Array> {
  const { suite, unixMs, working, pause } = around;
  if (bits >= longBitsMin) working?.(bits);
  for (let from = 0; ; from += hashesOfTurn) {
    const work = findWork(suite, subject, bits, unixMs(), from, hashesOfTurn);
    if (work !== null) return work;
    await pause();
  }
}
