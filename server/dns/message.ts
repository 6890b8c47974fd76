/** DNS messages (RFC 1035 section 4), read to the last byte and with the bounds of labels. docs/spec/dns.md#messages */

/*
 * dns-packet, which writes them, joins labels that hold a full stop, and ignores what follows the last record.
 */
import { DnsError } from './errors.ts';
import { dnsLimits } from './limits.ts';

/** Numbers of RFC 1035 section 3.2.2, RFC 2782, RFC 3596, RFC 6891, RFC 8945. */
export const TYPE = {
  A: 1,
  NS: 2,
  CNAME: 5,
  SOA: 6,
  TXT: 16,
  AAAA: 28,
  SRV: 33,
  OPT: 41,
  TSIG: 250,
  ANY: 255,
} as const;

/** Of a header. */
export const FLAG = { QR: 0x8000, AA: 0x0400, TC: 0x0200, RD: 0x0100, RA: 0x0080, AD: 0x0020, CD: 0x0010 } as const;

/** RFC 1035 section 4.1.1, RFC 2136 section 2.2, RFC 8945 section 3. */
export const RCODE = {
  NOERROR: 0,
  FORMERR: 1,
  SERVFAIL: 2,
  NXDOMAIN: 3,
  NOTIMP: 4,
  REFUSED: 5,
  YXRRSET: 7,
  NXRRSET: 8,
  NOTAUTH: 9,
  BADVERS: 16,
  BADCOOKIE: 23,
} as const;

/** A record. */
export interface DnsRecord {
  /** In lower case; null for one with bytes that no name of ours has. */
  readonly name: string | null;
  /** Where in the message it begins. */
  readonly at: number;
  readonly type: number;
  readonly class: number;
  readonly ttl: number;
  readonly data: Uint8Array;
  /** The name that the data begins with, of CNAME; after six bytes, of SRV. null: none, or as `name`. */
  readonly target: string | null;
}

/** A message with at most one question. */
export interface DnsMessage {
  readonly id: number;
  readonly flags: number;
  readonly opcode: number;
  /** With the upper bits of EDNS. */
  readonly rcode: number;
  /** null where there is none; `written` is the name as it came, `bytes` is name, type and class. */
  readonly question: {
    readonly name: string | null;
    readonly written: string | null;
    readonly type: number;
    readonly class: number;
    readonly bytes: Uint8Array;
  } | null;
  readonly answers: readonly DnsRecord[];
  readonly authorities: readonly DnsRecord[];
  readonly additionals: readonly DnsRecord[];
}

const HEADER_BYTES = 12;
const NAME_BYTES_MAX = 255;
const ORDINARY = /^[A-Za-z0-9_-]+$/;

const invalid = (text: string): DnsError => new DnsError('_dns_invalid_message', text);

/** Throws DnsError `_dns_invalid_message`. */
export function readMessage(bytes: Uint8Array): DnsMessage {
  const message = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  if (message.length < HEADER_BYTES) throw invalid('shorter than a header');
  const [questions = 0, ...counts] = [4, 6, 8, 10].map((at) => message.readUInt16BE(at));
  if (questions > 1) throw invalid(`${questions} questions`);
  if (counts.reduce((sum, count) => sum + count, 0) > dnsLimits.recordsMax) throw invalid('too many records');
  const reader = new Reader(message);
  const question = questions === 1 ? reader.question() : null;
  const [answers = [], authorities = [], additionals = []] = counts.map((count) =>
    Array.from({ length: count }, () => reader.record()),
  );
  if (!reader.isAtEnd) throw invalid('bytes after the last record');
  const options = additionals.filter(({ type }) => type === TYPE.OPT);
  if (options.length > 1) throw invalid('two OPT records');
  const flags = message.readUInt16BE(2);
  return {
    id: message.readUInt16BE(0),
    flags,
    opcode: (flags >> 11) & 0xf,
    rcode: (((options[0]?.ttl ?? 0) >>> 24) << 4) | (flags & 0xf),
    question,
    answers,
    authorities,
    additionals,
  };
}

class Reader {
  readonly #bytes: Buffer;
  #at = HEADER_BYTES;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get isAtEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  question(): NonNullable<DnsMessage['question']> {
    const from = this.#at;
    const written = this.#name();
    const [type, kind] = [this.#number(2), this.#number(2)];
    const name = written?.toLowerCase() ?? null;
    return { name, written, type, class: kind, bytes: this.#bytes.subarray(from, this.#at) };
  }

  record(): DnsRecord {
    const at = this.#at;
    const name = this.#lower();
    const [type, kind, ttl, length] = [this.#number(2), this.#number(2), this.#number(4), this.#number(2)];
    const from = this.#at;
    const end = from + length;
    if (end > this.#bytes.length) throw invalid('data past the end');
    const skipped = { [TYPE.CNAME]: 0, [TYPE.SRV]: 6 }[type];
    let target: string | null = null;
    if (skipped !== undefined) {
      this.#at += skipped;
      target = this.#lower();
      if (this.#at !== end) throw invalid('a name that is not its data');
    }
    this.#at = end;
    return { name, at, type, class: kind, ttl, data: this.#bytes.subarray(from, end), target };
  }

  #lower(): string | null {
    return this.#name()?.toLowerCase() ?? null;
  }

  #number(size: number): number {
    if (this.#at + size > this.#bytes.length) throw invalid('cut short');
    this.#at += size;
    return this.#bytes.readUIntBE(this.#at - size, size);
  }

  /** RFC 1035 section 4.1.4: pointers lead backwards only, so they lead nowhere in a circle. */
  #name(): string | null {
    const labels: string[] = [];
    let at = this.#at;
    let before = at;
    let end: number | null = null;
    let size = 1;
    let isOrdinary = true;
    for (;;) {
      const length = this.#bytes[at];
      if (length === undefined) throw invalid('a name past the end');
      at += 1;
      if (length === 0) break;
      if (length >= 0xc0) {
        const low = this.#bytes[at];
        if (low === undefined) throw invalid('a pointer past the end');
        end ??= at + 1;
        at = ((length & 0x3f) << 8) | low;
        if (at >= before) throw invalid('a pointer that does not lead back');
        before = at;
        continue;
      }
      if (length > 0x3f) throw invalid('a label of no known kind');
      size += length + 1;
      if (at + length > this.#bytes.length || size > NAME_BYTES_MAX) throw invalid('a name that is too long');
      const label = this.#bytes.toString('latin1', at, at + length);
      isOrdinary &&= ORDINARY.test(label);
      labels.push(label);
      at += length;
    }
    this.#at = end ?? at;
    return isOrdinary ? labels.join('.') : null;
  }
}

/** The strings of a TXT record's data; null for data that is none. */
export function stringsOfData(data: Uint8Array): Uint8Array[] | null {
  const strings: Uint8Array[] = [];
  for (let at = 0; at < data.length; ) {
    const end = at + 1 + data[at]!;
    if (end > data.length) return null;
    strings.push(data.subarray(at + 1, end));
    at = end;
  }
  return strings.length === 0 ? null : strings;
}

/** The options of a message's OPT record (RFC 6891 section 6.1.2) by code; null where there is no such record. Throws DnsError. */
export function optionsOf({ additionals }: DnsMessage): ReadonlyMap<number, Uint8Array> | null {
  const data = additionals.find(({ type }) => type === TYPE.OPT)?.data;
  if (data === undefined) return null;
  const options = new Map<number, Uint8Array>();
  for (let at = 0; at < data.length; ) {
    const size = (data[at + 2] ?? 0) * 256 + (data[at + 3] ?? 0);
    if (at + 4 + size > data.length) throw invalid('an option past the end');
    options.set(data[at]! * 256 + data[at + 1]!, data.subarray(at + 4, at + 4 + size));
    at += 4 + size;
  }
  return options;
}
