/** Whether the domain's key servers give out its key, all of them the same, and until when that counts. docs/operating.md#doctor */
import { parseArmour } from '../../pki/armour.ts';
import { type Certificate, faultOf, readCertificate } from '../../pki/certificate.ts';
import { PkiError } from '../../pki/error.ts';
import { getAt, insist, type KeyAnswer } from '../keys/ask.ts';
import { KeyServerError } from '../keys/errors.ts';
import { pointedAt } from '../keys/find.ts';
import { TransportError } from '../transport/errors.ts';
import { transportLimits } from '../transport/limits.ts';
import { type Endpoint, endpointsOf, isOnion, toldOrItself } from '../transport/resolve.ts';
import { expiries } from './expiries.ts';
import { bad, type Check, type Finding, findingOf, good, type Visit, warning, wayOf } from './finding.ts';
import { statementOf } from './record-checks.ts';

const KEY_SERVER = 'key server';

/** Where somebody looks for the domain's keys. */
interface Place {
  readonly at: Endpoint;
  /** Its record in the DNS names it, for whoever finds the domain's server down. */
  readonly isPointed: boolean;
}

/** A copy of the key, and where it was. */
interface Copy {
  readonly where: string;
  readonly certificate: Certificate;
}

const whereOf = ({ host, port }: Endpoint): string => `${host} port ${port}`;

/** The domain's own, and those that its record names; then when what they give out ends. Nothing where nobody knows which key is meant. */
export const keyServerCheck: Check = async (visit) => {
  const statement = statementOf(visit);
  const fingerprint = visit.ownKey ?? (statement.kind === 'record' ? statement.fpr : null);
  if (fingerprint === null) return [];
  const pointed = statement.kind === 'record' ? statement.ks.map(pointedAt) : [];
  const places: Place[] = [
    ...(await ownServers(visit)).map((at) => ({ at, isPointed: false })),
    ...pointed.map((at) => ({ at, isPointed: true })),
  ];
  const findings: Finding[] = [];
  const copies: Copy[] = [];
  for (const place of places) {
    const { finding, certificate } = await looked(visit, place, fingerprint);
    findings.push(finding);
    if (certificate !== null) copies.push({ where: whereOf(place.at), certificate });
  }
  const now = Math.floor(visit.unixMs() / 1000);
  const alive = copies.find(({ certificate }) => certificate.revocation === null);
  const ends = alive === undefined ? [] : expiries(alive.certificate, now, visit.hasOnions);
  return [...findings, ...agreement(copies), ...ends];
};

/** None where the domain says that it has no server; that is said elsewhere. */
async function ownServers(visit: Visit): Promise<readonly Endpoint[]> {
  if (visit.proxy !== null) return [toldOrItself(visit.domain, visit.peers)];
  return endpointsOf(visit.domain, findingOf(visit), transportLimits.hostsMax).catch((error: unknown) => {
    if (error instanceof TransportError) return [];
    throw error;
  });
}

async function looked(
  visit: Visit,
  { at, isPointed }: Place,
  fingerprint: string,
): Promise<{ readonly finding: Finding; readonly certificate: Certificate | null }> {
  const where = whereOf(at);
  const none = (finding: Finding): Awaited<ReturnType<typeof looked>> => ({ finding, certificate: null });
  if (visit.proxy === null && isOnion(at.host)) {
    return none(warning(KEY_SERVER, `${where} is not asked: it is in Tor`, 'look through a domain with a proxy'));
  }
  let answer: KeyAnswer;
  let certificate: Certificate | null;
  try {
    answer = await getAt(at, `/pks/lookup?op=get&options=mr&search=0x${fingerprint}`, wayOf(visit));
    certificate = answer.status === 404 ? null : await readCertificate(parseArmour(insist(answer)));
  } catch (error) {
    if (!(error instanceof KeyServerError || error instanceof PkiError)) throw error;
    const remedy = isPointed
      ? 'let it run, or take it out of dns.keyServers and publish the record anew'
      : 'start the server; let its port through';
    return none(bad(KEY_SERVER, `${where}: ${error.message}`, remedy));
  }
  if (certificate?.key.fingerprint !== fingerprint) {
    const remedy = isPointed
      ? `bring it there (gpg --send-keys), or take it out of dns.keyServers: it is to help while the server is down`
      : 'start the server again: it puts its key there';
    return none(bad(KEY_SERVER, `${where} has not the key ${fingerprint}`, remedy));
  }
  const fault = faultOf(certificate, Math.floor(visit.unixMs() / 1000));
  if (fault !== null) {
    const remedy =
      'others refuse the domain by it: another key must follow (p3do key rotate --recovery, or a new fingerprint told to all)';
    return {
      finding: bad(KEY_SERVER, `${where} has the key ${fingerprint}, which counts no more (${fault})`, remedy),
      certificate,
    };
  }
  // Whoever asks for keys does not insist on it; GnuPG does.
  if (isPointed && answer.fault !== null) {
    const remedy = 'give it a certificate that everybody takes (tls.certificate): without one GnuPG asks in vain';
    return {
      finding: warning(KEY_SERVER, `${where} has the key; of its own certificate: ${answer.fault}`, remedy),
      certificate,
    };
  }
  return { finding: good(KEY_SERVER, `${where} has the key ${fingerprint}`), certificate };
}

/** What the key says of itself, in one line; what others have signed differs from ring to ring. */
const sayingOf = ({ revocation, until, userIds, subkeys }: Certificate): string =>
  JSON.stringify([
    revocation?.isHard ?? null,
    until,
    userIds.map(({ text, isRevoked }) => [text, isRevoked]),
    subkeys.map(({ key, until: end, isRevoked }) => [key.fingerprint, end, isRevoked]),
  ]);

function agreement([first, ...others]: readonly Copy[]): Finding[] {
  if (first === undefined) return [];
  return others
    .filter(({ certificate }) => sayingOf(certificate) !== sayingOf(first.certificate))
    .map(({ where }) =>
      warning(
        KEY_SERVER,
        `${first.where} and ${where} have different copies of the key`,
        'bring the newer copy to both (gpg --recv-keys from each, gpg --send-keys to each): a revocation, or another subkey, is missing',
      ),
    );
}
