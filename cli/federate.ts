/** `p3do federate`: which other domains the running server has to do with, and what it knows of them. docs/operating.md#other-domains */
import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { setTimeout as wait } from 'node:timers/promises';
import { type Command, InvalidArgumentError } from 'commander';
import { askServer } from '../server/admin/channel.ts';
import { AdminError } from '../server/admin/errors.ts';
import {
  type AdminAnswer,
  type AdminQuestion,
  type DomainShown,
  type OwnKeyShown,
  parsePolicy,
  type PolicyChange,
  renderPolicy,
  type Rule,
} from '../server/admin/questions.ts';
import { loadDomain } from '../server/domain/load.ts';
import { domainArgument, domainOptions, folderOf, type Whose } from './whose.ts';
import { fingerprint } from './fingerprint.ts';

type Options = Whose & { readonly json?: true };

/** How long it is waited for a domain that was gone to. */
const metMsMax = 20_000;
const lookMs = 250;
/** To so many domains it is gone at once whose keys a file of rules names; to others when somebody has something to say there. */
const invitedMax = 16;

/** Adds the subcommands and the page of `p3do federate`. */
export function register(command: Command): void {
  command.addHelpText(
    'after',
    `
Asks the running server of a domain, through a socket in its folder that only its user may open. What is changed
holds at once, and over restarts. Domains that nobody has named are met as their DNS vouches for them; after
"p3do federate unknown closed" only those with a line of "allow" or "limit" are.

Examples:
  $ p3do federate add b.example --fingerprint 0123456789abcdef0123456789abcdef01234567
  $ p3do federate list
  $ p3do federate block evil.example
  $ p3do federate export > rules && p3do federate import rules --domain other.example`,
  );
  const sub = (name: string, summary: string): Command =>
    domainOptions(command.command(name).description(summary)).option('--json', 'one line of JSON');
  const one = (name: string, summary: string): Command =>
    sub(name, summary).argument('<domain>', 'the other domain', domainArgument);

  one('add', 'go to a domain, and take its key: by its fingerprint, or as its DNS vouches for it')
    .option('--fingerprint <hex>', 'its key, as its admin has told you over another way', fingerprint)
    .action(async (domain: string, options: Options & { readonly fingerprint?: string }, asked: Command) => {
      const folder = await folderOf(asked, options);
      // A linked domain may be refused by its new rule before that is answered.
      const beganMs = Date.now();
      await change(folder, [{ rule: 'allow', domain, fingerprint: options.fingerprint ?? null }]);
      try {
        tell(options, await met(folder, domain, beganMs));
      } catch (error) {
        if (!(error instanceof AdminError)) throw error;
        const kept = `; the rule "allow ${domain}" stays all the same; p3do federate remove ${domain} takes it back`;
        throw new AdminError(error.code as `_${string}`, `${error.message}${kept}`);
      }
    });
  one('test', 'go to a domain, and say whether it is let in').action(
    async (domain: string, options: Options, asked: Command) => {
      tell(options, await met(await folderOf(asked, options), domain));
    },
  );
  one('show', 'what is known of a domain').action(async (domain: string, options: Options, asked: Command) => {
    tell(options, await shown(await folderOf(asked, options), domain));
  });
  sub('list', 'domains with a rule, or a circuit').action(async (options: Options, asked: Command) => {
    const { domains, ownKey } = await answered(await folderOf(asked, options), { kind: 'list' }, 'domains');
    const revoked = ownKey === null ? '' : ownKeyLine(ownKey);
    if (options.json) process.stdout.write(`${JSON.stringify({ domains, ownKey })}\n`);
    else
      process.stdout.write(revoked + (domains.map((domain) => `${lineOf(domain)}\n`).join('') || 'no other domain\n'));
  });
  const rules: readonly (readonly [Rule, string])[] = [
    ['limit', 'speak with a domain, and vouch for nothing of it'],
    ['block', 'have nothing to do with a domain'],
  ];
  for (const [rule, summary] of rules) {
    one(rule, summary).action(async (domain: string, options: Options, asked: Command) => {
      await change(await folderOf(asked, options), [{ rule, domain, fingerprint: null }]);
      say(options, { rule, domain }, `${rule} ${domain}`);
    });
  }
  one('remove', 'forget a domain: its rule, its pinned key').action(
    async (domain: string, options: Options, asked: Command) => {
      await answered(await folderOf(asked, options), { kind: 'forget', domain }, 'done');
      say(options, { removed: domain }, `forgotten: ${domain}`);
    },
  );
  one(
    'lost',
    'its admin has told you over another way that its key is lost: a new one may follow, when others have seen it for a week',
  )
    .option('--not', 'it is not lost')
    .action(async (domain: string, options: Options & { readonly not?: true }, asked: Command) => {
      const isLost = options.not !== true;
      await answered(await folderOf(asked, options), { kind: 'lost', domain, isLost }, 'done');
      say(options, { lost: isLost, domain }, `${isLost ? 'lost' : 'not lost'}: the key of ${domain}`);
    });
  sub('unknown', 'whether domains without a rule are met')
    .argument('<how>', 'open or closed', how)
    .action(async (unknown: 'open' | 'closed', options: Options, asked: Command) => {
      await answered(await folderOf(asked, options), { kind: 'change', unknown, changes: [] }, 'done');
      say(options, { unknown }, `domains without a rule: ${unknown}`);
    });
  sub('export', 'print all rules, one a line').action(async (options: Options, asked: Command) => {
    const { text: policy } = await answered(await folderOf(asked, options), { kind: 'policy' }, 'policy');
    say(options, { policy }, policy.trimEnd());
  });
  sub('import', 'take rules, one a line; those of other domains stay')
    .argument('<file>', 'as `export` prints them, or the line of another domain’s `self`; - reads standard input')
    .action(async (file: string, options: Options, asked: Command) => {
      const read = file === '-' ? await text(process.stdin) : await readFile(file, 'utf8');
      const policy = parsePolicy(read);
      if (typeof policy === 'number') {
        throw new AdminError(
          '_admin_invalid_lines',
          `line ${policy} is no rule: allow, limit or block, a domain, perhaps its fingerprint`,
        );
      }
      const question = { kind: 'change', unknown: policy.unknown, changes: policy.lines } as const;
      const folder = await folderOf(asked, options);
      await answered(folder, question, 'done');
      // An invitation names a domain and its key: whoever takes it wants to be there.
      const invited = policy.lines.filter(({ rule, fingerprint: key }) => rule === 'allow' && key !== null);
      for (const { domain } of invited.slice(0, invitedMax)) await answered(folder, { kind: 'meet', domain }, 'done');
      const names = policy.lines.map(({ domain }) => domain);
      const [imported, repeated] = [new Set(names), new Set(names.filter((name, at) => names.indexOf(name) < at))];
      const more = [...repeated].map((name) => `\n  several lines name ${name}: the last is its rule`).join('');
      say(options, { imported: imported.size, repeated: [...repeated] }, `${imported.size} rules taken${more}`);
    });
  sub('onions', 'what passes of onions: counts and rates, never routes').action(
    async (options: Options, asked: Command) => {
      const { status } = await answered(await folderOf(asked, options), { kind: 'mor' }, 'mor');
      say(
        options,
        status ?? { off: true },
        status === null ? 'no onions: "mor" is not in config.json' : pageOfOnions(status),
      );
    },
  );
  sub('self', 'print the line by which others take this domain').action(async (options: Options, asked: Command) => {
    const { config, key } = await loadDomain(await folderOf(asked, options));
    const line = { rule: 'allow', domain: config.domain, fingerprint: key.certificate.key.fingerprint } as const;
    say(options, line, renderPolicy({ unknown: null, lines: [line] }).trimEnd());
  });
}

/** What a person is told of refusals; others are told as they are. */
const sentences: Readonly<Record<string, string>> = {
  _admin_own_domain:
    'that is this domain itself: there is nothing to add, to block or to forget; in a file of rules, take its line out',
  _admin_unknown_domain: 'nothing is known of this domain, and no rule names it: there is nothing to forget',
};

async function answered<Kind extends AdminAnswer['kind']>(
  folder: string,
  question: AdminQuestion,
  kind: Kind,
): Promise<AdminAnswer & { readonly kind: Kind }> {
  const answer = await askServer(folder, question).catch((error: unknown) => {
    const sentence = error instanceof AdminError ? sentences[error.code] : undefined;
    throw sentence === undefined ? error : new AdminError((error as AdminError).code as `_${string}`, sentence);
  });
  if (answer.kind !== kind) throw new AdminError('_admin_refused', 'the server speaks another version');
  return answer as AdminAnswer & { readonly kind: Kind };
}

const change = (folder: string, changes: readonly PolicyChange[]): Promise<AdminAnswer> =>
  answered(folder, { kind: 'change', unknown: null, changes }, 'done');

async function shown(folder: string, domain: string): Promise<DomainShown> {
  const { domains } = await answered(folder, { kind: 'show', domain }, 'domains');
  return domains[0]!;
}

/** Goes there, and waits until it is let in by the rules as they are, or is not; throws what it was refused with since `beganMs`. */
async function met(folder: string, domain: string, beganMs = Date.now()): Promise<DomainShown> {
  await answered(folder, { kind: 'meet', domain }, 'done');
  for (;;) {
    const found = await shown(folder, domain);
    const { isLinked, isUnsettled, refused } = found;
    if (isLinked && !isUnsettled) return found;
    if (refused !== null && refused.atMs >= beganMs - lookMs) {
      throw new AdminError(refused.code as `_${string}`, refusalOf(found, refused));
    }
    if (Date.now() - beganMs > metMsMax)
      throw new AdminError('_admin_late', `${domain} is not reached: ${whyNot(found)}`);
    await wait(lookMs);
  }
}

/** What is known here of why nobody is reached; the doctor looks at each. */
const whyNot = ({ domain, isUnreached }: DomainShown): string =>
  `${isUnreached ? 'its address is not found in the DNS, or nobody answers there' : `nothing has come of it in ${metMsMax / 1000} seconds`}; p3do doctor ${domain} says which`;

const say = ({ json }: Options, said: object, line: string): void =>
  void process.stdout.write(json ? `${JSON.stringify(said)}\n` : `${line}\n`);

const tell = (options: Options, domain: DomainShown): void => say(options, domain, pageOf(domain));

const grouped = (hex: string): string => hex.toUpperCase().replace(/(.{4})(?=.)/g, '$1 ');
const dated = (ms: number): string => new Date(ms).toISOString().slice(0, 16).replace('T', ' ');

const lineOf = ({ domain, rule, isLinked, standing, basis }: DomainShown): string =>
  [
    domain,
    isLinked ? 'connected' : 'away',
    standing,
    ...(basis === null ? [] : [basis]),
    ...(rule === null ? [] : [rule]),
  ].join(', ');

/** What stands above all else. */
function ownKeyLine({ isRevoked, refusedBy }: OwnKeyShown): string {
  const who = refusedBy.join(', ');
  const what = isRevoked
    ? `YOUR OWN KEY IS REVOKED, and refused by ${who}`
    : `your own key is revoked, according to ${who}; no revocation was found`;
  return `${what}: p3do key rotate --recovery FILE --at now (docs/operating.md#a-stolen-or-lost-key)\n`;
}

function refusalOf({ domain, given }: DomainShown, { row, fingerprint }: NonNullable<DomainShown['refused']>): string {
  const said =
    given === null || fingerprint === null
      ? []
      : [
          `you have said ${grouped(given)}, its server proves ${grouped(fingerprint)}: p3do federate show ${domain} says how to take that back`,
        ];
  return [`${domain} is not let in`, ...(row === null ? [] : [`row ${row} of docs/spec/trust.md`]), ...said].join('; ');
}

/** What the admin said, where it stands in the way, and how he takes it back. */
function linesOfGiven({ domain, given, refused }: DomainShown): string[] {
  if (given === null) return [];
  const proved = refused?.fingerprint ?? null;
  const add = `p3do federate add ${domain} --fingerprint`;
  return [
    `  given   ${grouped(given)}, as you have said; nothing else is let in`,
    ...(proved === null || proved === given
      ? ['          its server has not proved it yet']
      : [
          `          its server proves ${grouped(proved)}`,
          `          if its admin has told you that one over another way: ${add} ${proved}`,
        ]),
    `          to take back what you said, and meet it anew: p3do federate remove ${domain}`,
  ];
}

function pageOf(shown: DomainShown): string {
  const { fingerprint, sinceMs, trialUntilMs, provedMs, silentSinceMs, refused, countersigned, isLost } = shown;
  const { byUsUntilMs, byThemUntilMs } = countersigned;
  const word = (untilMs: number | null): string => (untilMs === null ? 'no' : `until ${dated(untilMs)}`);
  return [
    lineOf(shown),
    ...(fingerprint === null ? [] : [`  key     ${grouped(fingerprint)}`]),
    ...linesOfGiven(shown),
    ...(isLost ? [`  lost    as you have said; p3do federate lost ${shown.domain} --not takes it back`] : []),
    ...(sinceMs === null ? [] : [`  since   ${dated(sinceMs)}`]),
    ...(trialUntilMs === null ? [] : [`  trial   until ${dated(trialUntilMs)}`]),
    ...(provedMs === null ? [] : [`  proved  ${dated(provedMs)}`]),
    ...(silentSinceMs === null ? [] : [`  silent  since ${dated(silentSinceMs)}`]),
    ...(fingerprint === null
      ? []
      : [`  by us   countersigned ${word(byUsUntilMs)}`, `  by them countersigned ${word(byThemUntilMs)}`]),
    ...(refused === null
      ? []
      : [`  refused ${dated(refused.atMs)} (${refused.code}${refused.row === null ? '' : `, row ${refused.row}`})`]),
  ].join('\n');
}

type MorStatus = NonNullable<(AdminAnswer & { readonly kind: 'mor' })['status']>;

function pageOfOnions({ closedExits, further, ...first }: MorStatus): string {
  return [
    ...linesOfContext(first),
    ...(closedExits === 0 ? [] : [`  packets that nobody here takes: ${closedExits}`]),
    ...further.flatMap(({ name, ...status }) => [`context ${name}:`, ...linesOfContext(status)]),
  ].join('\n');
}

function linesOfContext({
  links,
  contexts,
  stations,
  linkMsMean,
  originMsMean,
  loops,
  counts,
}: Omit<MorStatus, 'closedExits' | 'further'>): string[] {
  const { sent, returned, lost, returnedMs } = loops;
  const mean = returned === 0 ? '' : `, ${(returnedMs / returned / 1000).toFixed(1)} s each`;
  return [
    `${links} links, ${contexts} contexts, ${stations} servers known`,
    `a frame on each link every ${linkMsMean} ms, a new cell every ${originMsMean} ms`,
    `loops: ${sent} sent, ${returned} back${mean}, ${lost} lost`,
    ...counts.map(([name, count]) => `  ${name}: ${count}`),
  ];
}

function how(typed: string): 'open' | 'closed' {
  if (typed === 'open' || typed === 'closed') return typed;
  throw new InvalidArgumentError('It is open or closed.');
}
