/** Whether the domain that looks and the one that is looked at countersign each other, by what each one's key server gives out. docs/operating.md#doctor */
import { type Certificate, readCertificate } from '../../pki/certificate.ts';
import { type CertStatus } from '../../pki/certification.ts';
import { countersignStatus } from '../../pki/countersignature.ts';
import { PkiError } from '../../pki/error.ts';
import { fingerprintsOf, keyAt } from '../keys/ask.ts';
import { KeyServerError } from '../keys/errors.ts';
import { transportLimits } from '../transport/limits.ts';
import { type Endpoint, endpointsOf } from '../transport/resolve.ts';
import { bad, type Check, type Finding, good, type Visit, warning } from './finding.ts';
import { statementOf } from './record-checks.ts';

const FEDERATION = 'federation';

/** With less left it should have been renewed a month ago. */
const LATE_SECONDS = 2_592_000;

/** A key server, and who runs it. */
interface KeyServer {
  readonly domain: string;
  readonly at: Endpoint;
  /** Of the domain's key. */
  readonly fingerprint: string;
}

/** Both directions; nothing where no domain of this machine looks, or looks at itself. */
export const countersignedCheck: Check = async (visit) => {
  const { domain, looker } = visit;
  if (looker === null || looker.domain === domain) return [];
  try {
    const fingerprint = await fingerprintOf(visit, looker.at);
    if (fingerprint === null) return [];
    const findings = [await direction(visit, looker, { domain, fingerprint })];
    // Key servers are not asked through a proxy.
    const [at = null] =
      visit.proxy === null ? await endpointsOf(domain, findingOf(visit), transportLimits.hostsMax) : [];
    if (at !== null) findings.push(await direction(visit, { domain, at, fingerprint }, looker));
    return findings;
  } catch (error) {
    if (!(error instanceof KeyServerError || error instanceof PkiError)) throw error;
    return [warning(FEDERATION, `nobody can tell: ${error.message}`, 'let both servers run, and look again')];
  }
};

const findingOf = ({ finder, peers }: Visit): Parameters<typeof endpointsOf>[1] => ({
  resolver: finder,
  peers,
  random: () => 0,
});

/** As it is known, as the DNS says, or as the ring of whoever looks has it. */
async function fingerprintOf(visit: Visit, at: Endpoint): Promise<string | null> {
  const statement = statementOf(visit);
  if (visit.ownKey !== null) return visit.ownKey;
  if (statement.kind === 'record') return statement.fpr;
  const [newest = null] = await fingerprintsOf(at, `p3do@${visit.domain}`);
  return newest;
}

/** Whether the domain of this key server countersigns the other one's key, as that key is given out there. */
async function direction(
  { unixMs }: Visit,
  { domain, at, fingerprint }: KeyServer,
  other: { readonly domain: string; readonly fingerprint: string },
): Promise<Finding> {
  const [target, authority] = await Promise.all([read(at, other.fingerprint), read(at, fingerprint)]);
  const now = Math.floor(unixMs() / 1000);
  const what = `${domain} countersigns ${other.domain}`;
  const remedy = `look at p3do federate show on both sides: each must have the other as normal`;
  if (authority === null) return bad(FEDERATION, `the key server of ${domain} has not its own key`, 'start it again');
  const status: CertStatus =
    target === null
      ? { isValid: false, code: '_uncertified', until: null }
      : await countersignStatus(target, authority, now);
  if (!status.isValid)
    return warning(FEDERATION, `${domain} does not countersign ${other.domain} (${status.code})`, remedy);
  const until = new Date(status.until * 1000).toISOString().slice(0, 10);
  return status.until - now < LATE_SECONDS
    ? warning(FEDERATION, `${what} until ${until} only`, 'let both servers meet: each renews by itself')
    : good(FEDERATION, `${what} until ${until}`);
}

async function read(at: Endpoint, fingerprint: string): Promise<Certificate | null> {
  const bytes = await keyAt(at, fingerprint);
  const certificate = bytes === null ? null : await readCertificate(bytes);
  return certificate?.key.fingerprint === fingerprint ? certificate : null;
}
