/** Why a server was not reached, for people: the address and the system's reason in words. docs/spec/transport.md#dialling */
import { renderEndpoint } from '../../server/config/address.ts';

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

/** One sentence; `where` is the domain, or the address that was said for it. */
export function unreached(where: string, error: unknown): string {
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
