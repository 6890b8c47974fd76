/** A DNS that nobody has secured: it says what is so, or nothing, or what somebody else would like. docs/simulator.md#federation */
import { hexOf } from '../../crypto/bytes.ts';
import type { DnsStatement } from '../../pki/dns-statement.ts';
import type { IdealKeys } from '../ideal.ts';
import type { Random } from '../random.ts';

/** The name of the key that lies are told for; whoever has it comes in the domain's name. */
export const liarsKey = 'second';

/** A record that names a key of a domain. */
export const idealRecord = (
  keys: IdealKeys,
  domain: string,
  name?: string,
  more: { readonly secure?: boolean; readonly seq?: number } = {},
): DnsStatement => ({
  kind: 'record',
  fpr: hexOf(keys.domain(domain, name).fingerprint),
  nfpr: null,
  seq: 1,
  ks: [],
  x: null,
  isTest: false,
  secure: false,
  ...more,
});

/** What one server is told of a domain's key, anew each time. */
export function idealDns(keys: IdealKeys, random: Random): (domain: string) => DnsStatement {
  const record = (domain: string, name?: string): DnsStatement => idealRecord(keys, domain, name);
  return (domain) => {
    if (random.chance(0.6)) return record(domain);
    if (random.chance(0.5)) return record(domain, liarsKey);
    return random.pick<DnsStatement>([
      { kind: 'timeout' },
      { kind: 'bogus' },
      { kind: 'differing' },
      { kind: 'none', secure: false },
      { kind: 'ambiguous', code: '_ambiguous_record', secure: false },
    ]);
  };
}
