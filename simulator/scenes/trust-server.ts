/** The servers of the scene `trust`: nodes whose keys, clocks and DNS are their domain's. docs/simulator.md#trust */
import { hexOf } from '../../crypto/bytes.ts';
import type { AdminAnswer, AdminQuestion } from '../../federation/admin-questions.ts';
import type { Notice } from '../../federation/events.ts';
import type { Append } from '../../store/store.ts';
import { type Disk, FaultyDisk } from '../disk.ts';
import type { Random } from '../random.ts';
import { byTag } from '../raw-packet.ts';
import { beginNode, recordBefore } from './begin-node.ts';
import { keyBounds, trustBounds } from './bounds.ts';
import { beginUnixMs } from './circuit-end.ts';
import { SECOND } from './federation-run.ts';
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
  const { world, keys, zones, homes, hostOf } = run;
  const random = world.random.stream(domain);
  const home = homes.get(domain)!;
  const disk = diskOf(run, domain, random);
  const pins = domain === hijacked ? [] : [[hijacked, hexOf(keys.domain(hijacked).fingerprint)] as const];
  const asked = new Map<number, (answer: AdminAnswer) => void>();
  const around = {
    dns: zones.resolver(domain),
    skewMs: random.between(-skewMsMax, skewMsMax),
    hostOf: (to: string) => hostOf(domain, to),
    noticed: (notice: Notice) => home.noticed(notice),
    told: (request: number, answer: AdminAnswer) => {
      asked.get(request)?.(answer);
      asked.delete(request);
    },
  };
  const host = beginNode(run, { name: domain, random, disk, reader: byTag, around }, () => ({
    identity: home.identity,
    ...(home.announced === null ? {} : { announced: home.announced }),
    pins: new Map(pins),
    trustLimits: trustBounds,
    federationLimits: keyBounds,
  }));
  home.host = host;
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
    recordBefore(store, plan.uniform, { fingerprint, key: signed, statement });
  }
  // Whose home's key is copied is known everywhere, since before.
  for (const plan of people.filter(({ server }) => server === copied && server !== domain)) {
    const { fingerprint, statement } = keysOf(keys, plan);
    recordBefore(store, plan.uniform, { fingerprint, statement });
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
