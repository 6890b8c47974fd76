/** Why what a domain's DNS says of its key is not taken: the codes. docs/spec/dns.md#record-errors */

/** Of a record, or of all records at the name together. */
export type DnsRecordCode =
  | '_invalid_record'
  | '_oversized_record'
  | '_repeated_tag'
  | '_missing_tag'
  | '_invalid_tag'
  | '_excessive_key_servers'
  | '_expired_record'
  | '_ambiguous_record';
