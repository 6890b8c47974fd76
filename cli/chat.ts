/** `p3do chat`: a prompt for one's own account: what is said comes above it, what is typed is said. docs/spec/people.md#prompt */
import type { Command } from 'commander';
import type { Output } from '../client/session/events.ts';
import { explained } from './person/codes.ts';
import { complain, registered, type Shared, whoseOf } from './person/conversation.ts';
import { proxyFor, proxyOption } from './person/proxy.ts';
import { nameOf } from './person/show.ts';
import { address, target } from './person/target.ts';
import { Ending } from './playground/ending.ts';
import { eventShort, heardShort } from './playground/heard.ts';
import { Alone } from './playground/alone.ts';
import { Play } from './playground/play.ts';
import { Resident } from './playground/resident.ts';
import { Refill } from './person/refill.ts';
import { Screen } from './playground/screen.ts';

type Options = Pick<Shared, 'as' | 'proxy' | 'json'>;

/** Adds the argument, the options, the page and the action of `p3do chat`. */
export function register(command: Command): void {
  command
    .argument('[target]', '@place@domain to enter, or nick@domain to speak to; a uniform', target)
    .option('--as <nick@domain>', 'as whom; may be left out where only one person has a folder here', address)
    .addOption(proxyOption('go through this SOCKS5 proxy, or none; else as at registration'))
    .option('--json', 'one object a line')
    .addHelpText(
      'after',
      `
Everything that is said to you, and in the places where you are a member, comes above the prompt. What you type is
said in the place that the prompt names; /help has the commands. Without a terminal it reads lines from standard
input, and ends behind the last one. Who it was is marked as by p3do listen, which cannot run beside it.

Examples:
  $ p3do chat @hall@b.example
  $ p3do chat bob@b.example --as ada@a.example`,
    )
    .action((to: string | undefined, options: Options) => chat(command, to ?? null, options));
}

async function chat(command: Command, to: string | null, options: Options): Promise<void> {
  const whose = await whoseOf(command, options.as);
  const profile = await registered(command, whose, options);
  if (profile === null) return;
  const screen = new Screen(options.json === true);
  const ending = new Ending(() => screen.sayLast('already ending; a moment …'));
  const me = Resident.of(whose, proxyFor(options.proxy, profile.proxy));
  const company = new Alone(me, to?.includes('/~') === true ? to : null);
  const play = new Play(null, company, screen);
  let isLost = false;
  const take = (output: Output): void => {
    screen.tell(output);
    // Trying again for as long as the server is away is told once.
    if (output.kind === 'lost' && isLost) return;
    if (output.kind === 'lost' || output.kind === 'ready') isLost = output.kind === 'lost';
    if (output.kind === 'heard') {
      company.note(output.author);
      screen.say(heardShort(output, play.here, 'you'), '        ');
      return;
    }
    if (output.kind === 'expelled') {
      play.expelled(output);
      return;
    }
    const line = eventShort(output, play.here);
    if (line !== null) screen.say(line, '        ');
    play.take(output);
    if (output.kind !== 'over') return;
    screen.say(`      ${explained(output.code, output.by)}`, '      ');
    process.exitCode = 1;
    ending.begin();
  };
  let refill: Refill | null = null;
  const playing = (async () => {
    await me.listen(take, null, (pid) =>
      complain(command, `already listening in process ${pid}; waiting until it ends`),
    );
    refill = new Refill(whose, me.home!, ({ message }) => screen.note(`the stock is not filled: ${message}`));
    screen.note(`${nameOf(me.person)}: /help has the commands, Ctrl-C ends`);
    if (to?.includes('/@') === true) await play.enter(to);
    await play.run(ending.begin, ending.fail);
  })();
  try {
    await Promise.race([playing, ending.begun]);
  } finally {
    // What is broken off complains to nobody.
    playing.catch(() => {});
    screen.close();
    await (refill as Refill | null)?.stop();
    await me.leave();
  }
  if (ending.error !== null) throw ending.error;
}
