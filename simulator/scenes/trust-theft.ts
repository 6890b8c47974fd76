/** A domain's key is stolen in the scene `trust`: the thief comes with it and names a successor, and the owner's recovery key answers. docs/simulator.md#trust */
import { hexOf } from '../../crypto/bytes.ts';
import type { ServerIdentity } from '../../circuit/server-handshake.ts';
import { render } from '../../psyc/render.ts';
import { Host } from '../host.ts';
import type { IdealKeys } from '../ideal.ts';
import { byTag } from '../raw-packet.ts';
import { circuitBounds } from './bounds.ts';
import { beginUnixMs } from './circuit-end.ts';
import { noDisk, nobody, SECOND } from './federation-run.ts';
import { Forger, type Forgery } from './forger.ts';
import { wordsOf } from './trust-forgers.ts';
import { statementMs } from './trust-owners.ts';
import type { TrustRun } from './trust-run.ts';
import { domains, people, robbed } from './trust-town.ts';

/** From then on nobody may take the stolen key any more: nothing fails, and everybody has asked key servers. */
const knownUs = 40 * SECOND;

/** The key that its owner keeps off the machine, and names from the beginning. */
const recoveryOf = (keys: IdealKeys): ServerIdentity => keys.domain(robbed, 'recovery');

/** What a domain proves itself with at first. */
export function firstIdentity(keys: IdealKeys, domain: string): ServerIdentity {
  const identity = keys.domain(domain);
  return domain === robbed ? { ...identity, recovery: recoveryOf(keys).fingerprint } : identity;
}

/** Plans the theft, and what the owner does about it. */
export function planTheft(run: TrustRun): void {
  const { world, keys, zones, homes } = run;
  const random = world.random.stream('theft');
  const home = homes.get(robbed)!;
  const stolen = home.identity;
  const theftUs = random.between(10 * SECOND, 16 * SECOND);
  world.clock.at(theftUs, () => {
    const beginMs = beginUnixMs + world.clock.nowMs;
    const thief = keys.domain(robbed, 'thief');
    const statement = keys.rotation(stolen, thief, 2, beginMs, beginMs + statementMs);
    for (const server of domains) {
      if (server !== robbed)
        beginThief(run, server, stolen, { ...thief, rotation: statement, before: stolen.certificate });
    }
  });
  // In some runs the owner, who knows nothing yet, names a successor by the same key under the same number.
  if (random.chance(0.4)) {
    world.clock.at(theftUs + random.below(SECOND / 2), () => {
      const own = keys.domain(robbed, 'own');
      const beginMs = beginUnixMs + world.clock.nowMs;
      const statement = keys.rotation(stolen, own, 2, beginMs, beginMs + statementMs);
      home.announced = { statement, key: own.certificate, recovery: null };
      home.host!.tell({ kind: 'announced', announced: home.announced });
    });
  }
  world.clock.at(theftUs + random.between(SECOND / 2, 2 * SECOND), () => {
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
  });
}

/** The thief at one server: with the stolen key, and with his own and the statement that it follows. He acknowledges nothing. */
function beginThief(run: TrustRun, server: string, stolen: ServerIdentity, own: ServerIdentity): void {
  const { world, keys } = run;
  const { uniform } = people.find((plan) => plan.server === server)!;
  const notice: Forgery = () => {
    const routing = { _source: `psyc://${robbed}`, _target: `psyc://${server}` };
    const entity = { _domain: robbed, _rotation: own.rotation, _key: own.certificate };
    return render({ routing, entity, method: '_notice_key_rotation' });
  };
  const said = wordsOf(run, robbed, uniform);
  // Who has a domain's key may say what nobody signs, until everybody must know that it is revoked.
  const late = (forgery: Forgery): Forgery => {
    return (tag, nowMs) => (nowMs * 1000 < knownUs ? null : forgery(tag, nowMs));
  };
  const forger = new Forger({
    host: `thief.${server}`,
    server,
    keys,
    parties: [own, stolen].map((identity) => ({ kind: 'server', identity }) as const),
    forgeries: [notice, ...said.signed, ...said.unsigned.map(late)],
    people: new Map(),
    limits: circuitBounds,
    observe: world.observe.bind(world),
  });
  const host = new Host(world, forger.host, () => forger, noDisk, nobody, byTag);
  host.start();
}
