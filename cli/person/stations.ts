/** The servers that a person's home knows, for whoever sends something as nobody. docs/spec/people.md#anonymous */
import type { Command } from 'commander';
import { AnonymousError } from '../../client/anonymous/error.ts';
import { anonymousLimits } from '../../client/anonymous/limits.ts';
import { type Pins, stationsIn, type Told, vouchedFor } from '../../client/anonymous/stations.ts';
import { registrableOf } from '../../pki/network.ts';
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

/**
 * The servers that a way to somebody at `host` may go over. Throws AnonymousError `_anonymous_unvouched` where nobody vouches for that
 * one, or for too few others.
 */
export async function believed(
  command: Command,
  { hops, unvouched }: { readonly hops: number; readonly unvouched?: true },
  all: readonly Told[],
  pins: Pins,
  { home, host }: { readonly home: string; readonly host: string },
): Promise<readonly Told[]> {
  const last = all.find(({ domain }) => domain === host);
  if (unvouched === true || last === undefined) return all;
  const vouched = await vouchedFor(all, pins, home, Math.floor(Date.now() / 1000));
  if (vouched === null) {
    complain(command, 'you know no domain but your home: nobody else vouches for the servers on the way');
    return all;
  }
  const owner = registrableOf(home);
  const others = vouched.filter(({ group }) => group !== owner);
  const isEnough = new Set([...others, last].map(({ group }) => group)).size >= hops;
  if (vouched.includes(last) && isEnough) return vouched;
  const text = `domains that you know vouch for ${vouched.length} of the ${all.length} servers that your home shows, too few for ${hops} hops to ${host}; --unvouched believes your home`;
  throw new AnonymousError('_anonymous_unvouched', text);
}
