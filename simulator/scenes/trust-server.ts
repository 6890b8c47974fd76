/** The servers of the scene `trust`: nodes whose keys, clocks and DNS are their domain's. docs/simulator.md#trust */
import { hexOf } from '../../crypto/bytes.ts';
import type { AdminAnswer, AdminQuestion } from '../../federation/admin-questions.ts';
import type { NodeOptions } from '../../federation/events.ts';
import { decodeRange } from '../../psyc/bytes.ts';
import type { Append, Operation } from '../../store/store.ts';
import { type Disk, FaultyDisk } from '../disk.ts';
import { Host } from '../host.ts';
import type { Boot } from '../machine.ts';
import type { Random } from '../random.ts';
import { byTag } from '../raw-packet.ts';
import { circuitBounds, deliveryBounds, keyBounds, trustBounds } from './bounds.ts';
import { beginUnixMs } from './circuit-end.ts';
import { FederationMachine } from './federation-machine.ts';
import { nobody, SECOND } from './federation-run.ts';
import { WatchedStore } from './trust-books.ts';
import type { TrustRun } from './trust-run.ts';
import { copied, domains, hijacked, people } from './trust-town.ts';
import { keysOf } from './town.ts';

/** Clocks are so far ahead or behind at most: together less than is allowed. */
const skewMsMax = 400;
/** An admin repeats what he was not answered. */
const askAgainUs = SECOND;

/** A server, and its admin's way to it. */
export interface TrustServer {
  readonly disk: Disk;
  /** Asks until it is answered. */
  readonly ask: (question: AdminQuestion, answered?: (answer: AdminAnswer) => void) => void;
}

/** Begins a server's first life. */
export function beginTrustServer(run: TrustRun, domain: string): TrustServer {
  const { world, plant, keys, zones, homes, hostOf } = run;
  const random = world.random.stream(domain);
  const home = homes.get(domain)!;
  const disk = diskOf(run, domain, random);
  const pins = domain === hijacked ? [] : [[hijacked, hexOf(keys.domain(hijacked).fingerprint)] as const];
  const asked = new Map<number, (answer: AdminAnswer) => void>();
  const around = {
    dns: zones.resolver(domain),
    skewMs: random.between(-skewMsMax, skewMsMax),
    hostOf: (to: string) => hostOf(domain, to),
    told: (request: number, answer: AdminAnswer) => {
      asked.get(request)?.(answer);
      asked.delete(request);
    },
  };
  let boot: Boot = (life) => {
    const options: NodeOptions = {
      identity: home.identity,
      ...(home.announced === null ? {} : { announced: home.announced }),
      life,
      suite: keys.suite,
      decode: decodeRange,
      pins: new Map(pins),
      origins: [],
      plain: new Set(),
      placed: new Set(),
      trustLimits: trustBounds,
      circuitLimits: circuitBounds,
      deliveryLimits: deliveryBounds,
      federationLimits: keyBounds,
    };
    return new FederationMachine(plant?.federation?.(options) ?? options, keys, around);
  };
  if (plant?.boot !== undefined) boot = plant.boot(boot);
  const host = new Host(world, domain, boot, disk, nobody, byTag);
  home.host = host;
  world.clock.after(random.below(SECOND), () => host.start());
  host.startCrashing();
  let requests = 0;
  return {
    disk,
    ask(question, answered = () => {}) {
      let isAnswered = false;
      const ask = (): void => {
        if (isAnswered) return;
        const request = ++requests;
        asked.set(request, (answer) => {
          if (isAnswered || answer.kind === 'refused') return;
          isAnswered = true;
          answered(answer);
        });
        host.tell({ kind: 'asked', request, question });
        world.clock.after(askAgainUs, ask);
      };
      ask();
    },
  };
}

/** The disk of a server, with those who live there. */
function diskOf({ world, plant, keys, books }: TrustRun, domain: string, random: Random): Disk {
  const store = new WatchedStore((record) => books.wrote(domain, record));
  const identity = keys.domain(domain);
  for (const plan of people.filter(({ server }) => server === domain)) {
    const { fingerprint, key, statement } = keysOf(keys, plan);
    const signed = keys.certified(key, identity, beginUnixMs + keys.lifetimeMs!);
    keys.published.set(plan.uniform, { key: signed, statement });
    const values = { fingerprint, key: signed, statement };
    const operations = Object.entries(values).map(
      ([name, value]): Operation => ({ op: 'record', context: plan.uniform, lease: 1, name, value }),
    );
    store.perform({ kind: 'write', request: 0, operations });
  }
  // Whose home's key is copied is known everywhere, since before.
  for (const plan of people.filter(({ server }) => server === copied && server !== domain)) {
    const { fingerprint, statement } = keysOf(keys, plan);
    const operations = Object.entries({ fingerprint, statement }).map(
      ([name, value]): Operation => ({ op: 'record', context: plan.uniform, lease: 1, name, value }),
    );
    store.perform({ kind: 'write', request: 0, operations });
  }
  const durable = ({ context, packet }: Append): void => {
    world.observe({ kind: 'durable', host: domain, context, key: byTag.keyOf(packet) ?? '' });
  };
  const disk = new FaultyDisk(world.clock, random.stream('disk'), world.faults, durable, store);
  return plant?.disk === undefined ? disk : plant.disk(disk, world, domain);
}

/** Everybody else is gone to now and then, so that all know all. */
export function meetAll(run: TrustRun, servers: ReadonlyMap<string, TrustServer>): void {
  const everyUs = 2 * SECOND;
  const meet = (): void => {
    for (const [own, { ask }] of servers) {
      for (const domain of domains) if (domain !== own) ask({ kind: 'meet', domain });
    }
    run.world.clock.after(everyUs, meet);
  };
  run.world.clock.at(2 * SECOND, meet);
}
