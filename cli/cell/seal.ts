/** `p3do cell seal`: a content in a cell, for a route. docs/spec/onion.md#sealing */
import type { Command } from 'commander';
import { z } from 'zod';
import { bareCell, envelopeFiller } from '../../onion/cell.ts';
import { sealOnion } from '../../onion/seal.ts';
import { suite } from '../../server/suite.ts';
import { routeHops } from './hops.ts';
import { fillerSchema, hexBytes, readInput, readJson, seconds } from './input.ts';
import { answer, type Form } from './output.ts';
import { given, inOrder, seeded } from './random.ts';

const routeSchema = z.object({
  hops: routeHops,
  last: z.enum(['exit', 'discard'], 'is "exit" or "discard"').default('exit'),
  nowSeconds: seconds,
  contentPaddingSeed: hexBytes(32).optional(),
  headPaddingSeed: hexBytes(32).optional(),
  filler: fillerSchema,
});

/** Adds `seal` to `p3do cell`. */
export function addSeal(command: Command): void {
  command
    .command('seal')
    .description('seal the content on standard input for a route; writes a bare cell of 4096 bytes')
    .argument('<route>', 'file of JSON: {"hops": [{"kind": "server", "key": …}, …]}')
    .option('--json', 'one line of JSON instead: cell, replayTags, deposits')
    .addHelpText(
      'after',
      `
The first hop comes first. A hop has a kind ("server" for servers and contexts, "user", "one-time"), its
public "key", or a one-time "secret", and perhaps "delayMs" and "deposit": true. "last" may be "discard".
Whatever would be random can be given, and then the cell is the same each time (docs/spec/onion.md#vectors):
"ephemeral" in hops, "contentPaddingSeed", "headPaddingSeed", "filler"; and "nowSeconds".

Example:
  $ printf hello | p3do cell seal route.json > cell`,
    )
    .action(async (path: string, options: Form) => {
      const { hops, last, nowSeconds, contentPaddingSeed, headPaddingSeed, filler } = readJson(path, routeSchema);
      const content = await readInput('the content');
      const random = inOrder(given(contentPaddingSeed), given(headPaddingSeed));
      const { onion, replayTags, deposits } = sealOnion(suite, hops, last, content, nowSeconds, random);
      const drawn = inOrder(given(filler?.forgotten), seeded(filler?.seed));
      const cell = bareCell(onion, envelopeFiller(suite, drawn));
      answer(options, cell, { cell, replayTags, deposits });
    });
}
