/** What is put into a box: always so many bytes, sealed to the box's key; a longer message is cut into several. docs/spec/pigeonhole.md#deposits */
import { joinBytes, textBytes, uint32 } from '../../crypto/bytes.ts';
import { HPKE_OVERHEAD_BYTES, hpkeOpen, hpkeSeal } from '../../crypto/hpke.ts';
import type { Suite } from '../../crypto/suite.ts';
import { PigeonholeError } from './error.ts';
import { hourOf } from '../coarse-time.ts';
import { type BoxAddress, type BoxSecrets, sealingKeyOf } from './keys.ts';
import { pigeonholeLimits } from './limits.ts';

const INFO = textBytes('p3do-pigeonhole-deposit-v1');
const ID_LABEL = textBytes('p3do-pigeonhole-message-v1');
const NOTHING = new Uint8Array(1);
const VERSION = 1;

/** Bytes of a message's name. */
const messageIdBytes = 16;
const ID_AT = 5;
const PART_AT = ID_AT + messageIdBytes;
const DATA_AT = PART_AT + 4;
const PLAIN_BYTES = pigeonholeLimits.depositBytes - HPKE_OVERHEAD_BYTES;

/** Bytes of a message that one deposit carries. */
const partBytes = PLAIN_BYTES - DATA_AT;
/** Random bytes in front of what is said. */
const saltBytes = 16;
/** Deposits of one message. */
const partsMax = 64;

/** The longest message. */
export const messageBytesMax = partBytes * partsMax - saltBytes;

/** What is in one deposit. */
export interface Part {
  /** When it was put together, Unix hours. */
  readonly hour: number;
  /** The message's, 16 bytes: a digest of it and its hour. */
  readonly id: Uint8Array;
  readonly part: number;
  readonly parts: number;
  readonly data: Uint8Array;
}

/** A message goes by what is in it and by its hour: nobody else's has its id, and at another hour it is another. */
const idOf = (suite: Suite, hour: number, message: Uint8Array): Uint8Array =>
  suite.blake2b(joinBytes(ID_LABEL, NOTHING, uint32(hour), message), messageIdBytes);

const aadOf = ({ domain, keys }: BoxAddress): Uint8Array => joinBytes(textBytes(domain), NOTHING, keys);

/**
 * The deposits of a message, 2048 bytes each. Throws PigeonholeError `_box_oversized_message`, `_box_invalid_address` where its
 * key is none.
 */
export function sealMessage(suite: Suite, box: BoxAddress, content: Uint8Array, unixMs: number): Uint8Array[] {
  if (content.length > messageBytesMax) {
    throw new PigeonholeError('_box_oversized_message', `a box takes ${messageBytesMax} bytes, not ${content.length}`);
  }
  const hour = hourOf(unixMs);
  // Two people may say the same in one hour.
  const message = joinBytes(suite.random(saltBytes), content);
  const id = idOf(suite, hour, message);
  const parts = Math.ceil(message.length / partBytes);
  return Array.from({ length: parts }, (_, part) => {
    const data = message.subarray(part * partBytes, (part + 1) * partBytes);
    const plain = new Uint8Array(PLAIN_BYTES);
    plain[0] = VERSION;
    plain.set(uint32(hour), 1);
    plain.set(id, ID_AT);
    plain.set([part, parts, data.length >>> 8, data.length], PART_AT);
    plain.set(data, DATA_AT);
    const sealed = hpkeSeal(suite, sealingKeyOf(box.keys), INFO, aadOf(box), plain);
    if (sealed === null) throw new PigeonholeError('_box_invalid_address', 'the key in this address is none');
    return sealed;
  });
}

/** What is in a deposit; null where it was not sealed to this box, or is none. */
export function openDeposit(suite: Suite, box: BoxSecrets, deposit: Uint8Array): Part | null {
  const plain = hpkeOpen(suite, box.secret, INFO, aadOf(box), deposit);
  if (plain?.length !== PLAIN_BYTES || plain[0] !== VERSION) return null;
  const [part = 0, parts = 0, high = 0, low = 0] = plain.subarray(PART_AT, DATA_AT);
  const length = high * 256 + low;
  const isForm =
    part < parts && parts <= partsMax && length <= partBytes && (part === parts - 1 || length === partBytes);
  if (!isForm || plain.subarray(DATA_AT + length).some((byte) => byte !== 0)) return null;
  const hour = new DataView(plain.buffer, plain.byteOffset).getUint32(1);
  return { hour, id: plain.slice(ID_AT, PART_AT), part, parts, data: plain.slice(DATA_AT, DATA_AT + length) };
}

/** The message of all its parts, in order; null where they do not belong together. */
export function joinParts(suite: Suite, { id, hour }: Part, data: readonly Uint8Array[]): Uint8Array | null {
  const message = joinBytes(...data);
  return message.length >= saltBytes && suite.equal(idOf(suite, hour, message), id) ? message.slice(saltBytes) : null;
}
