/** Puts a domain's record into its zone, on the name server that has it, and takes nobody else's word away. docs/spec/dns.md#update */
import { type DomainRecord, parseRecord, renderRecord, stringsOf } from '../../pki/dns-record.ts';
import { PkiError } from '../../pki/error.ts';
import { joinBytes } from '../../crypto/bytes.ts';
import { equalBytes } from '../../psyc/bytes.ts';
import type { Endpoint } from '../transport/resolve.ts';
import type { Asker } from './ask.ts';
import { DnsError } from './errors.ts';
import { recordName } from './look-up.ts';
import { type DnsMessage, readMessage, stringsOfData } from './message.ts';
import type { Query } from './question.ts';
import type { Resolver } from './resolver.ts';
import { newUpdate, type TsigKey } from './update.ts';

/** Where a domain's zone is, and what it takes to change it. */
export interface ZoneServer {
  readonly server: Endpoint;
  readonly zone: string;
  readonly key: TsigKey;
}

/** Seconds that others may keep a record. */
export const RECORD_TTL = 3600;

/**
 * Makes `record` what the domain says. Another key that stands there is replaced if ours follows it (its `nfpr`, or a
 * higher `seq`), or if `isReplacing`. False: it was there already. Rejects with DnsError.
 */
export async function publish(
  asker: Asker,
  at: ZoneServer,
  domain: string,
  record: DomainRecord,
  isReplacing: boolean,
): Promise<boolean> {
  const name = recordName(domain);
  const server: Resolver = { kind: 'tcp', ...at.server, certified: at.server.host, path: '', isValidator: false };
  const heard = await asker.ask(server, name, 'TXT');
  // Who answers TCP and does not validate is never bogus.
  const before = (heard.kind === 'records' ? heard.records : []).map(({ data }) => stringsOfData(data) ?? []);
  const ours = stringsOf(renderRecord(record));
  const [others, earlier] = [before.filter((strings) => !isOurs(strings)), before.filter(isOurs)];
  if (earlier.length === 1 && equalBytes(joinBytes(...earlier[0]!), joinBytes(...ours))) return false;
  if (!isReplacing) for (const strings of earlier) checkFollows(record, strings);
  const update = newUpdate(
    { zone: at.zone, name, ttl: RECORD_TTL, before, after: [...others, ours] },
    at.key,
    unixSeconds(),
  );
  let received: Uint8Array = new Uint8Array(0);
  const query: Query = {
    bytes: update.bytes,
    reply(bytes): DnsMessage | null {
      received = bytes;
      try {
        return readMessage(bytes);
      } catch {
        return null;
      }
    },
  };
  await asker.send(server, query);
  update.checkReply(received);
  return true;
}

const unixSeconds = (): number => Math.floor(Date.now() / 1000);

/** A record of this kind, also one that is void. */
function isOurs(strings: readonly Uint8Array[]): boolean {
  try {
    return parseRecord(strings) !== null;
  } catch (error) {
    if (!(error instanceof PkiError)) throw error;
    return true;
  }
}

/** Throws DnsError `_dns_conflict`. */
function checkFollows(record: DomainRecord, strings: readonly Uint8Array[]): void {
  let there: DomainRecord | null;
  try {
    there = parseRecord(strings);
  } catch {
    // It says nothing to anybody.
    return;
  }
  if (there === null) return;
  const isSame = there.fpr === record.fpr && there.seq === record.seq;
  const isAnnounced = there.nfpr === record.fpr && there.seq <= record.seq;
  if (isSame || isAnnounced || there.seq < record.seq) return;
  throw new DnsError(
    '_dns_conflict',
    `the DNS names another key, ${there.fpr} (seq ${there.seq}), and ours, ${record.fpr} (seq ${record.seq}), does not follow it`,
  );
}
