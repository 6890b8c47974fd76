/** The servers that a person's home knows, for whoever sends something as nobody. docs/spec/people.md#anonymous */
import type { Command } from 'commander';
import { AnonymousError } from '../../client/anonymous/error.ts';
import { anonymousLimits } from '../../client/anonymous/limits.ts';
import { Believed, type Pins, stationsIn, type Told } from '../../client/anonymous/stations.ts';
import { Profile, type Whose } from '../../client/profile/profile.ts';
import { complain } from './conversation.ts';
import type { Talk } from './talk.ts';

/** The keys of domains and people that a person's folder knows. */
export const pinsFor = async (whose: Whose): Promise<Pins> => (await Profile.open(whose))?.kept.pins ?? new Map();

/** Whether another key is pinned here for a domain or person, than this. */
export const changedIn = (pins: Pins, of: string, fingerprint: string): boolean =>
  (pins.get(of)?.fingerprint ?? fingerprint) !== fingerprint;

/**
 * All pages of them; null: it was refused, and that has been told. Throws AnonymousError `_anonymous_unreachable` where the home passes
 * no onions on, `_anonymous_changed_key` where it shows another key than one that is pinned here.
 */
export async function stationsOf(home: Talk, mor: string, pins: Pins): Promise<readonly Told[] | null> {
  const given = new Map<string, Uint8Array>();
  let after: string | undefined = '';
  for (let page = 0; page < anonymousLimits.pagesMax && after !== undefined; page++) {
    const entity: Record<string, string> = after === '' ? {} : { _after: after };
    const told = await home.ask({ target: mor, method: '_request_mor_servers', entity, excused: ['_unknown_target'] });
    if (told === null) return null;
    if (typeof told === 'string') throw new AnonymousError('_anonymous_unreachable', 'your home passes no onions on');
    for (const { packet } of told) {
      const [domain, key] = [packet.text('_domain'), packet.value('_key')];
      if (packet.method === '_status_mor_server' && domain !== undefined && key !== undefined)
        given.set(domain, new Uint8Array(key));
    }
    after = told.at(-1)?.packet.text('_next');
  }
  const all = [...given].map(([domain, key]) => ({ domain, key }));
  const stations = await stationsIn(all, Math.floor(Date.now() / 1000));
  const foreign = stations.find(({ domain, fingerprint }) => changedIn(pins, domain, fingerprint));
  if (foreign === undefined) return stations;
  const text = `your home shows another key of ${foreign.domain} than the one that is pinned here`;
  throw new AnonymousError('_anonymous_changed_key', text);
}

/** What the home shows, as far as its person believes it; that he can only believe it is told once, however often it is asked. */
export function believing(
  command: Command,
  home: Talk,
  { domain, pins, unvouched }: { readonly domain: string; readonly pins: Pins; readonly unvouched?: true | undefined },
): () => Promise<Believed | null> {
  let isTold = false;
  return async () => {
    const all = await stationsOf(home, `psyc://${domain}/$mor`, pins);
    if (all === null) return null;
    const belief = { home: domain, pins, isUnvouched: unvouched === true };
    const believed = await Believed.of(all, belief, Math.floor(Date.now() / 1000));
    if (believed.isAlone && !isTold)
      complain(command, 'you know no domain but your home: nobody else vouches for the servers on the way');
    isTold ||= believed.isAlone;
    return believed;
  };
}

/** Adds the option that says whom to believe. */
export const withUnvouched = (command: Command): Command =>
  command.option('--unvouched', 'as nobody: also over servers for which nobody vouches but your home');
