/** The p3do command: finds the subcommand, loads that one only, and turns every outcome into an exit code. */
import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';

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
  packet: {
    summary: 'read PSYC packets: write them again, canonically, or as JSON',
    example: "printf ':_tag\\t1\\n\\n_message\\nhi\\n|\\n' | p3do packet --json",
    load: () => import('./packet.ts'),
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
  invite: {
    summary: 'make an invitation that lets one person register',
    example: 'p3do invite --domain example.org',
    load: () => import('./invite.ts'),
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
  enter: {
    summary: 'become a member of a place',
    example: 'p3do enter @hall@b.example',
    load: () => import('./enter.ts'),
  },
  leave: {
    summary: 'be a member of a place no more',
    example: 'p3do leave @hall@b.example',
    load: () => import('./leave.ts'),
  },
  say: {
    summary: 'say something to a place or a person',
    example: 'p3do say bob@b.example Good morning',
    load: () => import('./say.ts'),
  },
  listen: {
    summary: 'hear what is said to a person and in places',
    example: 'p3do listen',
    load: () => import('./listen.ts'),
  },
  history: {
    summary: 'show what was said in a place',
    example: 'p3do history @hall@b.example',
    load: () => import('./history.ts'),
  },
};

/** Like git and docker we show, not tell: one line an example. */
const examples = Object.values(subcommands)
  .map(({ example }) => `\n  $ ${example}`)
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
    .helpCommand('help [command]', 'show what a command does')
    .addHelpText('after', examples === '' ? '' : `\nExamples:${examples}`)
    .showHelpAfterError('See: p3do help')
    .configureOutput({
      outputError: (text, write) => write(`p3do: ${text.replace(/^error: /, '').replace(/\n\(Did/, ' (Did')}`),
    })
    .exitOverride();
  for (const [name, { summary, load }] of Object.entries(subcommands)) {
    const command = p3do.command(name).description(summary).showHelpAfterError(`See: p3do help ${name}`);
    if (args[0] === name) (await load()).register(command);
  }
  return p3do;
}

/** What to tell a person about `error`, or null if it is our own mistake and should crash with its stack. */
function explained(error: unknown): string | null {
  if (!(error instanceof Error)) return null;
  // Our own codes are keywords; what has one has a sentence for people too.
  const isCoded = 'code' in error && typeof error.code === 'string' && error.code.startsWith('_');
  return 'syscall' in error || isCoded ? error.message : null;
}

async function run(args: string[]): Promise<void> {
  try {
    await (await program(args)).parseAsync(args, { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError) {
      process.exitCode = error.exitCode === 0 ? exitCodes.good : exitCodes.usage;
      return;
    }
    const message = explained(error);
    if (message === null) throw error;
    process.stderr.write(message.replace(/^/gm, 'p3do: ').concat('\n'));
    process.exitCode = exitCodes.bad;
  }
}

// Whoever reads our output may have seen enough (`| head -1`): then we are done, and nothing went wrong.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(exitCodes.good);
  process.stderr.write(`p3do: ${error.message}\n`);
  process.exit(exitCodes.bad);
});

await run(normalized(process.argv.slice(2)));
