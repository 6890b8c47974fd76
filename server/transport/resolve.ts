/** Where a domain's server is: told by the configuration, or by SRV records, or at the domain itself. docs/spec/transport.md#finding */
import { lookup, resolveSrv } from 'node:dns/promises';
import { isIP } from 'node:net';
import { TransportError } from './errors.ts';
import { DEFAULT_PORT } from './tls.ts';

/** An address or name, and a port. */
export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

/** An SRV record, RFC 2782. */
export interface Service {
  readonly name: string;
  readonly port: number;
  readonly priority: number;
  readonly weight: number;
}

/** An address of a host. */
export interface Address {
  readonly address: string;
  readonly family: number;
}

/** The questions that are asked; both reject, as node:dns does, when there is no answer. */
export interface Resolver {
  services(name: string): Promise<readonly Service[]>;
  addresses(host: string): Promise<readonly Address[]>;
}

/** The system's resolver, hosts file included. */
export const systemResolver: Resolver = {
  services: (name) => resolveSrv(name),
  addresses: (host) => lookup(host, { all: true, order: 'verbatim' }),
};

/** What is asked with, and what is known already. */
export interface Finding {
  readonly resolver: Resolver;
  /** From the configuration: domains whose server is told, which need no question. */
  readonly peers: ReadonlyMap<string, Endpoint>;
  /** From 0 up to 1. */
  readonly random: () => number;
}

/** Whether a name is one of Tor's, which no resolver is to be asked for (RFC 7686). */
export const isOnion = (host: string): boolean => /(?:^|\.)onion$/i.test(host);

/** Where a domain is when nobody is asked: where the configuration says, or at its own name and port 9404. */
export const toldOrItself = (domain: string, peers: Finding['peers']): Endpoint =>
  peers.get(domain) ?? { host: domain, port: DEFAULT_PORT };

/**
 * Where to try, in this order; `hostsMax` at most. The answers are hints: whoever is there has to prove the domain's key.
 * Rejects with TransportError `_transport_unresolved` when the domain says that it has no such service.
 */
export async function endpointsOf(domain: string, finding: Finding, hostsMax: number): Promise<Endpoint[]> {
  const itself = toldOrItself(domain, finding.peers);
  if (finding.peers.has(domain) || isIP(domain) !== 0 || isOnion(domain)) return [itself];
  let services: readonly Service[];
  try {
    services = await finding.resolver.services(`_psycs._tcp.${domain}`);
  } catch {
    // No record, or a resolver that does not know the type.
    return [itself];
  }
  if (services.length === 0) return [itself];
  // RFC 2782: a target of the root says that the service is decidedly not there.
  const there = services.filter(({ name }) => name !== '' && name !== '.');
  if (there.length === 0) throw new TransportError('_transport_unresolved', 'the domain says that it has no server');
  return inTurn(there, finding.random)
    .slice(0, hostsMax)
    .map(({ name, port }) => ({ host: name, port }));
}

/** By priority; within one, chosen by chance in proportion to weight (RFC 2782). */
function inTurn(services: readonly Service[], random: () => number): Service[] {
  const left = [...services].sort((a, b) => a.priority - b.priority || a.weight - b.weight);
  const turn: Service[] = [];
  while (left.length > 0) {
    const same = left.filter(({ priority }) => priority === left[0]!.priority);
    let mark = Math.floor(random() * (same.reduce((sum, { weight }) => sum + weight, 0) + 1));
    let chosen = same[0]!;
    for (chosen of same) {
      mark -= chosen.weight;
      if (mark <= 0) break;
    }
    turn.push(chosen);
    left.splice(left.indexOf(chosen), 1);
  }
  return turn;
}
