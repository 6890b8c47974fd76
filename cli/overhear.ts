/** `p3do overhear`: copies of all cells that one's home hears, or of those with certain hints. docs/spec/listener-bots.md#copies */
import { type Command, InvalidArgumentError } from 'commander';
import { askingForCopies, copyIn } from '../client/anonymous/copies.ts';
import { bytesOfHex, hexOf } from '../crypto/bytes.ts';
import { onionOf, fieldsOf } from '../onion/cell.ts';
import { sizes } from '../onion/sizes.ts';
import type { Packet } from '../psyc/packet.ts';
import { systemTimers } from '../server/transport/timers.ts';
import { complain, fail, type Shared, tell, whoseOf, withShared } from './person/conversation.ts';
import { talk } from './person/talk.ts';

interface Options extends Shared {
  readonly count: number;
  readonly hint: readonly Uint8Array[];
}

const COUNT_MAX = 1_000_000;
/** A home that answers at once, and with nothing, is not asked more often than this. */
const PAUSE_MS = 1_000;

/** Adds the options, the page and the action of `p3do overhear`. */
export function register(command: Command): void {
  withShared(
    command
      .option('--count <number>', 'end after so many', counted, 20)
      .option('--hint <hex>', 'only cells with this hint, 32 hexadecimal digits; may be said again', hinted, []),
    'how long it may take in all (60)',
  )
    .addHelpText(
      'after',
      `
Every server hears every cell, and nobody sees for whom one is: whoever takes all of them shows nobody which he wants.
Whoever names hints shows his home those. Lines have the hint of a cell's onion; with --json the whole cell, in
hexadecimal, as p3do cell peel takes it. It says how many were missed, where it could not keep up.

Examples:
  $ p3do overhear --count 100 --json
  $ p3do overhear --count 1 --hint 00112233445566778899aabbccddeeff`,
    )
    .action(async (options: Options) => {
      const whose = await whoseOf(command, options.as);
      const asking = askingForCopies(`psyc://${whose.domain}/$mor`, options.hint, ['_unknown_target']);
      await talk(command, options, async (home) => {
        for (let left = options.count; left > 0; ) {
          const askedMs = systemTimers.nowMs();
          const before = left;
          const told = await home.ask(asking);
          if (told === null) return;
          if (typeof told === 'string') {
            const code = '_anonymous_unreachable';
            fail(command, options, code, `your home passes no onions on, so it hears no cells (${code})`);
            return;
          }
          for (const { packet } of told) {
            const missed = missedIn(packet);
            if (missed > 0) complain(command, `missed: ${missed}`);
            const cell = copyIn(packet);
            if (cell === null || left === 0) continue;
            left--;
            const hint = hexOf(fieldsOf(onionOf(cell)).hint);
            tell(options, { kind: 'cell', hint, cell: hexOf(cell) }, `${hint}\n`);
          }
          const pauseMs = askedMs + PAUSE_MS - systemTimers.nowMs();
          if (left === before && pauseMs > 0) await new Promise<void>((go) => void systemTimers.after(pauseMs, go));
        }
      });
    });
}

/** How many cells the home says that it could not keep; it may be anything that it says. */
export function missedIn(packet: Packet): number {
  const told = packet.text('_missed') ?? '';
  return /^[0-9]{1,15}$/.test(told) ? Number(told) : 0;
}

function counted(typed: string): number {
  const count = Number(typed);
  if (/^[0-9]+$/.test(typed) && count >= 1 && count <= COUNT_MAX) return count;
  throw new InvalidArgumentError(`It takes 1 to ${COUNT_MAX}.`);
}

function hinted(typed: string, before: readonly Uint8Array[]): Uint8Array[] {
  const hint = bytesOfHex(typed.toLowerCase());
  if (hint?.length !== sizes.hint) throw new InvalidArgumentError(`A hint is ${2 * sizes.hint} hexadecimal digits.`);
  return [...before, hint];
}
