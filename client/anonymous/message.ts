/** A message from nobody: sealed to its reader, in as many layers as its route has hops. docs/spec/people.md#anonymous */
import type { Suite } from '../../crypto/suite.ts';
import { bareCell, envelopeFiller } from '../../onion/cell.ts';
import { drawRoute, type Station } from '../../onion/route.ts';
import { sealOnion } from '../../onion/seal.ts';
import { domainOf } from '../../pki/user-id.ts';
import { readCertificate } from '../../pki/certificate.ts';
import { stationIn } from '../../pki/station.ts';
import { renderRouted } from '../../psyc/render.ts';
import { parseUniform } from '../../psyc/uniform.ts';
import { sealAnonymous } from '../../publication/private.ts';
import type { Recipient } from '../../publication/seal.ts';
import { AnonymousError } from './error.ts';

/** Whom it is for, with the X25519 key that opens it. */
export interface Reader extends Recipient {
  readonly publicKey: Uint8Array;
}

/** The servers in certificates that the home has given, each by its own; `now`: Unix seconds. Throws PkiError. */
export async function stationsIn(
  given: readonly { readonly domain: string; readonly key: Uint8Array }[],
  now: number,
): Promise<readonly (Station & { readonly fingerprint: string })[]> {
  const read = await Promise.all(
    given.map(async ({ domain, key }) => {
      const certificate = await readCertificate(key);
      const station = stationIn(certificate, now);
      return domainOf(certificate) === domain && station !== null
        ? [{ ...station, fingerprint: certificate.key.fingerprint }]
        : [];
    }),
  );
  return read.flat();
}

/**
 * The cell to be handed to the home, which no route goes over but as the last hop. `nowMs`: Unix time. Throws AnonymousError
 * `_anonymous_unreachable` where the reader's server is not among the stations, `_anonymous_excessive_hops` where there are too few;
 * OnionError `_onion_oversized_content`, PublicationError as `sealAnonymous`.
 */
export function anonymousCell(
  suite: Suite,
  stations: readonly Station[],
  home: string,
  hops: number,
  reader: Reader,
  text: string,
  nowMs: number,
): Uint8Array {
  const { host } = parseUniform(reader.uniform);
  const last = stations.find(({ domain }) => domain === host);
  if (last === undefined) throw new AnonymousError('_anonymous_unreachable', `your home knows no way to ${host}`);
  const others = stations.filter(({ domain }) => domain !== home);
  const route = drawRoute(suite, others, hops, last, nowMs);
  if (route === null) {
    throw new AnonymousError('_anonymous_excessive_hops', `your home knows too few servers for ${hops} hops`);
  }
  const message = { entity: {}, method: '_message_private', data: text };
  const content = sealAnonymous(suite, reader, reader.publicKey, message);
  const packet = renderRouted({ _target: reader.uniform }, content);
  const { onion } = sealOnion(suite, route, 'exit', packet, Math.floor(nowMs / 1000), suite.random);
  return bareCell(onion, envelopeFiller(suite, suite.random));
}
