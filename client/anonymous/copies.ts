/** Copies of cells that a home hears, as it is asked for them. docs/spec/listener-bots.md#copies */
import { joinBytes } from '../../crypto/bytes.ts';
import { sizes } from '../../onion/sizes.ts';
import type { Packet } from '../../psyc/packet.ts';

/** Asks `$mor` of the home for copies of cells with these hints; with none, of all that it hears. */
export const askingForCopies = (mor: string, hints: readonly Uint8Array[], excused: readonly string[]) => ({
  target: mor,
  method: '_request_mor_copies',
  entity: hints.length === 0 ? {} : { _hints: joinBytes(...hints) },
  excused,
});

/** The cell in one of the packets that it tells; null: there is none. */
export function copyIn(packet: Packet): Uint8Array | null {
  const cell = packet.value('_cell');
  return cell?.length === sizes.cell ? cell : null;
}
