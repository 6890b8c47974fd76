/** The thief of a domain's key at one server of the scene `trust`. docs/simulator.md#trust */
import type { ServerIdentity } from '../../circuit/server-handshake.ts';
import { render } from '../../psyc/render.ts';
import { Host } from '../host.ts';
import { byTag } from '../raw-packet.ts';
import { circuitBounds } from './bounds.ts';
import { noDisk, nobody } from './federation-run.ts';
import { Forger, type Forgery } from './forger.ts';
import { wordsOf } from './trust-forgers.ts';
import type { TrustRun } from './trust-run.ts';
import { people, robbed } from './trust-town.ts';

/** A key of the thief's, and the statement by which it is to follow the stolen one. */
export type Loot = ServerIdentity & { readonly rotation: Uint8Array };

/**
 * With the stolen key, where he uses it, and with each of his own and the statement that it follows; of these he tells, too, where
 * he is taken for the domain. He acknowledges nothing. `knownUs`: from then on everybody must know that the stolen key is revoked, and nobody takes what nobody has signed.
 */
export function beginThief(
  run: TrustRun,
  server: string,
  stolen: readonly ServerIdentity[],
  loot: readonly Loot[],
  knownUs: number,
): void {
  const { world, keys } = run;
  const { uniform } = people.find((plan) => plan.server === server)!;
  const notices = loot.map(
    ({ rotation, certificate }): Forgery =>
      () => {
        const routing = { _source: `psyc://${robbed}`, _target: `psyc://${server}` };
        const entity = { _domain: robbed, _rotation: rotation, _key: certificate };
        return render({ routing, entity, method: '_notice_key_rotation' });
      },
  );
  const said = wordsOf(run, robbed, uniform);
  const late = (forgery: Forgery): Forgery => {
    return (tag, nowMs) => (nowMs * 1000 < knownUs ? null : forgery(tag, nowMs));
  };
  const forger = new Forger({
    host: `thief.${server}`,
    server,
    keys,
    parties: [...loot, ...stolen].map((identity) => ({ kind: 'server', identity }) as const),
    forgeries: [...(stolen.length === 0 ? [] : notices), ...said.signed, ...said.unsigned.map(late)],
    people: new Map(),
    limits: circuitBounds,
    observe: world.observe.bind(world),
  });
  const host = new Host(world, forger.host, () => forger, noDisk, nobody, byTag);
  host.start();
}
