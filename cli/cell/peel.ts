/** `p3do cell peel`: what a hop finds in a cell. docs/spec/onion.md#opening */
import type { Command } from 'commander';
import { z } from 'zod';
import { hexOf } from '../../crypto/bytes.ts';
import { bareCell, cellFault, envelopeFiller, onionOf } from '../../onion/cell.ts';
import { type OnionCode, OnionError } from '../../onion/error.ts';
import { KnownKeys } from '../../onion/hint.ts';
import { type Holder, openOnion } from '../../onion/holder.ts';
import { type KeyPair, pairOf } from '../../onion/keys.ts';
import { oneTimeTag } from '../../onion/layer.ts';
import type { Opened } from '../../onion/open.ts';
import { suite } from '../../server/suite.ts';
import { CellError } from './errors.ts';
import { fillerSchema, hexBytes, readExactly, readJson, seconds } from './input.ts';
import { answer, type Form } from './output.ts';
import { given, inOrder, seeded } from './random.ts';

const secrets = z.array(hexBytes(32), 'takes a list of secrets').default([]);
const keysSchema = z.object({
  server: secrets,
  user: secrets,
  oneTime: secrets,
  nowSeconds: seconds,
  filler: fillerSchema,
});

/** KnownKeys of these secrets. */
export function knownKeys(of: readonly Uint8Array[]): KnownKeys<KeyPair> {
  const pairs = of.map((secret) => pairOf(suite, secret));
  return new KnownKeys(
    suite,
    pairs.map((pair) => ({ publicKey: pair.publicKey, value: pair })),
  );
}

function holderOf({ server, user, oneTime }: z.infer<typeof keysSchema>): Holder {
  const once = new Map(oneTime.map((secret) => [hexOf(oneTimeTag(suite, secret)), secret]));
  return {
    oneTime: (tag) => once.get(hexOf(tag)) ?? null,
    keys: knownKeys(server),
    users: user.map((secret) => pairOf(suite, secret)),
  };
}

/** Throws OnionError where a link would refuse the cell. */
export function checkCell(cell: Uint8Array): void {
  const fault = cellFault(cell);
  if (fault !== null) throw new OnionError(fault, 'no link takes this cell');
}

/** Adds `peel` to `p3do cell`. */
export function addPeel(command: Command): void {
  command
    .command('peel')
    .description('open one layer of the bare cell on standard input; writes the next cell, or the content')
    .argument('<keys>', 'file of JSON with lists of secrets: {"server": […], "user": […], "oneTime": […]}')
    .option('--json', 'one line of JSON instead: what opened it, what a server would remember, the outcome')
    .addHelpText(
      'after',
      `
Nothing is remembered here: the same cell opens again. With "nowSeconds" expiries are judged as of then.
The exit code is 1 when the cell is for none of the keys, was changed, or asks what no hop does. Of a
discard nothing is written, of a reply the body (see p3do cell ticket read).

Example:
  $ p3do cell peel keys.json < cell | p3do cell peel others.json`,
    )
    .action(async (path: string, options: Form) => {
      const keys = readJson(path, keysSchema);
      const cell = await readExactly('a cell');
      checkCell(cell);
      const opening = openOnion(suite, onionOf(cell), holderOf(keys), keys.nowSeconds);
      if (opening === null) throw new CellError('_cell_foreign', 'the cell is for none of these keys');
      const { by, layer } = opening;
      if ('refused' in layer) throw new OnionError(layer.refused, 'the cell was changed on its way');
      const filler = envelopeFiller(suite, inOrder(given(keys.filler?.forgotten), seeded(keys.filler?.seed)));
      const { bytes, told } = resultOf(layer, filler);
      const opened = by.kind === 'one-time' ? { secret: by.secret } : { key: by.key.publicKey };
      const { replayTag, keptUntilSeconds, deposit } = layer;
      answer(options, bytes, { by: by.kind, ...opened, replayTag, keptUntilSeconds, deposit, outcome: told });
    });
}

const dropped = (code: OnionCode): string =>
  code === '_onion_expired'
    ? 'a hop drops this cell: its time is over (see nowSeconds in p3do help cell peel)'
    : 'a hop drops this cell: its maker asks what no hop does';

/** What goes on, and how it is told. Throws OnionError where the layer is dropped. */
function resultOf({ outcome }: Opened, filler: Uint8Array): { bytes: Uint8Array; told: object } {
  switch (outcome.kind) {
    case 'relay': {
      const cell = bareCell(outcome.onion, filler);
      return { bytes: cell, told: { kind: 'relay', delayMs: outcome.delayMs, cell } };
    }
    case 'exit':
      return { bytes: outcome.content, told: outcome };
    case 'reply':
      return { bytes: outcome.body, told: outcome };
    case 'discard':
      return { bytes: new Uint8Array(0), told: outcome };
    case 'drop':
      throw new OnionError(outcome.code, dropped(outcome.code));
  }
}
