/** Who comes to the servers of the scene `trust` in another domain's name, and what is said in it. docs/simulator.md#trust */
import { SEALED_METHOD } from '../../publication/private.ts';
import { Host } from '../host.ts';
import { byTag } from '../raw-packet.ts';
import { Author } from './author.ts';
import { circuitBounds } from './bounds.ts';
import { noDisk, nobody, SECOND } from './federation-run.ts';
import { copied, type Overheard, signed, unsigned } from './forgeries.ts';
import { Forger, type ForgerOptions, type Forgery } from './forger.ts';
import { liarsKey } from './ideal-dns.ts';
import { keysOf } from './town.ts';
import type { TrustRun } from './trust-run.ts';
import { domains, hijacked, liarHost, people, rotating, squares } from './trust-town.ts';

const [hall = ''] = squares;
const numbered = { _counter: '1' };

/** What is said in the name of a domain's person to somebody of another. */
interface Words {
  /** Signed by a device of the forger's, or by that very person to others: a domain's key makes them no better. */
  readonly signed: readonly Forgery[];
  /** By nobody: whoever has the domain's key may say them, as the domain might. */
  readonly unsigned: readonly Forgery[];
}

/** All of them. */
export function wordsOf({ keys, heard }: TrustRun, domain: string, target: string): Words {
  const person = people.find(({ server }) => server === domain)!;
  const [device] = person.devices;
  const { fingerprint } = keysOf(keys, person);
  const seed = keys.device('zed');
  const zed = new Author({ suite: keys.suite, fingerprint, device: keys.idOf(seed), seed });
  const source = device!.channel;
  const isElsewhere = (said: Overheard): boolean => said.source === source && said.address !== target;
  const spoken = { _source: source, _target: target, ...numbered };
  return {
    signed: [
      signed({ _source: `${person.uniform}#${'0'.repeat(16)}`, _target: target, ...numbered }, zed, SEALED_METHOD),
      copied(heard, isElsewhere, () => spoken),
    ],
    unsigned: [
      unsigned(spoken),
      unsigned({ _context: `psyc://${domain}/@hall`, _source_relay: person.uniform, _counter: '1000000' }),
      unsigned({ _source: source, _target: hall, _counter: '1000' }),
    ],
  };
}

/** In turn. */
const both = ({ signed: some, unsigned: others }: Words): Forgery[] => [...some, ...others];

/** One to each server, in turn in the name of the hijacked domain and of the rotating one, with keys of his own; and one at the address that the DNS tells. */
export function beginForgers(run: TrustRun): void {
  const { world, keys } = run;
  const begin = (options: Pick<ForgerOptions, 'host' | 'server' | 'accepting' | 'parties' | 'forgeries'>): void => {
    const observe = world.observe.bind(world);
    const forger = new Forger({ ...options, keys, people: new Map(), limits: circuitBounds, observe });
    const host = new Host(world, options.host, () => forger, noDisk, nobody, byTag);
    world.clock.at(SECOND, () => host.start());
  };
  const as = (domain: string) => ({ kind: 'server', identity: keys.domain(domain, liarsKey) }) as const;
  for (const server of domains) {
    const names = [hijacked, rotating].filter((name) => name !== server);
    const { uniform } = people.find((plan) => plan.server === server)!;
    const forgeries = names.flatMap((name) => both(wordsOf(run, name, uniform)));
    begin({ host: `liar.${server}`, server, parties: names.map(as), forgeries });
  }
  const [somebody] = people;
  const forgeries = both(wordsOf(run, hijacked, somebody!.uniform));
  begin({ host: liarHost, server: null, accepting: as(hijacked), parties: [], forgeries });
}
