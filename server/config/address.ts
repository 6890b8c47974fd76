/** Addresses as an admin writes them: of this machine, and of a peer with its port. docs/operating.md#configuration */
import { BlockList, isIP } from 'node:net';
import { isDomain } from '../../psyc/names.ts';
import type { Endpoint } from '../transport/resolve.ts';
import { configLimits } from './limits.ts';

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

/** Whether only this machine can reach the address. */
export function isLoopback(address: string): boolean {
  const version = isIP(address);
  return version !== 0 && loopback.check(address, version === 4 ? 'ipv4' : 'ipv6');
}

/** Whether a domain is one of a single machine, or of a test: RFC 6761 sections 6.2 and 6.3. */
export const isLoopbackName = (domain: string): boolean => /(?:^|\.)localhost$|\.test$/.test(domain);

/** One text for each address, however it is written. */
export function canonicalAddress(address: string): string {
  if (isIP(address) !== 6) return address;
  const [plain = '', zone] = address.split('%');
  const canonical = new URL(`http://[${plain}]`).hostname.slice(1, -1);
  return zone === undefined ? canonical : `${canonical}%${zone}`;
}

/** The same for where a connection comes from: an IPv4 address that came over a port of both kinds has IPv6's form. */
export const peerAddress = (address: string): string => canonicalAddress(address.replace(/^::ffff:(?=\d+\.)/i, ''));

/** `host:port`, an IPv6 address in brackets; null for anything else. */
export function parseEndpoint(text: string): Endpoint | null {
  const [, bracketed, plain, digits = ''] = /^(?:\[([^\]]+)\]|([^:[\]]+)):([1-9][0-9]{0,4})$/.exec(text) ?? [];
  const host = bracketed ?? plain ?? '';
  const isHost = bracketed === undefined ? isIP(host) === 4 || isDomain(host) : isIP(host) === 6;
  const port = Number(digits);
  return isHost && port <= configLimits.portMax ? { host, port } : null;
}

/** A SOCKS5 proxy as `socks5://address:port`; a name for it would have to be looked up. null for anything else. */
export function parseProxy(text: string): Endpoint | null {
  const [, where = ''] = /^socks5h?:\/\/([^/]+)\/?$/.exec(text) ?? [];
  const endpoint = parseEndpoint(where);
  return endpoint === null || isIP(endpoint.host) === 0 ? null : endpoint;
}

/** As `parseEndpoint` reads it. */
export const renderEndpoint = ({ host, port }: Endpoint): string =>
  isIP(host) === 6 ? `[${host}]:${port}` : `${host}:${port}`;
