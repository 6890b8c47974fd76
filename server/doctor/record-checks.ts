/** The domain's record in the DNS: what it says, whether resolvers agree, whether it is signed. docs/operating.md#doctor */
import { agreed, type DnsStatement } from '../../pki/dns-statement.ts';
import { bad, type Check, type Finding, good, type Visit, warning } from './finding.ts';

const RECORD = 'record';
const RESOLVERS = 'resolvers';
const DNSSEC = 'DNSSEC';

/** A record that is kept longer than this is changed too slowly in an emergency. */
const TTL_MAX = 86_400;
const WEEK = 604_800;

const PASTE = 'publish what p3do dns show prints on its server';

/** The statement that the checks are about: that of the first resolver which says anything. */
export const statementOf = ({ told }: Visit): DnsStatement =>
  told.find(({ statement }) => statement.kind !== 'timeout')?.statement ?? { kind: 'timeout' };

/** What the TXT record says. */
export const recordCheck: Check = async (visit) => {
  const { domain, ownKey, told } = visit;
  const name = `_p3do.${domain}`;
  if (visit.isAlone) {
    const text = `${domain} is a name of this machine alone: no DNS is asked about it`;
    return [warning(RECORD, text, 'nothing, as long as nobody elsewhere is to find it')];
  }
  const statement = statementOf(visit);
  switch (statement.kind) {
    case 'record':
      break;
    case 'none':
      return [bad(RECORD, `there is no record of its key at ${name}`, PASTE)];
    case 'ambiguous':
      return [
        bad(
          RECORD,
          `the record at ${name} counts for nothing (${statement.code})`,
          `let only the line of p3do dns show stand there`,
        ),
      ];
    case 'bogus':
      return [
        bad(
          RECORD,
          `the answer does not validate: somebody has changed it, or the zone is signed wrongly`,
          `look at ${domain} with delv, or dnsviz`,
        ),
      ];
    case 'differing':
    case 'timeout':
      return [
        bad(
          RECORD,
          `nobody answers for ${name}: ${told[0]?.reason ?? 'no resolver is known'}`,
          'look whether its name servers, and these resolvers, can be reached',
        ),
      ];
  }
  const { fpr, seq, nfpr, x } = statement;
  // Some resolvers count down, and some keep nothing for longer than a day.
  const ttl = Math.max(...told.flatMap((one) => (one.statement.kind === 'record' ? [one.ttl] : [])));
  const now = Math.floor(visit.unixMs() / 1000);
  const key = `the key is ${fpr}, number ${seq}`;
  const findings: Finding[] = [
    ownKey === null || ownKey === fpr
      ? good(RECORD, nfpr === null ? key : `${key}; ${nfpr} is to follow`)
      : bad(
          RECORD,
          `it names ${fpr}, and the key here is ${ownKey}`,
          'find out who has put that there; then p3do dns publish --replace, or paste p3do dns show',
        ),
  ];
  if (ttl > TTL_MAX) {
    findings.push(
      warning(
        RECORD,
        `others may keep it for ${Math.round(ttl / 3600)} hours`,
        'set its TTL to 3600: a key that has to be changed is to be heard of soon',
      ),
    );
  }
  if (x !== null && x - now < WEEK) {
    findings.push(
      warning(RECORD, `it ends ${new Date(x * 1000).toISOString()}`, 'publish it with a later x, or without'),
    );
  }
  return findings;
};

/** Whether all resolvers say the same. */
export const resolversCheck: Check = async ({ told }) => {
  const silent = told.filter(({ statement }) => statement.kind === 'timeout');
  const speaking = told.filter(({ statement }) => statement.kind !== 'timeout');
  const findings = silent.map(({ resolver, reason }) =>
    warning(RESOLVERS, `${resolver}: ${reason}`, 'mend it, or take it out of dns.resolvers'),
  );
  const [first, ...others] = speaking;
  if (first === undefined) return findings;
  const other = others.find(({ statement }) => agreed(first.statement, statement).kind !== first.statement.kind);
  if (other !== undefined) {
    const text = `${first.resolver} and ${other.resolver} do not say the same (${said(first.statement)}, ${said(other.statement)})`;
    return [
      ...findings,
      bad(RESOLVERS, text, 'ask again after its TTL; if it stays so, one of them is lied to, or lies'),
    ];
  }
  if (others.length === 0) {
    const remedy = 'name a second one in dns.resolvers, of another kind: a key is changed only when two agree';
    return [...findings, warning(RESOLVERS, `only ${first.resolver} was asked`, remedy)];
  }
  return [...findings, good(RESOLVERS, `${speaking.map(({ resolver }) => resolver).join(', ')} say the same`)];
};

const said = (statement: DnsStatement): string => (statement.kind === 'record' ? statement.fpr : statement.kind);

/** Whether a validator has vouched for it. */
export const dnssecCheck: Check = async (visit) => {
  const { told, hasValidator, domain } = visit;
  if (statementOf(visit).kind === 'timeout') return [];
  if (told.some(({ statement }) => statement.kind === 'bogus')) {
    return [
      bad(
        DNSSEC,
        'a validator refuses what it hears',
        `mend the signatures of ${domain}, or find out who changes answers`,
      ),
    ];
  }
  if (told.some(({ statement }) => 'secure' in statement && statement.secure)) {
    return [good(DNSSEC, 'a validator on this machine vouches for it')];
  }
  return hasValidator
    ? [
        warning(
          DNSSEC,
          'the zone is not signed',
          `sign it: without, whoever answers for ${domain} names its key to those who do not know it`,
        ),
      ]
    : [
        warning(
          DNSSEC,
          'nobody here can tell',
          'run unbound on this machine, and name udp://127.0.0.1 first in dns.resolvers',
        ),
      ];
};
