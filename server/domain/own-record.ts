/** The record that a domain publishes of itself. docs/spec/dns.md#record */
import type { DomainRecord } from '../../pki/dns-record.ts';
import type { Config } from '../config/config.ts';

/** What it says of keys: 40 hex digits each. */
export interface OwnKeys {
  readonly fingerprint: string;
  /** The number of the domain's key: 1 for the first. */
  readonly number: number;
  /** The key that is to follow; null: none is. */
  readonly next: string | null;
}

/** Of these keys, with the key servers of the configuration. */
export const ownRecord = (
  { fingerprint, number, next }: OwnKeys,
  { keyServers }: Pick<Config['dns'], 'keyServers'>,
): DomainRecord => ({
  fpr: fingerprint,
  nfpr: next,
  seq: number,
  ks: keyServers,
  x: null,
  isTest: false,
});
