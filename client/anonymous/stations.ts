/** The servers that a home tells of, and for which of them somebody vouches who is not the home. docs/spec/people.md#hops */
import type { Station } from '../../onion/route.ts';
import { type Certificate, readCertificate } from '../../pki/certificate.ts';
import { countersignStatus } from '../../pki/countersignature.ts';
import { registrableOf } from '../../pki/network.ts';
import { stationIn } from '../../pki/station.ts';
import { domainOf } from '../../pki/user-id.ts';
import { AnonymousError } from './error.ts';

/** A server as its certificate says; fingerprint in lower-case hex digits. */
export interface Told extends Station {
  /** Whether the home has a link to it in its first context: one-time secrets lead over no others. */
  readonly isFirst: boolean;
  readonly fingerprint: string;
  readonly certificate: Certificate;
}

/** What a client knows of a domain by itself. */
export type Pins = ReadonlyMap<string, { readonly fingerprint: string }>;

/** The servers in certificates that the home has given, each by its own; `now`: Unix seconds. Throws PkiError. */
export async function stationsIn(
  given: readonly { readonly domain: string; readonly key: Uint8Array; readonly isFirst?: boolean }[],
  now: number,
): Promise<readonly Told[]> {
  const read = await Promise.all(
    given.map(async ({ domain, key, isFirst = true }) => {
      const certificate = await readCertificate(key);
      const station = stationIn(certificate, now);
      return domainOf(certificate) === domain && station !== null
        ? [{ ...station, isFirst, fingerprint: certificate.key.fingerprint, certificate }]
        : [];
    }),
  );
  return read.flat();
}

/**
 * Those that the home cannot have made up: whose key is pinned here, or countersigned by one that is. What belongs to the home's
 * owner vouches for nobody: he can countersign as many keys as he likes. null: no other domain is known here, so that nobody could
 * vouch for any. `now`: Unix seconds.
 */
export async function vouchedFor(
  told: readonly Told[],
  pins: Pins,
  home: string,
  now: number,
): Promise<readonly Told[] | null> {
  const owner = registrableOf(home);
  const isKnown = ({ domain, fingerprint }: Told): boolean => pins.get(domain)?.fingerprint === fingerprint;
  const known = told.filter(isKnown);
  const witnesses = known.filter(({ group }) => group !== owner);
  const isElsewhere = (domain: string): boolean => !domain.includes('/') && registrableOf(domain) !== owner;
  if (![...pins.keys()].some(isElsewhere)) return null;
  const holds = await Promise.all(
    told.map(async (one) => {
      if (isKnown(one)) return true;
      for (const { certificate } of witnesses) {
        if ((await countersignStatus(one.certificate, certificate, now)).isValid) return true;
      }
      return false;
    }),
  );
  return told.filter((_, at) => holds[at]);
}

/** Whom a client believes about servers. */
export interface Belief {
  /** Its home's domain. */
  readonly home: string;
  readonly pins: Pins;
  /** Whether its home is believed, whoever vouches: its owner has said so (`--unvouched`). */
  readonly isUnvouched: boolean;
}

/** What a home tells of, and over which of it ways go: over nothing else is anything sent, or asked, as nobody. */
export class Believed {
  readonly #all: readonly Told[];
  readonly #home: string;
  /** Those that ways go over. */
  readonly stations: readonly Told[];
  /** Nobody whom the client knows could vouch for any: all are believed, since there is nothing else to do. */
  readonly isAlone: boolean;

  private constructor(all: readonly Told[], home: string, vouched: readonly Told[] | null) {
    this.#all = all;
    this.#home = home;
    this.stations = vouched ?? all;
    this.isAlone = vouched === null;
  }

  /** `now`: Unix seconds. */
  static async of(all: readonly Told[], { home, pins, isUnvouched }: Belief, now: number): Promise<Believed> {
    return new Believed(all, home, isUnvouched ? all : await vouchedFor(all, pins, home, now));
  }

  /**
   * Whether there is a way of `hops` to `host`; or, where that is null, of so many hops back over any. Throws AnonymousError
   * `_anonymous_unvouched` where there is one over servers for which nobody vouches, and no other. Where there is none at all,
   * whoever draws it says so.
   */
  check(hops: number, host: string | null): void {
    const { stations } = this;
    if (this.#isWay(stations, hops, host) || !this.#isWay(this.#all, hops, host)) return;
    const [count, all] = [stations.length, this.#all.length];
    const where = host === null ? '' : ` to ${host}`;
    const text = `domains that you know vouch for ${count} of the ${all} servers that your home shows, too few for ${hops} hops${where}; --unvouched believes your home`;
    throw new AnonymousError('_anonymous_unvouched', text);
  }

  #isWay(stations: readonly Told[], hops: number, host: string | null): boolean {
    const owner = registrableOf(this.#home);
    const ways = new Set(stations.map(({ group }) => group).filter((group) => group !== owner));
    if (host === null) return ways.size >= hops;
    const last = stations.find(({ domain }) => domain === host);
    return last !== undefined && ways.add(last.group).size >= hops;
  }
}
