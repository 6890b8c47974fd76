/** A crowd comes to one server of the scene `trust` in another domain's name, each with a key of his own, while that domain comes back. docs/simulator.md#trust */
import { Host } from '../host.ts';
import { byTag } from '../raw-packet.ts';
import { circuitBounds } from './bounds.ts';
import { noDisk, nobody, SECOND } from './federation-run.ts';
import { Forger } from './forger.ts';
import type { TrustRun } from './trust-run.ts';
import { killed, ruling } from './trust-town.ts';

/** More than there is room for, as often as they are turned away. */
const count = 10;
const knockMs = 150;

/** Nothing else fails then. */
const fromUs = 32 * SECOND;
const untilUs = 36 * SECOND;
const backUs = 34 * SECOND;

/** One of them. */
function begin({ world, keys }: TrustRun, at: number): void {
  const forger = new Forger({
    host: `crowd ${at}`,
    server: ruling,
    keys,
    parties: [{ kind: 'server', identity: keys.domain(killed, `crowd ${at}`) }],
    forgeries: [],
    people: new Map(),
    limits: circuitBounds,
    observe: world.observe.bind(world),
    everyMs: knockMs,
  });
  const host = new Host(world, forger.host, () => forger, noDisk, nobody, byTag);
  world.clock.at(fromUs, () => host.start());
  world.clock.at(untilUs, () => host.stop());
}

/** All of them; whether the domain is turned away is what its admin, and the other one, read in their logs. */
export function beginCrowd(run: TrustRun): void {
  const { world, homes } = run;
  for (let at = 0; at < count; at++) begin(run, at);
  world.clock.at(backUs, () => homes.get(killed)!.restart(world.clock));
  for (const [by, of] of [
    [killed, ruling],
    [ruling, killed],
  ] as const) {
    homes.get(by)!.noticed = (notice) => {
      if (notice.kind !== 'refused' || notice.code !== '_trust_unavailable' || notice.domain !== of) return;
      // Before that a store that failed has no answer either.
      if (world.clock.nowUs >= fromUs) world.observe({ kind: 'turned away', host: ruling, domain: killed });
    };
  }
}
