/** `p3do talk list`, `forget`: the conversations of this device. docs/spec/conversations.md#files */
import type { Command } from 'commander';
import type { Conversation } from '../../client/conversation/conversation.ts';
import { conversationsIn } from '../../client/conversation/files.ts';
import { confirmed, withYes, type Yes } from '../person/confirm.ts';
import { complain, tell, whoseOf, withShared } from '../person/conversation.ts';
import { checkOf, named, openTalks, subcommand, type TalkOptions, telling, withPassphrase } from './work.ts';

const PATIENCE = 'of no matter here';

/** Adds the subcommands. */
export function registerKeeping(parent: Command): void {
  registerList(parent);
  registerForget(parent);
}

function registerList(parent: Command): void {
  const command = subcommand(parent, 'list', 'the conversations of this device, and what both sides compare');
  withShared(withPassphrase(command), PATIENCE).action(async (options: TalkOptions) => {
    const { folder } = await whoseOf(command, options.as);
    const names = await conversationsIn(folder);
    if (names.length === 0) {
      complain(command, 'no conversations: p3do talk invite begins one');
      return;
    }
    const talks = await openTalks(command, options);
    if (talks === null) return;
    await telling(command, options, async () => {
      for (const name of names) {
        const one = await talks.read(name);
        const { binding } = one.ratchet;
        const check = binding === null ? null : checkOf(binding);
        const { way, domain, outbox } = one;
        const line = `${name} at ${domain}, ${stateOf(one, check)}, asked ${way === 'direct' ? 'by way of your home' : 'as nobody'}\n`;
        tell(options, { kind: 'talk', name, domain, way, check, waiting: outbox.length }, line);
      }
    });
  });
}

function stateOf({ isStale, offered, outbox }: Conversation, check: string | null): string {
  if (check === null) return 'nobody has accepted yet';
  if (offered !== null) return 'the other side asks to begin anew';
  if (isStale) return 'to be begun anew';
  return outbox.length === 0 ? check : `${check}, ${outbox.length} not at the mailbox yet`;
}

function registerForget(parent: Command): void {
  const command = subcommand(parent, 'forget', 'forget a conversation: nothing of it is left on this device');
  withShared(withYes(withPassphrase(command.argument('<name>', 'which one', named))), PATIENCE).action(
    async (name: string, options: TalkOptions & Yes) => {
      const talks = await openTalks(command, options);
      if (talks === null) return;
      await telling(command, options, async () => {
        await talks.read(name);
        if (!(await confirmed(command, options, `this forgets the conversation with ${name}, for good`))) return;
        await talks.remove(name);
        tell(options, { kind: 'talk forgotten', name }, `forgot ${name}\n`);
      });
    },
  );
}
