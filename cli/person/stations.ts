/** The servers that a person's home knows, for whoever sends something as nobody. docs/spec/people.md#anonymous */
import { AnonymousError } from '../../client/anonymous/error.ts';
import { anonymousLimits } from '../../client/anonymous/limits.ts';
import { stationsIn } from '../../client/anonymous/message.ts';
import { Profile, type Whose } from '../../client/profile/profile.ts';
import type { Talk } from './talk.ts';

/** One of them, with the fingerprint of its domain's key. */
export type KnownStation = Awaited<ReturnType<typeof stationsIn>>[number];

/** Whether another key is pinned here for a domain or person, than this. */
export type Changed = (of: string, fingerprint: string) => boolean;

/** By the pins of a person's folder. */
export async function changedFor(whose: Whose): Promise<Changed> {
  const pins = (await Profile.open(whose))?.kept.pins ?? new Map<string, { readonly fingerprint: string }>();
  return (of, fingerprint) => (pins.get(of)?.fingerprint ?? fingerprint) !== fingerprint;
}

/**
 * All pages of them; null: it was refused, and that has been told. Throws AnonymousError `_anonymous_unreachable` where the home passes
 * no onions on, `_anonymous_changed_key` where it shows another key than one that is pinned here.
 */
export async function stationsOf(home: Talk, mor: string, changed: Changed): Promise<readonly KnownStation[] | null> {
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
  const foreign = stations.find(({ domain, fingerprint }) => changed(domain, fingerprint));
  if (foreign === undefined) return stations;
  const text = `your home shows another key of ${foreign.domain} than the one that is pinned here`;
  throw new AnonymousError('_anonymous_changed_key', text);
}
