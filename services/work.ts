/** Proofs of work: whoever has a service keep something for nobody has hashed for a while, since nobody knows who he is. docs/spec/pigeonhole.md#work */
import { joinBytes, textBytes, uint32, uint64 } from '../crypto/bytes.ts';
import type { Suite } from '../crypto/suite.ts';
import { hourOf } from './coarse-time.ts';

const NOTHING = new Uint8Array(1);
const DIGEST_BYTES = 32;

/** Bytes of a proof: its hour (Unix), and a number that was found. */
export const workBytes = 12;

/** What it is done for: a service of a domain, a box, address or letter by its name, and the digest of what is put there; for making a box, zeros. */
export interface WorkSubject {
  readonly service: 'pigeonhole' | 'mailbox' | 'mail';
  readonly domain: string;
  readonly name: Uint8Array;
  readonly digest: Uint8Array;
}

/** For making a box there is no deposit. */
export const makingDigest = new Uint8Array(DIGEST_BYTES);

/** What a deposit is known by: 32 bytes. */
export const digestOf = (suite: Suite, deposit: Uint8Array): Uint8Array => suite.blake2b(deposit, DIGEST_BYTES);

const challengeOf = ({ service, domain, name, digest }: WorkSubject): Uint8Array =>
  joinBytes(textBytes(`p3do-${service}-work-v1`), NOTHING, textBytes(domain), NOTHING, name, digest);

/** How many bits in front of a digest are zero. */
function zerosOf(digest: Uint8Array): number {
  const at = digest.findIndex((byte) => byte !== 0);
  return at === -1 ? digest.length * 8 : at * 8 + Math.clz32(digest[at]!) - 24;
}

/** Whether a proof is for this, of so many bits, and not too old: `hours` is how far it may be from now. */
export function isWorked(
  suite: Suite,
  subject: WorkSubject,
  proof: Uint8Array,
  bits: number,
  hours: number,
  unixMs: number,
): boolean {
  if (proof.length !== workBytes) return false;
  const hour = new DataView(proof.buffer, proof.byteOffset).getUint32(0);
  if (Math.abs(hour - hourOf(unixMs)) > hours) return false;
  return zerosOf(suite.blake2b(joinBytes(challengeOf(subject), proof), DIGEST_BYTES)) >= bits;
}

/**
 * Looks for a proof of so many bits among `count` numbers from `from` on; null where none of them is one. About one in
 * 2^bits is.
 */
export function findWork(
  suite: Suite,
  subject: WorkSubject,
  bits: number,
  unixMs: number,
  from: number,
  count: number,
): Uint8Array | null {
  const challenge = challengeOf(subject);
  const tried = joinBytes(challenge, uint32(hourOf(unixMs)), uint64(from));
  const view = new DataView(tried.buffer, tried.byteOffset + tried.length - 8);
  const digest = new Uint8Array(DIGEST_BYTES);
  for (let number = from; number < from + count; number++) {
    view.setUint32(0, Math.floor(number / 2 ** 32));
    view.setUint32(4, number % 2 ** 32);
    suite.blake2bInto(digest, tried);
    if (zerosOf(digest) >= bits) return tried.slice(challenge.length);
  }
  return null;
}

/** Work for one more, where `count` of `most` are there: `least` bits while half is free, from there on evenly up to `more` bits more. */
export const bitsAt = (count: number, most: number, least: number, more: number): number =>
  least + Math.floor(Math.max(0, (2 * count) / most - 1) * more);
