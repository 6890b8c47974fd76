/** The servers that a person's home knows, for whoever sends something as nobody. docs/spec/people.md#anonymous */
import type { Command } from 'commander';
import { believedAt } from '../../client/anonymous/servers.ts';
import type { Believed, Pins } from '../../client/anonymous/stations.ts';
import { Profile, type Whose } from '../../client/profile/profile.ts';
import { complain } from './conversation.ts';
import type { Talk } from './talk.ts';

/** The keys of domains and people that a person's folder knows. */
export const pinsFor = async (whose: Whose): Promise<Pins> => (await Profile.open(whose))?.kept.pins ?? new Map();

/** What the home shows, as far as its person believes it; that he can only believe it is told once, however often it is asked. */
export function believing(
  command: Command,
  home: Talk,
  { domain, pins, unvouched }: { readonly domain: string; readonly pins: Pins; readonly unvouched?: true | undefined },
): () => Promise<Believed | null> {
  let isTold = false;
  return async () => {
    const belief = { home: domain, pins, isUnvouched: unvouched === true };
    const believed = await believedAt(home, belief, Math.floor(Date.now() / 1000));
    if (believed === null) return null;
    if (believed.isAlone && !isTold)
      complain(command, 'you know no domain but your home: nobody else vouches for the servers on the way');
    isTold ||= believed.isAlone;
    return believed;
  };
}

/** Adds the option that says whom to believe. */
export const withUnvouched = (command: Command): Command =>
  command.option('--unvouched', 'as nobody: also over servers for which nobody vouches but your home');
