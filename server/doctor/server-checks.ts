/** Where the domain's server is, and whether it is there: SRV, addresses, TLS, the proof of its key, its clock. docs/operating.md#doctor */
import { isIP } from 'node:net';
import { transportLimits } from '../transport/limits.ts';
import { type Endpoint, endpointsOf, type Service, toldOrItself } from '../transport/resolve.ts';
import { bad, type Check, type Finding, good, type Visit, warning } from './finding.ts';
import { statementOf } from './record-checks.ts';
import { probe, type Probed } from './probe.ts';

const SERVER = 'server';
const TLS = 'TLS';
const PROOF = 'proof';
const CLOCK = 'clock';

const SKEW_SECONDS_MAX = 300;
const SKEW_SECONDS_WARNED = 60;

/** SRV records, their addresses, and what is found at each of these. */
export const serverCheck: Check = async (visit) => {
  const { domain, finder, peers, proxy } = visit;
  const findings: Finding[] = [];
  let endpoints: readonly Endpoint[];
  const told = peers.get(domain);
  if (told !== undefined) {
    endpoints = [told];
    findings.push(good(SERVER, `the configuration here says ${told.host} port ${told.port}`));
  } else if (proxy === null) {
    const services = await finder.services(`_psycs._tcp.${domain}`).catch(noneOrNull);
    try {
      endpoints = await endpointsOf(domain, { resolver: finder, peers, random: () => 0 }, transportLimits.hostsMax);
    } catch {
      return [
        bad(
          SERVER,
          'its SRV record says that there is no server',
          `take the record with the target . at _psycs._tcp.${domain} away`,
        ),
      ];
    }
    const where = endpoints.map(({ host, port }) => `${host} port ${port}`).join(', ');
    findings.push(srvFinding(domain, services, where));
  } else {
    endpoints = [toldOrItself(domain, peers)];
    findings.push(
      good(SERVER, `through a proxy no SRV record is asked: ${domain} port ${endpoints[0]!.port} is tried`),
    );
  }
  for (const endpoint of endpoints) findings.push(...(await addressed(visit, endpoint)));
  return findings;
};

/** An answer that there is none; null for none at all. */
function noneOrNull(error: unknown): readonly Service[] | null {
  const { code = '' } = error as NodeJS.ErrnoException;
  return code === 'ENODATA' || code === 'ENOTFOUND' ? [] : null;
}

function srvFinding(domain: string, services: readonly Service[] | null, where: string): Finding {
  if (services === null) {
    return warning(
      SERVER,
      `nobody answers for its SRV record: ${where} is tried`,
      'look whether its name servers can be reached',
    );
  }
  if (services.length > 0) return good(SERVER, `its SRV record says ${where}`);
  const remedy = `publish _psycs._tcp.${domain}, as p3do dns show prints it`;
  return warning(SERVER, `there is no SRV record: ${where} is tried`, remedy);
}

async function addressed(visit: Visit, endpoint: Endpoint): Promise<Finding[]> {
  const { finder, proxy } = visit;
  const { host, port } = endpoint;
  if (proxy !== null || isIP(host) !== 0) return visited(visit, endpoint, `${host} port ${port}`);
  const addresses = await finder.addresses(host).catch(() => []);
  if (addresses.length === 0) {
    return [bad(SERVER, `${host} has no address`, `publish an A or AAAA record for ${host}`)];
  }
  const findings: Finding[] = [];
  for (const { address } of addresses.slice(0, transportLimits.addressesMax)) {
    findings.push(...(await visited(visit, { host: address, port }, `${address} port ${port}`)));
  }
  return findings;
}

/** One server at one address. */
async function visited(visit: Visit, at: Endpoint, where: string): Promise<Finding[]> {
  const probed = await probe(visit.domain, at, visit.proxy, visit.unixMs);
  if (probed.kind === 'unreachable') {
    return [
      bad(
        TLS,
        `${where}: ${probed.reason}`,
        'start the server; let the port through, and let nothing else answer on it',
      ),
    ];
  }
  const { version, group } = probed;
  const tls = good(TLS, `${where}: ${version}${group === null ? '' : `, ${group}`}`);
  return [tls, proofOf(visit, probed, where), ...clockOf(probed, where)];
}

function proofOf(visit: Visit, { proof }: Extract<Probed, { kind: 'reached' }>, where: string): Finding {
  const { domain, ownKey } = visit;
  if (proof.kind === 'refused') {
    return bad(
      PROOF,
      `${where} does not prove a key of ${domain}: ${proof.reason}`,
      'something stands between, or it is another server: nothing may end TLS before it',
    );
  }
  const statement = statementOf(visit);
  const known = ownKey ?? (statement.kind === 'record' ? statement.fpr : null);
  if (known !== null && known !== proof.fingerprint) {
    const whose = ownKey === null ? 'the DNS names' : 'the key here is';
    return bad(
      PROOF,
      `${where} proves ${proof.fingerprint}, and ${whose} ${known}`,
      'trust neither before its admin has said which one is right',
    );
  }
  return good(PROOF, `${where} proves ${proof.fingerprint} over this connection`);
}

function clockOf({ clock }: Extract<Probed, { kind: 'reached' }>, where: string): Finding[] {
  if (clock === null) return [];
  const off = Math.abs(clock);
  const text = `${where}: its clock and ours differ by ${Math.round(off)} s`;
  if (off <= SKEW_SECONDS_WARNED) return [good(CLOCK, text)];
  const remedy = 'set both by NTP: more than five minutes, and neither takes what the other signs';
  return [off <= SKEW_SECONDS_MAX ? warning(CLOCK, text, remedy) : bad(CLOCK, text, remedy)];
}
