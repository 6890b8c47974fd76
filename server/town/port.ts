/** A port of the loopback that is free, and stays so. docs/operating.md#playground */
import { randomInt } from 'node:crypto';
import { checkPort } from '../transport/listen.ts';
import { TownError } from './errors.ts';
import { townLimits } from './limits.ts';

/** Below those that systems give to outgoing connections: nobody takes it by chance before its server does. */
const FIRST = 10_000;
const BEHIND_LAST = 30_000;

/** A free port that is not among `taken`. Throws TownError `_town_no_port`. */
export async function freePort(host: string, taken: ReadonlySet<number>): Promise<number> {
  let last: unknown;
  for (let tries = 0; tries < townLimits.portTriesMax; tries++) {
    const port = randomInt(FIRST, BEHIND_LAST);
    if (taken.has(port)) continue;
    try {
      await checkPort([host], port);
      return port;
    } catch (error) {
      last = error;
    }
  }
  throw new TownError('_town_no_port', `no port of ${host} is free: ${last instanceof Error ? last.message : ''}`);
}
