/** Where questions go, as an admin writes it: `udp://127.0.0.1`, `tls://192.0.2.1#dns.example`. docs/spec/dns.md#resolvers */
import { getServers } from 'node:dns';
import { isIP } from 'node:net';
import { isDomain } from '../../psyc/names.ts';
import { isLoopback } from '../config/address.ts';

/** A resolver by its address. */
export interface Resolver {
  readonly kind: 'udp' | 'tcp' | 'tls' | 'https';
  readonly host: string;
  readonly port: number;
  /** What its certificate must say, of tls and https: a name, or its address. */
  readonly certified: string;
  /** Of https. */
  readonly path: string;
  /** Its AD bit is believed: it is on this machine, and the admin has named it. */
  readonly isValidator: boolean;
}

const ports: Readonly<Record<Resolver['kind'], number>> = { udp: 53, tcp: 53, tls: 853, https: 443 };

const FORM =
  /^(udp|tcp|tls|https):\/\/(?:\[([0-9A-Fa-f:.]+)\]|([0-9.]+))(?::([1-9][0-9]{0,4}))?(\/[\w./-]*)?(?:#([a-z0-9.-]+))?$/;
const PORT_MAX = 65_535;

/** A resolver that is configured; null for any other text. */
export function parseResolver(text: string): Resolver | null {
  const [, word = '', six, four, digits, path, name] = FORM.exec(text) ?? [];
  const kind = word as Resolver['kind'];
  const host = six ?? four ?? '';
  const port = digits === undefined ? ports[kind] : Number(digits);
  const isEncrypted = kind === 'tls' || kind === 'https';
  if (isIP(host) !== (six === undefined ? 4 : 6) || port > PORT_MAX) return null;
  if ((path !== undefined && kind !== 'https') || (name !== undefined && (!isEncrypted || !isDomain(name))))
    return null;
  return { kind, host, port, certified: name ?? host, path: path ?? '/dns-query', isValidator: isLoopback(host) };
}

/** As `parseResolver` reads it, without what is the same everywhere. */
export function renderResolver({ kind, host, port, certified, path }: Resolver): string {
  const at = isIP(host) === 6 ? `[${host}]` : host;
  return `${kind}://${at}${port === ports[kind] ? '' : `:${port}`}${kind === 'https' ? path : ''}${certified === host ? '' : `#${certified}`}`;
}

/** Those of the system. What they say of validation is not believed: who knows whom they pass questions on to. */
export function systemResolvers(): Resolver[] {
  return getServers().flatMap((text) => {
    const [, six, four, port] = /^(?:\[([^\]]+)\]|([^:]+|[0-9A-Fa-f:%.]+))(?::([0-9]+))?$/.exec(text) ?? [];
    const host = six ?? four ?? '';
    if (isIP(host) === 0) return [];
    const at = { host, port: Number(port ?? ports.udp), certified: host, path: '' };
    return [{ kind: 'udp', ...at, isValidator: false }];
  });
}
