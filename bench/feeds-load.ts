/** Publishers and readers of one server, in a process of their own. Child of feeds.ts. */
import { NostrContestant } from './feeds-nostr.ts';
import { PsycContestant } from './feeds-psyc.ts';
import type { Contestant } from './feeds-window.ts';

/** What is to be done; each is answered with a number. */
export type FeedsOrder =
  | { readonly kind: 'join'; readonly publishers: number }
  | { readonly kind: 'publish'; readonly window: number; readonly ms: number; readonly signed: number }
  | { readonly kind: 'follow'; readonly readers: number }
  | { readonly kind: 'fetch'; readonly each: number };

const BODY = 'x'.repeat(1024 - 8);

const [, , kind, host = '', port = ''] = process.argv;
const endpoint = { host, port: Number(port) };
const contestant: Contestant = kind === 'nostr' ? new NostrContestant(endpoint.port) : new PsycContestant(endpoint);

/** Milliseconds, things a second, or nothing. */
async function obey(order: FeedsOrder): Promise<number> {
  switch (order.kind) {
    case 'join':
      await contestant.join(order.publishers);
      return 0;
    case 'publish':
      contestant.sign(order.signed, BODY);
      return contestant.publish(order.window, order.ms);
    case 'follow':
      await contestant.follow(order.readers);
      return 0;
    case 'fetch': {
      const begin = performance.now();
      const count = await contestant.fetch(order.each);
      return (count / (performance.now() - begin)) * 1000;
    }
  }
}

process.on('message', (order: FeedsOrder) => void obey(order).then((answer) => process.send!(answer)));
process.on('disconnect', () => process.exit());
