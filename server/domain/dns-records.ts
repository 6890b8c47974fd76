/** What a domain publishes in the DNS: its key's fingerprint, and where its server is. docs/operating.md#dns-records */

/** Who, under which key (40 hex digits), and the port that its server listens on. */
export type Published = { readonly domain: string; readonly fingerprint: string; readonly port: number };

/** Seconds that others may keep a record. */
const TTL = 3600;

/** Lines for a zone file (RFC 1035 section 5.1); the TXT record is a tag list as DKIM's (RFC 6376 section 3.2). */
export const dnsRecords = ({ domain, fingerprint, port }: Published): string[] => [
  `_p3do.${domain}. ${TTL} IN TXT "v=P3DO1; fpr=${fingerprint}; seq=1"`,
  `_psycs._tcp.${domain}. ${TTL} IN SRV 0 0 ${port} ${domain}.`,
];
