/** `p3do cell shards`: a message cut into shards, and put together of some. docs/spec/shards.md */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Command, InvalidArgumentError } from 'commander';
import { Assembly } from '../../onion/assembly.ts';
import { OnionError } from '../../onion/error.ts';
import { cutMessage } from '../../onion/split.ts';
import { gzip } from '../../server/gzip.ts';
import { suite } from '../../server/suite.ts';
import { CellError } from './errors.ts';
import { readInput } from './input.ts';
import { answer, type Form } from './output.ts';

const SPARE_PERCENT_MAX = 300;

/** Adds `shards` and its subcommands to `p3do cell`. */
export function addShards(command: Command): void {
  const shards = command.command('shards').description('cut a message into contents of cells, put it together of some');
  shards.addHelpText(
    'after',
    `
Example:
  $ p3do cell shards cut parts < message
  $ p3do cell shards join parts/* > message`,
  );
  cut(shards);
  joined(shards);
}

function cut(shards: Command): void {
  shards
    .command('cut')
    .description('cut the message on standard input; each shard is a file, block and number its name')
    .argument('<folder>', 'where to write them; it is made')
    .option('--spare <percent>', 'shards more than are needed', percent, 50)
    .option('--gzip', 'pack it first, if that saves a shard: only for what is all your own')
    .option('--json', 'one line of JSON instead of files: id, blocks with m and contents')
    .addHelpText(
      'after',
      `
Example:
  $ p3do cell shards cut parts --spare 100 < message`,
    )
    .action(async (folder: string, { spare, ...options }: Form & { readonly spare: number; readonly gzip?: true }) => {
      const message = await readInput('the message');
      const made = cutMessage(suite, message, suite.random, {
        sparePercent: spare,
        ...(options.gzip ? { gzip } : {}),
      });
      if (!options.json) {
        mkdirSync(folder, { recursive: true, mode: 0o700 });
        for (const [block, { contents }] of made.blocks.entries()) {
          for (const [index, content] of contents.entries()) {
            const name = `${block}-${String(index).padStart(3, '0')}`;
            writeFileSync(join(folder, name), content, { flag: 'wx', mode: 0o600 });
          }
        }
      }
      const needed = made.blocks.map(({ m, contents }) => `${m} of ${contents.length}`);
      answer(options, `${needed.join(', ')}\n`, made);
    });
}

function percent(text: string): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value <= SPARE_PERCENT_MAX) return value;
  throw new InvalidArgumentError(`it takes 0 to ${SPARE_PERCENT_MAX}`);
}

function joined(shards: Command): void {
  shards
    .command('join')
    .description('put a message together of enough of its shards')
    .argument('<file...>', 'a shard each, in any order; spare ones do no harm')
    .option('--json', 'one line of JSON instead: {"message": …}')
    .addHelpText(
      'after',
      `
Example:
  $ p3do cell shards join parts/* > message`,
    )
    .action((paths: string[], options: Form) => {
      const assembly = new Assembly(suite, gzip.unpack);
      let there = '';
      for (const path of paths) {
        const came = assembly.add(new Uint8Array(readFileSync(path)), 0);
        if (came.kind === 'refused')
          throw new OnionError(came.code, `${path} is no shard, or does not belong to the others`);
        if (came.kind === 'whole') {
          answer(options, came.message, { message: came.message });
          return;
        }
        if (came.kind === 'part') there = `: ${came.have} of ${came.need} are there`;
      }
      throw new CellError('_cell_missing_shards', `shards lack${there}`);
    });
}
