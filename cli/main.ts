/** The p3do command: finds the subcommand, loads that one only, and turns every outcome into an exit code. */
import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { failureOf } from './failure.ts';
import { foldedPage, groupOf, groups } from './help.ts';

/** What p3do ends with: `bad` is the input's or the world's fault, `usage` that of whoever typed the command. */
const exitCodes = { good: 0, bad: 1, usage: 2 } as const;

/**
 * One subcommand. Its name and summary stand here so that `p3do help` loads none of them; its module adds the arguments,
 * options and action to the `Command` it is given. In an action, wrong usage is `command.error(…)`; bad input is said on
 * stderr and leaves `process.exitCode` 1; a system error may simply be thrown.
 */
type Subcommand = {
  summary: string;
  example: string;
  load: () => Promise<{ register: (command: Command) => void }>;
};

const subcommands: Record<string, Subcommand> = {
  localserve: {
    summary: 'try it: three domains on this machine, two people who speak, and you',
    example: 'p3do localserve',
    load: () => import('./localserve.ts'),
  },
  packet: {
    summary: 'read PSYC packets: write them again, canonically, or as JSON',
    example: "printf ':_tag\\t1\\n\\n_message\\nhi\\n|\\n' | p3do packet --json",
    load: () => import('./packet.ts'),
  },
  cell: {
    summary: 'make and open cells of the onion by hand, to hold another implementation against this one',
    example: 'printf hello | p3do cell seal route.json | p3do cell peel keys.json',
    load: () => import('./cell.ts'),
  },
  quickstart: {
    summary: 'make a domain on this machine: its keys, its configuration, the first invitation',
    example: 'p3do quickstart example.org',
    load: () => import('./quickstart.ts'),
  },
  config: {
    summary: "say what is wrong with a domain's configuration, or what it means",
    example: 'p3do config check --domain example.org',
    load: () => import('./config.ts'),
  },
  dns: {
    summary: "show a domain's DNS records, or put them into its zone",
    example: 'p3do dns show --domain example.org',
    load: () => import('./dns.ts'),
  },
  doctor: {
    summary: 'look at a domain from outside: its DNS records, its server, its proof',
    example: 'p3do doctor example.org',
    load: () => import('./doctor.ts'),
  },
  invite: {
    summary: 'make an invitation that lets one person register',
    example: 'p3do invite --domain example.org',
    load: () => import('./invite.ts'),
  },
  key: {
    summary: "a domain's own key: another one (rotate), stolen (void); its people's: revoke, certify, find",
    example: 'p3do key revoke mallory --domain example.org',
    load: () => import('./key.ts'),
  },
  account: {
    summary: 'the people of a domain, for its admin: list, show, freeze, close accounts',
    example: 'p3do account list',
    load: () => import('./account.ts'),
  },
  federate: {
    summary: 'which other domains a running server has to do with, and what it knows of them',
    example: 'p3do federate list',
    load: () => import('./federate.ts'),
  },
  serve: {
    summary: "run a domain's server",
    example: 'p3do serve',
    load: () => import('./serve.ts'),
  },
  store: {
    summary: "look after a domain's embedded database",
    example: 'p3do store upgrade --domain example.org',
    load: () => import('./store.ts'),
  },
  simulate: {
    summary: 'run servers under a seed, with faults, and check what must hold',
    example: 'p3do simulate --seed 7',
    load: () => import('./simulate.ts'),
  },
  register: {
    summary: 'make keys for a person, and register a name at a domain',
    example: 'p3do register ada@a.example',
    load: () => import('./register.ts'),
  },
  device: {
    summary: 'the devices that you have: list them, or say that one counts no more',
    example: 'p3do device list',
    load: () => import('./device.ts'),
  },
  passphrase: {
    summary: 'put your identity key under another passphrase',
    example: 'p3do passphrase',
    load: () => import('./passphrase.ts'),
  },
  enter: {
    summary: 'become a member of a place',
    example: 'p3do enter @hall@b.example',
    load: async () => (await import('./membership.ts')).enter,
  },
  leave: {
    summary: 'be a member of a place no more',
    example: 'p3do leave @hall@b.example',
    load: async () => (await import('./membership.ts')).leave,
  },
  place: {
    summary: 'show a place, and look after it: topic, offices, who may come and speak',
    example: 'p3do place show @hall@b.example',
    load: () => import('./place.ts'),
  },
  chat: {
    summary: 'speak and hear at a prompt, in your own name',
    example: 'p3do chat @hall@b.example',
    load: () => import('./chat.ts'),
  },
  publish: {
    summary: 'publish something for everybody who follows you',
    example: 'p3do publish Good morning',
    load: () => import('./publish.ts'),
  },
  attachment: {
    summary: 'save the file of a publication',
    example: 'p3do attachment save ada@a.example/4ee1c0de',
    load: () => import('./attachment.ts'),
  },
  follow: {
    summary: 'follow what somebody publishes, on whatever server',
    example: 'p3do follow ada@a.example',
    load: async () => (await import('./membership.ts')).follow,
  },
  unfollow: {
    summary: 'follow somebody no more',
    example: 'p3do unfollow ada@a.example',
    load: async () => (await import('./membership.ts')).unfollow,
  },
  say: {
    summary: 'say something to a place or a person',
    example: 'p3do say bob@b.example Good morning',
    load: () => import('./say.ts'),
  },
  send: {
    summary: 'say something to a person as nobody, over other servers',
    example: 'p3do send --anonymous bob@b.example Look under the stone',
    load: () => import('./send.ts'),
  },
  ask: {
    summary: 'ask an entity something, in your own name or as nobody',
    example: "p3do ask --anonymous 'psyc://b.example/$keys' bob@b.example",
    load: () => import('./ask.ts'),
  },
  stock: {
    summary: 'show or fetch the secrets that anonymous answers come over',
    example: 'p3do stock --tickets 4 --fill',
    load: () => import('./stock.ts'),
  },
  box: {
    summary: 'boxes at an address that shows nobody whose they are: make, fill, empty them',
    example: 'p3do box make letters --at b.example --anonymous',
    load: () => import('./box.ts'),
  },
  talk: {
    summary: 'talk with one person, so that nobody sees that you do: invite, accept, say, read',
    example: 'p3do talk invite bob --at b.example --anonymous',
    load: () => import('./talk.ts'),
  },
  overhear: {
    summary: 'take copies of the cells that your home hears',
    example: 'p3do overhear --count 100 --json',
    load: () => import('./overhear.ts'),
  },
  pending: {
    summary: 'show or drop what was said and not answered',
    example: 'p3do pending',
    load: () => import('./pending.ts'),
  },
  listen: {
    summary: 'hear what is said to a person and in places',
    example: 'p3do listen',
    load: () => import('./listen.ts'),
  },
  friend: {
    summary: 'agree on friendship with people, or end it; list friends',
    example: 'p3do friend add bob@b.example',
    load: () => import('./friend.ts'),
  },
  profile: {
    summary: 'show what people say of themselves; say something of yourself',
    example: 'p3do profile set name Ada Lovelace',
    load: () => import('./profile.ts'),
  },
  alias: {
    summary: 'give people names of your own',
    example: 'p3do alias mum zoe@b.example',
    load: () => import('./alias.ts'),
  },
  notify: {
    summary: 'say of whom and of which places p3do listen shows what',
    example: 'p3do notify @hall@b.example mentions',
    load: () => import('./notify.ts'),
  },
  places: {
    summary: 'show the places that you are a member of, and what was said since',
    example: 'p3do places',
    load: () => import('./places.ts'),
  },
  presence: {
    summary: 'show whether friends are here; say how it is with you',
    example: 'p3do presence away Back at two',
    load: () => import('./presence.ts'),
  },
  requests: {
    summary: 'show what strangers have written; say who may write',
    example: 'p3do requests',
    load: () => import('./requests.ts'),
  },
  block: {
    summary: 'refuse what a person or a domain says to you',
    example: 'p3do block eve@e.example',
    load: async () => (await import('./block.ts')).block,
  },
  ignore: {
    summary: 'drop what a person or a domain says to you, without their knowing',
    example: 'p3do ignore eve@e.example',
    load: async () => (await import('./block.ts')).ignore,
  },
  trust: {
    summary: 'accept another key of a domain or a person, by its fingerprint',
    example: 'p3do trust b.example 0123456789abcdef0123456789abcdef01234567',
    load: () => import('./trust.ts'),
  },
  servers: {
    summary: 'name servers to speak through while your own does not answer',
    example: 'p3do servers add c.example',
    load: () => import('./servers.ts'),
  },
  export: {
    summary: 'take everything along that a person has',
    example: 'p3do export ada-2026',
    load: () => import('./export.ts'),
  },
  move: {
    summary: 'say that you live somewhere else now, by the word of your old key',
    example: 'p3do move ada@a.example --as ada@b.example',
    load: () => import('./move.ts'),
  },
  close: {
    summary: 'close an account for good',
    example: 'p3do close --as ada@a.example',
    load: () => import('./close.ts'),
  },
  history: {
    summary: 'show what was said in a place',
    example: 'p3do history @hall@b.example',
    load: () => import('./history.ts'),
  },
};

/** Columns of a page where no terminal says how many. */
const COLUMNS = 80;

/** In the order of the groups. */
const places = new Map(
  Object.values(groups)
    .flat()
    .map((name, at) => [name, at]),
);
const placeOf = (name: string): number => places.get(name) ?? places.size;
const ordered = Object.entries(subcommands).sort(([a], [b]) => placeOf(a) - placeOf(b));

/** What somebody types first; each command's own page has more. */
const examples = ['localserve', 'register', 'enter', 'say', 'listen', 'quickstart', 'serve']
  .map((name) => `\n  $ ${subcommands[name]!.example}`)
  .join('');

/** The version in package.json, two folders above dist/cli. */
function version(): string {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };
  return version;
}

/** `help x` is `x --help`; and a name nobody knows stands alone, so that it is refused even where help is asked for. */
function normalized(args: string[]): string[] {
  const [name, ...rest] = args[0] === 'help' ? [...args.slice(1), '--help'] : args;
  if (name === undefined || name.startsWith('-') || Object.hasOwn(subcommands, name))
    return name === undefined ? [] : [name, ...rest];
  return [name];
}

async function program(args: string[]): Promise<Command> {
  const p3do = new Command('p3do')
    .description('A federated PSYC server with multicast onion routing.')
    .version(version())
    .addHelpCommand(
      new Command('help')
        .argument('[command]')
        .helpOption(false)
        .description('show what a command does')
        .helpGroup(groupOf('help')),
    )
    .addHelpText('after', `\nExamples:${examples}\n\nEach command has a page with examples: p3do help say`)
    .showHelpAfterError('See: p3do help')
    .configureOutput({
      writeOut: (text) => process.stdout.write(foldedPage(text, process.stdout.columns ?? COLUMNS)),
      outputError: (text, write) => write(`p3do: ${text.replace(/^error: /, '').replace(/\n\(Did/, ' (Did')}`),
    })
    .enablePositionalOptions()
    .exitOverride();
  for (const [name, { summary, load }] of ordered) {
    const command = p3do
      .command(name)
      .helpGroup(groupOf(name))
      .description(summary)
      .showHelpAfterError(`See: p3do help ${name}`);
    if (args[0] === name) (await load()).register(command);
  }
  return p3do;
}

async function run(args: string[]): Promise<void> {
  try {
    await (await program(args)).parseAsync(args, { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError) {
      process.exitCode = error.exitCode === 0 ? exitCodes.good : exitCodes.usage;
      if (error.exitCode !== 0) told(args, '_usage', error.message.replace(/^error: /, ''));
      return;
    }
    const failure = failureOf(error);
    if (failure === null) throw error;
    process.stderr.write(failure.lines.map((line) => `p3do: ${line}\n`).join(''));
    told(args, failure.code, failure.lines.join('\n'));
    process.exitCode = exitCodes.bad;
  }
}

/** Who asked for JSON hears of a failure in JSON; these commands have nothing else to say of it. */
function told(args: readonly string[], code: string, text: string): void {
  const [name = ''] = args;
  if (!args.includes('--json') || ['packet', 'simulate'].includes(name)) return;
  process.stdout.write(`${JSON.stringify({ kind: 'failed', code, text })}\n`);
}

// Whoever reads our output may have seen enough (`| head -1`): then we are done, and nothing went wrong.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(exitCodes.good);
  process.stderr.write(`p3do: ${error.message}\n`);
  process.exit(exitCodes.bad);
});

await run(normalized(process.argv.slice(2)));
