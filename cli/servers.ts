/** `p3do servers`: through which servers a person speaks while his own does not answer. docs/spec/people.md#visitors */
import { type Command, InvalidArgumentError } from 'commander';
import { readServers, writeServers } from '../client/profile/servers-file.ts';
import { parseEndpoint } from '../server/config/address.ts';
import { isDomain } from '../psyc/names.ts';
import { type Shared, tell, whoseOf, withShared } from './person/conversation.ts';
import { nameOf } from './person/show.ts';
import { talk } from './person/talk.ts';
import { address } from './person/target.ts';

type Options = Pick<Shared, 'as' | 'json'>;

/** Adds the subcommands and the page of `p3do servers`. */
export function register(command: Command): void {
  command.addHelpText(
    'after',
    `
While your own server does not answer, "p3do say", "enter" and "leave" speak through another one, in
your own name: it knows you by the key that your domain has signed, and nobody can keep you from speaking by
attacking your server. Without a list, the server of whom you speak to is tried, and those whose keys this
device has seen. What is said to you meanwhile waits until your server is back.

Examples:
  $ p3do servers add c.example
  $ p3do servers add localhost --server 127.0.0.1:9404
  $ p3do servers list
  $ p3do servers visits`,
  );
  const sub = (name: string, summary: string): Command =>
    command
      .command(name)
      .description(summary)
      .option('--as <nick@domain>', 'whose list; may be left out where only one person has a folder here', address)
      .option('--json', 'one line of JSON');
  const show = async (whose: { readonly folder: string }, options: Options): Promise<void> => {
    const servers = [...(await readServers(whose.folder))].map(([domain, server]) => ({ domain, server }));
    const lines = servers.map(({ domain, server }) => `${domain}${server === null ? '' : ` at ${server}`}\n`);
    tell(options, { kind: 'servers', servers }, lines.join('') || 'no other servers are named\n');
  };
  sub('list', 'show them, in the order in which they are tried').action(async (options: Options, asked: Command) => {
    await show(await whoseOf(asked, options.as), options);
  });
  withShared(
    command
      .command('visits')
      .description('where your devices have spoken while your server was silent, as it was told since'),
    'how long to wait for the answer (60)',
  ).action((options: Shared, asked: Command) =>
    talk(asked, options, async (home) => {
      const told = await home.askHome('_request_visits');
      for (const { packet } of told ?? []) {
        if (packet.method !== '_status_visit') continue;
        const [uniform = '', device = '', time = ''] = ['_uniform_visited', '_device', '_time'].map((name) =>
          packet.text(name),
        );
        const timeMs = Number(time);
        const line = `${nameOf(uniform)}, device ${device}, ${new Date(timeMs).toISOString().slice(0, 10)}\n`;
        tell(options, { kind: 'visit', domain: nameOf(uniform), device, timeMs }, line);
      }
      if (told?.length === 1 && !options.json) process.stdout.write('through no other server\n');
    }),
  );
  sub('add', 'name another one')
    .argument('<domain>', 'the other domain', domainArgument)
    .option('--server <host:port>', 'where it is, if it is not found by the domain', endpoint)
    .action(async (domain: string, options: Options & { readonly server?: string }, asked: Command) => {
      const whose = await whoseOf(asked, options.as);
      if (domain === whose.domain) asked.error(`${domain} is this person's own server`);
      const servers = new Map(await readServers(whose.folder)).set(domain, options.server ?? null);
      await writeServers(whose.folder, servers);
      await show(whose, options);
    });
  sub('remove', 'name one no more')
    .argument('<domain>', 'the other domain', domainArgument)
    .action(async (domain: string, options: Options, asked: Command) => {
      const whose = await whoseOf(asked, options.as);
      const servers = new Map(await readServers(whose.folder));
      if (!servers.delete(domain)) asked.error(`${domain} is not in the list`);
      await writeServers(whose.folder, servers);
      await show(whose, options);
    });
}

function domainArgument(text: string): string {
  if (isDomain(text)) return text;
  throw new InvalidArgumentError('It is a domain, as c.example.');
}

function endpoint(text: string): string {
  if (parseEndpoint(text) !== null) return text;
  throw new InvalidArgumentError('It is host:port.');
}
