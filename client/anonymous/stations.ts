/** The servers that a home tells of, and for which of them somebody vouches who is not the home. docs/spec/people.md#hops */
import type { Station } from '../../onion/route.ts';
import { type Certificate, readCertificate } from '../../pki/certificate.ts';
import { countersignStatus } from '../../pki/countersignature.ts';
import { registrableOf } from '../../pki/network.ts';
import { stationIn } from '../../pki/station.ts';
import { domainOf } from '../../pki/user-id.ts';

/** A server as its certificate says; fingerprint in lower-case hex digits. */
export interface Told extends Station {
  readonly fingerprint: string;
  readonly certificate: Certificate;
}

/** What a client knows of a domain by itself. */
export type Pins = ReadonlyMap<string, { readonly fingerprint: string }>;

/** The servers in certificates that the home has given, each by its own; `now`: Unix seconds. Throws PkiError. */
export async function stationsIn(
  given: readonly { readonly domain: string; readonly key: Uint8Array }[],
  now: number,
): Promise<readonly Told[]> {
  const read = await Promise.all(
    given.map(async ({ domain, key }) => {
      const certificate = await readCertificate(key);
      const station = stationIn(certificate, now);
      return domainOf(certificate) === domain && station !== null
        ? [{ ...station, fingerprint: certificate.key.fingerprint, certificate }]
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
