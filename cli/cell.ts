/** `p3do cell`: cells made and opened by hand, so that other implementations can be held against this one. docs/spec/onion.md#by-hand */
import type { Command } from 'commander';
import { addEnvelope } from './cell/envelope.ts';
import { addPeel } from './cell/peel.ts';
import { addSeal } from './cell/seal.ts';
import { addShards } from './cell/shards.ts';
import { addTicket } from './cell/ticket.ts';

/** Adds the subcommands of `p3do cell`. */
export function register(command: Command): void {
  command.addHelpText(
    'after',
    `
Keys are X25519, 32 bytes in hexadecimal, in files of JSON; cells are 4096 bytes on standard input and
output. Nothing is sent and nothing remembered. docs/spec/onion.md is the page to write it again from.

Examples:
  $ printf hello | p3do cell seal route.json | p3do cell peel keys.json --json
  $ p3do cell wrap context.json < cell | p3do cell unwrap contexts.json | cmp -i 96 - cell`,
  );
  addSeal(command);
  addPeel(command);
  addEnvelope(command);
  addTicket(command);
  addShards(command);
}
