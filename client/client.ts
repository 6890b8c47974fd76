/** What a program asks with: in one's own name over one's home, or as nobody over onions. docs/spec/round-trips.md#library */
import type { Packet } from '../psyc/packet.ts';
import type { Value } from '../psyc/render.ts';
import type { AskWish, How } from '../round-trips/asker-events.ts';
import type { AskedHome, Asking, AskOutcome } from './anonymous/asking.ts';

/** What is asked: a `_request` with entity variables. */
export interface ClientRequest {
  readonly method: string;
  readonly entity?: Readonly<Record<string, Value>>;
}

/** How it is asked. */
export interface ClientRequestOptions {
  /** As nobody: over so many servers there and as many back, with secrets of this level. */
  readonly anonymous?: AskWish;
}

/** What came of it: packets, and of an anonymous one how they came; or why there is no answer. */
export type ClientAnswer =
  | { readonly kind: 'answer'; readonly packets: readonly Packet[]; readonly how: How | null }
  | (AskOutcome & { readonly kind: 'failure' })
  /** The home or whoever was asked has refused, which its session has told. */
  | { readonly kind: 'refused' };

/** One person's, in one session with his home. */
export class Client {
  readonly #home: AskedHome;
  readonly #asking: Asking;

  constructor(home: AskedHome, asking: Asking) {
    this.#home = home;
    this.#asking = asking;
  }

  /** The answer of an entity to a request. What it refuses as nobody's is an answer too, by its method. */
  async request(
    uniform: string,
    { method, entity = {} }: ClientRequest,
    { anonymous }: ClientRequestOptions = {},
  ): Promise<ClientAnswer> {
    if (anonymous !== undefined) return this.#asking.request({ target: uniform, method, entity }, anonymous);
    const told = await this.#home.ask({ target: uniform, method, entity });
    if (told === null || typeof told === 'string') return { kind: 'refused' };
    return { kind: 'answer', packets: told.map(({ packet }) => packet), how: null };
  }
}
