/** What the system's DNS says of a domain's key, without a validator. docs/spec/dns.md#statement */
import { Resolver } from 'node:dns/promises';
import { type DnsStatement, statementOf } from '../../pki/dns-statement.ts';
import { encodeText } from '../../psyc/bytes.ts';
import { isLoopbackName } from '../config/address.ts';
import { isOnion } from '../transport/resolve.ts';

/** One attempt, and how many: a circuit waits for it. */
const ATTEMPT_MS = 1_500;
const ATTEMPTS = 2;

/** Never rejects. Names of this machine alone, and of Tor, are nobody's to be asked for (RFC 6761, RFC 7686). */
export async function systemLookUp(domain: string): Promise<DnsStatement> {
  if (isLoopbackName(domain) || isOnion(domain)) return { kind: 'none', secure: false };
  try {
    const resolver = new Resolver({ timeout: ATTEMPT_MS, tries: ATTEMPTS });
    const records = await resolver.resolveTxt(`_p3do.${domain}`);
    // Node gives bytes as Latin-1 would be; a record of ours is ASCII, and what is not is none either way.
    return statementOf(
      records.map((strings) => strings.map(encodeText)),
      false,
      Math.floor(Date.now() / 1000),
    );
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === 'ENOTFOUND' || code === 'ENODATA' ? { kind: 'none', secure: false } : { kind: 'timeout' };
  }
}
