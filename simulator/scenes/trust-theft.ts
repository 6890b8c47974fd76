/** A domain's key is stolen in the scene `trust`: the thief names successors by it, and the owner's recovery key answers, sooner or later. docs/simulator.md#trust */
import { hexOf } from '../../crypto/bytes.ts';
import type { ServerIdentity } from '../../circuit/server-handshake.ts';
import type { Notice } from '../../federation/events.ts';
import type { IdealKeys } from '../ideal.ts';
import type { Random } from '../random.ts';
import { beginUnixMs } from './circuit-end.ts';
import { trustBounds } from './bounds.ts';
import { SECOND } from './federation-run.ts';
import { statementMs } from './trust-owners.ts';
import type { TrustRun } from './trust-run.ts';
import { beginThief, type Loot } from './trust-thief.ts';
import { domains, robbed } from './trust-town.ts';

/**
 * What comes of a theft.
 * - `at once`: the owner finds out by himself.
 * - `patient`: the thief waits until his statement counts; the owner, who is online, knows nothing but what others tell his server.
 * - `away`: the same, and the owner's server is gone for longer than that takes.
 * - `quiet`: the same, and he tells nobody anything: he only comes, with his own key, and is refused until it counts.
 * - `nine`: the thief names nine successors, and the owner takes his time until all have heard them.
 */
const fates = ['at once', 'patient', 'quiet', 'away', 'nine'] as const;

/** From then on nobody may take the stolen key any more, if the owner has found out by himself: nothing fails, and everybody has asked key servers. */
const knownUs = 40 * SECOND;
/** The same where he was told. */
const knownLateUs = 55 * SECOND;

const others = domains.filter((domain) => domain !== robbed);

/** The key that its owner keeps off the machine, and names from the beginning. */
const recoveryOf = (keys: IdealKeys): ServerIdentity => keys.domain(robbed, 'recovery');

/** What a domain proves itself with at first. */
export function firstIdentity(keys: IdealKeys, domain: string): ServerIdentity {
  const identity = keys.domain(domain);
  return domain === robbed ? { ...identity, recovery: recoveryOf(keys).fingerprint } : identity;
}

/** Plans the theft, and what the owner does about it. */
export function planTheft(run: TrustRun): void {
  const { world, homes } = run;
  const random = world.random.stream('theft');
  const home = homes.get(robbed)!;
  const stolen = home.identity;
  const fate = random.pick(fates);
  const isSeized = random.chance(0.3);
  const theftUs = random.between(10 * SECOND, 16 * SECOND);
  world.clock.at(theftUs, () => {
    const loot = lootOf(run, stolen, fate === 'nine' ? 9 : 1);
    const keys = fate === 'quiet' ? [] : [stolen];
    for (const server of others) beginThief(run, server, keys, loot, fate === 'at once' ? knownUs : knownLateUs);
    const isSigned = isSeized && seize(run, random);
    allow(run, loot, fate === 'away', isSigned);
  });
  if (fate === 'at once') {
    // In some runs the owner, who knows nothing yet, names a successor by the same key under the same number.
    if (random.chance(0.4)) world.clock.at(theftUs + random.below(SECOND / 2), () => announceOwn(run, stolen));
    world.clock.at(theftUs + random.between(SECOND / 2, 2 * SECOND), () => recover(run, stolen));
    return;
  }
  if (fate === 'away') {
    world.clock.at(theftUs - random.between(SECOND / 5, SECOND), () => home.host!.stop());
    const backUs = theftUs + trustBounds.graceMs * 1000 + random.between(2 * SECOND, 5 * SECOND);
    world.clock.at(backUs, () => home.host!.resume());
  }
  // Before all nine are told nothing of them is in the way.
  const patienceUs =
    fate === 'nine' ? random.between(14 * SECOND, 16 * SECOND) : random.between(SECOND / 2, 2 * SECOND);
  home.noticed = (notice) => {
    if (!isAlarming(notice)) return;
    home.noticed = () => {};
    world.clock.after(patienceUs, () => recover(run, stolen));
  };
}

/** What has an owner look after his key: another is named for it; or it is in two hands, as others say when they refuse him. */
const isAlarming = (notice: Notice): boolean =>
  notice.kind === 'successor' || (notice.kind === 'refused' && notice.code === '_trust_frozen_key');

/** Statements of the stolen key, each for another key of the thief's. */
function lootOf({ world, keys }: TrustRun, stolen: ServerIdentity, count: number): Loot[] {
  const beginMs = beginUnixMs + world.clock.nowMs;
  return Array.from({ length: count }, (_, at) => {
    const own = keys.domain(robbed, at === 0 ? 'thief' : `thief ${at}`);
    const rotation = keys.rotation(stolen, own, 2, beginMs, beginMs + statementMs);
    return { ...own, rotation, before: stolen.certificate };
  });
}

/** The domain's record names the thief's key for a while; whether for those with a validator, too. */
function seize({ world, zones }: TrustRun, random: Random): boolean {
  const isSigned = random.chance(0.5);
  const untilUs = world.clock.nowUs + random.between(6 * SECOND, 14 * SECOND);
  zones.seize(robbed, { askers: others, isSigned, untilUs, key: 'thief', seq: 2 });
  return isSigned;
}

/** Who may be deceived, by the rules: those without a validator while nobody is there to object; and all where the zone's keys are the thief's. */
function allow({ world, keys, zones }: TrustRun, [first]: readonly Loot[], isAway: boolean, isSigned: boolean): void {
  const fingerprint = hexOf(keys.domain(robbed, 'thief').fingerprint);
  if (first === undefined || (!isAway && !isSigned)) return;
  const fromUs = isSigned ? world.clock.nowUs : world.clock.nowUs + (trustBounds.graceMs - 2 * 400) * 1000;
  for (const host of others) {
    if (isSigned || !zones.isValidated(host, robbed)) {
      world.observe({ kind: 'deceivable', host, domain: robbed, fingerprint, fromUs });
    }
  }
}

function announceOwn({ world, keys, homes }: TrustRun, stolen: ServerIdentity): void {
  const home = homes.get(robbed)!;
  const own = keys.domain(robbed, 'own');
  const beginMs = beginUnixMs + world.clock.nowMs;
  const statement = keys.rotation(stolen, own, 2, beginMs, beginMs + statementMs);
  home.announced = { statement, key: own.certificate, recovery: null };
  home.host!.tell({ kind: 'announced', announced: home.announced });
}

/** The owner revokes the key for cause, at key servers, and says by his recovery key which one follows. */
function recover({ world, keys, homes, zones }: TrustRun, stolen: ServerIdentity): void {
  const home = homes.get(robbed)!;
  const recovery = recoveryOf(keys);
  const next = keys.domain(robbed, 'next');
  const beginMs = beginUnixMs + world.clock.nowMs;
  const rotation = keys.rotation(stolen, next, 2, beginMs, beginMs + statementMs, { by: recovery });
  // Whoever has it off a key server knows that the old one is in other hands.
  keys.states.set(hexOf(stolen.fingerprint), { revocation: 'hard', endsMs: null, isElsewhere: true });
  zones.publish(robbed, { fpr: next.fingerprint, nfpr: null, seq: 2 });
  home.name({
    ...next,
    rotation,
    before: stolen.certificate,
    recovery: recovery.fingerprint,
    recoveryKey: recovery.certificate,
  });
  home.restart(world.clock);
}
