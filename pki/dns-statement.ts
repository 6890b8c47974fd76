/** What a domain's DNS says about its key, all records at `_p3do.DOMAIN` together. docs/spec/dns.md#statement */
import { joinBytes } from '../crypto/bytes.ts';
import { equalBytes } from '../psyc/bytes.ts';
import { type DomainRecord, parseRecord } from './dns-record.ts';
import { PkiError } from './error.ts';
import type { DnsRecordCode } from './dns-errors.ts';

/**
 * What was answered, as the policy takes it. `secure`: a validator on this machine has vouched for it (DNSSEC).
 * - `record`: the domain says this.
 * - `none`: there is no record, or one that is for trying only: no statement, and no withdrawal either.
 * - `ambiguous`: records that contradict each other, or one that cannot be read; `code` says which.
 * - `differing`: two resolvers, each sure, that do not agree.
 * - `bogus`: the answer does not validate.
 * - `timeout`: nobody answered, or not with anything that can be used.
 */
export type DnsStatement =
  | ({ readonly kind: 'record'; readonly secure: boolean } & DomainRecord)
  | { readonly kind: 'none'; readonly secure: boolean }
  | { readonly kind: 'ambiguous'; readonly code: DnsRecordCode; readonly secure: boolean }
  | { readonly kind: 'differing' }
  | { readonly kind: 'bogus' }
  | { readonly kind: 'timeout' };

/** TXT records as strings, the moment in Unix seconds. Throws nothing. */
export function statementOf(
  records: readonly (readonly Uint8Array[])[],
  secure: boolean,
  now: number,
): Extract<DnsStatement, { readonly secure: boolean }> {
  const different: Uint8Array[] = [];
  const said: (DomainRecord | DnsRecordCode)[] = [];
  for (const strings of records) {
    const record = readRecord(strings);
    const bytes = joinBytes(...strings);
    if (record === null || different.some((other) => equalBytes(other, bytes))) continue;
    different.push(bytes);
    said.push(record);
  }
  const [first, second] = said;
  if (first === undefined) return { kind: 'none', secure };
  if (second !== undefined) return { kind: 'ambiguous', code: '_ambiguous_record', secure };
  if (typeof first === 'string') return { kind: 'ambiguous', code: first, secure };
  if (first.x !== null && first.x <= now) return { kind: 'ambiguous', code: '_expired_record', secure };
  return first.isTest ? { kind: 'none', secure } : { kind: 'record', secure, ...first };
}

function readRecord(strings: readonly Uint8Array[]): DomainRecord | DnsRecordCode | null {
  try {
    return parseRecord(strings);
  } catch (error) {
    if (!(error instanceof PkiError)) throw error;
    // `parseRecord` throws the codes of records only.
    return error.code as DnsRecordCode;
  }
}

/** Of two answers to the same question, which have come over different ways, what may be believed. */
export function agreed(one: DnsStatement, other: DnsStatement): DnsStatement {
  // Who hears nothing contradicts nobody, and confirms nobody.
  if (one.kind === 'timeout' || other.kind === 'timeout') return { kind: 'timeout' };
  if (one.kind === 'bogus' || other.kind === 'bogus') return { kind: 'bogus' };
  if (one.kind !== other.kind) return { kind: 'differing' };
  if (one.kind === 'record' && other.kind === 'record' && !isSameRecord(one, other)) return { kind: 'differing' };
  // One validator is enough: what both say is what it has vouched for.
  const isSecure = ('secure' in one && one.secure) || ('secure' in other && other.secure);
  return 'secure' in one ? { ...one, secure: isSecure } : one;
}

/** Whether two records say the same. */
const isSameRecord = (one: DomainRecord, other: DomainRecord): boolean =>
  one.fpr === other.fpr &&
  one.nfpr === other.nfpr &&
  one.seq === other.seq &&
  one.x === other.x &&
  one.ks.join() === other.ks.join();
