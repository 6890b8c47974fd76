/** How a box's owner, and who puts something in, asks the pigeonhole: over a circuit or out of a cell, whatever is given. docs/spec/pigeonhole.md#client */
import type { Packet } from '../../psyc/packet.ts';
import { type BoxAddress, boxName, pigeonholeOf } from '../../services/pigeonhole/keys.ts';
import { pigeonholeLimits } from '../../services/pigeonhole/limits.ts';
import { type BoxPacket, renderTerms } from '../../services/pigeonhole/request.ts';
import { askedOf, type Service, type Surroundings, withWorkOf } from '../services/asking.ts';

/** Bits of work for a deposit: as usual, and the most that a box may ask. */
export const depositBits = { usual: pigeonholeLimits.depositBitsUsual, most: pigeonholeLimits.depositBitsMax };

/** What is known of pigeonholes. */
export const boxService: Service = {
  echo: '_echo_box',
  invalid: '_box_invalid_answer',
  lazy: '_box_necessary_work',
  refusals: {
    _box_unknown: 'there is no such box, or none any more',
    _box_full: 'the box is full until its owner empties it',
    _box_necessary_work: 'it asks for more work than anybody should do',
    _box_invalid_request: 'the domain does not understand it: it may be older, or newer',
    _box_invalid_proof: 'the domain does not take the box’s signature: is its name written rightly?',
    _box_stale_order: 'the clock of this machine differs by more than a day',
    _box_old_number: 'another device goes by the same state of this box',
    _box_left_reader: 'this device has left the box',
    _box_excessive_boxes: 'this domain has no room for another box',
    _box_excessive_readers: 'too many devices read this box: let one of them leave',
    _box_excessive_requests: 'too much is asked of this box at once: try again',
    _box_unavailable_store: 'the disk of this domain has no room',
    _box_invalid_answer: 'what the domain says is no answer',
    _unknown_target: 'this domain keeps no boxes',
    _unsupported_method: 'this domain keeps no boxes',
  },
};

/** The answer; throws ServiceRefusal where it is none. */
export const asked = (around: Surroundings, domain: string, asking: BoxPacket): Promise<Packet> =>
  askedOf(around, boxService, pigeonholeOf(domain), asking);

/** Does with a proof of work what needs one. Of a new box it is asked how much; for a deposit what is usual is tried first. */
export function withWork(
  around: Surroundings,
  box: BoxAddress,
  digest: Uint8Array,
  kind: 'make' | 'deposit',
  act: (work: Uint8Array) => Promise<Packet>,
): Promise<Packet> {
  const { makeBitsMax, depositBitsMax } = pigeonholeLimits;
  const isMaking = kind === 'make';
  const subject = {
    service: 'pigeonhole',
    domain: box.domain,
    name: boxName(around.suite, box.keys),
    digest,
  } as const;
  const bits = async (): Promise<number> => {
    const terms = await asked(around, box.domain, renderTerms(isMaking ? undefined : box.keys));
    return Number(terms.text(isMaking ? '_bits_make' : '_bits'));
  };
  const terms = { isFirst: !isMaking, bitsMax: isMaking ? makeBitsMax : depositBitsMax, bits };
  return withWorkOf(around, boxService, subject, terms, act);
}
