/** `p3do box`: boxes at addresses that show nobody whose they are. docs/spec/pigeonhole.md */
import type { Command } from 'commander';
import { registerDeposit } from './box/deposit.ts';
import { registerDevices } from './box/devices.ts';
import { registerOwner } from './box/owner.ts';

/** Adds the page and the subcommands of `p3do box`. */
export function register(command: Command): void {
  command.enablePositionalOptions().addHelpText(
    'after',
    `
A box has an address that you may publish, and a key of its own that is nobody's. Anybody puts something in, sealed to
that key; the domain that keeps it knows neither whose it is nor what is in it. You fetch it, on several devices if you
like; what all of them have got is deleted there. What nobody fetches goes after 30 days, a box that nobody asks for
anything after 60.

With --anonymous it is asked over onions, and answers over tickets (p3do stock): nobody learns that it is you, your
home neither, which sees cells and can make up no servers on the way (p3do help send). A box that was made so is always
asked so. With --direct your home and the domain of the box see who you are, and what is in it they do not see either.

Examples:
  $ p3do box make letters --at b.example --anonymous
  $ p3do box list letters
  $ p3do box fetch letters
  $ p3do box deposit 'psyc://b.example/$pigeonhole#…' --anonymous Look under the stone`,
  );
  registerOwner(command);
  registerDeposit(command);
  registerDevices(command);
}
