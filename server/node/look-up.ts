/** What the DNS says of a domain's key, as the table of trust wants to know it. docs/spec/dns.md#statement */
import type { DnsStatement } from '../../pki/dns-statement.ts';
import { isLoopbackName } from '../config/address.ts';
import type { KeyLookUp } from '../dns/look-up.ts';
import { isOnion } from '../transport/resolve.ts';

/**
 * Asks what two resolvers agree on where some are configured, else the system's first that answers. It never rejects. Names of Tor are
 * nobody's to be asked for (RFC 7686), names of this machine alone are not the system's resolvers' (RFC 6761).
 */
export const lookUpWith =
  (keys: KeyLookUp, isConfigured: boolean) =>
  (domain: string): Promise<DnsStatement> => {
    if (isOnion(domain) || (!isConfigured && isLoopbackName(domain))) {
      return Promise.resolve({ kind: 'none', secure: false });
    }
    return isConfigured ? keys.confirmed(domain) : keys.statement(domain);
  };
