/** `p3do trust`: the keys that are pinned; and another one for a domain or a person, because somebody has typed its fingerprint. docs/spec/people.md#trust */
import { type Command, InvalidArgumentError } from 'commander';
import { isDomain } from '../psyc/names.ts';
import { type Shared, registered, tell, whoseOf } from './person/conversation.ts';
import { pinLine, pinsOf } from './person/pins.ts';
import { nameOf } from './person/show.ts';
import { address, target } from './person/target.ts';
import { fingerprint } from './fingerprint.ts';

/** Adds the arguments, the page and the action of `p3do trust`. */
export function register(command: Command): void {
  command
    .argument('[whose]', 'a domain, or nick@domain; without, all that are pinned are listed', whose)
    .argument(
      '[fingerprint]',
      'the key to be pinned, 40 hexadecimal digits; blanks and colons do not matter',
      fingerprint,
    )
    .option('--as <nick@domain>', 'who trusts it; may be left out where only one person has a folder here', address)
    .option('--json', 'one line of JSON')
    .addHelpText(
      'after',
      `
The key that came first is pinned, and no other is believed after that: an attacker would come with another
one. So does who has lost his key. Ask him, or the domain's admin, for the fingerprint over another way (the
telephone, in person; not through that server), and type what he says. The one that was pinned is printed;
this device only is told. End p3do listen before, and begin it again after.

Without a fingerprint it prints what is pinned, and changes nothing: name and key, a domain before its people;
whether the key before has named it (a rotation), where its person lives now (a move).

Examples:
  $ p3do trust
  $ p3do trust bob@b.example
  $ p3do trust b.example 0123456789abcdef0123456789abcdef01234567
  $ p3do trust bob@b.example 0123456789abcdef0123456789abcdef01234567 --as ada@a.example`,
    )
    .action(async (name: string | undefined, key: string | undefined, options: Pick<Shared, 'as' | 'json'>) => {
      const profile = await registered(command, await whoseOf(command, options.as), options);
      if (profile === null) return;
      if (name === undefined || key === undefined) {
        const pins = pinsOf(profile.kept.pins).filter(({ of }) => name === undefined || of === name);
        for (const one of pins) tell(options, { kind: 'pinned', ...one }, pinLine(one));
        if (pins.length > 0) return;
        const none = name === undefined ? 'no key is pinned: nobody was met' : `no key is pinned for ${nameOf(name)}`;
        tell(options, { kind: 'no pin', ...(name === undefined ? {} : { of: name }) }, `${none}\n`);
        return;
      }
      const before = await profile.trust(name, key);
      const was = before === null || before === key ? '' : `, and no more ${before}`;
      tell(
        options,
        { kind: 'trusted', of: name, fingerprint: key, before },
        `pinned for ${nameOf(name)}: ${key}${was}\n`,
      );
    });
}

/** Under what it is pinned: a domain's name, a person's uniform. */
function whose(text: string): string {
  if (isDomain(text)) return text;
  const uniform = target(text);
  if (uniform.includes('/~')) return uniform;
  throw new InvalidArgumentError('It takes a domain, or nick@domain.');
}
