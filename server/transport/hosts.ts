/** Addresses of this machine to listen at. docs/operating.md#configuration */
import { networkInterfaces } from 'node:os';
import type { Logger } from 'pino';

/** Those of a kind that this machine has: without IPv6 `::` is every IPv4 address, and other such addresses are left out. */
export function hostsHere(hosts: readonly string[], log: Logger): readonly string[] {
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  if (all.some(({ family }) => family === 'IPv6')) return hosts;
  const here = hosts.map((host) => (host === '::' ? '0.0.0.0' : host)).filter((host) => !host.includes(':'));
  if (here.length === 0) return hosts;
  if (here.join() !== hosts.join()) log.warn({ hosts: here }, 'this machine has no IPv6: listening on what is left');
  return here;
}
