/** What the DNS says of a domain's key, as the table of trust wants to know it. docs/spec/dns.md#statement */
import type { DnsStatement } from '../../pki/dns-statement.ts';
import { isLoopbackName } from '../config/address.ts';
import type { KeyLookUp } from '../dns/look-up.ts';
import { isOnion } from '../transport/resolve.ts';

/**
 * Asks the first resolver that answers; where some are configured and a change of key is at stake, what two of them agree on. It never
 * rejects. Names of Tor are nobody's to be asked for (RFC 7686), names of this machine alone not of the system's resolvers (RFC 6761).
 */
export const lookUpWith =
  (keys: KeyLookUp, isConfigured: boolean) =>
  (domain: string, isChange: boolean): Promise<DnsStatement> => {
    if (isOnion(domain) || (!isConfigured && isLoopbackName(domain))) {
      return Promise.resolve({ kind: 'none', secure: false });
    }
    return isConfigured && isChange ? keys.confirmed(domain) : keys.statement(domain);
  };
