/** How much a domain's DNS record may say. docs/spec/dns.md#record-limits */

/** Bytes and counts; the table in docs/spec/dns.md#record-limits holds the same numbers. */
export const dnsRecordLimits = {
  /** Bytes of a record, its strings joined. */
  recordBytesMax: 1024,
  /** Bytes of one string of a TXT record (RFC 1035 section 3.3). */
  stringBytesMax: 255,
  /** Key servers of a domain. */
  keyServersMax: 4,
} as const;
