/** What an authoritative server says about one name that is a zone of its own, `_p3do.DOMAIN`. docs/spec/dns.md#responder */
import { createHmac } from 'node:crypto';
import { encode, type Packet } from 'dns-packet';
import { equalBytes } from '../../../psyc/bytes.ts';
import { dnsLimits } from '../limits.ts';
import { type DnsMessage, FLAG, optionsOf, RCODE, readMessage, TYPE } from '../message.ts';
import { RECORD_TTL } from '../publish.ts';

/** The zone: a name, and the one record in it. */
export interface Zone {
  readonly name: string;
  /** The text of the TXT record, as its strings. */
  readonly strings: readonly Uint8Array[];
  /** The name of this server, as the zone above has it. */
  readonly nameServer: string;
  /** Grows whenever the record changes. */
  readonly serial: number;
}

/** A question as it was read, and what it takes to answer it. */
interface Asked {
  readonly message: DnsMessage;
  readonly cookie: Uint8Array | null;
  readonly bytesMax: number;
  readonly hasOptions: boolean;
}

const COOKIE = 10;
const CLIENT_COOKIE_BYTES = 8;
const SERVER_COOKIE_BYTES = 16;
const HEADER_BYTES = 12;
const ID_AND_FLAGS_BYTES = 4;
const TRANSFERS: ReadonlySet<number> = new Set([251, 252]);
/** Seconds that it may be kept that a record is not there. */
const NONE_TTL = 300;
const DATAGRAM_BYTES_MIN = 512;

/** What to send, and whether who asked has shown that he hears us: then it needs no bound. */
export interface Answer {
  readonly bytes: Buffer;
  readonly isKnown: boolean;
}

/** Answers for one zone. `secret`: of this process, for cookies. */
export class ZoneReplies {
  #zone: Zone;
  readonly #secret: Uint8Array;

  constructor(zone: Zone, secret: Uint8Array) {
    this.#zone = zone;
    this.#secret = secret;
  }

  /** Another text from now on. */
  say(strings: readonly Uint8Array[], serial: number): void {
    this.#zone = { ...this.#zone, strings, serial: Math.max(serial, this.#zone.serial + 1) };
  }

  /** null: it is not to be answered at all. `from`: the asker's address. */
  answer(received: Uint8Array, from: string, isStream: boolean): Answer | null {
    if (received.length < HEADER_BYTES) return null;
    // A reply is never answered: two servers could be set on each other.
    if ((received[2]! & 0x80) !== 0) return null;
    const asked = this.#read(received, isStream);
    if (asked === null) return { bytes: bare(received, RCODE.FORMERR), isKnown: false };
    const { message, cookie } = asked;
    const isKnown = isStream || (cookie !== null && this.#isOurs(cookie, from));
    if (message.opcode !== 0) return { bytes: bare(received, RCODE.NOTIMP), isKnown };
    const written = { ...asked, cookie: cookie === null ? null : this.#cookie(cookie, from) };
    return { bytes: this.#render(received, written), isKnown };
  }

  /** The same question, answered with nothing but that it should be asked over TCP. */
  static truncated(received: Uint8Array): Buffer {
    const bytes = bare(received, RCODE.NOERROR);
    bytes.writeUInt16BE(bytes.readUInt16BE(2) | FLAG.TC, 2);
    return bytes;
  }

  #read(received: Uint8Array, isStream: boolean): Asked | null {
    try {
      const message = readMessage(received);
      const options = optionsOf(message);
      const cookie = options?.get(COOKIE) ?? null;
      // RFC 7873 section 5.2.2.
      if (cookie !== null && cookie.length !== CLIENT_COOKIE_BYTES && (cookie.length < 16 || cookie.length > 40))
        return null;
      const size = message.additionals.find(({ type }) => type === TYPE.OPT)?.class ?? 0;
      const datagram = Math.min(Math.max(size, DATAGRAM_BYTES_MIN), dnsLimits.datagramBytesMax);
      return {
        message,
        cookie,
        bytesMax: isStream ? dnsLimits.messageBytesMax : datagram,
        hasOptions: options !== null,
      };
    } catch {
      return null;
    }
  }

  #render(received: Uint8Array, asked: Asked): Buffer {
    const { message, bytesMax, cookie, hasOptions } = asked;
    const opt = message.additionals.find(({ type }) => type === TYPE.OPT);
    const isOldEdns = opt === undefined || ((opt.ttl >>> 16) & 0xff) === 0;
    const said = isOldEdns ? this.#said(message) : { rcode: RCODE.BADVERS };
    const options = cookie === null ? [] : [{ code: COOKIE, data: Buffer.from(cookie) }];
    const packet = {
      type: 'response',
      id: message.id,
      flags:
        (message.flags & FLAG.RD) |
        (said.rcode === RCODE.NOERROR || said.rcode === RCODE.NXDOMAIN ? FLAG.AA : 0) |
        (said.rcode & 0xf),
      answers: 'answers' in said ? said.answers : [],
      authorities: 'authorities' in said ? said.authorities : [],
      additionals: hasOptions
        ? [
            {
              type: 'OPT',
              name: '.',
              udpPayloadSize: dnsLimits.datagramBytesMax,
              extendedRcode: said.rcode >> 4,
              options,
            },
          ]
        : [],
    };
    const bytes = withQuestion(encode(packet as unknown as Packet), message.question?.bytes ?? null);
    return bytes.length <= bytesMax ? bytes : ZoneReplies.truncated(received);
  }

  #said({ question }: DnsMessage): { rcode: number; answers?: unknown[]; authorities?: unknown[] } {
    const zone = this.#zone;
    if (question === null) return { rcode: RCODE.FORMERR };
    const { name, type } = question;
    const isHere = name === zone.name;
    if (question.class !== 1 || name === null || (!isHere && !name.endsWith(`.${zone.name}`)) || TRANSFERS.has(type)) {
      return { rcode: RCODE.REFUSED };
    }
    // Large and small letters as they were asked: who mixes them, looks.
    const owner = question.written!;
    const record = {
      txt: { type: 'TXT', data: zone.strings.map((string) => Buffer.from(string)) },
      ns: { type: 'NS', data: zone.nameServer },
    };
    const soa = { ...this.#soa(), name: zone.name, ttl: NONE_TTL };
    const found = isHere
      ? { [TYPE.TXT]: record.txt, [TYPE.NS]: record.ns, [TYPE.SOA]: this.#soa(), [TYPE.ANY]: record.txt }[type]
      : undefined;
    if (found !== undefined) return { rcode: RCODE.NOERROR, answers: [{ ...found, name: owner, ttl: RECORD_TTL }] };
    return { rcode: isHere ? RCODE.NOERROR : RCODE.NXDOMAIN, authorities: [soa] };
  }

  #soa(): { type: 'SOA'; data: object } {
    const { nameServer, name, serial } = this.#zone;
    // The domain's own mailbox, p3do@domain.
    const rname = `p3do.${name.slice(name.indexOf('.') + 1)}`;
    return {
      type: 'SOA',
      data: {
        mname: nameServer,
        rname,
        serial,
        refresh: RECORD_TTL,
        retry: NONE_TTL,
        expire: 604_800,
        minimum: NONE_TTL,
      },
    };
  }

  /** RFC 7873: the client's, and what only we can have made of it and of the address. */
  #cookie(cookie: Uint8Array, from: string): Uint8Array {
    const client = cookie.subarray(0, CLIENT_COOKIE_BYTES);
    const mac = createHmac('sha256', this.#secret).update(client).update(from).digest();
    return Buffer.concat([client, mac.subarray(0, SERVER_COOKIE_BYTES)]);
  }

  #isOurs(cookie: Uint8Array, from: string): boolean {
    return equalBytes(cookie, this.#cookie(cookie, from));
  }
}

/** A header alone, with the question's id and opcode. */
function bare(received: Uint8Array, rcode: number): Buffer {
  const bytes = Buffer.alloc(HEADER_BYTES);
  bytes.set(received.subarray(0, ID_AND_FLAGS_BYTES));
  bytes.writeUInt16BE(FLAG.QR | (bytes.readUInt16BE(2) & (0x7800 | FLAG.RD)) | rcode, 2);
  return bytes;
}

/** The message with the question as it came, byte for byte: dns-packet would write another for a name that is none. */
function withQuestion(message: Buffer, question: Uint8Array | null): Buffer {
  if (question === null) return message;
  const bytes = Buffer.concat([message.subarray(0, HEADER_BYTES), question, message.subarray(HEADER_BYTES)]);
  bytes.writeUInt16BE(1, 4);
  return bytes;
}
