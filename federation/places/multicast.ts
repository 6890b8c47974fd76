/** A row of a place's log as its members get it. docs/spec/places.md */
import { entityOf, type Letter, newLetter, parseLetter, readdress } from '../letter.ts';
import { placeRequestOf } from '../methods.ts';

/** A row, or what is going to be one. */
export interface MulticastRow {
  readonly sequence: number;
  readonly packet: Uint8Array;
}

/** What stands in a row whose words are erased. */
export const ERASED_METHOD = '_notice_context_erased';

/** To all members; with `target`, to one. What was asked of the place is told as a notice. */
export function multicastOf(context: string, { sequence, packet: bytes }: MulticastRow, target?: string): Letter {
  const { routing, packet } = parseLetter(bytes);
  const author = entityOf(routing.get('_source') ?? '');
  const heading = { _target: target, _context: context, _tag: routing.get('_tag'), _counter: String(sequence) };
  // Nobody is told who said what is not there any more.
  if (packet.method === ERASED_METHOD)
    return newLetter({ routing: { ...heading, _tag: undefined }, method: ERASED_METHOD });
  const request = placeRequestOf(packet.method);
  if (request !== 'enter' && request !== 'leave') return readdress({ ...heading, _source_relay: author }, packet);
  // The place's own word, which nobody else signs.
  return newLetter({ routing: heading, entity: { _uniform_member: author }, method: `_notice_context_${request}` });
}
