/** One-time secrets placed here by whoever asks, over a ticket, and nobody knows who. docs/spec/listener-bots.md#placing */
import type { Suite } from '../crypto/suite.ts';
import { OnionError } from '../onion/error.ts';
import { answerExchange } from '../onion/exchange.ts';
import { keptUntil, midnightExpiry } from '../onion/expiry.ts';
import { useTicket } from '../onion/ticket.ts';
import { copyBytes } from '../psyc/bytes.ts';
import type { Packet } from '../psyc/packet.ts';
import { render } from '../psyc/render.ts';
import type { ListenerCode } from './error.ts';
import type { Slot } from './slots.ts';

/** What a secret is asked for with, and the answer. */
const SECRET_REQUEST = '_request_mor_secret';
const SECRET_ANSWER = '_echo_mor_secret';

/** The entity of a server that secrets are placed with. */
export const placeOf = (domain: string): string => `psyc://${domain}/$mor`;

/** A secret to be kept, and the answer that goes out when it is. */
export interface Placed {
  readonly slot: Slot;
  /** 4000 bytes. */
  readonly onion: Uint8Array;
}

/** What is to be done with a packet from nobody to this server's `$mor`, or the code by which it is dropped. The secret is kept for `lifeSeconds` at most. */
export function place(
  suite: Suite,
  domain: string,
  packet: Packet,
  nowSeconds: number,
  lifeSeconds: number,
): Placed | { readonly code: ListenerCode } {
  const [exchange, ticket] = [packet.value('_exchange'), packet.value('_ticket')];
  if (packet.method !== SECRET_REQUEST || exchange === undefined || ticket === undefined) {
    return { code: '_mor_invalid_request' };
  }
  const made = answerExchange(suite, copyBytes(exchange), suite.random);
  if (made === null) return { code: '_mor_invalid_request' };
  const expiry = Math.min(midnightExpiry(nowSeconds), nowSeconds + lifeSeconds);
  const content = render({
    routing: { _source: placeOf(domain) },
    entity: { _exchange: made.answer, _expires: String(expiry) },
    method: SECRET_ANSWER,
  });
  try {
    const onion = useTicket(suite, copyBytes(ticket), content, nowSeconds, suite.random);
    return { slot: { secret: made.secret, untilSeconds: keptUntil(expiry) }, onion };
  } catch (error) {
    if (error instanceof OnionError) return { code: '_mor_invalid_request' };
    throw error;
  }
}
