/** Hops of routes and tickets, as JSON: a key or secret each, and what was random in it where that is to be the same again. docs/spec/onion.md#by-hand */
import { z } from 'zod';
import { forgottenKey, newPair } from '../../onion/keys.ts';
import type { LayerFor } from '../../onion/layer.ts';
import type { Hop } from '../../onion/seal.ts';
import type { TicketHop } from '../../onion/ticket.ts';
import { suite } from '../../server/suite.ts';
import { hexBytes } from './input.ts';
import { given } from './random.ts';

const key32 = hexBytes(32).optional();
const shared = { ephemeral: key32, delayMs: z.number('takes milliseconds').default(0) };

const hopSchema = z
  .object({
    ...shared,
    kind: z.enum(['server', 'user', 'one-time'], 'is "server", "user" or "one-time"'),
    key: key32,
    secret: key32,
    deposit: z.boolean('is true or false').default(false),
  })
  .refine(({ kind, key, secret }) => (kind === 'one-time' ? secret : (key ?? secret)) !== undefined, {
    message: 'has a "key" (public), or a "secret"; of a one-time layer always a secret',
  });

/** The hops of a route. */
export const routeHops = z.array(hopSchema, 'takes a list of hops').transform((hops) =>
  hops.map((hop): Hop => {
    const { kind, key, secret, ephemeral, delayMs, deposit } = hop;
    const random = given(ephemeral);
    const whom: LayerFor =
      kind === 'one-time'
        ? { kind, secret: secret!, alpha: forgottenKey(suite, random) }
        : { kind, key: key ?? suite.x25519PublicKey(secret!), pair: newPair(suite, random) };
    return { whom, delayMs, isDeposit: deposit };
  }),
);

/** The layers of a ticket. */
export const ticketHops = z
  .array(z.object({ ...shared, secret: hexBytes(32) }), 'takes a list of hops')
  .transform((hops) =>
    hops.map(
      ({ secret, ephemeral, delayMs }): TicketHop => ({
        secret,
        alpha: forgottenKey(suite, given(ephemeral)),
        delayMs,
      }),
    ),
  );
