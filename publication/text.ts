/** The words of a message for people: what is said, or what its author does. docs/spec/people.md#said */
import { inherits } from '../psyc/keyword.ts';
import type { Packet } from '../psyc/packet.ts';

/** What is said, or what its author does: `_action`, with what he says to it behind a colon. */
export function textIn(packet: Packet): { readonly text: string | null; readonly isAction: boolean } {
  const action = inherits(packet.method ?? '', '_message') ? (packet.text('_action') ?? '') : '';
  const words = packet.dataText;
  if (action === '') return { text: words, isAction: false };
  return { text: words === null || words === '' ? action : `${action}: ${words}`, isAction: true };
}
