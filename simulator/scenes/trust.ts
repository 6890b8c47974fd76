/** The scene: five domains whose keys are followed, lied about, countersigned and taken back while everything fails. docs/simulator.md#trust */
import { hexOf } from '../../crypto/bytes.ts';
import { limits } from '../../pki/limits.ts';
import { AdmissionChecker } from '../checkers/admission.ts';
import { AcknowledgementChecker } from '../checkers/acknowledgement.ts';
import { AgreementChecker } from '../checkers/agreement.ts';
import type { Checker } from '../checkers/checker.ts';
import { CountersignaturesChecker } from '../checkers/countersignatures.ts';
import { DurabilityChecker } from '../checkers/durability.ts';
import { ForgeryChecker } from '../checkers/forgery.ts';
import { LivenessChecker } from '../checkers/liveness.ts';
import { MembersChecker } from '../checkers/members.ts';
import { OnceChecker } from '../checkers/once.ts';
import { OrderChecker } from '../checkers/order.ts';
import { PinsChecker } from '../checkers/pins.ts';
import { TruthChecker } from '../checkers/truth.ts';
import { VisitsChecker } from '../checkers/visits.ts';
import { WarningsChecker } from '../checkers/warnings.ts';
import { calm } from '../faults.ts';
import { IdealKeys } from '../ideal.ts';
import type { Plant } from '../plants/plant.ts';
import { byTag } from '../raw-packet.ts';
import type { World } from '../world.ts';
import { SECOND } from './federation-run.ts';
import type { Play, Scene } from './scene.ts';
import { keysOf as rowsOf, settled } from './talk.ts';
import { hostOf } from './town.ts';
import { Books } from './trust-books.ts';
import { beginCrowd } from './trust-crowd.ts';
import { Zones } from './trust-dns.ts';
import { beginForgers } from './trust-forgers.ts';
import { beginMasks } from './trust-masks.ts';
import { planHijack, planRotation, planRules } from './trust-owners.ts';
import { firstIdentity, planTheft } from './trust-theft.ts';
import { beginTownsman, townOf } from './trust-people.ts';
import { Home, type TrustRun } from './trust-run.ts';
import { beginTrustServer, meetAll } from './trust-server.ts';
import { planVisits } from './trust-visits.ts';
import { domains, headingOf, hostOfChannel, killed, people, robbed, ruling } from './trust-town.ts';

const faultsUs = 30 * SECOND;
const graceUs = 12 * SECOND;
/** Certifications of people, which their homes renew at each login. */
const certifiedMs = 15_000;
/** Countersignatures are due to be renewed after this. */
const countersignedMs = 12_000;

function begin(world: World, plant: Plant | null): Play {
  const random = world.random.stream('keys');
  const bytes = (length: number): Uint8Array => Uint8Array.from({ length }, () => random.below(256));
  const keys = new IdealKeys(bytes, world.suiteOf(bytes));
  keys.lifetimeMs = certifiedMs;
  keys.isPublic = true;
  keys.countersignatureMs = limits.countersignatureRenewalSeconds * 1000 + countersignedMs;
  const observe = world.observe.bind(world);
  const nowUs = (): number => world.clock.nowUs;
  const isCalm = (): boolean => nowUs() >= faultsUs;
  const zones = new Zones({ keys, random: world.random.stream('dns'), domains, nowUs, isCalm });
  const books = new Books(observe, nowUs);
  const run: TrustRun = {
    town: townOf(world, keys),
    world,
    plant,
    keys,
    intervalUsMean: world.random.stream('talk').pick([2 * SECOND, 4 * SECOND, 8 * SECOND]),
    heard: [],
    registered: new Set(people.map(({ uniform }) => uniform)),
    zones,
    homes: new Map(domains.map((domain) => [domain, new Home(firstIdentity(keys, domain), observe)])),
    books,
    hostOf: planHijack(world, zones),
  };
  const servers = new Map(domains.map((domain) => [domain as string, beginTrustServer(run, domain)]));
  meetAll(run, servers);
  planRotation(run);
  planTheft(run);
  planRules(run, servers);
  const townsmen = people.map((plan) => beginTownsman(run, plan));
  const devices = townsmen.map(({ speaker }) => speaker.machine);
  planVisits(run, townsmen.find(({ plan }) => plan.server === killed)!, (device) => void devices.push(device));
  beginForgers(run);
  beginMasks(run);
  beginCrowd(run);
  for (const [at, a] of domains.entries()) {
    for (const b of domains.slice(at + 1)) world.network.links.startPartitions(a, b);
  }
  let isSettled = false;
  const tick = (): void => {
    observe({ kind: 'tick', atUs: nowUs() });
    isSettled = devices.every((device) => device.isContent) && isAgreed(run);
    world.clock.after(SECOND, tick);
  };
  world.clock.after(SECOND, tick);
  world.clock.at(faultsUs, () => world.calmDown(calm));
  return {
    isOver: settled(world, () => isSettled, graceUs),
    stored: () => new Map([...servers].map(([name, { disk }]) => [name, rowsOf(disk, byTag)])),
  };
}

/** Whether all know each other by their present keys, and each has the other's word. */
function isAgreed({ homes, books }: TrustRun): boolean {
  return domains.every((host) =>
    domains.every((domain) => {
      const fingerprint = hexOf(homes.get(domain)!.identity.fingerprint);
      if (host === domain) return true;
      // Of whom an admin thinks what, only the checker knows.
      const isRuled = host === ruling || domain === ruling;
      const isHeard = isRuled || books.isHeard(host, domain, fingerprint);
      return isHeard && books.isPinned(host, domain, fingerprint);
    }),
  );
}

/** Whoever has a domain's key is that domain to others; and what answers a visitor goes where he visits. */
const isRelay = (addressee: string, author: string): boolean =>
  author.endsWith(`@${addressee}`) || (addressee.startsWith('thief.') && hostOf(author) === robbed);

const checkers = (): Checker[] => [
  new OrderChecker(true),
  new OnceChecker(),
  new TruthChecker(headingOf),
  new AcknowledgementChecker(hostOfChannel, isRelay),
  new DurabilityChecker(hostOf),
  new LivenessChecker(false),
  new MembersChecker(hostOf),
  new ForgeryChecker(),
  new PinsChecker(),
  new AgreementChecker(domains),
  new CountersignaturesChecker(domains),
  new VisitsChecker(),
  new WarningsChecker(),
  new AdmissionChecker(),
];

/** Domains whose keys do not stay as they are. */
export const trust: Scene = {
  name: 'trust',
  what: 'five domains: a key is followed by another, one is stolen, a DNS is seized, a server is gone and its person speaks through others, an admin takes his word back; liars come in domains’ names, and crowds; servers crash, links part, disks fail',
  checkers,
  begin,
};
