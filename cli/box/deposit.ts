/** `p3do box deposit`: something for a box whose address somebody has published. docs/spec/pigeonhole.md#deposits */
import { type Command, InvalidArgumentError } from 'commander';
import { addressOf, parseAddress } from '../../client/pigeonhole/address.ts';
import { deposit } from '../../client/pigeonhole/depositor.ts';
import { boxFault } from '../../client/pigeonhole/fault.ts';
import { readBox } from '../../client/pigeonhole/files.ts';
import { renderWords } from '../../client/pigeonhole/words.ts';
import { suite } from '../../server/suite.ts';
import { complain, tell, withShared } from '../person/conversation.ts';
import { saidIn } from '../person/said.ts';
import { asking, type BoxOptions, named, subcommand, wayOf, withWay } from './work.ts';

interface Options extends BoxOptions {
  readonly reply?: string;
}

type Address = ReturnType<typeof parseAddress>;

/** Adds the subcommand. */
export function registerDeposit(parent: Command): void {
  const command = subcommand(parent, 'deposit', 'put something into a box');
  withShared(
    withWay(
      command
        .argument('<address>', 'psyc://domain/$pigeonhole#…', address)
        .argument('<text...>', 'what to say; - reads it on standard input, less one line feed at its end')
        .option('--reply <name>', 'a box of yours that answers go to', named),
    ),
    'how long it may take in all (60; as nobody 3600)',
  )
    .addHelpText(
      'after',
      `
Nobody but the box's owner can read it. It is there when the command says so; what is longer than 2 kB goes in parts,
and is there when all are. Each part takes a moment's work.

Examples:
  $ p3do box deposit 'psyc://b.example/$pigeonhole#…' --anonymous Look under the stone
  $ p3do box deposit 'psyc://b.example/$pigeonhole#…' --anonymous --reply letters - < letter.txt`,
    )
    .action(async (box: Address, words: string[], options: Options) => {
      const text = await saidIn(command, options, words);
      if (text === null) return;
      await asking(command, options, wayOf(command, options), async (around, folder) => {
        const reply = options.reply === undefined ? null : addressOf(suite, await readBox(folder, options.reply));
        let stored = 0;
        await deposit(around, box, renderWords({ text, reply }), (count, of) => {
          stored = count;
          if (of > 1) complain(command, `${count} of ${of} parts are there`);
        });
        tell(options, { kind: 'deposited', domain: box.domain, parts: stored }, `in the box at ${box.domain}\n`);
      });
    });
}

function address(text: string): Address {
  try {
    return parseAddress(text);
  } catch (error) {
    const fault = boxFault(error);
    if (fault === null) throw error;
    throw new InvalidArgumentError('It takes psyc://domain/$pigeonhole# and 128 hexadecimal digits.');
  }
}
