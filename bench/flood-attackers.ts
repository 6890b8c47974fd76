/** Those who flood, in a process of their own: their work must not count as the others' waiting. Child of flood.ts. */
import type { Endpoint } from '../server/transport/resolve.ts';
import { ask } from './flood-asking.ts';

/** Addresses that floods come from: each is let in with `addsMax` at once. */
const FLOODERS = 8;

/** So many forms, from several addresses at once that no other flood came from. */
export interface FloodOrder {
  readonly at: Endpoint;
  readonly block: number;
  readonly body: string;
  readonly count: number;
}

async function flood({ at, block, body, count }: FloodOrder): Promise<string> {
  const tally = new Map<number, number>();
  let left = count;
  const began = performance.now();
  const attack = async (number: number): Promise<void> => {
    while (left-- > 0) {
      const { status } = await ask(at, '/pks/add', `127.99.${block}.${1 + number}`, body);
      tally.set(status, (tally.get(status) ?? 0) + 1);
    }
  };
  await Promise.all(Array.from({ length: FLOODERS }, (_, number) => attack(number)));
  const told = [...tally].map(([status, times]) => `${times} × ${status}`).join(', ');
  return `${told} in ${((performance.now() - began) / 1000).toFixed(1)} s`;
}

process.on('message', (order: FloodOrder) => void flood(order).then((tally) => process.send!(tally)));
process.on('disconnect', () => process.exit());
