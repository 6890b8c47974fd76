/** What a program asks with, in its own name over its home or as nobody over onions, and says something with as nobody. docs/spec/round-trips.md#library */
import type { Packet } from '../psyc/packet.ts';
import type { Value } from '../psyc/render.ts';
import type { How } from '../round-trips/asker-events.ts';
import type { AskWish } from '../round-trips/wish.ts';
import type { AskedHome, Asking, AskOutcome } from './anonymous/asking.ts';
import type { Sending, SendOutcome, SendWish } from './anonymous/sending.ts';

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

/** How something is said: as nobody. In one's own name it is what sessions do. */
export interface ClientSendOptions {
  readonly anonymous: SendWish;
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
  readonly #asking: Asking | null;
  readonly #sending: Sending | null;

  /** null: it never asks, or never says anything, as nobody; then it throws TypeError where it is told to. */
  constructor(home: AskedHome, asking: Asking | null, sending: Sending | null = null) {
    this.#home = home;
    this.#asking = asking;
    this.#sending = sending;
  }

  /** The answer of an entity to a request. What it refuses as nobody's is an answer too, by its method. */
  async request(
    uniform: string,
    { method, entity = {} }: ClientRequest,
    { anonymous }: ClientRequestOptions = {},
  ): Promise<ClientAnswer> {
    if (anonymous !== undefined)
      return given(this.#asking, 'to ask with').request({ target: uniform, method, entity }, anonymous);
    const told = await this.#home.ask({ target: uniform, method, entity });
    if (told === null || typeof told === 'string') return { kind: 'refused' };
    return { kind: 'answer', packets: told.map(({ packet }) => packet), how: null };
  }

  /** Says a text to a person, by his uniform, as nobody; nobody tells whether it arrives. Throws as `Sending.send`. */
  async send(uniform: string, text: string, { anonymous }: ClientSendOptions): Promise<SendOutcome> {
    return given(this.#sending, 'to send with').send(uniform, text, anonymous);
  }
}

function given<T>(what: T | null, purpose: string): T {
  if (what === null) throw new TypeError(`this client was given nothing ${purpose}`);
  return what;
}
