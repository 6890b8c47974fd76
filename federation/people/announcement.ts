/** What a device says of its person's presence, signed: read, and judged by his home. docs/spec/friends.md#presence */
import { parseOne } from '../../circuit/one-packet.ts';
import { copyBytes, equalBytes } from '../../psyc/bytes.ts';
import { PsycError } from '../../psyc/error.ts';
import { PublicationError } from '../../publication/error.ts';
import { publicationLimits } from '../../publication/limits.ts';
import { readPublication } from '../../publication/packet.ts';
import type { FederationCode } from '../error.ts';

/** Of presence, to whomever. */
export const PRESENCE_METHOD = '_notice_presence';

/** Availabilities and moods, as they are written. */
const DEGREE = /^[1-9]$/;

/** What a device has said. */
export interface Statement {
  readonly availability: number;
  /** By the device's clock. */
  readonly timeMs: number;
  /** As it came, signed; null: the device has said nothing. */
  readonly packet: Uint8Array | null;
}

/**
 * The statement in a device's packet; why it is none: `_invalid_presence`, also where another device has signed it, and
 * `_future_presence` where its time is over `skewMsMax` ahead: nothing said later by a right clock would count.
 */
export function readAnnouncement(
  bytes: Uint8Array,
  address: string,
  device: Uint8Array,
  unixMs: number,
): Statement | FederationCode {
  try {
    const packet = parseOne(bytes);
    const publication = readPublication(packet, (name) => (name === '_context' ? address : undefined));
    if (publication === null || packet.method !== PRESENCE_METHOD) return '_invalid_presence';
    const availability = packet.text('_degree_availability') ?? '';
    const isForm = DEGREE.test(availability) && DEGREE.test(packet.text('_degree_mood') ?? '1');
    if (!isForm || !equalBytes(publication.device, device)) return '_invalid_presence';
    const { timeMs } = publication;
    if (timeMs > unixMs + publicationLimits.skewMsMax) return '_future_presence';
    return { availability: Number(availability), timeMs, packet: copyBytes(bytes) };
  } catch (error) {
    if (error instanceof PsycError || error instanceof PublicationError) return '_invalid_presence';
    throw error;
  }
}
