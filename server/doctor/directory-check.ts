/** Whether OpenPGP software finds the domain's people by their addresses alone, in its web key directory. docs/operating.md#doctor */
import { isIP } from 'node:net';
import { type Certificate, readCertificate } from '../../pki/certificate.ts';
import { PkiError } from '../../pki/error.ts';
import { directoryName } from '../../pki/hkp.ts';
import { domainOf } from '../../pki/user-id.ts';
import { getAt, type KeyAnswer } from '../keys/ask.ts';
import { KeyServerError } from '../keys/errors.ts';
import { isOnion } from '../transport/resolve.ts';
import { bad, type Check, dayOf, type Finding, good, type Visit, warning, wayOf } from './finding.ts';

const WKD = 'WKD';

/** Who stands in the directory of every domain. */
const LOCAL = 'p3do';

/** Its certificate is to be renewed. */
const SOON_SECONDS = 1_209_600;

/** One of the two ways of draft-koch-openpgp-webkey-service section 3.1. */
interface Way {
  readonly method: 'advanced' | 'direct';
  readonly host: string;
  readonly path: string;
}

/** What is at it. */
type Seen =
  /** No such name, or nobody tells. */
  | { readonly kind: 'nameless' }
  | { readonly kind: 'failing'; readonly reason: string }
  | { readonly kind: 'giving'; readonly until: number };

/** Both ways. Clients ask the direct one only where the name of the advanced one does not exist. */
export const directoryCheck: Check = async (visit) => {
  const { domain } = visit;
  // Whose name is this machine's alone has no directory that anybody looks at.
  if (visit.isAlone || isOnion(domain) || isIP(domain) !== 0 || /(?:^|\.)localhost$/.test(domain)) return [];
  const folder = '/.well-known/openpgpkey';
  const name = `hu/${directoryName(LOCAL)}?l=${LOCAL}`;
  const advanced: Way = { method: 'advanced', host: `openpgpkey.${domain}`, path: `${folder}/${domain}/${name}` };
  const direct: Way = { method: 'direct', host: domain, path: `${folder}/${name}` };
  const [first, second] = [await seen(visit, advanced), await seen(visit, direct)];
  if (first.kind === 'giving') return [found(visit, advanced, first.until), ...unasked(visit, direct, second)];
  const { host } = advanced;
  if (first.kind === 'failing') {
    const remedy = `let it answer there, or take the name ${host} away: where it exists nothing else is asked`;
    return [bad(WKD, `advanced, ${host}: ${first.reason}`, remedy), ...unasked(visit, direct, second)];
  }
  if (second.kind === 'giving') return [found(visit, direct, second.until)];
  const reason = second.kind === 'failing' ? `: ${second.reason}` : ' has no address';
  const remedy = `set keys.tlsPort 443 and tls.certificate, for whoever has nothing but an address (gpg --locate-external-keys)`;
  return [warning(WKD, `no directory: there is no ${host}, and ${domain}${reason}`, remedy)];
};

/** What nobody asks is worth a line only where it works. */
const unasked = (visit: Visit, way: Way, one: Seen): Finding[] =>
  one.kind === 'giving' ? [found(visit, way, one.until)] : [];

function found({ domain, unixMs }: Visit, { method, host }: Way, until: number): Finding {
  const text = `${method}, ${host}: gives out the key of ${domain}; its certificate ends ${dayOf(until)}`;
  return until - unixMs() / 1000 < SOON_SECONDS
    ? warning(WKD, text, 'renew it, and start the server again')
    : good(WKD, text);
}

async function seen(visit: Visit, { host, path }: Way): Promise<Seen> {
  const { proxy, finder, domain } = visit;
  if (proxy === null && (await finder.addresses(host).catch(() => [])).length === 0) return { kind: 'nameless' };
  const failing = (reason: string): Seen => ({ kind: 'failing', reason });
  let answer: KeyAnswer;
  let certificate: Certificate | null;
  try {
    answer = await getAt({ host, port: visit.web.port }, path, wayOf(visit));
    certificate = answer.status === 200 ? await readCertificate(answer.body) : null;
  } catch (error) {
    if (!(error instanceof KeyServerError || error instanceof PkiError)) throw error;
    // Through a proxy nobody tells whether the name exists.
    return proxy === null ? failing(error.message) : { kind: 'nameless' };
  }
  if (answer.fault !== null) return failing(`nobody takes its certificate (${answer.fault})`);
  if (certificate === null) return failing(`no key of ${LOCAL}@${domain} is there (status ${answer.status})`);
  if (domainOf(certificate) !== domain) return failing('what is there is no key of this domain');
  return { kind: 'giving', until: Math.floor(answer.endsMs / 1000) };
}
