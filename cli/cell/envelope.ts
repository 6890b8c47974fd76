/** `p3do cell wrap` and `unwrap`: a cell in an envelope, and out of it. docs/spec/onion.md#envelope */
import type { Command } from 'commander';
import { z } from 'zod';
import { bareCell, envelopeFiller, onionOf } from '../../onion/cell.ts';
import { unwrapCell, wrapOnion } from '../../onion/envelope.ts';
import { suite } from '../../server/suite.ts';
import { CellError } from './errors.ts';
import { fillerSchema, hexBytes, readExactly, readJson } from './input.ts';
import { answer, type Form } from './output.ts';
import { checkCell, knownKeys } from './peel.ts';
import { given, inOrder, seeded } from './random.ts';

const wrapSchema = z.object({
  context: hexBytes(32),
  ephemeral: hexBytes(32).optional(),
  decoy: hexBytes(32).optional(),
});
const unwrapSchema = z.object({ contexts: z.array(hexBytes(32), 'takes a list of secrets'), filler: fillerSchema });

/** Adds `wrap` and `unwrap` to `p3do cell`. */
export function addEnvelope(command: Command): void {
  command
    .command('wrap')
    .description('put the bare cell on standard input into an envelope')
    .argument('<context>', 'file of JSON: {"context": …}, the public key of a context')
    .option('--json', 'one line of JSON instead: {"cell": …}')
    .addHelpText(
      'after',
      `
The filler of the bare cell is dropped. "ephemeral" and "decoy", secrets, make the same envelope each time.

Example:
  $ p3do cell wrap context.json < cell > enveloped`,
    )
    .action(async (path: string, options: Form) => {
      const { context, ephemeral, decoy } = readJson(path, wrapSchema);
      const bare = await readExactly('a cell');
      checkCell(bare);
      const cell = wrapOnion(suite, context, onionOf(bare), inOrder(given(ephemeral), given(decoy)));
      answer(options, cell, { cell });
    });
  command
    .command('unwrap')
    .description('take the cell on standard input out of its envelope; writes a bare cell')
    .argument('<contexts>', 'file of JSON: {"contexts": […]}, secrets of contexts')
    .option('--json', 'one line of JSON instead: cell, context, replayTag')
    .addHelpText(
      'after',
      `
The exit code is 1 when the cell has no envelope for any of them: then it counts as bare.

Example:
  $ p3do cell unwrap contexts.json < enveloped | p3do cell peel keys.json`,
    )
    .action(async (path: string, options: Form) => {
      const { contexts, filler } = readJson(path, unwrapSchema);
      const enveloped = await readExactly('a cell');
      checkCell(enveloped);
      const unwrapped = unwrapCell(suite, knownKeys(contexts), enveloped);
      if (unwrapped === null) throw new CellError('_cell_foreign', 'the cell has no envelope for these contexts');
      const drawn = inOrder(given(filler?.forgotten), seeded(filler?.seed));
      const cell = bareCell(unwrapped.onion, envelopeFiller(suite, drawn));
      answer(options, cell, { cell, context: unwrapped.key.publicKey, replayTag: unwrapped.replayTag });
    });
}
