/** Dynamic update (RFC 2136) of one TXT record, and only if nobody else has changed it, signed by TSIG (RFC 8945). docs/spec/dns.md#update */
import { createHmac, randomInt, timingSafeEqual } from 'node:crypto';
import { DnsError } from './errors.ts';
import { type DnsMessage, FLAG, RCODE, readMessage, TYPE } from './message.ts';

/** A key that a name server knows too. */
export interface TsigKey {
  readonly name: string;
  readonly secret: Uint8Array;
}

/** What is to be at a name instead of what was there. */
export interface Change {
  readonly zone: string;
  readonly name: string;
  readonly ttl: number;
  /** TXT records, each as its strings; empty: there is none. All of them must be there still, and no other. */
  readonly before: readonly (readonly Uint8Array[])[];
  readonly after: readonly (readonly Uint8Array[])[];
}

/** A message that can be sent, and what it takes to know its reply. */
export interface Update {
  readonly bytes: Buffer;
  /** Throws DnsError: `_dns_invalid_message`, `_dns_unsigned`, `_dns_changed`, `_dns_refused`. */
  checkReply(bytes: Uint8Array): void;
}

const ALGORITHM = 'hmac-sha256';
const MAC_BYTES = 32;
const OPCODE = 5 << 11;
const CLASS = { IN: 1, NONE: 254, ANY: 255 } as const;

const number = (value: number, size: number): Buffer => {
  const bytes = Buffer.alloc(size);
  bytes.writeUIntBE(value, 0, size);
  return bytes;
};

/** In lower case, which is what TSIG signs. */
function nameBytes(text: string): Buffer {
  const labels = text
    .toLowerCase()
    .split('.')
    .map((label) => Buffer.from(label));
  return Buffer.concat([...labels.flatMap((label) => [number(label.length, 1), label]), number(0, 1)]);
}

/** `at`: Unix seconds. */
export function newUpdate(change: Change, key: TsigKey, at: number): Update {
  const id = randomInt(0x10000);
  const owner = nameBytes(change.name);
  const record = (kind: number, ttl: number, data: Buffer): Buffer =>
    Buffer.concat([owner, number(TYPE.TXT, 2), number(kind, 2), number(ttl, 4), number(data.length, 2), data]);
  // Section 2.4: the whole set is as it was (2.4.2), or there is none (2.4.3).
  const prerequisites =
    change.before.length === 0
      ? [record(CLASS.NONE, 0, Buffer.alloc(0))]
      : change.before.map((strings) => record(CLASS.IN, 0, dataOf(strings)));
  // Section 2.5: the whole set goes (2.5.2), and the new records come (2.5.1).
  const updates = [
    record(CLASS.ANY, 0, Buffer.alloc(0)),
    ...change.after.map((strings) => record(CLASS.IN, change.ttl, dataOf(strings))),
  ];
  const zone = Buffer.concat([nameBytes(change.zone), number(TYPE.SOA, 2), number(CLASS.IN, 2)]);
  const counts = [1, prerequisites.length, updates.length, 0].map((count) => number(count, 2));
  const unsigned = Buffer.concat([number(id, 2), number(OPCODE, 2), ...counts, zone, ...prerequisites, ...updates]);
  const mac = macOf(key, [unsigned, variablesOf(key, at, FUDGE_SECONDS, 0, Buffer.alloc(0))]);
  const bytes = withTsig(unsigned, key, at, id, mac);
  return {
    bytes,
    checkReply(received) {
      const reply = readMessage(received);
      if (reply.id !== id || (reply.flags & FLAG.QR) === 0 || reply.opcode !== 5) {
        throw new DnsError('_dns_invalid_message', 'what came is not the reply');
      }
      const error = tsigOf(reply)?.error ?? null;
      // Who does not know the key, or the time, cannot sign; and a refusal changes nothing, whoever it is from.
      if (refusals.has(reply.rcode)) throw refused(reply.rcode, error);
      if (!isSigned(received, reply, key, mac, at)) {
        throw new DnsError('_dns_unsigned', 'the reply to the update is not signed by the key: it may be anybody’s');
      }
      if (reply.rcode === RCODE.YXRRSET || reply.rcode === RCODE.NXRRSET) {
        throw new DnsError('_dns_changed', 'somebody else has changed the record meanwhile: look, and try again');
      }
      if (reply.rcode !== RCODE.NOERROR) throw refused(reply.rcode, error);
    },
  };
}

const refusals: ReadonlySet<number> = new Set([RCODE.FORMERR, RCODE.NOTIMP, RCODE.REFUSED, RCODE.NOTAUTH]);

/** RFC 8945 section 3. */
const tsigErrors: Readonly<Record<number, string>> = {
  16: 'the secret of the key is another one there',
  17: 'it does not know the key',
  18: 'its clock and ours differ by more than five minutes',
};

function refused(rcode: number, error: number | null): DnsError {
  const reason = (error === null ? undefined : tsigErrors[error]) ?? `error ${rcode}`;
  return new DnsError('_dns_refused', `the name server refuses the update: ${reason}`);
}

const FUDGE_SECONDS = 300;

function dataOf(strings: readonly Uint8Array[]): Buffer {
  return Buffer.concat(strings.flatMap((string) => [number(string.length, 1), string]));
}

const macOf = ({ secret }: TsigKey, parts: readonly Uint8Array[]): Buffer => {
  const hmac = createHmac('sha256', secret);
  for (const part of parts) hmac.update(part);
  return hmac.digest();
};

/** RFC 8945 section 4.3.3. */
const variablesOf = (key: TsigKey, at: number, fudge: number, error: number, other: Uint8Array): Buffer =>
  Buffer.concat([
    nameBytes(key.name),
    number(CLASS.ANY, 2),
    number(0, 4),
    nameBytes(ALGORITHM),
    number(at, 6),
    number(fudge, 2),
    number(error, 2),
    number(other.length, 2),
    other,
  ]);

/** RFC 8945 section 4.2. */
function withTsig(message: Buffer, key: TsigKey, at: number, id: number, mac: Buffer): Buffer {
  const data = Buffer.concat([
    nameBytes(ALGORITHM),
    number(at, 6),
    number(FUDGE_SECONDS, 2),
    number(mac.length, 2),
    mac,
    number(id, 2),
    number(0, 2),
    number(0, 2),
  ]);
  const head = Buffer.concat([nameBytes(key.name), number(TYPE.TSIG, 2), number(CLASS.ANY, 2), number(0, 4)]);
  const signed = Buffer.concat([message, head, number(data.length, 2), data]);
  signed.writeUInt16BE(signed.readUInt16BE(10) + 1, 10);
  return signed;
}

interface Tsig {
  readonly at: number;
  readonly fudge: number;
  readonly mac: Buffer;
  readonly id: number;
  readonly error: number;
  readonly other: Buffer;
}

/** The TSIG record that a message ends with; null: it has none of ours. */
function tsigOf({ additionals }: DnsMessage): Tsig | null {
  const record = additionals.at(-1);
  if (record?.type !== TYPE.TSIG) return null;
  const data = Buffer.from(record.data);
  const algorithm = nameBytes(ALGORITHM);
  let at = algorithm.length;
  // Names are compared without regard to case.
  if (data.subarray(0, at).toString('latin1').toLowerCase() !== algorithm.toString('latin1')) return null;
  if (data.length < at + 10) return null;
  const [time, fudge, size] = [data.readUIntBE(at, 6), data.readUInt16BE(at + 6), data.readUInt16BE(at + 8)];
  at += 10;
  if (data.length < at + size + 6) return null;
  const mac = data.subarray(at, at + size);
  at += size;
  const [id, error, otherSize] = [data.readUInt16BE(at), data.readUInt16BE(at + 2), data.readUInt16BE(at + 4)];
  if (data.length !== at + 6 + otherSize) return null;
  return { at: time, fudge, mac, id, error, other: data.subarray(at + 6) };
}

/** RFC 8945 section 5.3: the MAC of what was asked comes first, then the message as it was before it was signed. */
function isSigned(received: Uint8Array, reply: DnsMessage, key: TsigKey, asked: Buffer, now: number): boolean {
  const tsig = tsigOf(reply);
  const record = reply.additionals.at(-1);
  if (tsig === null || record?.name !== key.name.toLowerCase() || tsig.mac.length !== MAC_BYTES) return false;
  if (Math.abs(tsig.at - now) > FUDGE_SECONDS) return false;
  const message = Buffer.from(received.subarray(0, record.at));
  message.writeUInt16BE(tsig.id, 0);
  message.writeUInt16BE(message.readUInt16BE(10) - 1, 10);
  const variables = variablesOf(key, tsig.at, tsig.fudge, tsig.error, tsig.other);
  return timingSafeEqual(tsig.mac, macOf(key, [number(asked.length, 2), asked, message, variables]));
}
