/** A message from nobody: sealed to its reader, in as many layers as its route has hops. docs/spec/people.md#anonymous */
import { textBytes } from '../../crypto/bytes.ts';
import type { Suite } from '../../crypto/suite.ts';
import { drawOne } from '../../onion/chance.ts';
import { onionLimits } from '../../onion/limits.ts';
import { cutMessage } from '../../onion/split.ts';
import { renderRouted } from '../../psyc/render.ts';
import { parseUniform } from '../../psyc/uniform.ts';
import { sealAnonymous } from '../../publication/private.ts';
import type { Recipient } from '../../publication/seal.ts';
import { cellOf, routeTo, type Way } from '../../round-trips/ways.ts';
import { AnonymousError } from './error.ts';
import { anonymousLimits } from './limits.ts';

const { contentBytesMax } = onionLimits;
const { messageBytesMax } = anonymousLimits;

/** Whom it is for, with the X25519 key that opens it. */
export interface Reader extends Recipient {
  readonly publicKey: Uint8Array;
}

/** A message that is sealed to its reader, as the contents of cells: one, or parts of which not all need arrive. */
export interface Sealed {
  readonly contents: readonly Uint8Array[];
  /** So many of them are needed. */
  readonly needed: number;
}

/** Seals a text. Throws AnonymousError `_anonymous_oversized_message`, PublicationError as `sealAnonymous`. */
export function sealText(suite: Suite, reader: Reader, text: string): Sealed {
  const message = { entity: {}, method: '_message_private', data: text };
  const sealed =
    textBytes(text).length > messageBytesMax ? null : sealAnonymous(suite, reader, reader.publicKey, message);
  const packet = sealed === null ? null : renderRouted({ _target: reader.uniform }, sealed);
  if (packet === null || packet.length > messageBytesMax) {
    throw new AnonymousError('_anonymous_oversized_message', 'strangers are not let say so much at a time');
  }
  if (packet.length <= contentBytesMax) return { contents: [packet], needed: 1 };
  // So short a message is one block. Nothing is packed: what is sealed does not get shorter.
  const [block] = cutMessage(suite, packet, suite.random).blocks;
  return { contents: block!.contents, needed: block!.m };
}

/**
 * The cell of a content, over a route of its own, to be handed to the home. `nowMs`: Unix time. Throws AnonymousError
 * `_anonymous_unreachable` where the reader's server is not among the stations, `_anonymous_excessive_hops` where there are too few.
 */
export function anonymousCell(suite: Suite, way: Way, reader: Reader, content: Uint8Array, nowMs: number): Uint8Array {
  const { host } = parseUniform(reader.uniform);
  const last = way.stations.find(({ domain }) => domain === host);
  if (last === undefined) throw new AnonymousError('_anonymous_unreachable', `your home knows no way to ${host}`);
  const route = routeTo(suite, way, last, nowMs);
  if (route === null) throw tooFew(way);
  return cellOf(suite, route, 'exit', content, nowMs);
}

/**
 * A cell that looks like one with a message, and is thrown away by its last hop: any server to which there is a route of so
 * many hops, each equally likely. Were it the reader's, the first hops of much cover would never be his, and show which he has.
 * Throws AnonymousError `_anonymous_excessive_hops`.
 */
export function coverCell(suite: Suite, way: Way, nowMs: number): Uint8Array {
  let left = way.stations;
  while (left.length > 0) {
    const last = drawOne(suite.random, left);
    const route = routeTo(suite, way, last, nowMs);
    if (route !== null) return cellOf(suite, route, 'discard', new Uint8Array(0), nowMs);
    left = left.filter((station) => station !== last);
  }
  throw tooFew(way);
}

const tooFew = ({ hops }: Way): AnonymousError =>
  new AnonymousError('_anonymous_excessive_hops', `your home knows too few servers for ${hops} hops`);
