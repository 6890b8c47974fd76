/** `p3do requests`: what strangers have written, kept apart until it is answered; and who may write. docs/spec/friends.md#strangers */
import { type Command, InvalidArgumentError } from 'commander';
import type { Heard } from '../client/session/events.ts';
import { parseUniform } from '../psyc/uniform.ts';
import { complain, type Shared, tell, withShared } from './person/conversation.ts';
import { changeDrawer } from './person/drawer.ts';
import { heardLine, nameOf } from './person/show.ts';
import { talk } from './person/talk.ts';
import { person as personArgument } from './person/target.ts';

/** Whose words come out of onions. */
const NOBODY = 'nobody';

const whom = (text: string): string => (text === NOBODY ? NOBODY : personArgument(text));

/** Adds the options, the page and the subcommands of `p3do requests`. */
export function register(command: Command): void {
  // Options behind a subcommand are the subcommand's.
  withShared(command.enablePositionalOptions(), 'how long to wait for the answer (60)')
    .addHelpText(
      'after',
      `
Who is no friend may write so much and no more until he is answered: p3do friend accept makes him one, p3do friend
refuse says no, p3do requests dismiss says nothing, and makes room.

Examples:
  $ p3do requests
  $ p3do requests dismiss eve@e.example
  $ p3do requests dismiss nobody
  $ p3do requests from friends`,
    )
    .action((options: Shared) =>
      talk(command, options, async (home) => {
        const told = await home.askHome('_request_strangers');
        let shown = 0;
        for (const { packet, words } of told ?? []) {
          const said = words.get('_packet');
          if (packet.method !== '_status_stranger' || said === undefined) continue;
          const { author, word, method, text, isAction, isSealed, timeMs } = said;
          const sequence = Number(packet.text('_sequence') ?? 0);
          const row = { place: null, sequence, author, word, method, text, isAction, isSealed, timeMs };
          const heard: Heard = { kind: 'heard', ...row, isStranger: true, isOld: false, command: null };
          tell(options, heard, heardLine(heard));
          shown++;
        }
        if (told !== null && shown === 0) complain(command, 'no stranger has written');
      }),
    );
  const dismiss = command.command('dismiss').description('let somebody’s requests be, without an answer');
  withShared(
    dismiss
      .argument('<who>', 'nick@domain; nobody: what came without a name', whom)
      .showHelpAfterError('See: p3do help requests dismiss'),
    'how long to wait for the answer (60)',
  )
    .addHelpText('after', '\nExample:\n  $ p3do requests dismiss eve@e.example')
    .action((who: string, options: Shared) =>
      talk(dismiss, options, async (home) => {
        const uniform = who === NOBODY ? `psyc://${parseUniform(home.person).host}/$mor` : who;
        if ((await home.askHome('_request_dismiss', { _uniform: uniform })) === null) return;
        const name = who === NOBODY ? who : nameOf(who);
        tell(options, { kind: 'dismissed', who: uniform }, `dismissed what ${name} has written\n`);
      }),
    );
  const from = command.command('from').description('say who may write: everybody, or friends only');
  withShared(
    from
      .argument('<whom>', 'everybody or friends', (text: string) => {
        if (text === 'everybody' || text === 'friends') return text;
        throw new InvalidArgumentError('It takes everybody or friends.');
      })
      .showHelpAfterError('See: p3do help requests from'),
    'how long to wait for the answer (60)',
  )
    .addHelpText('after', '\nExample:\n  $ p3do requests from friends')
    .action((whom: string, options: Shared) =>
      talk(from, options, async (home) => {
        const others = (line: string): boolean => !line.startsWith('strangers ');
        const rules = await changeDrawer(home, 'rules', (lines) => [...lines.filter(others), `strangers ${whom}`]);
        if (rules !== null) tell(options, { kind: 'strangers', from: whom }, `${whom} may write to you\n`);
      }),
    );
}
