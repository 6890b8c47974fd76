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
  simulate: {
    summary: 'run servers under a seed, with faults, and check what must hold',
    example: 'p3do simulate --seed 7',
    load: () => import('./simulate.ts'),
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
  return error instanceof Error && 'syscall' in error ? error.message : null;
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
    process.stderr.write(`p3do: ${message}\n`);
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
