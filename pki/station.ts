/** The onion keys of a domain's server, as its certificate names them. docs/spec/pki.md#onion-epochs */
import type { Certificate } from './certificate.ts';
import { registrableOf } from './network.ts';
import { keyFlags } from './signature.ts';
import { domainOf } from './user-id.ts';

/** As routes take it (onion/route.ts): `group` is the registrable domain; keys of 32 bytes begin at Unix milliseconds. */
export interface StationKeys {
  readonly domain: string;
  readonly group: string;
  readonly keys: readonly { readonly publicKey: Uint8Array; readonly beginsMs: number }[];
}

/** Its keys that count at `now`, Unix seconds, the newest first; null: it is no domain's, or has none. */
export function stationIn(certificate: Certificate, now: number): StationKeys | null {
  const domain = domainOf(certificate);
  if (domain === null || certificate.revocation !== null || certificate.until <= now) return null;
  const keys = certificate.subkeys
    .filter(({ key, flags, until, isRevoked }) => {
      const isForOnions = key.curve === 'x25519' && (flags & keyFlags.encrypt) !== 0 && !isRevoked;
      return isForOnions && key.created <= now && until > now;
    })
    .map(({ key }) => ({ publicKey: key.raw, beginsMs: key.created * 1000 }))
    .sort((one, other) => other.beginsMs - one.beginsMs);
  return keys.length === 0 ? null : { domain, group: registrableOf(domain), keys };
}
