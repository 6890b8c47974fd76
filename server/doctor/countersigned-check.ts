/** Whether two domains countersign each other: the one that looks and the one that is looked at, or that one and all whose word is on its key. docs/operating.md#doctor */
import { type Certificate, readCertificate } from '../../pki/certificate.ts';
import { type CertStatus } from '../../pki/certification.ts';
import { countersignStatus } from '../../pki/countersignature.ts';
import { PkiError } from '../../pki/error.ts';
import { domainOf } from '../../pki/user-id.ts';
import { fingerprintsOf, keyAt, type Way } from '../keys/ask.ts';
import { KeyServerError } from '../keys/errors.ts';
import { TransportError } from '../transport/errors.ts';
import { type Endpoint, endpointsOf, toldOrItself } from '../transport/resolve.ts';
import { bad, type Check, dayOf, type Finding, findingOf, good, type Visit, warning, wayOf } from './finding.ts';
import { statementOf } from './record-checks.ts';

const FEDERATION = 'federation';

/** With less left it should have been renewed a month ago. */
const LATE_SECONDS = 2_592_000;

/** A key server, and how it is reached; left out: as one of this machine. */
interface KeyServer {
  readonly at: Endpoint;
  readonly way?: Way;
}

/** A domain by its key. */
interface Named {
  readonly domain: string;
  readonly fingerprint: string;
}

/** Both directions; nothing where no domain of this machine looks. */
export const countersignedCheck: Check = async (visit) => {
  const { domain, looker } = visit;
  if (looker === null) return [];
  const own: KeyServer = { at: looker.at };
  try {
    if (looker.domain === domain) return await everybody(visit, own, looker);
    const fingerprint = await fingerprintOf(visit, own);
    if (fingerprint === null) return [];
    const other = { domain, fingerprint };
    const findings = [await direction(visit, own, looker, other)];
    const at = await endpointOf(visit);
    if (at !== null) findings.push(await direction(visit, { at, way: wayOf(visit) }, other, looker));
    return findings;
  } catch (error) {
    if (!(error instanceof KeyServerError || error instanceof PkiError)) throw error;
    return [warning(FEDERATION, `nobody can tell: ${error.message}`, 'let both servers run, and look again')];
  }
};

/** Of a domain of this machine: all whose word is on its own key, both ways, as its own ring has them. */
async function everybody(visit: Visit, own: KeyServer, looker: Named): Promise<Finding[]> {
  const key = await read(own, looker.fingerprint);
  if (key === null) return [unknown(looker.domain)];
  const domains = new Set<string>();
  for (const { issuer } of key.userIds.flatMap(({ foreign }) => foreign)) {
    const by = issuer === null ? null : await read(own, issuer);
    const domain = by === null ? null : domainOf(by);
    if (domain !== null && domain !== looker.domain) domains.add(domain);
  }
  const findings: Finding[] = [];
  for (const domain of [...domains].toSorted()) {
    // The newest: what an older key has said is over.
    const [fingerprint = null] = await fingerprintsOf(own.at, `p3do@${domain}`);
    if (fingerprint === null) continue;
    const other = { domain, fingerprint };
    findings.push(await direction(visit, own, looker, other), await direction(visit, own, other, looker));
  }
  const remedy = 'p3do federate add DOMAIN, here and there: so its people may speak elsewhere while its server is down';
  return findings.length > 0 ? findings : [warning(FEDERATION, `nobody countersigns ${looker.domain}`, remedy)];
}

async function endpointOf(visit: Visit): Promise<Endpoint | null> {
  if (visit.proxy !== null) return toldOrItself(visit.domain, visit.peers);
  const [at = null] = await endpointsOf(visit.domain, findingOf(visit), 1).catch((error: unknown) => {
    if (error instanceof TransportError) return [];
    throw error;
  });
  return at;
}

/** As it is known, as the DNS says, or as the ring of whoever looks has it. */
async function fingerprintOf(visit: Visit, { at }: KeyServer): Promise<string | null> {
  const statement = statementOf(visit);
  if (visit.ownKey !== null) return visit.ownKey;
  if (statement.kind === 'record') return statement.fpr;
  const [newest = null] = await fingerprintsOf(at, `p3do@${visit.domain}`);
  return newest;
}

const unknown = (domain: string): Finding =>
  bad(FEDERATION, `the key server of ${domain} has not its own key`, 'start it again');

/** Whether one domain countersigns the other one's key, as this key server gives both out. */
async function direction({ unixMs }: Visit, server: KeyServer, by: Named, other: Named): Promise<Finding> {
  const [target, authority] = await Promise.all([read(server, other.fingerprint), read(server, by.fingerprint)]);
  const now = Math.floor(unixMs() / 1000);
  const what = `${by.domain} countersigns ${other.domain}`;
  const remedy =
    `at ${by.domain}: p3do federate show ${other.domain}. If it says connected and normal, the word comes within the hour. If not, p3do federate add ` +
    `${other.domain} --fingerprint ${other.fingerprint} goes there, and makes it so: compare the fingerprint with its admin first, over another way`;
  if (authority === null) return unknown(by.domain);
  const status: CertStatus =
    target === null
      ? { isValid: false, code: '_uncertified', until: null }
      : await countersignStatus(target, authority, now);
  if (!status.isValid)
    return warning(FEDERATION, `${by.domain} does not countersign ${other.domain} (${status.code})`, remedy);
  const until = dayOf(status.until);
  return status.until - now < LATE_SECONDS
    ? warning(FEDERATION, `${what} until ${until} only`, 'let both servers meet: each renews by itself')
    : good(FEDERATION, `${what} until ${until}`);
}

async function read({ at, way }: KeyServer, fingerprint: string): Promise<Certificate | null> {
  const bytes = await keyAt(at, fingerprint, way);
  const certificate = bytes === null ? null : await readCertificate(bytes);
  return certificate?.key.fingerprint === fingerprint ? certificate : null;
}
