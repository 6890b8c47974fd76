/** `p3do cell ticket`: a reply ticket made, used, and its answer read. docs/spec/onion.md#tickets */
import { readFileSync, writeFileSync } from 'node:fs';
import type { Command } from 'commander';
import { z } from 'zod';
import { hexOf } from '../../crypto/bytes.ts';
import { parseTicket, renderTicket } from '../../onion/armour.ts';
import { bareCell, envelopeFiller } from '../../onion/cell.ts';
import { OnionError } from '../../onion/error.ts';
import { sizes } from '../../onion/sizes.ts';
import { makeTicket, type TicketMemory, undoReply, useTicket } from '../../onion/ticket.ts';
import { suite } from '../../server/suite.ts';
import { ticketHops } from './hops.ts';
import { hexBytes, readExactly, readInput, readJson, seconds } from './input.ts';
import { answer, type Form } from './output.ts';
import { given, inOrder, seeded } from './random.ts';

const makeSchema = z.object({
  hops: ticketHops,
  nowSeconds: seconds,
  id: hexBytes(sizes.ticketId).optional(),
  bodyKeysSeed: hexBytes(32).optional(),
  headPaddingSeed: hexBytes(32).optional(),
});
const memorySchema: z.ZodType<TicketMemory> = z.object({
  id: hexBytes(sizes.ticketId),
  secrets: z.array(hexBytes(sizes.oneTime), 'takes a list of secrets'),
  bodyKeys: hexBytes(sizes.bodyKeys),
  expiry: z.number(),
});

/** Adds `ticket` and its subcommands to `p3do cell`. */
export function addTicket(command: Command): void {
  const ticket = command.command('ticket').description('make a reply ticket, answer on one, read the answer');
  ticket.addHelpText(
    'after',
    `
Example:
  $ p3do cell ticket make hops.json --memory memory.json > ticket
  $ printf 'Thank you' | p3do cell ticket use ticket > cell
  $ p3do cell peel keys.json < cell | p3do cell ticket read memory.json`,
  );
  make(ticket);
  use(ticket);
  read(ticket);
}

function make(ticket: Command): void {
  ticket
    .command('make')
    .description('make a ticket; writes its text form')
    .argument('<hops>', 'file of JSON: {"hops": [{"secret": …}, …]}, one-time secrets, your own last')
    .option('--memory <file>', 'where to write what reads the answer; secret, and not written over')
    .option('--json', 'one line of JSON instead: ticket, text, memory')
    .addHelpText(
      'after',
      `
"delayMs" in a hop lets the answer wait there. "ephemeral" in hops, "id", "bodyKeysSeed", "headPaddingSeed"
and "nowSeconds" make the same ticket each time.

Example:
  $ p3do cell ticket make hops.json --memory memory.json > ticket`,
    )
    .action((path: string, options: Form & { readonly memory?: string }) => {
      if (!options.json && options.memory === undefined) {
        ticket.error('without --memory or --json nobody could read the answer');
      }
      const { hops, nowSeconds, id, bodyKeysSeed, headPaddingSeed } = readJson(path, makeSchema);
      const random = inOrder(given(id), seeded(bodyKeysSeed), given(headPaddingSeed));
      const made = makeTicket(suite, hops, nowSeconds, random);
      const text = renderTicket(suite, made.ticket);
      if (options.memory !== undefined)
        writeFileSync(options.memory, memoryText(made.memory), { flag: 'wx', mode: 0o600 });
      answer(options, text, { ticket: made.ticket, text, memory: made.memory });
    });
}

const memoryText = (memory: TicketMemory): string =>
  `${JSON.stringify(memory, (_, value: unknown) => (value instanceof Uint8Array ? hexOf(value) : value))}\n`;

function use(ticket: Command): void {
  ticket
    .command('use')
    .description('seal the content on standard input for a ticket; writes a bare cell')
    .argument('<ticket>', 'file with the text form at its head, quoted or not')
    .option('--now <seconds>', 'judge its expiry as of then, Unix seconds', (text) => seconds.parse(Number(text)))
    .option('--json', 'one line of JSON instead: {"cell": …}')
    .addHelpText(
      'after',
      `
Example:
  $ printf 'Thank you' | p3do cell ticket use ticket > cell`,
    )
    .action(async (path: string, options: Form & { readonly now?: number }) => {
      const found = parseTicket(suite, readFileSync(path, 'utf8'));
      if (found === null) throw new OnionError('_onion_invalid_armour', `at the head of ${path} is no reply ticket`);
      const content = await readInput('the content');
      const onion = useTicket(suite, found.ticket, content, options.now ?? seconds.parse(undefined), suite.random);
      const cell = bareCell(onion, envelopeFiller(suite, suite.random));
      answer(options, cell, { cell });
    });
}

function read(ticket: Command): void {
  ticket
    .command('read')
    .description('read the answer whose body, of the last layer, is on standard input')
    .argument('<memory>', 'file of JSON that "make" wrote')
    .option('--json', 'one line of JSON instead: {"content": …}')
    .addHelpText(
      'after',
      `
Example:
  $ p3do cell peel own.json < cell | p3do cell ticket read memory.json`,
    )
    .action(async (path: string, options: Form) => {
      const content = undoReply(suite, readJson(path, memorySchema), await readExactly('a body', sizes.body));
      answer(options, content, { content });
    });
}
