/** The servers that a home shows, asked for page by page, and as far as its person believes it. docs/spec/people.md#hops */
import type { AskedHome } from './asking.ts';
import { AnonymousError } from './error.ts';
import { anonymousLimits } from './limits.ts';
import { Believed, type Belief, type Pins, stationsIn, type Told } from './stations.ts';

/** A home's first context, where it has several. */
const FIRST = 'mor';

/** Whether another key is pinned for a domain or person, than this. */
export const changedIn = (pins: Pins, of: string, fingerprint: string): boolean =>
  (pins.get(of)?.fingerprint ?? fingerprint) !== fingerprint;

/**
 * All pages of them; null: it was refused, and that has been told. `now`: Unix seconds. Throws AnonymousError `_anonymous_unreachable`
 * where the home passes no onions on, `_anonymous_changed_key` where it shows another key than one that is pinned here.
 */
export async function stationsOf(
  home: AskedHome,
  mor: string,
  pins: Pins,
  now: number,
): Promise<readonly Told[] | null> {
  const given = new Map<string, { readonly key: Uint8Array; readonly isFirst: boolean }>();
  let after: string | undefined = '';
  for (let page = 0; page < anonymousLimits.pagesMax && after !== undefined; page++) {
    const entity: Record<string, string> = after === '' ? {} : { _after: after };
    const told = await home.ask({ target: mor, method: '_request_mor_servers', entity, excused: ['_unknown_target'] });
    if (told === null) return null;
    if (typeof told === 'string') throw new AnonymousError('_anonymous_unreachable', 'your home passes no onions on');
    for (const { packet } of told) {
      const [domain, key] = [packet.text('_domain'), packet.value('_key')];
      const isFirst = packet.text('_contexts')?.split(' ').includes(FIRST) ?? true;
      if (packet.method === '_status_mor_server' && domain !== undefined && key !== undefined)
        given.set(domain, { key: new Uint8Array(key), isFirst });
    }
    after = told.at(-1)?.packet.text('_next');
  }
  const all = [...given].map(([domain, told]) => ({ domain, ...told }));
  const stations = await stationsIn(all, now);
  const foreign = stations.find(({ domain, fingerprint }) => changedIn(pins, domain, fingerprint));
  if (foreign === undefined) return stations;
  const text = `your home shows another key of ${foreign.domain} than the one that is pinned here`;
  throw new AnonymousError('_anonymous_changed_key', text);
}

/** The same, as far as it is believed; null as there. Throws as `stationsOf`. */
export async function believedAt(home: AskedHome, belief: Belief, now: number): Promise<Believed | null> {
  const all = await stationsOf(home, `psyc://${belief.home}/$mor`, belief.pins, now);
  return all === null ? null : Believed.of(all, belief, now);
}
