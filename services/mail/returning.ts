/** What goes back over the tickets of a reply: all of it where it fits, in shards where it takes several, else word that it is there. docs/spec/mail.md#back */
import { hexOf } from '../../crypto/bytes.ts';
import type { Suite } from '../../crypto/suite.ts';
import { onionLimits } from '../../onion/limits.ts';
import { cutMessage } from '../../onion/split.ts';
import type { Packet } from '../../psyc/packet.ts';
import { render, type Value } from '../../psyc/render.ts';
import { letterId, mailOf } from './letter.ts';

const METHOD = '_notice_mail_reply';

/** One of the things that were told of a letter, sealed to its key. */
export interface Returning {
  readonly key: Uint8Array;
  /** 1, 2, 3 … of this letter. */
  readonly number: number;
  readonly sealed: Uint8Array;
}

/** The content for each of so many tickets, at least one; for some of them there may be none, and they stay good. */
export function contentsFor(
  suite: Suite,
  domain: string,
  returning: Returning,
  tickets: number,
): readonly Uint8Array[] {
  const whole = packetOf(suite, domain, returning, { _reply: returning.sealed });
  if (whole.length <= onionLimits.contentBytesMax) return [whole];
  const { blocks } = cutMessage(suite, whole, suite.random);
  const [block] = blocks;
  // Nobody can make anything of fewer.
  if (blocks.length > 1 || block!.m > tickets) {
    return [packetOf(suite, domain, returning, { _bytes: String(returning.sealed.length) })];
  }
  return block!.contents.slice(0, tickets);
}

function packetOf(suite: Suite, domain: string, { key, number }: Returning, entity: Record<string, Value>): Uint8Array {
  const routing = { _source: mailOf(domain) };
  const named = { _letter: hexOf(letterId(suite, key)), _number: String(number), ...entity };
  return render({ routing, entity: named, method: METHOD });
}

/** What a packet that came back says of the letter with this key; null: nothing. `sealed`: null where it is to be fetched. */
export function readReturning(suite: Suite, key: Uint8Array, packet: Packet) {
  const number = packet.text('_number') ?? '';
  const isIts = packet.method === METHOD && packet.text('_letter') === hexOf(letterId(suite, key));
  if (!isIts || !/^[1-9][0-9]{0,8}$/.test(number)) return null;
  return { number: Number(number), sealed: packet.value('_reply')?.slice() ?? null };
}
