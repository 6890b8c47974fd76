/** `p3do account`: the people of a domain for its admin, as the running server knows them: listed, shown, frozen, closed. docs/operating.md#accounts */
import { createInterface } from 'node:readline/promises';
import { type Command, InvalidArgumentError } from 'commander';
import { isNick } from '../psyc/names.ts';
import { askServer } from '../server/admin/channel.ts';
import { AdminError } from '../server/admin/errors.ts';
import type { AccountShown, AdminAnswer, AdminQuestion, BudgetShown, FeedShown } from '../server/admin/questions.ts';
import { loadDomain } from '../server/domain/load.ts';
import { nameOf } from './person/show.ts';
import { count } from './person/target.ts';
import { domainOptions, folderOf, type Whose } from './whose.ts';

type Options = Whose & { readonly json?: true };
type ListOptions = Options & { readonly after?: string; readonly limit?: number };
type CloseOptions = Options & { readonly yes?: string };

/** What is meant by a code here. */
const sentences: Readonly<Record<string, string>> = {
  _unknown_target: 'has no account here: p3do account list shows who has',
  _closed_account: 'is closed: p3do account show says since when',
  _trust_unavailable:
    'the store does not answer, or nobody knows whether it did: look with p3do account show, and do it again',
};

/** Adds the subcommands and the page of `p3do account`. */
export function register(command: Command): void {
  command.addHelpText(
    'after',
    `
Asks the running server of a domain, through a socket in its folder that only its user may open. Names are nicks
of the domain (ada, or ada@a.example). People register by themselves (p3do register), with an invitation where
the domain wants one (p3do invite). Passwords there are none: who has lost his keys has lost the account, and
nobody can give it back.

Examples:
  $ p3do account list
  $ p3do account show mallory
  $ p3do account freeze mallory
  $ p3do account close mallory`,
  );
  const sub = (name: string, summary: string): Command =>
    domainOptions(
      command.command(name).description(summary).showHelpAfterError(`See: p3do help account ${name}`),
    ).option('--json', 'one line of JSON');
  const one = (name: string, summary: string): Command => sub(name, summary).argument('<nick>', 'whose', address);

  sub('list', 'everybody who has an account, in the order of their names')
    .option('--after <nick>', 'behind this one', address)
    .option('--limit <accounts>', 'at most so many', count)
    .addHelpText(
      'after',
      `
Since when, and when somebody logged in last, are days: the server keeps nothing more exact.

Example:
  $ p3do account list --json | jq -r '.accounts[] | select(.seenMs < (now - 86400 * 365) * 1000) | .nick'`,
    )
    .action(async ({ after, limit, ...options }: ListOptions, asked: Command) => {
      const { folder, domain } = await domainOf(asked, options);
      const start = after === undefined ? null : nickOf(asked, after, domain);
      await list(folder, domain, start, limit ?? Number.POSITIVE_INFINITY, options);
    });
  sub('visitors', 'people of other domains who speak through this server, since their own does not answer').action(
    async (options: Options, asked: Command) => {
      const { folder, domain } = await domainOf(asked, options);
      const { visitors } = await answered(folder, { kind: 'visitors' }, 'visitors', domain);
      const lines = visitors.map(
        ({ person, devices }) => `${nameOf(person)}, ${devices === 1 ? '1 circuit' : `${devices} circuits`}`,
      );
      say(options, { visitors }, lines.join('\n') || 'no visitors');
    },
  );
  sub('boxes', 'how many boxes this server keeps, for people of whom it knows nothing').action(
    async (options: Options, asked: Command) => {
      const { folder, domain } = await domainOf(asked, options);
      const { boxes } = await answered(folder, { kind: 'boxes' }, 'boxes', domain);
      const line =
        boxes === null
          ? 'no boxes: "pigeonhole" is not in config.json'
          : `${boxes.count} of ${boxes.most} boxes; the next one takes ${boxes.workBits} bits of work`;
      say(options, boxes ?? { off: true }, line);
    },
  );
  sub('publications', 'whose publications this server keeps, what they take, and whose budgets are spent')
    .addHelpText(
      'after',
      `
Those that this server has had to do with since it began. Files of people who live here stay until they delete
them, up to the room that is shown; of others the oldest go for newer ones. Of each budget it is shown what is left now.

Example:
  $ p3do account publications --json | jq '[.feeds[].bytes] | add'`,
    )
    .action(async (options: Options, asked: Command) => {
      const { folder, domain } = await domainOf(asked, options);
      const { feeds, budgets } = await answered(folder, { kind: 'feeds' }, 'feeds', domain);
      const lines = [...feeds.map(feedLine), ...budgets.map(budgetLine)];
      say(options, { feeds, budgets }, lines.join('\n') || 'no publications');
    });
  one('show', 'what the server knows of an account, or of one that was closed').action(
    async (typed: string, options: Options, asked: Command) => {
      const { folder, domain } = await domainOf(asked, options);
      const nick = nickOf(asked, typed, domain);
      const { accounts } = await answered(folder, { kind: 'account', nick }, 'accounts', `${nick}@${domain}`);
      const account = accounts[0]!;
      if (!account.isThere && account.closedMs === null) throw refused('_unknown_target', `${nick}@${domain}`);
      say(options, account, pageOf(account, domain));
    },
  );
  const freezing: readonly (readonly [name: string, isFrozen: boolean, summary: string, told: string])[] = [
    ['freeze', true, 'let nobody log in to an account, and cut off who is', 'nobody logs in any more'],
    ['thaw', false, 'let its owner log in again', 'its owner may log in again'],
  ];
  for (const [name, isFrozen, summary, told] of freezing) {
    one(name, summary)
      .addHelpText(
        'after',
        `
Frozen, an account loses nothing: what is said to it is kept, it stays a member of its places and a friend of its
friends, and its key counts. Who logs in is told _frozen_account. (p3do key revoke takes the key back instead,
before all the world.)

Example:
  $ p3do account ${name} mallory`,
      )
      .action(async (typed: string, options: Options, asked: Command) => {
        const { folder, domain } = await domainOf(asked, options);
        const nick = nickOf(asked, typed, domain);
        await answered(folder, { kind: 'freeze', nick, isFrozen }, 'done', `${nick}@${domain}`);
        say(options, { nick, isFrozen }, `${nick}@${domain}: ${told}`);
      });
  }
  one('close', 'close an account for good')
    .option('--yes <nick>', 'the account, once more, instead of typing it when asked', address)
    .addHelpText(
      'after',
      `
Nobody can log in any more or write to it, its log, devices, drawers and friendships are removed here, it leaves
all places (which are told), the domain takes its word for the key back, and nobody gets the name for a year. It
cannot be undone. What was said in places stays in their logs, what was said to others with them. Its owner can
take everything along before (p3do export), while he can log in.

Examples:
  $ p3do account close mallory
  $ p3do account close mallory --yes mallory`,
    )
    .action(async (typed: string, options: CloseOptions, asked: Command) => {
      const { folder, domain } = await domainOf(asked, options);
      const nick = nickOf(asked, typed, domain);
      const name = `${nick}@${domain}`;
      const again = nickOf(asked, options.yes ?? (await typedAgain(asked, name)), domain);
      if (again !== nick) throw new AdminError('_input_invalid', `nothing was done: ${name} was to be typed`);
      await answered(folder, { kind: 'close', nick }, 'done', name);
      say(options, { closed: nick }, `closed ${name}: nobody gets this name for a year`);
    });
}

/** The domain that is meant. */
async function domainOf(command: Command, whose: Whose): Promise<{ readonly folder: string; readonly domain: string }> {
  const folder = await folderOf(command, whose);
  const { config } = await loadDomain(folder);
  return { folder, domain: config.domain };
}

async function list(
  folder: string,
  domain: string,
  after: string | null,
  limit: number,
  options: Options,
): Promise<void> {
  const accounts: AccountShown[] = [];
  let next = after;
  do {
    const page = await answered(folder, { kind: 'accounts', after: next }, 'accounts', '');
    accounts.push(...page.accounts);
    ({ next } = page);
  } while (next !== null && accounts.length < limit);
  const isCut = accounts.length > limit || next !== null;
  const shown = accounts.slice(0, limit);
  const more = isCut ? (shown.at(-1)?.nick ?? null) : null;
  if (options.json) process.stdout.write(`${JSON.stringify({ accounts: shown, next: more })}\n`);
  else {
    const lines = [
      ...shown.map((account) => lineOf(account, domain)),
      ...(more === null ? [] : [`more: --after ${more}`]),
    ];
    process.stdout.write(`${lines.join('\n') || 'nobody is registered'}\n`);
  }
}

async function answered<Kind extends AdminAnswer['kind']>(
  folder: string,
  question: AdminQuestion,
  kind: Kind,
  name: string,
): Promise<AdminAnswer & { readonly kind: Kind }> {
  const answer = await askServer(folder, question).catch((error: unknown) => {
    throw error instanceof AdminError && Object.hasOwn(sentences, error.code) ? refused(error.code, name) : error;
  });
  if (answer.kind !== kind) throw new AdminError('_admin_refused', 'the server speaks another version');
  return answer as AdminAnswer & { readonly kind: Kind };
}

const refused = (code: string, name: string): AdminError =>
  new AdminError(code as `_${string}`, `${name} ${sentences[code] ?? 'cannot be had'}`.trim());

/** The name as somebody types it. */
async function typedAgain(command: Command, name: string): Promise<string> {
  if (!process.stdin.isTTY) command.error(`this closes ${name} for good: say --yes ${name}`);
  process.stderr.write(
    `This closes ${name} for good, and cannot be undone (p3do help account close says what goes).\n`,
  );
  const asking = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return (await asking.question('Type the name to close it: ')).trim().toLowerCase();
  } finally {
    asking.close();
  }
}

const say = ({ json }: Options, said: object, line: string): void =>
  void process.stdout.write(json ? `${JSON.stringify(said)}\n` : `${line}\n`);

const dated = (ms: number | null): string => (ms === null ? 'unknown' : new Date(ms).toISOString().slice(0, 10));
const counted = (count: number, one: string): string => `${count} ${one}${count === 1 ? '' : 's'}`;

function stateOf({ closedMs, frozenMs, isHere, seenMs }: AccountShown): string {
  if (closedMs !== null) return `closed ${dated(closedMs)}`;
  const seen = isHere ? 'here' : `last here ${dated(seenMs)}`;
  return frozenMs === null ? seen : `${seen}, frozen since ${dated(frozenMs)}`;
}

function feedLine({
  person,
  followers,
  isOwed,
  publications,
  bytes,
  files,
  fileBytes,
  fileBytesMax,
}: FeedShown): string {
  return [
    `${nameOf(person)}: ${counted(publications, 'publication')}, ${counted(bytes, 'byte')}`,
    `${counted(files, 'file')}, ${fileBytes} of ${fileBytesMax} bytes`,
    `${counted(followers, 'follower')} here`,
    ...(isOwed ? ['its home may lack some'] : []),
  ].join('; ');
}

const budgetLine = ({ of, name, left, most }: BudgetShown): string => `${of}, ${nameOf(name)}: ${left} of ${most} left`;

const lineOf = (account: AccountShown, domain: string): string =>
  [
    `${account.nick}@${domain}`,
    ...(account.isThere ? [`since ${dated(account.createdMs)}`] : []),
    ...(account.devices === null ? [] : [counted(account.devices, 'device')]),
    stateOf(account),
  ].join(', ');

function pageOf(account: AccountShown, domain: string): string {
  const { friends, places } = account;
  const counts =
    friends === null || places === null ? [] : [`  ${counted(friends, 'friend')}, ${counted(places, 'place')}`];
  return [lineOf(account, domain), ...counts].join('\n');
}

/** `nick`, or `nick@domain`. */
function address(text: string): string {
  const [nick = '', domain, ...more] = text.toLowerCase().split('@');
  if (isNick(nick) && domain !== '' && more.length === 0) return text.toLowerCase();
  throw new InvalidArgumentError('It takes a nick of this domain.');
}

function nickOf(command: Command, typed: string, home: string): string {
  const [nick = '', domain = home] = typed.split('@');
  if (domain !== home) command.error(`${typed} lives elsewhere: this domain is ${home}`);
  return nick;
}
