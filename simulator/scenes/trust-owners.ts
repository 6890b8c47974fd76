/** What the owners of the domains of the scene `trust` do with their keys, and what is done to them. docs/simulator.md#trust */
import { beginUnixMs } from './circuit-end.ts';
import { trustBounds } from './bounds.ts';
import { SECOND } from './federation-run.ts';
import type { World } from '../world.ts';
import type { Zones } from './trust-dns.ts';
import type { TrustRun } from './trust-run.ts';
import type { TrustServer } from './trust-server.ts';
import { domains, hijacked, liarHost, rotating, ruling } from './trust-town.ts';

/** How long a statement holds in this scene: longer than any run. */
export const statementMs = 600_000;

/** A domain's key is announced to have a successor, and followed by it when everybody had time to object. */
export function planRotation({ world, keys, zones, homes }: TrustRun): void {
  const random = world.random.stream('rotation');
  const home = homes.get(rotating)!;
  const announceUs = 6 * SECOND + random.below(8 * SECOND);
  world.clock.at(announceUs, () => {
    const before = home.identity;
    const next = keys.domain(rotating, 'next');
    const beginMs = beginUnixMs + world.clock.nowMs;
    const statement = keys.rotation(before, next, 2, beginMs, beginMs + statementMs);
    home.announced = { statement, key: next.certificate, recovery: null };
    home.host!.tell({ kind: 'announced', announced: home.announced });
    zones.publish(rotating, { fpr: before.fingerprint, nfpr: next.fingerprint, seq: 1 });
    world.clock.after(trustBounds.graceMs * 1000 + SECOND + random.below(3 * SECOND), () => {
      home.name({ ...next, rotation: statement, before: before.certificate });
      zones.publish(rotating, { fpr: next.fingerprint, nfpr: null, seq: 2 });
      home.restart(world.clock);
    });
  });
}

/** A domain's record is somebody else's for everybody, and its address for two; in some runs with its zone's own keys, in some for ever. */
export function planHijack(world: World, zones: Zones): (asker: string, domain: string) => string {
  const random = world.random.stream('hijack');
  const others: readonly string[] = domains.filter((domain) => domain !== hijacked);
  const [fromUs, lostUs] = [random.between(4 * SECOND, 12 * SECOND), random.between(5 * SECOND, 15 * SECOND)];
  const misled = random.shuffle([...others]).slice(0, 2);
  const isForEver = random.chance(0.5);
  const isSigned = random.chance(0.5);
  const untilUs = isForEver ? Number.MAX_SAFE_INTEGER : fromUs + lostUs;
  world.clock.at(fromUs, () => zones.seize(hijacked, { askers: others, isSigned, untilUs }));
  return (asker, domain) => {
    const { nowUs } = world.clock;
    const isMisled = domain === hijacked && misled.includes(asker) && nowUs >= fromUs && nowUs < fromUs + lostUs;
    return isMisled ? liarHost : domain;
  };
}

/** An admin limits another domain, and thinks better of it or does not. */
export function planRules({ world }: TrustRun, servers: ReadonlyMap<string, TrustServer>): void {
  const random = world.random.stream('rules');
  const { ask } = servers.get(ruling)!;
  const domain = random.pick(domains.filter((one) => one !== ruling));
  const rule = (atUs: number, which: 'limit' | 'allow'): void => {
    world.clock.at(atUs, () => {
      const change = { kind: 'change', unknown: null, changes: [{ domain, rule: which, fingerprint: null }] } as const;
      ask(change, () => world.observe({ kind: 'ruled', host: ruling, domain, rule: which }));
    });
  };
  rule(random.between(8 * SECOND, 20 * SECOND), 'limit');
  if (random.chance(0.6)) rule(random.between(22 * SECOND, 28 * SECOND), 'allow');
}
