/** The record that a domain publishes of itself. docs/spec/dns.md#record */
import type { DomainRecord } from '../../pki/dns-record.ts';
import type { Config } from '../config/config.ts';

/** The number of a domain's first key. */
const FIRST = 1;

/** Of this key, 40 hex digits, with the key servers of the configuration. */
export const ownRecord = (fingerprint: string, { keyServers }: Pick<Config['dns'], 'keyServers'>): DomainRecord => ({
  fpr: fingerprint,
  nfpr: null,
  seq: FIRST,
  ks: keyServers,
  x: null,
  isTest: false,
});
