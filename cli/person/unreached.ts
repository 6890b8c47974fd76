/** Why a server was not reached, for people: the address and the system's reason in words. docs/spec/transport.md#dialling */
import { renderEndpoint } from '../../server/config/address.ts';
import type { TransportError } from '../../server/transport/errors.ts';

/** What the system says when a connection does not come to stand; getaddrinfo(3), connect(2). */
const reasons: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'the connection was closed',
  EHOSTUNREACH: 'no way there',
  ENETUNREACH: 'no way there',
  EADDRNOTAVAIL: 'no way there',
  ETIMEDOUT: 'no answer',
  EPROTO: 'what is there does not speak TLS',
  ERR_SSL_WRONG_VERSION_NUMBER: 'what is there does not speak TLS',
};

/** What is between us and the server. */
const byProxy: Readonly<Record<string, string>> = {
  _transport_foreign_tls:
    'what is there speaks TLS, and not PSYC: it may be a proxy in front of the server; look at --server',
  _transport_necessary_proxy: 'use --proxy socks5://127.0.0.1:9050, with Tor running there',
  _transport_proxy_unreachable: 'the proxy does not answer',
  _transport_proxy_invalid: 'what is called the proxy does not speak SOCKS5',
  _transport_proxy_denied: 'the proxy refuses',
};

/** One sentence; `where` is the domain, or the address that was said for it. */
export function unreached(where: string, error: unknown): string {
  const told = byProxy[(error as Partial<TransportError>).code ?? ''];
  if (told !== undefined) return `${where}: ${told} (${(error as Error).message})`;
  const { code = '', address, port, hostname, message = '' } = firstOf(error);
  if (code === 'ENOTFOUND' || code === 'ENODATA') return `${hostname ?? where} is not in the DNS: use --server`;
  if (code === 'EAI_AGAIN') return `${hostname ?? where} is not found: the DNS does not answer`;
  const at = address === undefined || port === undefined ? where : renderEndpoint({ host: address, port });
  return `${at}: ${reasons[code] ?? message}`;
}

type SystemError = Partial<NodeJS.ErrnoException & { address: string; port: number; hostname: string }>;

/** Ours hold the system's, and where several addresses were tried, that holds one for each. */
function firstOf(error: unknown): SystemError {
  if (!(error instanceof Error)) return { message: String(error) };
  if (error instanceof AggregateError && error.errors.length > 0) return firstOf(error.errors[0]);
  return error.cause instanceof Error ? firstOf(error.cause) : error;
}
