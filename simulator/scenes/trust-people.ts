/** What the people of the scene `trust` do: they meet in places, and speak there and to each other. docs/simulator.md#trust */
import { hexOf } from '../../crypto/bytes.ts';
import { SEALED_METHOD } from '../../publication/private.ts';
import { renderVisit } from '../../publication/visit.ts';
import type { IdealKeys, IdealPerson } from '../ideal.ts';
import type { World } from '../world.ts';
import { Author } from './author.ts';
import { beginUnixMs, type Party, type Pins } from './circuit-end.ts';
import { SECOND, speakUs, type Town } from './federation-run.ts';
import { drawData } from './people.ts';
import { Speaker } from './speaker.ts';
import type { DevicePlan, PersonPlan } from './town.ts';
import { keysOf } from './town.ts';
import type { TrustRun } from './trust-run.ts';
import { isSquare, people, squares } from './trust-town.ts';

/** Shorter than certifications last. */
const circuitMsMax = 6_000;

/** What a person's device keeps of keys, at home and elsewhere. */
class Keyring {
  readonly #pinned = new Map<string, Uint8Array>();
  key: Uint8Array;

  constructor(key: Uint8Array) {
    this.key = key;
  }

  /** For one circuit. */
  at(domain: string, world: World, host: string): Pins {
    return {
      pinned: this.#pinned.get(domain) ?? null,
      pin: (fingerprint) => {
        this.#pinned.set(domain, fingerprint);
        const atUs = world.clock.nowUs;
        const pinned = { host, domain, fingerprint: hexOf(fingerprint), standing: 'normal', atUs };
        world.observe({ kind: 'pinned', ...pinned });
      },
      certified: (key) => void (this.key = key),
    };
  }
}

/** The domain that is a node's. */
const domainIn = (uniform: string | undefined): string => /^psyc:\/\/([^/]+)$/.exec(uniform ?? '')?.[1] ?? '';

const isHome = (person: string, server: string): boolean => person.startsWith(`psyc://${server}/`);

/** Devices that keep their homes' keys. */
export function townOf(world: World, keys: IdealKeys): Town {
  const rings = new Map<string, Keyring>();
  return {
    isPlace: isSquare,
    inviteOf: () => null,
    confidantOf: () => null,
    circuitMsMax,
    proved: ({ person, server }) => {
      if (!isHome(person, server)) world.observe({ kind: 'visit', step: 'made', person, domain: server });
    },
    hearingOf:
      ({ person }) =>
      (packet, routing) => {
        const domain = domainIn(packet.text('_uniform_visited'));
        if (packet.method === '_status_visit') world.observe({ kind: 'visit', step: 'known', person, domain });
        if (packet.method !== '_notice_key_foreign') return;
        const [host, fingerprint] = [domainIn(routing.get('_source')), packet.text('_fingerprint') ?? ''];
        world.observe({ kind: 'false key', step: 'told', host, person, fingerprint });
      },
    partyOf: (plan, identity) => {
      const ring = rings.get(plan.person) ?? new Keyring(identity.key);
      rings.set(plan.person, ring);
      return () => partyOf(plan, identity, ring, world, keys);
    },
  };
}

function partyOf(
  { person, seed, id, channel, server, host }: DevicePlan,
  identity: IdealPerson,
  ring: Keyring,
  world: World,
  keys: IdealKeys,
): Party {
  const own = { ...identity, key: ring.key };
  const party = { kind: 'client', person, keys: own, seed, channel, pins: ring.at(server, world, host) } as const;
  if (isHome(person, server)) return party;
  world.observe({ kind: 'visit', step: 'wanted', person, domain: server });
  const timeMs = beginUnixMs + world.clock.nowMs;
  const visit = { person, fingerprint: identity.fingerprint, device: id, domain: server, timeMs };
  return { ...party, visit: renderVisit(keys.suite, visit, seed) };
}

/** One of the people, at home. */
export interface Townsman {
  readonly plan: PersonPlan;
  readonly identity: IdealPerson;
  /** One chain for his device, whatever channel it speaks on. */
  readonly author: Author;
  readonly speaker: Speaker;
  /** Places that he is a member of. */
  readonly entered: ReadonlySet<string>;
}

/** Everything that one person does at home. */
export function beginTownsman(run: TrustRun, plan: PersonPlan): Townsman {
  const { world, keys } = run;
  const [device] = plan.devices;
  const { id, seed, host, server } = device!;
  const identity = keysOf(keys, plan);
  const author = new Author({ suite: keys.suite, fingerprint: identity.fingerprint, device: id, seed });
  const speaker = new Speaker(run, device!, identity, author);
  const entered = new Set<string>();
  world.observe({ kind: 'entered', host, context: plan.uniform, sequence: 0 });
  for (const square of squares) {
    const enter = (): void => speaker.request(square, '_request_context_enter', {}, () => void entered.add(square));
    world.clock.at(SECOND + speaker.random.below(2 * SECOND), enter);
  }
  const others = people.map(({ uniform }) => uniform).filter((other) => other !== plan.uniform);
  planWords(run, speaker, { fromUs: 2 * SECOND, untilUs: 2 * SECOND + speakUs }, others, entered);
  world.network.links.startPartitions(host, server);
  return { plan, identity, author, speaker, entered };
}

/** What is said on one channel: in places, once its person is a member, and to people. */
export function planWords(
  { world, intervalUsMean }: TrustRun,
  speaker: Speaker,
  { fromUs, untilUs }: { readonly fromUs: number; readonly untilUs: number },
  others: readonly string[],
  entered: ReadonlySet<string>,
  places = squares,
): void {
  const { random } = speaker;
  for (let atUs = fromUs; atUs < untilUs; atUs += random.exponential(intervalUsMean)) {
    const [square, other] = [random.pick(places), random.pick(others)];
    const isPublic = random.chance(0.5);
    const times = random.chance(0.1) ? random.between(3, 6) : 1;
    world.clock.at(atUs, () => {
      // Who is no member yet would be refused.
      const target = isPublic && entered.has(square) ? square : other;
      const method = isSquare(target) ? '_message_public' : SEALED_METHOD;
      for (let i = 0; i < times; i++) speaker.say(target, method, drawData(random));
    });
  }
}
