/** Somebody has a copy of a domain's key in the scene `trust`, and comes to other servers as its person, with a key of his own that it certifies. docs/simulator.md#trust */
import { channelOf } from '../../circuit/channel.ts';
import { hexOf } from '../../crypto/bytes.ts';
import { renderVisit } from '../../publication/visit.ts';
import { SEALED_METHOD } from '../../publication/private.ts';
import { Host } from '../host.ts';
import { byTag } from '../raw-packet.ts';
import { Author } from './author.ts';
import { circuitBounds } from './bounds.ts';
import { beginUnixMs, type Party } from './circuit-end.ts';
import { noDisk, nobody, SECOND } from './federation-run.ts';
import { Forger } from './forger.ts';
import { signed } from './forgeries.ts';
import type { TrustRun } from './trust-run.ts';
import { copied, domains, people } from './trust-town.ts';

/** Longer than any run. */
const certifiedMs = 600_000;

/** One to each server. */
export function beginMasks({ world, keys }: TrustRun): void {
  const { uniform: person } = people.find(({ server }) => server === copied)!;
  const seed = keys.device('mask');
  const device = keys.idOf(seed);
  const own = keys.person(person, [seed], { identity: 'mask' });
  const key = keys.certified(own.key, keys.domain(copied), beginUnixMs + certifiedMs);
  const { fingerprint } = own;
  const author = new Author({ suite: keys.suite, fingerprint, device, seed });
  for (const server of domains.filter((domain) => domain !== copied)) {
    const channel = channelOf(person, device, { side: '1', at: server });
    const seen = { host: server, person, fingerprint: hexOf(fingerprint) };
    const { uniform: target } = people.find((plan) => plan.server === server)!;
    const visit = { person, fingerprint, device, domain: server, timeMs: beginUnixMs };
    const party: Party = {
      kind: 'client',
      person,
      keys: { ...own, key },
      seed,
      channel,
      visit: renderVisit(keys.suite, visit, seed),
    };
    const forger = new Forger({
      host: `mask.${server}`,
      server,
      keys,
      parties: [party],
      forgeries: [signed({ _source: channel, _target: target, _counter: '1' }, author, SEALED_METHOD)],
      people: new Map(),
      limits: circuitBounds,
      observe: world.observe.bind(world),
      dialling: () => world.observe({ kind: 'false key', step: 'tried', ...seen }),
      refused: (code) => {
        if (code === '_trust_changed_key') world.observe({ kind: 'false key', step: 'refused', ...seen });
      },
    });
    const host = new Host(world, forger.host, () => forger, noDisk, nobody, byTag);
    world.clock.at(4 * SECOND, () => host.start());
  }
}
