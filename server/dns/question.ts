/** One question: its bytes, with everything in it that a stranger would have to guess, and which message is the reply. docs/spec/dns.md#asking */
import { randomBytes, randomInt } from 'node:crypto';
import { encode, type Packet, RECURSION_DESIRED } from 'dns-packet';
import { equalBytes } from '../../psyc/bytes.ts';
import { dnsLimits } from './limits.ts';
import { type DnsMessage, FLAG, optionsOf, RCODE, readMessage } from './message.ts';

/** What is asked for. */
export type Asked = 'TXT' | 'SRV' | 'A' | 'AAAA';

const COOKIE = 10;
const COOKIE_BYTES = 8;

/** A question that can be asked once. */
export interface Query {
  readonly bytes: Buffer;
  /**
   * The message that these bytes are, if it is the reply; null for anything else. `isStream`: over a connection, which a
   * stranger cannot write to. `hasCookies`: this resolver is known to give cookies back.
   */
  reply(bytes: Uint8Array, isStream: boolean, hasCookies: boolean): DnsMessage | null;
}

/** `isUnchecked`: the resolver is not to validate (CD). */
export function newQuery(name: string, type: Asked, isUnchecked: boolean): Query {
  const id = randomInt(0x10000);
  const cookie = randomBytes(COOKIE_BYTES);
  const options = [{ code: COOKIE, data: cookie }];
  const packet = {
    type: 'query',
    id,
    flags: RECURSION_DESIRED | FLAG.AD | (isUnchecked ? FLAG.CD : 0),
    questions: [{ name: mixed(name), type, class: 'IN' }],
    additionals: [{ type: 'OPT', name: '.', udpPayloadSize: dnsLimits.datagramBytesMax, options }],
  };
  // Its types do not know this option; its code does.
  const bytes = encode(packet as unknown as Packet);
  const question = readMessage(bytes).question!.bytes;
  return {
    bytes,
    reply(received, isStream, hasCookies) {
      let message: DnsMessage;
      let echoed: Uint8Array | undefined;
      try {
        message = readMessage(received);
        echoed = optionsOf(message)?.get(COOKIE);
      } catch {
        return null;
      }
      if (message.id !== id || (message.flags & FLAG.QR) === 0 || message.opcode !== 0) return null;
      // Compared as bytes: letter for letter, and label for label.
      if (message.question === null || !equalBytes(question, message.question.bytes)) return null;
      if (echoed === undefined) return hasCookies && !isStream ? null : message;
      return equalBytes(cookie, echoed.subarray(0, COOKIE_BYTES)) ? message : null;
    },
  };
}

/** Whether a reply shows that its sender knows cookies (RFC 7873). */
export const knowsCookies = (message: DnsMessage): boolean => optionsOf(message)?.has(COOKIE) === true;

/** Whether the same should be asked over TCP: the reply was cut, or a cookie of the other side is wanted. */
export const wantsTcp = ({ flags, rcode }: DnsMessage): boolean => (flags & FLAG.TC) !== 0 || rcode === RCODE.BADCOOKIE;

/** Each letter large or small by chance: a stranger does not know which. */
function mixed(name: string): string {
  const chance = randomBytes(name.length);
  return Array.from(name, (letter, at) => (chance[at]! & 1 ? letter.toUpperCase() : letter)).join('');
}
