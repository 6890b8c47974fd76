/** What a domain publishes in the DNS: its key's fingerprint, and where its server is. docs/operating.md#dns-records */
import { type DomainRecord, renderRecord, stringsOf } from '../../pki/dns-record.ts';
import { decodeText } from '../../psyc/bytes.ts';
import { recordName } from '../dns/look-up.ts';
import { RECORD_TTL } from '../dns/publish.ts';

/** Lines for a zone file (RFC 1035 section 5.1). `port`: that the domain's server listens on. */
export function dnsRecords(domain: string, record: DomainRecord, port: number): string[] {
  // Nothing that a record can say has a quote or a backslash in it.
  const strings = stringsOf(renderRecord(record)).map((string) => `"${decodeText(string)}"`);
  return [
    `${recordName(domain)}. ${RECORD_TTL} IN TXT ${strings.join(' ')}`,
    `_psycs._tcp.${domain}. ${RECORD_TTL} IN SRV 0 0 ${port} ${domain}.`,
  ];
}
